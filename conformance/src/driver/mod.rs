//! A driver as a process of its own: lines in, lines out. See `driver.md`.

mod ahead;
mod line;
pub(crate) mod lines;
mod names;
mod stdio;

use std::{
    collections::BTreeSet,
    fmt,
    process::{self, Child, Command},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc::Sender},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

pub use line::{Answer, Class, Event, Hello, Line, Role};
pub use lines::{Heard, Unheard, heard};
pub(crate) use names::names;
pub use stdio::Stdio;

use ahead::Ahead;
use lines::Reader;

/// The version of the driver protocol that the suite speaks.
pub const VERSION: u64 = 1;

fn held<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a driver is started.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// More of its environment.
    pub environment: Vec<(String, String)>,
}

/// A driver that runs.
pub struct Driver {
    child: Child,
    /// It is told to end by the end of this.
    stdin: Option<Sender<String>>,
    next: u64,
    unanswered: Unanswered,
    /// The sessions that were ever opened.
    opened: BTreeSet<String>,
    sink: Sink,
    /// What it was told and what it wrote.
    pub stdio: Stdio,
    /// Who it says it is.
    pub hello: Hello,
    program: Program,
}

/// Why a driver cannot be worked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// There is no such program.
    Missing(String),
    /// This does not come.
    Silent(String),
    /// It has ended.
    Ended(String),
    /// It does not keep to the driver protocol.
    Wrong(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(why) | Self::Ended(why) | Self::Wrong(why) => f.write_str(why),
            Self::Silent(what) => write!(f, "waited in vain for {what}"),
        }
    }
}

/// Goes on with a sentence about a program that does not start: it may be meant for a shell.
pub(crate) fn no_shell(name: &str) -> &'static str {
    match name.starts_with('~') || name.contains('=') || name == "cd" {
        true => "; commands are started without a shell: sh -c \"...\" has one",
        false => "",
    }
}

/// Where lines of a driver go at present: to the case that runs.
type Sink = Arc<Mutex<Option<Box<dyn Fn(Unheard) + Send>>>>;
/// The commands that wait for an answer.
type Unanswered = Arc<Mutex<BTreeSet<u64>>>;

impl Driver {
    /// Starts a driver and asks who it is.
    ///
    /// # Errors
    /// If it does not start, or does not say `hello` as it should.
    pub fn start(program: &Program, patience: Duration) -> Result<Self, Broken> {
        Self::start_with(program, patience, Stdio::default())
    }

