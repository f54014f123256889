//! A pair under test: a helper and a sharer, each with its driver, and a relay between them. The suite
//! is their people, and plays nothing. What they send is theirs alone: only what they tell is seen.

mod acts;
mod paths;
mod time;

pub(crate) use paths::{hash, other};

use std::{
    collections::BTreeMap,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};

use super::{Done, RelayUnderTest, Stop, Transcript, ledger::Ledger};
use crate::driver::{Answer, Class, Driver, Event, Heard, Line, Role, Unheard};

/// What one worker of the suite has of a pair from case to case.
pub struct PairBench {
    /// The driver of the helper.
    pub helper: Driver,
    /// The driver of the sharer.
    pub sharer: Driver,
    /// The relay.
    pub relay: RelayUnderTest,
    /// How long something that needs no time may take.
    pub patience: Duration,
    /// Whether cases may wait for minutes by the computer's clock.
    pub real_time: bool,
}

impl PairBench {
    /// Whether the next case needs another relay.
    pub const fn is_spent(&self) -> bool {
        self.relay.is_spent()
    }

    const fn driver(&mut self, role: Role) -> &mut Driver {
        match role {
            Role::Helper => &mut self.helper,
            Role::Sharer => &mut self.sharer,
        }
    }
}

/// Something that one of the drivers wrote.
struct Wrote(Role, Unheard);

/// One session of a pair.
pub struct PairStage<'a> {
    bench: &'a mut PairBench,
    /// What both drivers call it.
    session: String,
    inbox: Receiver<Wrote>,
    answers: BTreeMap<(Role, u64), Answer>,
    /// Everything that either person was told.
    log: Vec<(Role, Event)>,
    /// What is before this is not waited for any more.
    start: usize,
    /// The same of each event of each end: they come by different ways, and have no order among each other.
    marks: BTreeMap<(Role, String), usize>,
    /// Those that were set up.
    open: Vec<Role>,
    /// Milliseconds that have passed by the clocks of the pair.
    now: u64,
    /// When they were moved last.
    ticked: Instant,
    pub(in crate::stage) ledger: Ledger,
    transcript: Transcript,
}

impl<'a> PairStage<'a> {
    /// A session that has not begun.
    pub fn new(bench: &'a mut PairBench, session: String) -> Self {
        let (sender, inbox) = channel();
        let by_helper = |unheard| Wrote(Role::Helper, unheard);
        bench.helper.listen(&sender, by_helper);
        let by_sharer = |unheard| Wrote(Role::Sharer, unheard);
        bench.sharer.listen(&sender, by_sharer);
        Self {
            bench,
            session,
            inbox,
            answers: BTreeMap::new(),
            log: Vec::new(),
            start: 0,
            marks: BTreeMap::new(),
            open: Vec::new(),
            now: 0,
            ticked: Instant::now(),
            ledger: Ledger::default(),
            transcript: Transcript::default(),
        }
    }

    /// Stops the case unless both ends have this.
    ///
    /// # Errors
    /// [`Stop::Unsupported`].
    pub fn needs(&self, capability: &str) -> Done {
        match self.bench.helper.can(capability) && self.bench.sharer.can(capability) {
            true => Ok(()),
            false => Err(Stop::Unsupported(capability.to_owned())),
        }
    }

    /// The next case needs another relay.
    pub const fn spends_relay(&mut self) {
        self.bench.relay.wears_out();
    }

    /// Both ends are done with their session, and what comes now is another.
    pub fn another(&mut self) {
        self.closes();
        self.session += "-next";
        self.log.clear();
        self.fresh();
    }

    fn closes(&mut self) {
        for end in std::mem::take(&mut self.open) {
            // It may have broken down, which the next case finds.
            let nothing = Value::Object(Map::new());
            let driver = self.bench.driver(end);
            driver.tell("close", Some(&self.session), nothing);
        }
    }

    /// Gives an end a command, and waits for its answer.
    ///
    /// # Errors
    /// If it cannot do it, or does not answer.
    pub fn ask(
        &mut self,
        end: Role,
        op: &str,
        fields: Value,
    ) -> Done<Result<Map<String, Value>, String>> {
        let text = format!("{op} {fields}");
        let who = who(end);
        self.transcript
            .note(self.now, '>', who, format!("driver: {text}"));
        let session = self.session.clone();
        let id = self.bench.driver(end).tell(op, Some(&session), fields);
        match self.answer(end, op, id)? {
            Answer::Ok(fields) => Ok(Ok(fields)),
            Answer::Err(Class::Misuse, why) => Ok(Err(why)),
            Answer::Err(Class::Command, why) => {
                let why = format!("{text} is no command to the {end}: {why}");
                Err(Stop::Driver(why))
            }
            Answer::Err(Class::Internal, why) => Err(Stop::Crash(format!("the {end}: {why}"))),
            Answer::Unsupported => Err(Stop::Unsupported(op.to_owned())),
        }
    }

    fn answer(&mut self, end: Role, op: &str, id: u64) -> Done<Answer> {
        let deadline = Instant::now() + self.bench.patience;
        loop {
            if let Some(answer) = self.answers.remove(&(end, id)) {
                return Ok(answer);
            }
            if !self.take_one(deadline)? {
                return Err(Stop::Timeout {
                    awaited: format!("an answer of the {end} to {op:?}"),
                    seen: self.since(end, self.start),
                });
            }
        }
    }

    /// Takes the next thing that comes before the deadline, if something does.
    fn take_one(&mut self, deadline: Instant) -> Done<bool> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        match self.inbox.recv_timeout(left) {
            Ok(Wrote(end, unheard)) => self.take(end, unheard.hear()).map(|()| true),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(false),
        }
    }

    fn take(&mut self, end: Role, heard: Heard) -> Done {
        match heard {
            Heard::Line(Line::Answer(id, answer)) => {
                self.answers.insert((end, id), answer);
            }
            Heard::Line(Line::Event(event)) => {
                let driver = self.bench.driver(end);
                if let Some(wrong) = driver.strange(&event, &self.session, end) {
                    return Err(Stop::Driver(format!("the {end}: {wrong}")));
                }
                // A session before this one may still have its last words.
                if event.session == self.session {
                    let words = format!("driver: {} {}", event.name, json!(event.fields));
                    self.transcript.note(self.now, '<', who(end), words);
                    self.log.push((end, event));
                }
            }
            Heard::Nonsense(line) => return Err(Stop::Driver(format!("the {end}: {line}"))),
            Heard::End => {
                let how = self.bench.driver(end).has_ended_how();
                return Err(Stop::Crash(format!("the driver of the {end}: {how}")));
            }
        }
        Ok(())
    }

    /// What an end told from some place of the log on, in words.
    pub fn since(&self, end: Role, from: usize) -> String {
        let told = self.log.iter().skip(from).filter(|(who, _)| *who == end);
        let words: Vec<_> = told
            .map(|(_, event)| format!("{} {}", event.name, json!(event.fields)))
            .collect();
        match words.len() {
            0 => format!("the {end} told of nothing"),
            1..=8 => format!("the {end} told of: {}", words.join("; ")),
            more => format!(
                "the {end} told of {more} things, at last: {}",
                words[more - 5..].join("; ")
            ),
        }
    }

    /// What was seen to hold, said and heard, when the case is over.
    pub fn close(mut self) -> (Vec<&'static str>, Transcript) {
        self.closes();
        (self.ledger.held(), self.transcript)
    }
}

/// The number of an end in a capture.
const fn who(end: Role) -> Option<usize> {
    Some(match end {
        Role::Helper => 0,
        Role::Sharer => 1,
    })
}
