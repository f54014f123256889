//! The program, as people and scripts run it.

mod support;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::{SocketAddr, UdpSocket},
    process::{Child, Command, Output, Stdio},
};

use alongside_wire::ErrorCode;
use support::{Client, code, gone, talk};

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alongside-relay"));
    command.args(args).env_remove("ALONGSIDE_LOG");
    command
}

fn run(args: &[&str]) -> Output {
    command(args).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running relay, killed if the test fails.
struct Running {
    child: Child,
    address: SocketAddr,
    fingerprint: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        command
            .arg("--json")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let ready: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let field = |name: &str| ready[name].as_str().expect("a text").to_owned();
        Self {
            child,
            address: field("listening").parse().expect("an address"),
            fingerprint: field("fingerprint"),
        }
    }

    /// Sends a signal and returns the exit code and the log.
    fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.expect("kill runs").success());
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().expect("piped");
        stderr.read_to_string(&mut log).expect("text");
        (self.child.wait().expect("it ends").code(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const LOCAL: [&str; 3] = ["--self-signed", "--listen", "127.0.0.1:0"];

#[test]
fn the_help_teaches() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for word in [
        "--self-signed",
        "--cert",
        "Examples",
        "Exit codes",
        "[default: [::]:443]",
    ] {
        assert!(help.contains(word), "{word} in {help}");
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    for args in [
        &[][..],
        &["--cert", "x.pem"],
        &["--self-signed", "--cert", "a", "--key", "b"],
        &["--self-signed", "--listen", "nowhere"],
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains("--help"));
    }
}

#[test]
fn failures_exit_with_1_and_say_what_to_do() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = taken.local_addr().expect("an address").to_string();
    let output = run(&["--self-signed", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(
        error.contains(&address) && error.contains("--listen"),
        "{error}"
    );

    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "").expect("written");
    let empty = empty.to_str().expect("a path");
    for cert in ["/nonexistent.pem", empty] {
        let output = run(&["--cert", cert, "--key", cert]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(cert));
    }
}

#[tokio::test]
async fn signals_shut_it_down_cleanly() {
    for signal in ["-TERM", "-INT"] {
        let relay = Running::start(command(&LOCAL));
        let mut client = Client::at(relay.address, &relay.fingerprint).await;
        let stopped = tokio::task::spawn_blocking(move || relay.stop(signal));
        assert_eq!(client.hear().await, gone(ErrorCode::RelayShutdown));
        assert_eq!(client.closed().await, code(ErrorCode::RelayShutdown));
        let (exit, log) = stopped.await.expect("stopped");
        assert_eq!(exit, Some(0), "{log}");
    }
}

#[tokio::test]
async fn it_serves_with_a_certificate_from_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    fs::write(&cert, made.cert.pem()).expect("written");
    fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let mut command = command(&["--listen", "127.0.0.1:0", "--cert"]);
    command.arg(&cert).arg("--key").arg(&key);
    let relay = Running::start(command);
    Client::at(relay.address, &relay.fingerprint).await;
}

//= test spec/03-rendezvous.md#forwarding [RDV-33] e2a4a48e
#[tokio::test]
async fn no_log_holds_a_code_or_what_is_carried() {
    let mut command = command(&LOCAL);
    command.env("ALONGSIDE_LOG", "trace");
    // A pipe that nobody reads while the relay runs would fill up.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let mut relay = {
        command.arg("--json").stdout(Stdio::piped());
        command.stderr(fs::File::create(&path).expect("a file"));
        let mut child = command.spawn().expect("it runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let ready: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let field = |name: &str| ready[name].as_str().expect("a text").to_owned();
        Running {
            child,
            address: field("listening").parse().expect("an address"),
            fingerprint: field("fingerprint"),
        }
    };
    let mut helper = Client::at(relay.address, &relay.fingerprint).await;
    let mut sharer = Client::at(relay.address, &relay.fingerprint).await;
    let locator = helper.issue().await;
    sharer.join(locator).await;
    assert_eq!(helper.hear().await.name(), "joined");
    talk(&mut helper, &mut sharer).await;
    relay.child.kill().expect("killed");
    relay.child.wait().expect("ended");
    let log = text(&fs::read(&path).expect("a log"));
    assert!(log.contains("a session began"), "the log is on");
    // Connection ids in hexadecimal may hold the four characters by chance, words do not.
    let words: Vec<&str> = log.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    assert!(!words.contains(&locator.as_str()), "a code");
    assert!(!log.contains("and back"), "what was carried");
}
