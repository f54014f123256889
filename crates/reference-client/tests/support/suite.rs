//! The suite's end of a driver, which runs within the test.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, unreachable_pub)]

use std::{collections::VecDeque, time::Duration};

use alongside_client::driver::{
    self,
    protocol::{Response, Told},
};
use alongside_relay::testing;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, duplex},
    time::timeout,
};

/// How long anything may take. Nothing takes it but a failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A program that takes commands, and how it is spoken with.
pub struct Suite {
    commands: DuplexStream,
    lines: Lines<BufReader<DuplexStream>>,
    last: u64,
    /// Events that nobody has asked for yet.
    events: VecDeque<Value>,
    /// All that was said.
    pub log: Vec<String>,
}

impl Suite {
    /// A driver of the reference client.
    pub fn driver() -> Self {
        let (commands, ordered) = duplex(1 << 16);
        let (told, answers) = duplex(1 << 16);
        tokio::spawn(async move {
            // It breaks off when the test does.
            let _ = driver::run(BufReader::new(ordered), told, None).await;
        });
        Self::new(commands, answers)
    }

    /// The reference relay with a manual clock, and its ready line.
    pub async fn relay() -> (Self, Value) {
        let folder = tempfile::tempdir().unwrap();
        let set_up = folder.path().join("set-up.json");
        std::fs::write(&set_up, "{}").unwrap();
        let (commands, ordered) = duplex(1 << 16);
        let (told, answers) = duplex(1 << 16);
        tokio::spawn(async move {
            let _ = testing::run(&set_up, BufReader::new(ordered), told).await;
            drop(folder);
        });
        let mut suite = Self::new(commands, answers);
        let ready = suite.line().await;
        (suite, ready)
    }

    fn new(commands: DuplexStream, answers: DuplexStream) -> Self {
        Self {
            commands,
            lines: BufReader::new(answers).lines(),
            last: 0,
            events: VecDeque::new(),
            log: Vec::new(),
        }
    }

    async fn line(&mut self) -> Value {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("nothing more than {:#?}", self.log));
        let line = line.unwrap().unwrap();
        self.log.push(line.clone());
        serde_json::from_str(&line).unwrap()
    }

    /// Says a command with a fresh number; the answer. Events that come before it are kept.
    pub async fn ask(&mut self, mut command: Value) -> Value {
        self.last += 1;
        command["id"] = self.last.into();
        self.log.push(command.to_string());
        let line = format!("{command}\n");
        self.commands.write_all(line.as_bytes()).await.unwrap();
        loop {
            let line = self.line().await;
            match line.get("event") {
                Some(_) => {
                    let _: Told = serde_json::from_value(line.clone()).unwrap();
                    self.events.push_back(line);
                }
                None => {
                    let _: Response = serde_json::from_value(line.clone()).unwrap();
                    assert_eq!(line["id"], self.last, "{line}");
                    return line;
                }
            }
        }
    }

    /// The same, for a command that is to be taken; what `ok` says.
    pub async fn ok(&mut self, command: Value) -> Value {
        let answer = self.ask(command.clone()).await;
        let ok = answer.get("ok");
        ok.unwrap_or_else(|| panic!("{command}: {answer}: {:#?}", self.log))
            .clone()
    }

    /// The same, for a command that is not; the class and the detail.
    pub async fn refused(&mut self, command: Value) -> (String, String) {
        let answer = self.ask(command.clone()).await;
        let said = |field: &str| answer["err"][field].as_str().map(str::to_owned);
        said("class")
            .zip(said("detail"))
            .unwrap_or_else(|| panic!("{command}: {answer}"))
    }

    /// The next event of this session; others of other sessions are kept.
    pub async fn next(&mut self, session: &str) -> Value {
        loop {
            let mut events = self.events.iter();
            if let Some(place) = events.position(|event| event["session"] == session) {
                return self.events.remove(place).unwrap();
            }
            let line = self.line().await;
            assert!(line.get("event").is_some(), "{line}");
            self.events.push_back(line);
        }
    }

    /// Reads on until this session tells an event of this name.
    pub async fn hear(&mut self, session: &str, name: &str) -> Value {
        loop {
            let event = self.next(session).await;
            if event["event"] == name {
                return event;
            }
        }
    }

    /// Whether an event of this name has come, for this session, and was not asked for.
    pub fn came(&self, session: &str, name: &str) -> bool {
        let mut events = self.events.iter();
        events.any(|event| event["session"] == session && event["event"] == name)
    }

    pub async fn advance(&mut self, session: &str, ms: u64) -> Value {
        self.ok(json!({"op": "advance-clock", "session": session, "ms": ms}))
            .await
    }
}
