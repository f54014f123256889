//! Control, as the sharer gives it: asked for, granted for a while, ended by almost anything.

use alloc::collections::VecDeque;

use alongside_wire::{
    ErrorCode, Scopes,
    input::InputEvent,
    limits::timers,
    session::{ControlDeny, ControlEnd, ControlGrant, ControlRequest},
};

use super::{Event, Output};
use crate::{
    error::{Fault, Misuse},
    time::Timestamp,
};

type Out = VecDeque<Output>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Control {
    /// No request is put to the person before this.
    quiet_until: Timestamp,
    /// The helper has shown a frame.
    shown: bool,
    highest_request: u32,
    last_grant: u32,
    prompt: Option<Prompt>,
    grant: Option<Grant>,
    last_injected: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Prompt {
    request: u32,
    scopes: Scopes,
    opened: Timestamp,
    until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Grant {
    id: u32,
    request: u32,
    scopes: Scopes,
    until: Timestamp,
}

impl Control {
    pub(super) fn new(consented: Timestamp) -> Self {
        Self {
            quiet_until: consented.plus_ms(timers::CONTROL_AFTER_CONSENT),
            shown: false,
            highest_request: 0,
            last_grant: 0,
            prompt: None,
            grant: None,
            last_injected: None,
        }
    }

    pub(super) fn shown(&mut self) {
        self.shown = true;
    }

    pub(super) fn request(
        &mut self,
        request: &ControlRequest,
        ceiling: Scopes,
        paused: bool,
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Fault> {
        let &ControlRequest { request, scopes } = request;
        //= spec/05-session.md#control [CONTROL-2] 0c761070
        if request <= self.highest_request {
            return Err(Fault::RequestNotRising);
        }
        self.highest_request = request;
        let allowed = ceiling.intersect(Scopes::CONTROL);
        //= spec/05-session.md#control [CONTROL-4] 574b28ab
        //= spec/05-session.md#control [CONTROL-5] 5b4bec53
        let early = paused || !self.shown || now < self.quiet_until || self.prompt.is_some();
        //= spec/05-session.md#control [CONTROL-3] 93fd2c08
        if scopes.is_empty() || !allowed.contains(scopes) {
            deny(request, ErrorCode::BeyondCeiling, out);
        } else if early {
            deny(request, ErrorCode::TooEarly, out);
        } else {
            //= spec/05-session.md#control [CONTROL-10] 60af4732
            // Nothing stays pressed, and nothing is injected, while the person decides.
            if self.grant.is_some() {
                release(out);
            }
            let until = now.plus_ms(timers::CONTROL_PROMPT);
            self.prompt = Some(Prompt {
                request,
                scopes,
                opened: now,
                until,
            });
            out.push_back(Output::Event(Event::ControlAsked { scopes, until }));
        }
        Ok(())
    }

    //= spec/05-session.md#control [CONTROL-11] ec52d50f
    pub(super) fn withdraw(&mut self, request: u32, out: &mut Out) {
        if self.prompt.as_ref().is_some_and(|p| p.request == request) {
            self.close_prompt(out);
        }
        // The answer crossed the withdrawal: what was granted is not wanted any more.
        if self.grant.as_ref().is_some_and(|g| g.request == request) {
            self.end_grant(ErrorCode::Released, true, out);
        }
    }

    //= spec/05-session.md#control [CONTROL-20] fe02cf60
    //= spec/05-session.md#control [CONTROL-22] 6e358715
    //= spec/05-session.md#control [CONTROL-23] e34df918
    pub(super) fn released(&mut self, grant: u32, out: &mut Out) -> Result<(), Fault> {
        if grant == 0 || grant > self.last_grant {
            return Err(Fault::GrantNeverIssued);
        }
        if self.live_grant() == Some(grant) {
            self.end_grant(ErrorCode::Released, false, out);
        }
        Ok(())
    }

    pub(super) fn allow(
        &mut self,
        scopes: Scopes,
        duration_ms: u32,
        secret: [u8; 32],
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Misuse> {
        let prompt = self.prompt.as_ref().ok_or(Misuse::Nothing)?;
        //= spec/05-session.md#control [CONTROL-15] d39f008c
        if scopes.is_empty() || !prompt.scopes.contains(scopes) {
            return Err(Misuse::Scope);
        }
        if u64::from(duration_ms) > timers::GRANT || duration_ms == 0 {
            return Err(Misuse::TooLong);
        }
        //= spec/05-session.md#control [CONTROL-8] fb30e089
        let guard = timers::ANSWER_GUARD * 1_000;
        let recent = |moment: Timestamp| now.since(moment) < guard;
        if recent(prompt.opened) || self.last_injected.is_some_and(recent) {
            return Err(Misuse::AnswerGuard);
        }
        let request = prompt.request;
        self.prompt = None;
        //= spec/05-session.md#control [CONTROL-21] 7ed97914
        self.end_grant(ErrorCode::Replaced, true, out);
        //= spec/05-session.md#control [CONTROL-13] b96d833c
        self.last_grant += 1;
        let until = now.plus_ms(u64::from(duration_ms));
        let grant = self.last_grant;
        self.grant = Some(Grant {
            id: grant,
            request,
            scopes,
            until,
        });
        let message = ControlGrant {
            request,
            grant,
            scopes,
            duration_ms,
            secret,
        };
        out.push_back(Output::Send(message.into()));
        out.push_back(Output::Event(Event::ControlGranted {
            grant,
            scopes,
            until,
        }));
        Ok(())
    }

    //= spec/05-session.md#control [CONTROL-7] eaca835e
    /// The person, or time, says no.
    pub(super) fn deny(
        &mut self,
        code: ErrorCode,
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Misuse> {
        if self.prompt.is_none() {
            return Err(Misuse::Nothing);
        }
        self.refuse_prompt(code, out);
        self.quiet_until = now.plus_ms(timers::CONTROL_AFTER_DENIAL);
        //= spec/05-session.md#friction [FRICTION-5] 80575b31
        out.push_back(Output::Event(Event::ControlNotBefore(self.quiet_until)));
        Ok(())
    }

    /// Closes the prompt, if one is open, and tells the helper why.
    pub(super) fn refuse_prompt(&mut self, code: ErrorCode, out: &mut Out) {
        if let Some(prompt) = &self.prompt {
            deny(prompt.request, code, out);
        }
        self.close_prompt(out);
    }

    pub(super) fn close_prompt(&mut self, out: &mut Out) {
        if self.prompt.take().is_some() {
            out.push_back(Output::Event(Event::ControlPromptClosed));
        }
    }

    //= spec/05-session.md#control [CONTROL-24] 901e49a3
    //= spec/05-session.md#control [CONTROL-25] 56d122c4
    /// Ends the grant, if there is one: its key dies, what it held is let go.
    pub(super) fn end_grant(&mut self, code: ErrorCode, tell: bool, out: &mut Out) {
        let Some(Grant { id: grant, .. }) = self.grant.take() else {
            return;
        };
        release(out);
        if tell {
            let code = code.to_wire();
            out.push_back(Output::Send(ControlEnd { grant, code }.into()));
        }
        out.push_back(Output::Event(Event::ControlEnded { grant, code }));
    }

    pub(super) fn input(
        &mut self,
        grant: u32,
        events: &[InputEvent],
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Fault> {
        //= spec/06-media-input.md#input-records [INPUT-8] 917fc2e1
        let Some(live) = self.grant.as_ref().filter(|live| live.id == grant) else {
            return Ok(());
        };
        if events
            .iter()
            .any(|event| !live.scopes.contains(event.scope()))
        {
            //= spec/06-media-input.md#input-records [INPUT-6] 8691a1b7
            return Err(Fault::ScopeExceeded);
        }
        //= spec/05-session.md#control [CONTROL-9] 8a1acfc5
        if self.prompt.is_some() {
            return Ok(());
        }
        for event in events {
            self.last_injected = Some(now);
            out.push_back(Output::Event(match event {
                //= spec/06-media-input.md#input-records [INPUT-9] b6a6164a
                InputEvent::ReleaseAll => Event::ReleaseAll,
                event => Event::Inject(*event),
            }));
        }
        Ok(())
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, out: &mut Out) {
        if self.prompt.as_ref().is_some_and(|p| now >= p.until) {
            // A person who did not answer has not agreed.
            let _ = self.deny(ErrorCode::Denied, now, out);
        }
        //= spec/05-session.md#control [CONTROL-18] 4916058c
        if self.grant.as_ref().is_some_and(|g| now >= g.until) {
            self.end_grant(ErrorCode::Expired, true, out);
        }
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        let prompt = self.prompt.as_ref().map(|prompt| prompt.until);
        let grant = self.grant.as_ref().map(|grant| grant.until);
        prompt.into_iter().chain(grant).min()
    }

    pub(super) fn live_grant(&self) -> Option<u32> {
        self.grant.as_ref().map(|grant| grant.id)
    }

    pub(super) fn scopes(&self) -> Scopes {
        self.grant
            .as_ref()
            .map_or(Scopes::NONE, |grant| grant.scopes)
    }
}

fn deny(request: u32, code: ErrorCode, out: &mut Out) {
    let code = code.to_wire();
    out.push_back(Output::Send(ControlDeny { request, code }.into()));
}

/// Lets go of everything; what was queued and not done is not done any more.
fn release(out: &mut Out) {
    out.retain(|output| !matches!(output, Output::Event(Event::Inject(_))));
    out.push_back(Output::Event(Event::ReleaseAll));
}
