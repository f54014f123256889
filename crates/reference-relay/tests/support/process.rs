//! The relay as a process.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use super::Client;

pub(crate) const LOCAL: [&str; 3] = ["--self-signed", "--listen", "127.0.0.1:0"];

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alongside-relay"));
    command.args(args).env_remove("ALONGSIDE_LOG");
    command
}

/// A running relay, killed if the test fails.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) fingerprint: String,
}

impl Running {
    /// Its log goes to a file, because a pipe that nobody reads fills up.
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        command.arg("--json").stdout(Stdio::piped());
        command.stderr(File::create(log).expect("a file"));
        let mut child = command.spawn().expect("it runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            panic!("it did not start: {line:?} {log}")
        });
        let field = |name: &str| ready[name].as_str().expect("a text").to_owned();
        Self {
            child,
            address: field("listening").parse().expect("an address"),
            fingerprint: field("fingerprint"),
        }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::at(self.address, &self.fingerprint).await
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// The exit code, once it has ended by itself.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
