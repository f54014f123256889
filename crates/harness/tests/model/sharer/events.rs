//! What happens to a sharer, in the words of `spec/tables/sharer.toml`.

use alongside_state_machine::{
    error::Fault,
    session::{
        self,
        sharer::{Event, Output},
    },
    time::Timestamp,
};
use alongside_wire::{ErrorCode, Scopes, limits::timers, session::Message};

use super::RealSharer;
use crate::{cells::Region, term::Term, words::scopes};

/// What tells events of one kind from each other, from what the machine was told and what it said.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    epoch: u32,
    /// The latest frame.
    pub(super) frame: u32,
    /// The highest request, and the one that the grant answers.
    request: u32,
    granted: u32,
    last_grant: u32,
    grant: Scopes,
    asked: Scopes,
    /// When it was asked, or something was injected.
    busy: Option<Timestamp>,
    /// The timer that keeps requests from the person.
    rest: &'static str,
}

impl Known {
    pub(super) fn learn(&mut self, output: &Output, now: Timestamp) {
        match output {
            Output::Send(Message::Epoch(epoch)) => self.epoch = epoch.epoch,
            Output::Send(Message::ControlGrant(grant)) => {
                (self.granted, self.last_grant) = (grant.request, grant.grant);
                self.grant = grant.scopes;
            }
            Output::Event(Event::ControlAsked { scopes, .. }) => {
                self.asked = *scopes;
                self.busy = Some(now);
            }
            Output::Event(Event::Inject(_)) => self.busy = Some(now),
            Output::Event(Event::ControlNotBefore(from)) => {
                let consent = *from == now.plus_ms(timers::CONTROL_AFTER_CONSENT);
                self.rest = if consent {
                    "control-after-consent"
                } else {
                    "control-after-denial"
                };
            }
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
        if let (Message::ControlRequest(request), Ok(())) = (message, done) {
            self.request = self.request.max(request.request);
        }
        match event {
            "state: as known" | "state: with the other flag" if done.is_err() => {
                "state: that cannot be"
            }
            _ => event,
        }
    }

    /// The timer that has run out in a tick, if it was one alone.
    pub(super) fn timer(
        &self,
        before: &[Region],
        after: &[Region],
        said: &[Output],
    ) -> Option<&'static str> {
        let told = |wanted: &dyn Fn(&Event) -> bool| {
            said.iter()
                .any(|output| matches!(output, Output::Event(event) if wanted(event)))
        };
        let ended = |code| {
            told(
                &move |event| matches!(event, Event::Ended(session::Ended { code: known, .. }) if *known == code),
            )
        };
        let expired = ErrorCode::Expired;
        let goes =
            |region, from, to| before.contains(&(region, from)) && after.contains(&(region, to));
        let silent = said.contains(&Output::NewPath);
        let rests = goes("rest", "rests", "rested") && after.contains(&("phase", "viewing"));
        let closed = told(&|event| *event == Event::ControlPromptClosed);
        let over =
            told(&|event| matches!(event, Event::ControlEnded { code, .. } if *code == expired));
        let own = before.contains(&("prompt", "own"));
        let out = [
            ("join-notice", told(&|event| *event == Event::JoinHeldBack)),
            ("handshake", ended(ErrorCode::HandshakeTimeout)),
            ("consent-prompt", ended(ErrorCode::Declined)),
            ("reconnect", ended(ErrorCode::Lost)),
            ("silence", silent),
            ("control-prompt", closed && !silent && !(own && over)),
            ("grant", over),
            (self.rest, rests),
        ];
        let mut out = out.iter().filter(|(_, is_out)| *is_out);
        let (timer, _) = out.next()?;
        out.next().is_none().then_some(timer)
    }
}

