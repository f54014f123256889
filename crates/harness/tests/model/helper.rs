//! The real helper's machine, as the model's acts drive it.

mod events;

use alongside_state_machine::{
    error::Fault,
    session::{
        By,
        helper::{Event, Helper, Output},
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes, code::Locator, limits::timers::CODE_LIFETIME, session::Message,
};

use self::events::Known;
use crate::{
    cells::{Cells, Region},
    lockstep,
    term::Term,
    words::{self, TICK_MS, ceiling, message, scopes, set},
};

#[derive(Clone)]
pub(crate) struct RealHelper {
    pub(crate) machine: Helper,
    pub(crate) now: Timestamp,
    /// What it wants done, and was not carried out.
    pub(crate) said: Vec<Output>,
    known: Known,
    cells: Cells,
}

impl RealHelper {
    pub(crate) fn new(cells: Cells) -> Self {
        Self {
            machine: Helper::new(),
            now: Timestamp::from_millis(1_000_000),
            said: Vec::new(),
            known: Known::default(),
            cells,
        }
    }

    /// What it is in, in the words of its table.
    fn regions(&self) -> Vec<Region> {
        self.machine.regions(self.now).to_vec()
    }

    fn is(&self, region: &str, state: &str) -> bool {
        self.regions().contains(&(region, state))
    }

    fn note(&self, event: &'static str) {
        self.cells.note(&self.regions(), event);
    }

    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            self.known.learn(&output);
            self.said.push(output);
        }
    }

    /// What the endpoint does with a fault of the sharer's, or of the relay's.
    fn or_blame(&mut self, by: By, done: Result<(), Fault>) {
        if let Err(fault) = done {
            self.note("a violation");
            self.machine.fail(by, fault);
        }
    }

    /// What the endpoint does with a message that was opened; an advisory is read at once.
    pub(crate) fn take(&mut self, message: &Message) {
        let (before, event) = (self.regions(), self.named(message));
        let done = self.machine.handle_message(message, self.now);
        let event = self.known.judged(event, message, &done);
        self.cells.note(&before, event);
        let is_taken = done.is_ok();
        self.or_blame(By::Peer, done);
        if is_taken && matches!(message, Message::Advisory(_)) {
            self.note("read the advisory");
            // There is nothing to read of one that came again.
            let _ = self.machine.acknowledge(self.now);
        }
        self.drain();
    }

    /// What the endpoint does with a frame that opened, which is shown at once.
    pub(crate) fn frame(&mut self, epoch: u32) {
        if self.machine.media_epoch() != Some(epoch) {
            return;
        }
        self.note("media of the latest epoch");
        let done = self.machine.handle_media(epoch);
        if done.is_ok() {
            self.note("a frame is on the screen");
            self.machine.shown(epoch);
        }
        self.or_blame(By::Peer, done);
        self.drain();
    }

    pub(crate) fn tick(&mut self) {
        let next = self.now.plus_ms(TICK_MS);
        let just_before = Timestamp::from_micros(next.as_micros() - 1);
        let before = self.machine.regions(just_before).to_vec();
        let earlier = self.said.len();
        self.now = next;
        self.machine.handle_timeout(next);
        self.drain();
        let timer = events::timer(&before, &self.regions(), &self.said[earlier..]);
        if let Some(timer) = timer {
            self.cells.note(&before, timer);
        }
    }

    /// The relay gives out a code.
    pub(crate) fn issued(&mut self) {
        self.note("code-issued");
        let locator = Locator::from_random(&[1; 8], 4);
        let lifetime = u32::try_from(CODE_LIFETIME).expect("a lifetime");
        let done = self.machine.code_issued(locator, lifetime, self.now);
        self.or_blame(By::Relay, done);
    }

    pub(crate) fn joined(&mut self) {
        self.note("joined");
        let done = self.machine.joined(self.now);
        self.or_blame(By::Relay, done);
    }

    pub(crate) fn secured(&mut self) {
        self.note("handshake succeeds");
        let done = self.machine.secured(ceiling(), self.now);
        self.or_blame(By::Relay, done);
    }

    pub(crate) fn end(&mut self) {
        self.note("end the session");
        self.machine.end(ErrorCode::Done);
    }

    /// An act of the person.
    pub(crate) fn person(&mut self, act: &Term) -> Option<()> {
        let event = match act.kind() {
            "ask-code" => "ask for a code",
            "request" if !asks_too_much(act) => "ask for control",
            "request" => "ask for more than the ceiling",
            "release" => "give control up",
            "pause" if act.at(1).flag() => "set pause",
            "pause" => "unset pause",
            other => panic!("{other} is nobody's act"),
        };
        self.note(event);
        let (machine, now) = (&mut self.machine, self.now);
        let done = match act.kind() {
            "ask-code" => machine.request_code(now),
            "request" => machine.request_control(scopes(act.at(1)), now),
            "release" => machine.release_control(now),
            _ => machine.set_paused(act.at(1).flag(), now),
        };
        self.drain();
        done.ok()
    }

    pub(crate) fn phase(&self) -> &'static str {
        match self.machine.phase() {
            "without a code" => "idle",
            "while asking for a code" => "requesting",
            "while the code waits" => "waiting",
            "while securing" => "securing",
            "before consent" => "deciding",
            "while viewing" => "viewing",
            _ => "ended",
        }
    }

    /// What comes from the relay, or is found by whoever has the keys.
    fn below(&mut self, act: &Term) -> bool {
        match act.kind() {
            "code-issued" => self.issued(),
            "joined" => self.joined(),
            "secured" => self.secured(),
            "refused" => {
                self.note("refused: for now");
                let done = self.machine.refused(ErrorCode::Busy);
                self.or_blame(By::Relay, done);
            }
            "gone" => {
                self.note("gone");
                self.machine.gone(ErrorCode::CodeExpired, self.now);
            }
            "closed" => {
                self.note("connection closed on purpose");
                self.machine.relay_ended(ErrorCode::Lost);
            }
            "handshake-failed" => {
                self.note("handshake fails");
                let code = ErrorCode::HandshakeFailed;
                self.machine.spent(Fault::HandshakeFailed, code, self.now);
            }
            "record-failed" => {
                self.note("a record does not open");
                self.machine.record_failed(self.now);
            }
            "link-lost" => {
                self.note("connection lost");
                self.machine.link_lost(self.now);
            }
            "peer-lost" => {
                self.note("peer-lost");
                self.machine.peer_lost(self.now);
            }
            "violation" => self.or_blame(By::Peer, Err(Fault::BadPoint)),
            "master-taken" => {
                self.note("a next master");
                self.machine.master_taken();
            }
            _ => return false,
        }
        true
    }
}

