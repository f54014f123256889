//! Makes events happen, one after the other, and looks at what comes of the last.

use std::collections::BTreeMap;

use alongside_wire::{
    ErrorCode, Scopes,
    envelope::Envelope,
    limits::timers,
    rendezvous::{Gone, PeerLost, Refused},
    session::{Heartbeat, Message, Picture},
};
use serde_json::{Value, json};

use super::{
    look,
    plan::{Plan, Table, UNTIL, WITH},
    reaction::{self, Answer, Reaction},
    set_up, witness,
};
use crate::{
    cases::client::shown::Shown,
    stage::{ClientStage, Done, Item, Manners, Stop},
};

/// How long before its end a timer is about to run out.
pub(super) const SHORTLY: u64 = 1_500;
/// All but elevation.
pub(super) const CEILING: Scopes = Scopes::ALL.without(Scopes::ELEVATION);

pub(super) struct Player<'s, 'a, 't> {
    pub(super) stage: &'s mut ClientStage<'a>,
    pub(super) table: &'t Table,
    /// What has to happen first.
    pub(super) path: &'t [String],
    /// The fields of `open` besides the usual.
    pub(super) open: Value,
    /// The states of all regions.
    pub(super) at: Vec<usize>,
    /// The code that came with the last event.
    pub(super) told: ErrorCode,
    /// Where in the log it began.
    pub(super) from: usize,
    /// What was heard of the other end's half of the handshake.
    pub(super) envelope: Option<Envelope>,
    /// The offer in the sharer's join.
    pub(super) offer: Vec<u8>,
    /// What the helper asked for last.
    pub(super) asked: Scopes,
    /// Of the picture that is on the screen.
    pub(super) seed: u32,
    /// When each timer runs out that was ever started.
    pub(super) timers: BTreeMap<&'static str, u64>,
    pub(super) kept: Kept,
}

/// What the suite's end knows of the session.
#[derive(Default)]
pub(super) struct Kept {
    /// The latest grant, and the request that it answered.
    pub(super) grant: u32,
    pub(super) granted: u32,
    /// Lines of the client's that were acknowledged.
    pub(super) acknowledged: u32,
    /// Items of the clipboard that were sent, and those of the client's that were answered.
    pub(super) items: u32,
    pub(super) answered: u32,
    pub(super) begun: bool,
    /// The suite's end seals under keys that the client has not heard of yet.
    pub(super) keyed: bool,
}

/// How a command was taken: whether the client may do it, if it was one.
pub(super) type Taken = Option<bool>;

impl<'s, 'a, 't> Player<'s, 'a, 't> {
    pub(super) fn new(stage: &'s mut ClientStage<'a>, table: &'t Table, plan: &'t Plan) -> Self {
        Self::of(stage, table, &plan.path)
    }

    /// The same for a path that is no plan.
    pub(super) fn of(stage: &'s mut ClientStage<'a>, table: &'t Table, path: &'t [String]) -> Self {
        stage.ceiling = CEILING;
        stage.manners = Manners {
            epoch_seen: false,
            advisory_ack: false,
            shown: false,
            chat_ack: false,
            heartbeat: true,
        };
        Self {
            at: table.machine.start(),
            stage,
            table,
            path,
            open: json!({}),
            told: ErrorCode::Done,
            from: 0,
            envelope: None,
            offer: Vec::new(),
            asked: Scopes::NONE,
            seed: 0,
            timers: BTreeMap::new(),
            kept: Kept::default(),
        }
    }

    pub(super) fn plays(&mut self, plan: &Plan) -> Done {
        for event in &plan.path {
            if let Some(timer) = event.strip_prefix(UNTIL) {
                let left = self.left(timer)?;
                self.stage.pass(left.saturating_sub(SHORTLY))?;
                continue;
            }
            if event.starts_with(WITH) {
                let none = || Stop::Harness(format!("nobody is set up {event}"));
                self.open = set_up::open(self.table.role, event)?.ok_or_else(none)?;
                continue;
            }
            let none = || Stop::Harness(format!("{event:?} cannot be here"));
            let reaction = reaction::of(self.table, &self.at, self.path, event).ok_or_else(none)?;
            self.goes(event, &reaction)?;
        }
        self.looks(&plan.event, &plan.reaction)?;
        if !self.is("phase", &["ended"])
            && let Some((event, reaction)) = witness::of(self.table, plan)
        {
            let blamed = plan.reaction.blamed();
            return self.looks(&event, &reaction).map_err(|stop| match stop {
                Stop::Fails { expected, seen, .. } => Stop::Fails {
                    blame: blamed.into(),
                    expected: format!("it to be in the state of which {event:?} shows: {expected}"),
                    seen,
                },
                other => other,
            });
        }
        Ok(())
    }

