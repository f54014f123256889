//! What happens to a helper, in the words of `spec/tables/helper.toml`.

use alongside_state_machine::{
    error::Fault,
    session::{
        self,
        helper::{Event, Output},
    },
};
use alongside_wire::{
    ErrorCode, Scopes,
    limits::timers,
    session::{ControlGrant, ControlRenew, Message, State},
};

use super::RealHelper;
use crate::{cells::Region, words::ceiling};

/// What tells events of one kind from each other, from what the machine was told and what it said.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    epoch: u32,
    request: u32,
    asked: Scopes,
    last_grant: u32,
    /// What the last grant had that was made.
    grant: Scopes,
}

impl Known {
    pub(super) fn learn(&mut self, output: &Output) {
        match output {
            Output::Send(Message::ControlRequest(request)) => {
                (self.request, self.asked) = (request.request, request.scopes);
            }
            Output::Event(Event::ControlGranted { scopes, .. }) => self.grant = *scopes,
            _ => {}
        }
    }

    /// What a message has turned out to be, once the machine has judged it.
    pub(super) fn judged(
        &mut self,
        event: &'static str,
        message: &Message,
        done: &Result<(), Fault>,
    ) -> &'static str {
        match (message, done) {
            (Message::Epoch(epoch), Ok(())) => self.epoch = epoch.epoch,
            (Message::ControlGrant(grant), Ok(())) => self.last_grant = grant.grant,
            (Message::State(state), Ok(())) => {
                (self.epoch, self.last_grant) = (state.epoch, state.grant);
            }
            _ => {}
        }
        let refused = done.is_err();
        match event {
            "state: as known" | "state: with the other flag" if refused => "state: that cannot be",
            "state: that consents" if refused => "state: beyond the ceiling",
            _ => event,
        }
    }
}

/// The timer that has run out in a tick, if it was one alone.
pub(super) fn timer(before: &[Region], after: &[Region], said: &[Output]) -> Option<&'static str> {
    let told = |wanted: &dyn Fn(&Event) -> bool| {
        said.iter()
            .any(|output| matches!(output, Output::Event(event) if wanted(event)))
    };
    let lost = |event: &Event| matches!(event, Event::Ended(session::Ended { code, .. }) if *code == ErrorCode::Lost);
    let expired = |event: &Event| matches!(event, Event::ControlEnded { code, .. } if *code == ErrorCode::Expired);
    let waited = before.contains(&("codes", "waits")) && after.contains(&("codes", "warned"));
    let silent = said.contains(&Output::NewPath);
    let spent = |event: &Event| matches!(event, Event::CodeSpent { .. });
    let out = [
        ("handshake", told(&spent)),
        ("silence", silent),
        ("reconnect", told(&lost)),
        ("grant", told(&expired)),
        ("spent-delay", waited),
    ];
    let mut out = out.iter().filter(|(_, is_out)| *is_out);
    let (timer, _) = out.next()?;
    out.next().is_none().then_some(timer)
}

impl RealHelper {
    /// What a message is; in phases that look at its kind alone, all that it can be.
    pub(super) fn named(&self, message: &Message) -> &'static str {
        let (viewing, frozen) = (self.is("phase", "viewing"), self.is("link", "frozen"));
        match message {
            Message::Pause(pause) if pause.paused => "pause: set",
            Message::Pause(_) => "pause: unset",
            Message::State(state) if frozen => self.named_state(state, viewing),
            Message::Consent(consent) if self.is("phase", "deciding") && !frozen => {
                if consent.scopes == Scopes::VIEW {
                    "consent: of view"
                } else if consent.scopes == Scopes::CONSENT {
                    "consent: of view and chat"
                } else {
                    "consent: beyond the ceiling"
                }
            }
            other if !viewing || frozen => other.name(),
            other => self.named_in_viewing(other),
        }
    }

    fn named_state(&self, state: &State, viewing: bool) -> &'static str {
        if !viewing && !state.scopes.is_empty() {
            return "state: that consents";
        }
        let set = self.is("pause", "other") || self.is("pause", "both");
        if state.paused == set {
            "state: as known"
        } else {
            "state: with the other flag"
        }
    }

    fn named_in_viewing(&self, message: &Message) -> &'static str {
        let known = &self.known;
        let open = |request| self.is("request", "open") && request == known.request;
        let live = |grant| {
            self.machine
                .live_grant()
                .is_some_and(|(id, ..)| id == grant)
        };
        match message {
            Message::Epoch(epoch) if epoch.epoch != known.epoch + 1 => "epoch: not the next",
            Message::Epoch(epoch) if epoch.paused => "epoch: next and paused",
            Message::Epoch(_) => "epoch: next and running",
            Message::ControlGrant(grant) => self.named_grant(grant, open(grant.request)),
            Message::ControlDeny(deny) if !open(deny.request) => "control-deny: of another request",
            Message::ControlDeny(deny) if deny.code == ErrorCode::Denied.to_wire() => {
                "control-deny: by the person"
            }
            Message::ControlDeny(_) => "control-deny: for another reason",
            Message::ControlEnd(end) if !live(end.grant) => "control-end: of another grant",
            Message::ControlEnd(end) if end.code == ErrorCode::Replaced.to_wire() => {
                "control-end: replaced"
            }
            Message::ControlEnd(_) => "control-end: of the grant",
            Message::ControlRenew(renew) => {
                named_renewal(renew, open(renew.request), live(renew.grant))
            }
            other => other.name(),
        }
    }

    fn named_grant(&self, grant: &ControlGrant, open: bool) -> &'static str {
        let known = &self.known;
        let most = if self.is("grant", "replaced") {
            known.grant
        } else {
            ceiling()
        };
        if grant.grant <= known.last_grant {
            "control-grant: with an old id"
        } else if is_too_long(grant.duration_ms) {
            "control-grant: for too long"
        } else if grant.request == 0 && grant.scopes.is_empty() {
            "a grant of nothing, unasked"
        } else if grant.request == 0 && most.contains(grant.scopes) {
            "control-grant: unasked of fewer scopes"
        } else if grant.request == 0 {
            "control-grant: unasked of more scopes"
        } else if !open {
            "control-grant: of another request"
        } else if grant.scopes.is_empty() || !known.asked.contains(grant.scopes) {
            "control-grant: beyond the request"
        } else {
            "control-grant: that was asked for"
        }
    }
}

fn named_renewal(renew: &ControlRenew, open: bool, live: bool) -> &'static str {
    match (open, live) {
        _ if is_too_long(renew.duration_ms) => "control-renew: for too long",
        (true, true) => "control-renew: as asked",
        (false, true) if renew.request == 0 => "control-renew: of the grant",
        _ => "control-renew: of another grant",
    }
}

fn is_too_long(duration_ms: u32) -> bool {
    u64::from(duration_ms) > timers::GRANT
}