    /// The same, and keeps there what it is told and writes, also if it does not start.
    ///
    /// # Errors
    /// As [`Driver::start`].
    pub fn start_with(program: &Program, patience: Duration, stdio: Stdio) -> Result<Self, Broken> {
        let [name, arguments @ ..] = program.command.as_slice() else {
            return Err(Broken::Missing("the command names no program".to_owned()));
        };
        let mut child = Command::new(name)
            .args(arguments)
            .envs(program.environment.iter().cloned())
            .stdin(process::Stdio::piped())
            .stdout(process::Stdio::piped())
            .stderr(process::Stdio::piped())
            .spawn()
            .map_err(|error| {
                Broken::Missing(format!("{name} does not start: {error}{}", no_shell(name)))
            })?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            let why = format!("{name} has no standard streams");
            return Err(Broken::Missing(why));
        };
        let (sink, unanswered) = (Sink::default(), Unanswered::default());
        let last_words = lines::keep(stderr, stdio.clone());
        let reader = Reader {
            sink: Arc::clone(&sink),
            unanswered: Arc::clone(&unanswered),
            stdio: stdio.clone(),
            ahead: Ahead::default(),
        };
        reader.start(stdout, last_words);
        let mut driver = Self {
            child,
            stdin: Some(lines::write(stdin)),
            next: 0,
            unanswered,
            opened: BTreeSet::new(),
            sink,
            stdio,
            hello: Hello::default(),
            program: program.clone(),
        };
        driver.hello = driver.ask_who(patience)?;
        Ok(driver)
    }

    /// Ends its program in good order, and starts it anew.
    ///
    /// # Errors
    /// As [`Driver::start`].
    pub fn restart(&mut self, patience: Duration) -> Result<(), Broken> {
        let (program, stdio) = (self.program.clone(), self.stdio.clone());
        // Its end is meant, and no news.
        *held(&self.sink) = None;
        self.stdin = None;
        let until = Instant::now() + patience;
        while !self.has_ended() && Instant::now() < until {
            // The system tells nobody within a time that a program has ended.
            std::thread::sleep(Duration::from_millis(5));
        }
        *self = Self::start_with(&program, patience, stdio)?;
        Ok(())
    }

    fn ask_who(&mut self, patience: Duration) -> Result<Hello, Broken> {
        match self.ask("hello", json!({ "driver": VERSION }), patience)? {
            Answer::Ok(fields) => {
                let hello: Hello = serde_json::from_value(Value::Object(fields))
                    .map_err(|error| Broken::Wrong(format!("its hello is not one: {error}")))?;
                match hello.driver {
                    VERSION => Ok(hello),
                    other => {
                        let why = format!(
                            "it speaks version {other} of the driver protocol, and this suite {VERSION}"
                        );
                        Err(Broken::Wrong(why))
                    }
                }
            }
            other => Err(Broken::Wrong(format!("it answers \"hello\" with {other}"))),
        }
    }

    /// Gives a command that is of no session, and waits for its answer.
    ///
    /// # Errors
    /// If there is none.
    pub fn ask(&mut self, op: &str, fields: Value, patience: Duration) -> Result<Answer, Broken> {
        let (sender, unheard) = std::sync::mpsc::channel::<Unheard>();
        self.listen(&sender, |unheard| unheard);
        let id = self.tell(op, None, fields);
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match unheard.recv_timeout(left).map(Unheard::hear) {
                Ok(Heard::Line(Line::Answer(answered, answer))) if answered == id => {
                    return Ok(answer);
                }
                // Of a command whose answer was not waited for.
                Ok(Heard::Line(Line::Answer(..))) => {}
                Ok(Heard::Line(Line::Event(event))) => {
                    return Err(Broken::Wrong(format!(
                        "it tells {:?} before it answers {op:?}",
                        event.name
                    )));
                }
                Ok(Heard::Nonsense(line)) => return Err(Broken::Wrong(line)),
                Ok(Heard::End) => return Err(Broken::Ended(self.has_ended_how())),
                Err(_) => {
                    return Err(Broken::Silent(format!(
                        "an answer to {op:?} (is each line of standard output flushed?)"
                    )));
                }
            }
        }
    }

    /// That it has ended, with its code or signal and its last words.
    pub fn has_ended_how(&mut self) -> String {
        lines::has_ended_how(&mut self.child, &self.stdio)
    }

    /// From now on what it says goes here.
    pub fn listen<T: Send + 'static>(&self, to: &Sender<T>, wrap: fn(Unheard) -> T) {
        let to = to.clone();
        *held(&self.sink) = Some(Box::new(move |unheard| {
            // Nobody listens when the case is over.
            let _ = to.send(wrap(unheard));
        }));
    }

    /// Gives a command, and says by which number it will be answered.
    pub fn tell(&mut self, op: &str, session: Option<&str>, fields: Value) -> u64 {
        self.next += 1;
        let mut line = json!({ "id": self.next, "op": op });
        if let Some(session) = session.filter(|_| op == "open") {
            self.opened.insert(session.to_owned());
        }
        if let (Some(session), Value::Object(line)) = (session, &mut line) {
            line.insert("session".to_owned(), session.into());
        }
        if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
            line.extend(fields);
        }
        held(&self.unanswered).insert(self.next);
        self.stdio.keep('>', &line.to_string());
        if let Some(stdin) = &self.stdin {
            // It fails if the driver has ended, which is heard.
            let _ = stdin.send(line.to_string());
        }
        self.next
    }

    /// Whether it was ever told to open this session.
    fn has_opened(&self, session: &str) -> bool {
        self.opened.contains(session)
    }

    /// Why it may not tell of this in a session of a client in that role, if it may not.
    pub(crate) fn strange(&self, event: &Event, session: &str, role: Role) -> Option<String> {
        let name = &event.name;
        if event.session != session {
            let other = &event.session;
            return (!self.has_opened(other)).then(|| {
                format!("it tells {name:?} of a session {other:?}, which was not opened")
            });
        }
        let other = event.only().filter(|other| *other != role)?;
        Some(format!(
            "{name:?} is an event of a {other}, and this is a {role}"
        ))
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Whether its process is over.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Whether it says that it has this.
    pub fn can(&self, capability: &str) -> bool {
        self.hello
            .capabilities
            .iter()
            .any(|name| name == capability)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(script: &str) -> Program {
        Program {
            command: ["sh", "-c", script].map(str::to_owned).into(),
            environment: Vec::new(),
        }
    }

    const HELLO: &str = r#"read line
        echo '{"id":1,"ok":{"driver":1,"name":"a","version":"0","roles":[],"capabilities":[]}}'
    "#;

    #[test]
    fn a_driver_that_does_not_read_holds_up_nobody() {
        // It is there, and reads nothing more.
        let script = format!("{HELLO} exec sleep 5");
        let mut driver = Driver::start(&program(&script), Duration::from_secs(5)).unwrap();
        let picture = json!({ "picture": "0".repeat(1_000_000) });
        let asked = driver.ask("send-frame", picture, Duration::from_millis(50));
        assert!(matches!(asked, Err(Broken::Silent(_))), "{asked:?}");
    }

    #[test]
    fn a_driver_that_ends_says_how() {
        // Its status comes some time after the end of its standard output.
        let script = format!("{HELLO} read line; exec >&-; sleep 0.1; echo gone >&2; exit 3");
        let mut driver = Driver::start(&program(&script), Duration::from_secs(5)).unwrap();
        let asked = driver.ask("vector", json!({}), Duration::from_secs(5));
        let Err(Broken::Ended(how)) = &asked else {
            panic!("{asked:?}");
        };
        assert_eq!(
            how,
            "it has ended (exit status: 3); its last words were \"gone\""
        );
    }
}
