//! A relay as a program of its own. See *A relay under test* in `driver.md`.

use std::{
    collections::BTreeSet,
    fmt,
    io::Write as _,
    net::SocketAddr,
    process::{self, Child, ChildStdin, Command},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::{Duration, SystemTime},
};

use alongside_client::Fingerprint;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Done, SetUp, Stop,
    set_up::{DATE, SetUpFile},
};
use crate::driver::{Broken, Stdio, lines, no_shell};

/// How a relay is started: a program and its arguments, of which `{listen}` becomes an address, and
/// `{setup}` the path of a set-up file.
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
    /// What it can be told and given.
    pub capabilities: BTreeSet<String>,
    /// What it was told and what it wrote, if the suite has started it.
    pub stdio: Stdio,
    /// How far it was moved.
    pub(super) elapsed: u64,
    /// It cannot serve another case.
    spent: bool,
    process: Option<Process>,
}

struct Process {
    set_up: SetUpFile,
    child: Child,
    /// Closed when it is to end.
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    next: u64,
}

/// So many lines of a relay are read that nobody has looked at.
const AHEAD: usize = 1_000;

const READY: &str = r#"{"ready":true,"relay":"ADDRESS:PORT","certificate":"HEX"}"#;

#[derive(Deserialize)]
struct Ready {
    ready: bool,
    relay: SocketAddr,
    certificate: String,
    #[serde(default)]
    capabilities: Vec<String>,
}

impl RelayUnderTest {
    /// One that runs already.
    pub fn at(address: SocketAddr, certificate: String) -> Self {
        Self {
            address,
            certificate,
            capabilities: BTreeSet::new(),
            stdio: Stdio::default(),
            elapsed: 0,
            spent: false,
            process: None,
        }
    }

    /// The number of its process, if the suite has started it.
    pub fn process(&self) -> Option<u32> {
        let process = self.process.as_ref();
        process.map(|process| process.child.id())
    }