    /// Whether a region is in one of these states.
    pub(super) fn is(&self, region: &str, states: &[&str]) -> bool {
        self.table.is(&self.at, region, states)
    }

    /// An event on the way.
    fn goes(&mut self, event: &str, reaction: &Reaction) -> Done {
        self.happens(event, reaction)?;
        let (from, told) = (self.from, self.told);
        look::sees(self.stage, self.table, event, reaction, (from, told)).map_err(
            |stop| match stop {
                Stop::Fails { expected, seen, .. } => Stop::Timeout {
                    awaited: format!("what comes of {event:?}, on the way: {expected}"),
                    seen,
                },
                other => other,
            },
        )?;
        self.is_at(event, reaction)
    }

    /// The event that it is about.
    pub(super) fn looks(&mut self, event: &str, reaction: &Reaction) -> Done {
        let taken = self.happens(event, reaction)?;
        if let (Some(taken), Answer::Taken | Answer::Misuse) = (taken, reaction.answer) {
            let expected = match reaction.is_taken() {
                true => format!("{event:?} to be taken"),
                false => format!("{event:?} not to be taken now"),
            };
            let seen = if taken { "it was taken" } else { "it was not" };
            self.stage.check(
                reaction.blamed(),
                taken == reaction.is_taken(),
                &expected,
                seen,
            )?;
        }
        let (from, told) = (self.from, self.told);
        look::sees(self.stage, self.table, event, reaction, (from, told))?;
        self.is_at(event, reaction)
    }

    pub(super) fn happens(&mut self, event: &str, reaction: &Reaction) -> Done<Taken> {
        if self.kept.begun && !self.stage.is_connected() && self.is("link", &["frozen"]) {
            self.stage.rejoins(true)?;
        }
        if self.kept.begun {
            self.stage.settle()?;
        }
        self.told = told(event);
        self.from = self.stage.here();
        let by = self.table.machine.event(event);
        let by = by.and_then(|number| self.table.machine.events.get(number));
        match by.map(|event| event.from) {
            Some("time") => self.time(event, reaction)?,
            Some("relay") if self.relay(event)? => {}
            Some("person") => return self.person(event),
            _ => (self.table.ways.does)(self, event)?,
        }
        Ok(None)
    }

    /// Notes what has come of an event.
    fn is_at(&mut self, event: &str, reaction: &Reaction) -> Done {
        let before = std::mem::replace(&mut self.at, reaction.to.clone());
        let now = self.stage.now();
        if self.enters(&before, "link", "frozen") {
            self.timers.insert("reconnect", now + timers::RECONNECT);
        }
        for (timer, ms) in (self.table.ways.started)(self, &before, event) {
            self.timers.insert(timer, now + ms);
        }
        let flows = |at: &[usize]| {
            self.table.is(at, "media", &["flows"]) && self.table.is(at, "frames", &["sent"])
        };
        if flows(&self.at) && !flows(&before) {
            let from = self.from;
            let is_frame = |item: &Item| matches!(item, Item::Frame { .. });
            self.stage.until(|stage| stage.has_come(from, is_frame))?;
        }
        match self.is("link", &["frozen"]) {
            true => self.stage.frozen_from_here(),
            false => self.stage.frozen_no_more(),
        }
        Ok(())
    }

    /// Whether a region has come to a state in which it was not.
    pub(super) fn enters(&self, before: &[usize], region: &str, state: &str) -> bool {
        self.is(region, &[state]) && !self.table.is(before, region, &[state])
    }

    pub(super) fn left(&self, timer: &str) -> Done<u64> {
        let at = self.timers.get(timer).copied();
        let none = || Stop::Harness(format!("{timer:?} does not run"));
        Ok(at.ok_or_else(none)?.saturating_sub(self.stage.now()))
    }

    /// Lets a timer run out, and sees that nothing comes before.
    fn time(&mut self, timer: &str, reaction: &Reaction) -> Done {
        let up = self.is("link", &["up"]) && self.is("phase", &["deciding", "viewing"]);
        if timer == "silence" {
            self.stage.seal_one(Heartbeat {})?;
            self.stage.settle()?;
            self.stage.leap(timers::SILENCE - 1)?;
        } else {
            let left = self.left(timer)?;
            self.stage.pass(left.saturating_sub(1))?;
            if up {
                self.stage.seal_one(Heartbeat {})?;
                self.stage.settle()?;
            }
        }
        let early = look::heard(self.stage, self.table, timer, self.from);
        let blamed = reaction.blamed();
        let expected = format!("nothing before {timer:?} has run out");
        self.stage
            .check(blamed, early.is_empty(), &expected, format!("{early:?}"))?;
        match timer {
            "silence" | "reconnect" | "handshake" => self.stage.leap_unread(1),
            _ => self.stage.leap(1),
        }
    }

