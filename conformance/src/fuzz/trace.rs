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