    /// Starts one, and keeps there what it is told and writes, also if it does not start.
    ///
    /// # Errors
    /// If it does not start, or does not say that it is ready.
    pub fn start(
        program: &Program,
        set_up: &SetUp,
        patience: Duration,
        stdio: Stdio,
    ) -> Result<Self, Broken> {
        let file = SetUpFile::new(set_up).map_err(|error| {
            Broken::Missing(format!("there is no writing of a set-up file: {error}"))
        })?;
        let fill = |argument: &String| {
            argument
                .replace("{listen}", "127.0.0.1:0")
                .replace("{setup}", &file.path())
        };
        let mut command = program.command.iter().map(fill);
        let none = || Broken::Missing("the command names no program".to_owned());
        let name = command.next().ok_or_else(none)?;
        let mut child = Command::new(&name)
            .args(command)
            .envs(program.environment.iter().cloned())
            .stdin(process::Stdio::piped())
            .stdout(process::Stdio::piped())
            .stderr(process::Stdio::piped())
            .spawn()
            .map_err(|error| {
                Broken::Missing(format!("{name} does not start: {error}{}", no_shell(&name)))
            })?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            let why = format!("{name} has no standard streams");
            return Err(Broken::Missing(why));
        };
        let (sender, lines) = sync_channel(AHEAD);
        let last_words = lines::keep(stderr, stdio.clone());
        let kept = stdio.clone();
        thread::spawn(move || {
            lines::until_the_last_words(stdout, &last_words, |line| {
                let line = String::from_utf8_lossy(line).trim_end().to_owned();
                kept.keep('<', &line);
                // Nobody listens when the relay is given up.
                let _ = sender.send(line);
            });
        });
        let mut process = Process {
            set_up: file,
            child,
            stdin: Some(stdin),
            lines,
            next: 0,
        };
        let line = process.lines.recv_timeout(patience);
        let line = line.map_err(|error| match error {
            RecvTimeoutError::Timeout => Broken::Silent(format!(
                "the relay's ready line, {READY} (is its standard output flushed?)"
            )),
            RecvTimeoutError::Disconnected => {
                Broken::Ended(lines::has_ended_how(&mut process.child, &stdio))
            }
        })?;
        let wrong = |why: &dyn fmt::Display| {
            Broken::Wrong(format!(
                "it says {line:?}, and its ready line is {READY}: {why}"
            ))
        };
        let ready: Ready = serde_json::from_str(&line).map_err(|error| wrong(&error))?;
        if !ready.ready {
            return Err(wrong(&"`ready` is not true"));
        }
        if let Err(why) = ready.certificate.parse::<Fingerprint>() {
            return Err(wrong(&why));
        }
        Ok(Self {
            address: ready.relay,
            certificate: ready.certificate,
            capabilities: ready.capabilities.into_iter().collect(),
            stdio,
            elapsed: 0,
            spent: false,
            process: Some(process),
        })
    }

    /// Whether it was started for this.
    pub const fn is_ours(&self) -> bool {
        self.process.is_some()
    }

    /// The next case needs another.
    pub(in crate::stage) const fn wears_out(&mut self) {
        self.spent = true;
    }

    /// Whether the next case needs another.
    pub const fn is_spent(&self) -> bool {
        self.spent
    }

    /// Tells it to shut down in order: its standard input is closed.
    ///
    /// # Errors
    /// [`Stop::Untestable`] if it was not the suite that started it.
    pub(super) fn shut_down(&mut self) -> Done {
        let Some(process) = &mut self.process else {
            let why = "it is not the suite that started the relay";
            return Err(Stop::Untestable(why.to_owned()));
        };
        self.spent = true;
        process.stdin = None;
        Ok(())
    }

    /// Whether it can be told, or given, this.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// Its date, in seconds since 1970.
    pub(super) fn date(&self) -> u64 {
        match self.can("clock") {
            true => DATE + self.elapsed / 1_000,
            false => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                since.map_or(0, |since| since.as_secs())
            }
        }
    }

    /// Moves its clock on.
    ///
    /// # Errors
    /// If it does not answer.
    pub(in crate::stage) fn advance(&mut self, ms: u64, patience: Duration) -> Done {
        self.elapsed += ms;
        self.tell("advance-clock", json!({ "ms": ms }), patience)
            .map(|_| ())
    }

    /// It is set up with this from now on.
    ///
    /// # Errors
    /// If it does not answer.
    pub(super) fn reload(&mut self, set_up: &SetUp, patience: Duration) -> Done {
        if let Some(process) = &self.process {
            let written = process.set_up.write(set_up);
            written.map_err(|error| Stop::Harness(error.to_string()))?;
        }
        self.changes("reload", patience).map(|_| ())
    }

    /// Tells it something after which the next case needs another.
    ///
    /// # Errors
    /// If it does not answer.
    pub(super) fn changes(&mut self, op: &str, patience: Duration) -> Done<Value> {
        self.spent = true;
        self.tell(op, json!({}), patience)
    }

    fn tell(&mut self, op: &str, mut line: Value, patience: Duration) -> Done<Value> {
        let Some(process) = &mut self.process else {
            return Err(Stop::Harness(format!("nobody can be told to {op}")));
        };
        process.next += 1;
        let id = process.next;
        line["id"] = id.into();
        line["op"] = op.into();
        self.stdio.keep('>', &line.to_string());
        if let Some(stdin) = &mut process.stdin {
            // It fails if the relay has ended, which is heard.
            let _ = writeln!(stdin, "{line}").and_then(|()| stdin.flush());
        }
        let answer = process.lines.recv_timeout(patience);
        let answer = answer.map_err(|error| match error {
            RecvTimeoutError::Timeout => Stop::Timeout {
                awaited: format!("an answer of the relay to {op:?}"),
                seen: "nothing came".to_owned(),
            },
            RecvTimeoutError::Disconnected => {
                let how = lines::has_ended_how(&mut process.child, &self.stdio);
                Stop::Crash(format!("the relay: {how}"))
            }
        })?;
        let answer: Value = serde_json::from_str(&answer)
            .map_err(|error| Stop::Driver(format!("it says {answer:?}: {error}")))?;
        match (answer.get("id").and_then(Value::as_u64), answer.get("ok")) {
            (Some(answered), Some(ok)) if answered == id => Ok(ok.clone()),
            _ => Err(Stop::Driver(format!("it answers {op} with {answer}"))),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A relay that is ready, and then does this.
    fn relay(script: &str) -> RelayUnderTest {
        let certificate = "0".repeat(64);
        let ready = json!({ "ready": true, "relay": "127.0.0.1:1", "certificate": certificate });
        let script = format!("echo '{ready}'; {script}");
        let program = Program {
            command: ["sh".to_owned(), "-c".to_owned(), script].into(),
            environment: Vec::new(),
        };
        let patience = Duration::from_secs(5);
        RelayUnderTest::start(&program, &SetUp::default(), patience, Stdio::default()).unwrap()
    }

    #[test]
    fn a_relay_that_does_not_answer_is_slow_and_one_that_has_ended_says_how() {
        // The scripts sleep: one is there and says nothing, the other's status and last words come after the end of
        // its standard output.
        let slow = relay("exec sleep 5").advance(1, Duration::from_millis(50));
        assert!(matches!(slow, Err(Stop::Timeout { .. })), "{slow:?}");
        let mut ends = relay("read line; exec >&-; sleep 0.1; echo gone >&2; exit 3");
        let ended = ends.advance(1, Duration::from_secs(5));
        let how = "the relay: it has ended (exit status: 3); its last words were \"gone\"";
        assert_eq!(ended, Err(Stop::Crash(how.to_owned())));
    }

    #[test]
    fn a_relay_may_write_what_is_no_text() {
        // So much that it is held up unless it is read.
        let mut relay = relay(
            r#"printf '\351\n' >&2; head -c 200000 /dev/zero >&2; echo >&2; echo here >&2; read line
            echo '{"id":1,"ok":{}}'; read line"#,
        );
        let patience = Duration::from_secs(5);
        assert_eq!(relay.advance(1, patience), Ok(()));
        let Err(Stop::Crash(how)) = relay.advance(1, patience) else {
            panic!("it has ended");
        };
        assert!(how.ends_with("its last words were \"here\""), "{how}");
    }
}