fn asks_too_much(act: &Term) -> bool {
    let asked = scopes(act.at(1));
    asked.is_empty() || !Scopes::GRANTABLE.contains(asked)
}

impl lockstep::Subject for RealHelper {
    fn act(&mut self, act: &Term) -> Option<String> {
        match act.kind() {
            "message" => self.take(&message(act.at(1))),
            "frame" => self.frame(act.at(1).number()),
            "end" => self.end(),
            "tick" => self.tick(),
            "lapse" => (0..act.at(1).number()).for_each(|_| self.tick()),
            _ if self.below(act) => {}
            _ => self.person(act)?,
        }
        self.drain();
        Some(words::outputs(core::mem::take(&mut self.said), event))
    }

    fn refusable(act: &Term) -> bool {
        ["ask-code", "request", "release", "pause"].contains(&act.kind())
    }

    fn never() -> Vec<Term> {
        ["(request {})", "(request {pointer view})"]
            .map(Term::read)
            .to_vec()
    }

    fn seen(&self) -> String {
        let lost = self.machine.frozen_until().is_some();
        let epoch = self.machine.media_epoch().unwrap_or(0);
        let grant = self.machine.live_grant();
        let (id, scopes) = grant.map_or((0, Scopes::NONE), |(id, scopes, _)| (id, scopes));
        format!("({} {lost} {epoch} {id} {})", self.phase(), set(scopes))
    }

    fn is_like(&self, other: &Self) -> bool {
        (&self.machine, self.now) == (&other.machine, other.now)
    }

    fn whole(&self) -> String {
        lockstep::whole(&self.machine, self.now)
    }
}

pub(crate) fn event(event: &Event) -> String {
    match event {
        Event::CodeIssued { .. } => "(code-issued)".to_owned(),
        Event::CodeEnded(code) => format!("(code-ended {})", code.name()),
        Event::Joined => "(joined)".to_owned(),
        Event::CodeSpent { spent, warn, .. } => format!("(code-spent {spent} {warn})"),
        Event::Secured => "(secured)".to_owned(),
        Event::Viewing { scopes } => format!("(viewing {})", set(*scopes)),
        Event::Displays(_) => "(displays)".to_owned(),
        Event::ControlNotBefore(_) => "(not-before)".to_owned(),
        Event::ControlGranted { grant, scopes, .. } => {
            format!("(control-granted {grant} {})", set(*scopes))
        }
        Event::ControlDenied(code) => format!("(control-denied {})", code.name()),
        Event::ControlRenewed { grant, .. } => format!("(control-renewed {grant})"),
        Event::ControlEnded { grant, code } => format!("(control-ended {grant} {})", code.name()),
        Event::Paused { local, peer } => format!("(paused {local} {peer})"),
        Event::Frozen { .. } => "(frozen)".to_owned(),
        Event::Back => "(back)".to_owned(),
        Event::Ended(ended) => words::ended(ended),
        other => format!("({other:?})"),
    }
}
