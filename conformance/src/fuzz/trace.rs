//! What shows of a session from where the suite began to be wrong, in words that two implementations have in
//! common: what the specification leaves open, and what is random, is left out.

use std::collections::{BTreeMap, BTreeSet};

use alongside_wire::{rendezvous, session::Message};

use crate::{
    driver::Event,
    quic::Close,
    stage::{Heard, Item, named},
};

/// What shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Each source for itself: what comes of two has no order between them.
    lists: [Vec<String>; LISTS.len()],
    /// The epochs of which media came.
    epochs: BTreeSet<u32>,
}

const LISTS: [&str; 4] = ["says", "tells", "does", "answers"];
const SAYS: usize = 0;
const TELLS: usize = 1;
const DOES: usize = 2;
const ANSWERS: usize = 3;

/// Events of a driver that tell of nothing, come when they like, or are left open.
const NOT_TOLD: &[&str] = &[
    "connected",
    "code",
    "code-ended",
    "spent",
    "phrase",
    "prompt-closed",
    "lapsed",
    "displays",
    "frame",
    "held-back",
    "no-control",
    "laser-gone",
    "reported",
    "refused",
];
/// Fields of them that are the implementation's own.
const NOT_FIELDS: &[&str] = &["clause", "words", "seconds", "number", "card", "issuer"];

impl Trace {
    /// Something that was heard of a client. `spoken` are the messages of which its table speaks.
    pub fn hear(&mut self, item: &Item, spoken: impl Fn(&str) -> bool) {
        match item {
            // The size of a display on which nothing was shown yet is told when its sharer likes.
            Item::Sealed(_, Message::Displays(_)) => {}
            // It may come anywhere among what comes of one event.
            Item::Sealed(_, Message::ClipboardTaken(taken)) => {
                self.add(ANSWERS, format!("an item: {}", taken.taken));
            }
            Item::Sealed(_, message) if spoken(message.name()) => self.add(SAYS, said(message)),
            Item::ToRelay(rendezvous::Message::Leave(leave)) => {
                self.add(SAYS, format!("leave {}", named(leave.code.into())));
            }
            Item::Closed(Close::Code(code)) => self.add(SAYS, format!("close {}", named(*code))),
            Item::Broken(what, _) => self.add(SAYS, format!("{what} that cannot be read")),
            Item::Unopened => self.add(SAYS, item.to_string()),
            Item::Media(header, _) => {
                self.epochs.insert(header.epoch);
            }
            Item::Input { events, .. } => self.add(DOES, format!("{events:?}")),
            Item::Told(event) if ["injected", "released"].contains(&event.name.as_str()) => {
                self.add(DOES, told(event));
            }
            Item::Told(event) if !NOT_TOLD.contains(&event.name.as_str()) => {
                self.add(TELLS, told(event));
            }
            _ => {}
        }
    }

    /// Something that a client of a relay heard.
    pub fn hear_of_relay(&mut self, who: &str, heard: &Heard) {
        match heard {
            Heard::Said(message) => {
                let code = heard.code().map(|code| format!(" {}", named(code.into())));
                let code = code.unwrap_or_default();
                self.add(SAYS, format!("{} to {who}{code}", message.name()));
            }
            Heard::Closed(Close::Code(code)) => {
                self.add(TELLS, format!("{who} closed with {}", named(*code)));
            }
            Heard::Broken(_) => self.add(SAYS, format!("{heard}, to {who}")),
            Heard::Stream(_, bytes) => self.add(DOES, format!("{} bytes to {who}", bytes.len())),
            _ => {}
        }
    }

    /// Something that was heard of a client before: of an epoch in which media came already, more may come whenever its
    /// sharer likes.
    pub fn heard_before(&mut self, item: &Item) {
        if let Item::Media(header, _) = item {
            self.epochs.remove(&header.epoch);
        }
    }

    /// What the person did was taken, or not.
    pub fn act(&mut self, event: &str, taken: bool) {
        let how = if taken { "taken" } else { "not taken" };
        self.add(TELLS, format!("{event:?} {how}"));
    }

    /// It went no further, for this reason.
    pub fn stop(&mut self, why: String) {
        self.add(SAYS, why);
    }

    fn add(&mut self, list: usize, words: String) {
        if let Some(list) = self.lists.get_mut(list) {
            list.push(words);
        }
    }

    /// Whether this differs from another in nothing but what is wrong with bytes: of two faults either may be
    /// blamed.
    pub fn blames_another_fault(&self, other: &Self) -> bool {
        let alike = |trace: &Self| {
            let words = |words: &String| {
                let faults = ["malformed", "too-large", "unknown-message"];
                let mut words = words.clone();
                for fault in faults {
                    words = words.replace(fault, "a fault");
                }
                words
            };
            let lists = trace.lists.iter();
            let lists = lists.map(|list| list.iter().map(words).collect::<Vec<_>>());
            lists.collect::<Vec<_>>()
        };
        self != other && self.epochs == other.epochs && alike(self) == alike(other)
    }

    /// In what this differs from another, and what the other has there: in words.
    pub fn differs(&self, other: &Self) -> Option<(String, String)> {
        let lists = self.lists.iter().zip(&other.lists).zip(LISTS);
        for ((mine, theirs), what) in lists {
            if mine != theirs {
                return Some((
                    format!("it {what} {mine:?}"),
                    format!("it {what} {theirs:?}"),
                ));
            }
        }
        let pictures = |trace: &Self| format!("media of the epochs {:?}", trace.epochs);
        (self.epochs != other.epochs).then(|| (pictures(self), pictures(other)))
    }
}