impl RealSharer {
    /// What a message is; in phases that look at its kind alone, all that it can be.
    pub(super) fn named(&self, message: &Message) -> &'static str {
        let known = &self.known;
        let viewing = self.is("phase", "viewing");
        let frozen = self.is("link", "frozen");
        match message {
            Message::Introduce(_) if self.is("phase", "securing") => "introduced",
            Message::Pause(pause) if pause.paused => "pause: set",
            Message::Pause(_) => "pause: unset",
            Message::State(state) if frozen => {
                let set = self.is("pause", "other") || self.is("pause", "both");
                if state.paused == set {
                    "state: as known"
                } else {
                    "state: with the other flag"
                }
            }
            other if !viewing || frozen => other.name(),
            Message::Shown(shown) if shown.frame == 0 || shown.frame > known.frame => {
                "shown: of another frame"
            }
            Message::Shown(shown) if shown.frame == known.frame => "shown: of the last frame",
            // The table does not tell it from the last.
            Message::Shown(_) => "shown of an earlier frame",
            Message::EpochSeen(seen) if seen.epoch == 0 || seen.epoch > known.epoch => {
                "epoch-seen: of none"
            }
            Message::EpochSeen(seen) if seen.epoch == known.epoch => "epoch-seen: of the latest",
            Message::EpochSeen(_) => "epoch-seen: of an earlier one",
            Message::ControlRequest(request) if request.request <= known.request => {
                "control-request: with an old id"
            }
            Message::ControlRequest(request)
                if request.scopes.is_empty() || !Scopes::GRANTABLE.contains(request.scopes) =>
            {
                "control-request: beyond the ceiling"
            }
            Message::ControlRequest(request)
                if self.machine.live_grant().is_some() && request.scopes == known.grant =>
            {
                "control-request: for the scopes of the grant"
            }
            Message::ControlRequest(_) => "control-request: for other scopes",
            Message::ControlWithdraw(withdraw) => {
                let asked = !(self.is("prompt", "none") || self.is("prompt", "own"));
                let live = self.machine.live_grant().is_some() && known.granted != 0;
                if asked && withdraw.request == known.request {
                    "control-withdraw: of the open request"
                } else if live && withdraw.request == known.granted {
                    "control-withdraw: of the request that was granted"
                } else {
                    "control-withdraw: of another request"
                }
            }
            Message::ControlEnd(end) if self.machine.live_grant() == Some(end.grant) => {
                "control-end: of the grant"
            }
            Message::ControlEnd(end) if end.grant == 0 || end.grant > known.last_grant => {
                "control-end: of no grant"
            }
            Message::ControlEnd(_) => "control-end: of a grant that has ended",
            other => other.name(),
        }
    }

    /// What an act of the person, or the program, is: all that it may be, if it is refused anyway.
    pub(super) fn person_events(&self, act: &Term) -> Vec<&'static str> {
        let nothing = || scopes(act.at(1)).is_empty();
        vec![match act.kind() {
            "join" => "join",
            "contact" if act.at(1).word() == "person" => "say: I started it",
            "contact" => "say: somebody else did",
            "consent" if act.at(1).word() == "warned" => "give consent after the warning",
            "consent" => "give consent",
            "refuse" => "refuse",
            "allow-for-too-long" => "allow for too long",
            "allow" if nothing() => return Vec::new(),
            "allow" if self.is("prompt", "none") => {
                return vec![
                    "allow what was asked",
                    "allow less",
                    "allow more",
                    "allow within a second",
                ];
            }
            "allow" => self.named_answer(scopes(act.at(1))),
            "deny" => "deny",
            "revoke" => "take control back",
            // CONTROL-32
            "narrow" if nothing() => "take control back",
            "narrow" => "narrow the grant",
            "ask-more" => "ask for more time",
            "pause" if act.at(1).flag() => "set pause",
            "pause" => "unset pause",
            "film" if self.machine.media_epoch() == Some(act.at(1).number()) => "a frame is sent",
            _ => return Vec::new(),
        }]
    }

    fn named_answer(&self, allowed: Scopes) -> &'static str {
        let known = &self.known;
        if !known.asked.contains(allowed) {
            "allow more"
        } else if known.busy == Some(self.now) {
            "allow within a second"
        } else if known.asked == allowed {
            "allow what was asked"
        } else {
            "allow less"
        }
    }
}