    /// Something of the relay, or of the connection to it. False if it is none of both roles.
    fn relay(&mut self, event: &str) -> Done<bool> {
        let code = self.told.to_wire();
        match event {
            "refused" | "refused: for now" | "refused: for good" => {
                self.stage.say(Refused { code })
            }
            "gone" | "gone: idle or relay-shutdown" => self.stage.say(Gone { code }),
            "peer-lost" => self.stage.say(PeerLost {}),
            "connection lost" => self.stage.drops()?,
            "connection closed on purpose" => self.stage.closes_with(code)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A command, if the driver has one for it.
    fn person(&mut self, event: &str) -> Done<Taken> {
        if !self.kept.begun {
            self.stage.set_up(&self.open)?;
        }
        let ops = match event {
            "set pause" => ("pause", json!({})),
            "unset pause" => ("unpause", json!({})),
            "write chat" => ("chat", json!({ "text": "a line" })),
            "send a clipboard item" => ("copy", json!({ "text": "an item" })),
            "answer a clipboard item" => ("take", json!({ "allow": true })),
            "end the session" => ("end", json!({})),
            _ => return (self.table.ways.acts)(self, event),
        };
        self.commands(ops.0, ops.1)
    }

    /// What there is of these scopes at the client's system.
    pub(super) fn supported(&self, scopes: Scopes) -> Scopes {
        match self.has(set_up::FEWER) {
            true => scopes.intersect(set_up::SUPPORTED),
            false => scopes,
        }
    }

    /// The card of the suite's end; with a picture for a client that may ask for one.
    pub(super) fn card(&self) -> Done<Shown> {
        match self.has(set_up::CARD) {
            true => set_up::shown(),
            false => Ok(Shown::right()),
        }
    }

    /// The person wants to see the picture of that card, and gets it.
    pub(super) fn gives_picture(&mut self) -> Done {
        self.stage.act("fetch-picture")?;
        self.stage.hears("picture-request")?;
        let data = set_up::picture()?;
        self.stage.seal_one(Picture { offset: 0, data })?;
        self.stage.told("picture").map(|_| ())
    }

    /// Whether the client is set up with this.
    pub(super) fn has(&self, what: &str) -> bool {
        set_up::is(self.path, what)
    }

    pub(super) fn commands(&mut self, op: &str, fields: Value) -> Done<Taken> {
        Ok(Some(self.stage.ask(op, fields)?.is_ok()))
    }

    /// A record that does not open.
    pub(super) fn breaks_a_record(&mut self) -> Done {
        let none = || Stop::Harness("there is no channel".to_owned());
        let channel = self.stage.channel.as_mut().ok_or_else(none)?;
        let mut envelope = channel.seal(&[Heartbeat {}.into()]);
        if let Some(last) = envelope.last_mut() {
            *last ^= 1;
        }
        self.stage.deliver(envelope);
        Ok(())
    }

    /// A message of the relay that is no encoding.
    pub(super) fn breaks_the_protocol(&mut self) {
        self.stage.say_raw(0x08, &[0xFF; 3]);
    }

    /// The way back: both ends have the next keys.
    pub(super) fn next_master(&mut self, again: bool) -> Done {
        if again {
            self.stage.drops()?;
            self.stage.rejoins(true)?;
        }
        self.kept.items = 0;
        self.kept.answered = 0;
        self.stage.handshakes_again()
    }

    /// The highest number of these that the client has sent.
    pub(super) fn latest(&self, of: fn(&Message) -> Option<u32>) -> u32 {
        let sealed = self.stage.log.iter().filter_map(Item::sealed);
        sealed.filter_map(of).max().unwrap_or(0)
    }

    /// The lines of chat that the client has written.
    pub(super) fn written(&self) -> u32 {
        self.latest(|message| match message {
            Message::Chat(chat) => Some(chat.id),
            _ => None,
        })
    }

    /// The request that the client has made.
    pub(super) fn request(&self) -> u32 {
        self.latest(|message| match message {
            Message::ControlRequest(request) => Some(request.request),
            _ => None,
        })
    }
}

/// The code that comes with an event.
fn told(event: &str) -> ErrorCode {
    match event {
        "refused: for now" => ErrorCode::Busy,
        "refused" | "refused: for good" => ErrorCode::NotFound,
        "gone" => ErrorCode::SessionLength,
        "gone: idle or relay-shutdown" => ErrorCode::Idle,
        "connection closed on purpose" => ErrorCode::Superseded,
        "handshake fails" => ErrorCode::HandshakeFailed,
        "a violation" => ErrorCode::Malformed,
        "end" => ErrorCode::Declined,
        _ => ErrorCode::Done,
    }
}
