//! A driver as a process of its own: lines in, lines out. See `driver.md`.

mod line;
mod lines;

use std::{
    io::Write as _,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc::Sender},
    time::Duration,
};

use serde_json::{Value, json};

pub use line::{Answer, Class, Event, Hello, Line, Role};
pub use lines::Heard;

/// The version of the driver protocol that the suite speaks.
pub const VERSION: u64 = 1;

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
    stdin: ChildStdin,
    next: u64,
    sink: Sink,
    log: Arc<Mutex<Vec<String>>>,
    /// Who it says it is.
    pub hello: Hello,
}

/// Where lines of a driver go at present: to the case that runs.
type Sink = Arc<Mutex<Option<Box<dyn Fn(Heard) + Send>>>>;

impl Driver {
    /// Starts a driver and asks who it is.
    ///
    /// # Errors
    /// If it does not start, or does not say `hello` as it should; in words.
    pub fn start(program: &Program, patience: Duration) -> Result<Self, String> {
        let [name, arguments @ ..] = program.command.as_slice() else {
            return Err("no program is named".to_owned());
        };
        let mut child = Command::new(name)
            .args(arguments)
            .envs(program.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(format!("{name} has no standard streams"));
        };
        let (sink, log) = (Sink::default(), Arc::default());
        lines::read(stdout, Arc::clone(&sink));
        lines::keep(stderr, Arc::clone(&log));
        let mut driver = Self {
            child,
            stdin,
            next: 0,
            sink,
            log,
            hello: Hello::default(),
        };
        driver.hello = driver.ask_who(patience)?;
        Ok(driver)
    }

    fn ask_who(&mut self, patience: Duration) -> Result<Hello, String> {
        let (sender, heard) = std::sync::mpsc::channel();
        self.listen(&sender, |heard| heard);
        let id = self.tell("hello", None, json!({ "driver": VERSION }));
        match heard.recv_timeout(patience) {
            Ok(Heard::Line(Line::Answer(answered, Answer::Ok(fields)))) if answered == id => {
                let hello: Hello = serde_json::from_value(Value::Object(fields))
                    .map_err(|error| format!("its hello is not one: {error}"))?;
                match hello.driver {
                    VERSION => Ok(hello),
                    other => Err(format!("it speaks version {other} of the driver protocol")),
                }
            }
            Ok(Heard::Line(line)) => Err(format!("it answers hello with {line:?}")),
            Ok(Heard::Nonsense(line)) => Err(format!("it says {line:?}")),
            Ok(Heard::End) => Err(format!("it has ended{}", self.last_words())),
            Err(_) => Err(format!("it does not answer hello within {patience:?}")),
        }
    }

    /// From now on what it says goes here.
    pub fn listen<T: Send + 'static>(&self, to: &Sender<T>, wrap: fn(Heard) -> T) {
        let to = to.clone();
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        *sink = Some(Box::new(move |heard| {
            // Nobody listens when the case is over.
            let _ = to.send(wrap(heard));
        }));
    }

    /// Gives a command, and says by which number it will be answered.
    pub fn tell(&mut self, op: &str, session: Option<&str>, fields: Value) -> u64 {
        self.next += 1;
        let mut line = json!({ "id": self.next, "op": op });
        if let (Some(session), Value::Object(line)) = (session, &mut line) {
            line.insert("session".to_owned(), session.into());
        }
        if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
            line.extend(fields);
        }
        // It fails if the driver has ended, which is heard.
        let _ = writeln!(self.stdin, "{line}").and_then(|()| self.stdin.flush());
        self.next
    }

    /// Whether it says that it has this.
    pub fn can(&self, capability: &str) -> bool {
        self.hello
            .capabilities
            .iter()
            .any(|name| name == capability)
    }

    /// What it wrote to standard error of late, to go on with a sentence.
    pub fn last_words(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        match log.last() {
            Some(line) => format!("; its last words were {line:?}"),
            None => String::new(),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