fn said(message: &Message) -> String {
    let name = message.name();
    let code = match message {
        Message::ControlEnd(end) => end.code,
        Message::ControlDeny(deny) => deny.code,
        Message::End(end) => end.code,
        Message::Epoch(epoch) => return format!("{name} {}", epoch.paused),
        Message::Pause(pause) => return format!("{name} {}", pause.paused),
        _ => return name.to_owned(),
    };
    format!("{name} {}", named(code.into()))
}

fn told(event: &Event) -> String {
    let fields = event.fields.iter();
    let fields = fields.filter(|(name, _)| !NOT_FIELDS.contains(&name.as_str()));
    // Whoever writes them chooses their order.
    let fields: BTreeMap<_, _> = fields.collect();
    let words: String = (fields.iter())
        // Of an envelope that cannot be read nobody can say whose it was.
        .map(|(name, value)| match (name.as_str(), value.as_str()) {
            ("by", Some("relay" | "other")) => " by somebody else".to_owned(),
            _ => format!(" {name} {value}"),
        })
        .collect();
    format!("{}{words}", event.name)
}

#[cfg(test)]
mod tests {
    use alongside_wire::{
        ErrorCode,
        record::MediaHeader,
        rendezvous::{Gone, Leave},
        session::{Displays, End, Heartbeat},
    };
    use serde_json::{Map, json};

    use super::*;

    fn trace(items: &[Item]) -> Trace {
        let mut trace = Trace::default();
        for item in items {
            trace.hear(item, |name| name == "end");
        }
        trace
    }

    fn told(name: &str, fields: serde_json::Value) -> Item {
        let fields = fields.as_object().cloned().unwrap_or_else(Map::new);
        Item::Told(Event {
            name: name.to_owned(),
            session: "a".to_owned(),
            fields,
        })
    }

    fn end(code: ErrorCode) -> Item {
        let code = code.to_wire();
        Item::Sealed(0, End { code }.into())
    }

    fn media(epoch: u32) -> Item {
        let header = MediaHeader {
            last: true,
            index: 0,
            frame: 1,
            epoch,
            number: 0,
            length: 16,
        };
        Item::Media(header, None)
    }

    #[test]
    fn what_is_left_open_makes_no_difference() {
        let one = trace(&[
            told(
                "ended",
                json!({"code": "done", "by": "relay", "clause": "END-5"}),
            ),
            end(ErrorCode::Done),
            told("phrase", json!({"words": ["a"]})),
            Item::Sealed(1, Heartbeat {}.into()),
            media(2),
            media(2),
        ]);
        // Nor does what has no order with something else, or whom an end is laid to that cannot know.
        let other = trace(&[
            media(2),
            end(ErrorCode::Done),
            Item::Sealed(3, Displays { displays: vec![] }.into()),
            told("ended", json!({"by": "other", "code": "done"})),
        ]);
        assert_eq!(one.differs(&other), None);
        let by_itself = trace(&[
            media(2),
            end(ErrorCode::Done),
            told("ended", json!({"by": "self", "code": "done"})),
        ]);
        assert!(one.differs(&by_itself).is_some());
    }

    #[test]
    fn what_differs_is_told_of_both() {
        let (done, lost) = (
            trace(&[end(ErrorCode::Done)]),
            trace(&[end(ErrorCode::Lost)]),
        );
        let (mine, theirs) = done.differs(&lost).expect("they differ");
        assert_eq!(mine, "it says [\"end done\"]");
        assert_eq!(theirs, "it says [\"end lost\"]");
        assert!(!done.blames_another_fault(&lost));
        let (one, two) = (trace(&[media(1)]), trace(&[media(1), media(2)]));
        let (mine, theirs) = one.differs(&two).expect("they differ");
        assert_eq!(mine, "media of the epochs {1}");
        assert_eq!(theirs, "media of the epochs {1, 2}");
    }

    #[test]
    fn media_of_an_epoch_that_went_on_may_come_or_not() {
        let mut seen = trace(&[media(1), media(2)]);
        seen.heard_before(&media(1));
        assert_eq!(seen.differs(&trace(&[media(2)])), None);
    }

    #[test]
    fn of_two_faults_either_may_be_blamed() {
        let malformed = trace(&[end(ErrorCode::Malformed)]);
        let unknown = trace(&[end(ErrorCode::UnknownMessage)]);
        assert!(malformed.blames_another_fault(&unknown));
        assert!(!malformed.blames_another_fault(&malformed));
        assert!(!malformed.blames_another_fault(&trace(&[])));
        assert!(!malformed.blames_another_fault(&trace(&[end(ErrorCode::Done)])));
    }

    #[test]
    fn of_a_relay_it_shows_who_hears_what() {
        let (busy, lost) = (ErrorCode::Busy.to_wire(), ErrorCode::Lost.to_wire());
        let gone = |code| Heard::Said(Gone { code }.into());
        let mut one = Trace::default();
        one.hear_of_relay("it", &gone(busy));
        let mut other = Trace::default();
        other.hear_of_relay("the other", &gone(busy));
        assert!(one.differs(&other).is_some());
        let mut third = Trace::default();
        third.hear_of_relay("it", &gone(lost));
        assert!(one.differs(&third).is_some());
        let leaves = trace(&[Item::ToRelay(Leave { code: busy }.into())]);
        assert_eq!(
            leaves.differs(&Trace::default()).expect("they differ").0,
            "it says [\"leave busy\"]"
        );
    }
}
