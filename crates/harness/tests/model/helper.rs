//! The real helper's machine, as the model's acts drive it.

use alongside_state_machine::{
    error::Fault,
    session::{
        By,
        helper::{Event, Helper},
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes, code::Locator, limits::timers::CODE_LIFETIME, session::Message,
};

use crate::{
    lockstep,
    term::Term,
    words::{self, TICK_MS, ceiling, message, scopes, set},
};

#[derive(Clone)]
pub(crate) struct RealHelper {
    pub(crate) machine: Helper,
    pub(crate) now: Timestamp,
}

impl RealHelper {
    pub(crate) fn new() -> Self {
        Self {
            machine: Helper::new(),
            now: Timestamp::from_millis(1_000_000),
        }
    }

    /// What the endpoint does with a message that was opened; an advisory is read at once.
    pub(crate) fn take(&mut self, message: &Message) {
        if let Err(fault) = self.machine.handle_message(message, self.now) {
            self.machine.fail(By::Peer, fault);
        } else if matches!(message, Message::Advisory(_)) {
            // There is nothing to read of one that came again.
            let _ = self.machine.acknowledge(self.now);
        }
    }

    /// What the endpoint does with a frame that opened, which is shown at once.
    pub(crate) fn frame(&mut self, epoch: u32) {
        if self.machine.media_epoch() != Some(epoch) {
            return;
        }
        match self.machine.handle_media(epoch) {
            Ok(()) => self.machine.shown(epoch),
            Err(fault) => self.machine.fail(By::Peer, fault),
        }
    }

    pub(crate) fn tick(&mut self) {
        self.now = self.now.plus_ms(TICK_MS);
        self.machine.handle_timeout(self.now);
    }

    /// The relay gives out a code.
    pub(crate) fn issued(&mut self) {
        let locator = Locator::from_random(&[1; 8], 4);
        let lifetime = u32::try_from(CODE_LIFETIME).expect("a lifetime");
        let done = self.machine.code_issued(locator, lifetime, self.now);
        self.or_blame_the_relay(done);
    }

    pub(crate) fn joined(&mut self) {
        let done = self.machine.joined(self.now);
        self.or_blame_the_relay(done);
    }

    /// The relay refuses a code.
    fn refused(&mut self, code: ErrorCode) {
        let done = self.machine.refused(code);
        self.or_blame_the_relay(done);
    }

    pub(crate) fn secured(&mut self) {
        let done = self.machine.secured(ceiling(), self.now);
        self.or_blame_the_relay(done);
    }

    fn or_blame_the_relay(&mut self, done: Result<(), Fault>) {
        if let Err(fault) = done {
            self.machine.fail(By::Relay, fault);
        }
    }

    /// An act of the person.
    pub(crate) fn person(&mut self, act: &Term) -> Option<()> {
        let (machine, now) = (&mut self.machine, self.now);
        match act.kind() {
            "ask-code" => machine.request_code(now),
            "request" => machine.request_control(scopes(act.at(1)), now),
            "release" => machine.release_control(now),
            "pause" => machine.set_paused(act.at(1).flag(), now),
            other => panic!("{other} is nobody's act"),
        }
        .ok()
    }

    pub(crate) fn outputs(&mut self) -> String {
        let outputs = std::iter::from_fn(|| self.machine.poll_output()).collect();
        words::outputs(outputs, event)
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
}

impl lockstep::Subject for RealHelper {
    fn act(&mut self, act: &Term) -> Option<String> {
        let (machine, now) = (&mut self.machine, self.now);
        match act.kind() {
            "message" => self.take(&message(act.at(1))),
            "frame" => self.frame(act.at(1).number()),
            "code-issued" => self.issued(),
            "joined" => self.joined(),
            "refused" => self.refused(ErrorCode::Busy),
            "code-expired" => machine.gone(ErrorCode::CodeExpired, now),
            "handshake-failed" => {
                machine.spent(Fault::HandshakeFailed, ErrorCode::HandshakeFailed, now)
            }
            "secured" => self.secured(),
            "record-failed" => machine.record_failed(now),
            "link-lost" => machine.link_lost(now),
            "gone" => machine.relay_ended(ErrorCode::Lost),
            "master-taken" => machine.master_taken(),
            "end" => machine.end(ErrorCode::Done),
            "tick" => self.tick(),
            "lapse" => (0..act.at(1).number()).for_each(|_| self.tick()),
            _ => self.person(act)?,
        }
        Some(self.outputs())
    }

    fn refusable(act: &Term) -> bool {
        ["ask-code", "request", "release", "pause"].contains(&act.kind())
    }

    fn seen(&self) -> String {
        let lost = self.machine.frozen_until().is_some();
        let epoch = self.machine.media_epoch().unwrap_or(0);
        let grant = self.machine.live_grant();
        let (id, scopes) = grant.map_or((0, Scopes::NONE), |(id, scopes, _)| (id, scopes));
        format!("({} {lost} {epoch} {id} {})", self.phase(), set(scopes))
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
