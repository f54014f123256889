//! A relay as a program of its own. See *A relay under test* in `driver.md`.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Done, Stop};

/// How a relay is started: a program and its arguments, of which `{listen}` becomes an address.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// More of its environment.
    pub environment: Vec<(String, String)>,
}

/// A relay that can be reached.
pub struct RelayUnderTest {
    /// Where.
    pub address: SocketAddr,
    /// SHA-256 of its certificate, in hex.
    pub certificate: String,
    /// Its time stands still but for what it is told.
    pub clock: bool,
    process: Option<Process>,
}

struct Process {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    next: u64,
}

#[derive(Deserialize)]
struct Ready {
    relay: SocketAddr,
    certificate: String,
    #[serde(default)]
    capabilities: Vec<String>,
}

impl RelayUnderTest {
    /// One that runs already.
    pub const fn at(address: SocketAddr, certificate: String) -> Self {
        Self {
            address,
            certificate,
            clock: false,
            process: None,
        }
    }

    /// Starts one.
    ///
    /// # Errors
    /// If it does not start, or does not say that it is ready; in words.
    pub fn start(program: &Program, patience: Duration) -> Result<Self, String> {
        let listen = |argument: &String| argument.replace("{listen}", "127.0.0.1:0");
        let mut command = program.command.iter().map(listen);
        let name = command.next().ok_or("no program is named")?;
        let mut child = Command::new(&name)
            .args(command)
            .envs(program.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{name} has no standard streams"));
        };
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let process = Process {
            child,
            stdin,
            lines,
            next: 0,
        };
        let line = process.lines.recv_timeout(patience);
        let line = line.map_err(|_| format!("{name} does not say that it is ready"))?;
        let ready: Ready = serde_json::from_str(&line)
            .map_err(|error| format!("{name} says {line:?}, which is no ready line: {error}"))?;
        Ok(Self {
            address: ready.relay,
            certificate: ready.certificate,
            clock: ready.capabilities.iter().any(|name| name == "clock"),
            process: Some(process),
        })
    }

    /// Moves its clock on.
    ///
    /// # Errors
    /// If it does not answer.
    pub(super) fn advance(&mut self, ms: u64, patience: Duration) -> Done {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        process.next += 1;
        let id = process.next;
        let line = json!({ "id": id, "op": "advance-clock", "ms": ms });
        // It fails if the relay has ended, which is heard.
        let _ = writeln!(process.stdin, "{line}").and_then(|()| process.stdin.flush());
        let answer = process.lines.recv_timeout(patience);
        let answer =
            answer.map_err(|_| Stop::Crash("it does not answer to its clock".to_owned()))?;
        let answer: Value = serde_json::from_str(&answer)
            .map_err(|error| Stop::Driver(format!("it says {answer:?}: {error}")))?;
        match answer.get("id").and_then(Value::as_u64) == Some(id) && answer.get("ok").is_some() {
            true => Ok(()),
            false => Err(Stop::Driver(format!("its clock does not go: {answer}"))),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
