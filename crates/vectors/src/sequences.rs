//! What an end of a session does, step by step: with messages, with acts of its person, with time.

mod helper;
mod relay;
mod sharer;
mod tools;

use alongside_state_machine::error::{Fault, Misuse};
use alongside_wire::{Scopes, input::InputEvent, session::Message};
use serde_json::{Value, json};

use crate::{fields::Message as _, messages::event_fields, vector::File};

pub(crate) fn files() -> Vec<File> {
    let mut file = File::new("sequence");
    sharer::add(&mut file);
    helper::add(&mut file);
    relay::add(&mut file);
    tools::add(&mut file);
    vec![file]
}

/// What a step came to.
#[derive(Debug, Default, PartialEq)]
struct Done {
    sent: Vec<Message>,
    injected: Vec<InputEvent>,
    released: bool,
    /// What the other end broke, as the end tells it.
    violation: Option<(&'static str, &'static str)>,
    /// The person is asked for control.
    asked: bool,
    /// The person's act was not taken.
    not_taken: bool,
    /// Points that are drawn on the sharer's screen.
    drawn: usize,
    /// All drawing is gone from it.
    cleared: bool,
}

impl Done {
    fn sent<const N: usize>(sent: [Message; N]) -> Self {
        let sent = sent.into();
        Self {
            sent,
            ..Self::default()
        }
    }

    fn nothing() -> Self {
        Self::default()
    }

    fn asked() -> Self {
        Self {
            asked: true,
            ..Self::default()
        }
    }

    fn not_taken() -> Self {
        Self {
            not_taken: true,
            ..Self::default()
        }
    }

    fn json(&self) -> Value {
        let mut json =
            json!({ "sent": self.sent.iter().map(|message| message.json()).collect::<Vec<_>>() });
        if !self.injected.is_empty() {
            json["injected"] = self.injected.iter().copied().map(event_fields).collect();
        }
        if self.released {
            json["released"] = json!(true);
        }
        if self.asked {
            json["asked"] = json!(true);
        }
        if self.not_taken {
            json["not_taken"] = json!(true);
        }
        if self.drawn > 0 {
            json["drawn"] = json!(self.drawn);
        }
        if self.cleared {
            json["cleared"] = json!(true);
        }
        if let Some((name, requirement)) = self.violation {
            json["error"] = json!({ "name": name, "requirement": requirement });
        }
        json
    }
}

/// A sequence that is being written down.
struct Sequence<M> {
    machine: M,
    ceiling: Scopes,
    now: u64,
    steps: Vec<Value>,
    results: Vec<Value>,
}

/// An end that steps are done with.
trait End {
    /// Does what a step says.
    fn step(&mut self, now: u64, step: &Value, event: &Event) -> Done;
}

/// What happens in a step.
#[derive(Debug)]
enum Event {
    Receive(Message),
    Input(u32, Vec<InputEvent>),
    Media(u32),
    /// The relay says that the other end is lost.
    Lost,
    /// A reconnect is authentic, and its master is taken.
    Master,
    Time,
    Act(&'static str),
}

impl<M: End> Sequence<M> {
    fn new(machine: M, ceiling: Scopes) -> Self {
        Self {
            machine,
            ceiling,
            now: 0,
            steps: Vec::new(),
            results: Vec::new(),
        }
    }

    /// One step, so many milliseconds after the one before, and what must come of it.
    fn step(&mut self, after: u64, event: Event, with: Value, expected: Done) {
        self.now += after;
        let mut step = json!({ "now": self.now });
        match &event {
            Event::Receive(message) => step["receive"] = message.json(),
            Event::Input(grant, events) => {
                step["input"] = json!({ "grant": grant, "events": events.iter().copied().map(event_fields).collect::<Vec<_>>() });
            }
            Event::Media(epoch) => step["media"] = json!({ "epoch": epoch }),
            Event::Lost => step["lost"] = json!(true),
            Event::Master => step["master"] = json!(true),
            Event::Time => {}
            Event::Act(act) => step["act"] = json!(act),
        }
        if let (Some(step), Value::Object(with)) = (step.as_object_mut(), with) {
            step.extend(with);
        }
        let done = self.machine.step(self.now, &step, &event);
        assert_eq!(done, expected, "at {}: {event:?}", self.now);
        self.results.push(done.json());
        self.steps.push(step);
    }

    fn receive(&mut self, after: u64, message: impl Into<Message>, expected: Done) {
        self.step(after, Event::Receive(message.into()), json!({}), expected);
    }

    fn act(&mut self, after: u64, act: &'static str, with: Value, expected: Done) {
        self.step(after, Event::Act(act), with, expected);
    }

    fn lost(&mut self, after: u64, expected: Done) {
        self.step(after, Event::Lost, json!({}), expected);
    }

    fn master(&mut self, after: u64, expected: Done) {
        self.step(after, Event::Master, json!({}), expected);
    }

    /// A message that breaks the protocol, after which the end has ended.
    fn violates(
        &mut self,
        message: impl Into<Message>,
        name: &'static str,
        requirement: &'static str,
    ) {
        let expected = violation(name, requirement);
        self.receive(10, message, expected);
    }

    fn finish(self, file: &mut File, at: &str, id: &str, about: &str, shows: &[&str]) {
        let input = json!({ "at": at, "ceiling": self.ceiling.bits(), "steps": self.steps });
        file.taken(
            &format!("{at}/{id}"),
            about,
            shows,
            input,
            json!({ "steps": self.results }),
        );
    }
}

/// An end that ends for what the other end did.
fn violation(name: &'static str, requirement: &'static str) -> Done {
    let code = alongside_wire::ErrorCode::ALL
        .iter()
        .find(|code| code.name() == name);
    let code = code.expect("a registered error").to_wire();
    let sent = vec![alongside_wire::session::End { code }.into()];
    let violation = Some((name, requirement));
    Done {
        sent,
        violation,
        ..Done::default()
    }
}

fn broken(fault: Fault) -> Option<(&'static str, &'static str)> {
    Some((fault.code().name(), fault.clause()))
}

fn refused<T>(done: Result<T, Misuse>) -> bool {
    done.is_err()
}

/// What both ends allow where there are tools: all but elevation.
const WITH_TOOLS: Scopes = Scopes::ALL.without(Scopes::ELEVATION);

fn text_of(step: &Value) -> &str {
    step["text"].as_str().expect("a text")
}
