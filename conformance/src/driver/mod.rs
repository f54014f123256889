//! A driver as a process of its own: lines in, lines out. See `driver.md`.

mod line;
pub(crate) mod lines;
mod names;
mod stdio;

use std::{
    collections::BTreeSet,
    fmt,
    io::Write as _,
    process::{self, Child, ChildStdin, Command},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc::Sender},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

pub use line::{Answer, Class, Event, Hello, Line, Role};
pub use lines::Heard;
pub(crate) use names::names;
pub use stdio::Stdio;

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
    stdin: Option<ChildStdin>,
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
type Sink = Arc<Mutex<Option<Box<dyn Fn(Heard) + Send>>>>;
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

    fn start_with(program: &Program, patience: Duration, stdio: Stdio) -> Result<Self, Broken> {
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
        };
        reader.start(stdout, last_words);
        let mut driver = Self {
            child,
            stdin: Some(stdin),
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
        let (sender, heard) = std::sync::mpsc::channel();
        self.listen(&sender, |heard| heard);
        let id = self.tell(op, None, fields);
        match heard.recv_timeout(patience) {
            Ok(Heard::Line(Line::Answer(answered, answer))) if answered == id => Ok(answer),
            Ok(Heard::Line(Line::Answer(answered, _))) => Err(Broken::Wrong(format!(
                "it answers the command {answered}, and {op:?} is {id}"
            ))),
            Ok(Heard::Line(Line::Event(event))) => Err(Broken::Wrong(format!(
                "it tells {:?} before it answers {op:?}",
                event.name
            ))),
            Ok(Heard::Nonsense(line)) => Err(Broken::Wrong(line)),
            Ok(Heard::End) => Err(Broken::Ended(self.has_ended_how())),
            Err(_) => Err(Broken::Silent(format!(
                "an answer to {op:?} (is each line of standard output flushed?)"
            ))),
        }
    }

    /// That it has ended, with its code or signal and its last words.
    pub fn has_ended_how(&mut self) -> String {
        let how = match self.child.try_wait() {
            Ok(Some(status)) => format!(" ({status})"),
            _ => String::new(),
        };
        format!("it has ended{how}{}", self.stdio.last_words())
    }

    /// From now on what it says goes here.
    pub fn listen<T: Send + 'static>(&self, to: &Sender<T>, wrap: fn(Heard) -> T) {
        let to = to.clone();
        *held(&self.sink) = Some(Box::new(move |heard| {
            // Nobody listens when the case is over.
            let _ = to.send(wrap(heard));
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
        // It fails if the driver has ended, which is heard.
        if let Some(stdin) = &mut self.stdin {
            let _ = writeln!(stdin, "{line}").and_then(|()| stdin.flush());
        }
        self.next
    }

    /// Whether it was ever told to open this session.
    pub fn has_opened(&self, session: &str) -> bool {
        self.opened.contains(session)
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
