//! Control, as the sharer gives it: asked for, granted for a while, ended by almost anything.

use alloc::collections::VecDeque;

use alongside_wire::{
    ErrorCode, Scopes,
    input::InputEvent,
    limits::timers,
    session::{
        ControlDeny, ControlEnd, ControlGrant, ControlRenew, ControlRequest, Message, SecureDesktop,
    },
};

use super::{Event, Limits, Output};
use crate::{
    error::{Fault, Misuse},
    mutant,
    time::Timestamp,
};

type Out = VecDeque<Output>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Control {
    /// No request is put to the person before this.
    pub(super) quiet_until: Timestamp,
    /// The helper has shown a frame.
    pub(super) shown: bool,
    highest_request: u32,
    last_grant: u32,
    pub(super) prompt: Option<Prompt>,
    pub(super) grant: Option<Grant>,
    last_injected: Option<Timestamp>,
    /// The system asks its person for permission.
    pub(super) secure: bool,
    /// The helper was told of one.
    pub(super) secure_told: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Prompt {
    /// 0 if the sharer's person began, and nobody waits for an answer.
    pub(super) request: u32,
    pub(super) scopes: Scopes,
    opened: Timestamp,
    until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Grant {
    id: u32,
    /// 0 if the sharer narrowed another grant to this one.
    request: u32,
    pub(super) scopes: Scopes,
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
            secure: false,
            secure_told: false,
        }
    }

    pub(super) fn shown(&mut self) {
        self.shown = true;
    }

    pub(super) fn request(
        &mut self,
        request: &ControlRequest,
        limits: &Limits,
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
        let allowed = limits.ceiling.intersect(Scopes::GRANTABLE);
        //= spec/05-session.md#control [CONTROL-4] 574b28ab
        //= spec/05-session.md#control [CONTROL-5] 5b4bec53
        let busy = paused || !self.shown || self.prompt.is_some();
        let early = busy && !mutant::is("CONTROL-4/asks")
            || now < self.quiet_until && !mutant::is("CONTROL-5/asks");
        //= spec/05-session.md#control [CONTROL-3] 9260186a
        if (scopes.is_empty() || !allowed.contains(scopes)) && !mutant::is("CONTROL-3/asks") {
            deny(request, ErrorCode::BeyondCeiling, out);
        //= spec/19-tools.md#secure-desktop [TOOL-24] 4e2ae472
        } else if !limits.supported.contains(scopes) && !mutant::is("TOOL-24/asks") {
            deny(request, ErrorCode::Unsupported, out);
        } else if early {
            deny(request, ErrorCode::TooEarly, out);
        } else if mutant::is("CONTROL-6/unasked") {
            let until = now.plus_ms(timers::GRANT);
            self.give(request, scopes, 900_000, until, [7; 32], out);
        } else {
            self.ask(request, scopes, now, out);
        }
        Ok(())
    }

    //= spec/19-tools.md#renewal [TOOL-6] 657005af
    /// The sharer's person wants the grant to live longer, and is asked as for any other.
    pub(super) fn ask_renewal(&mut self, now: Timestamp, out: &mut Out) -> Result<(), Misuse> {
        let grant = self.grant.as_ref().ok_or(Misuse::Nothing)?;
        if self.prompt.is_some() {
            return Err(Misuse::NotReady);
        }
        if mutant::is("TOOL-6/unasked") {
            let grant = grant.id;
            self.renew(0, grant, 900_000, now, out);
            return Ok(());
        }
        self.ask(0, grant.scopes, now, out);
        Ok(())
    }

    fn ask(&mut self, request: u32, scopes: Scopes, now: Timestamp, out: &mut Out) {
        //= spec/05-session.md#control [CONTROL-10] 60af4732
        // Nothing stays pressed, and nothing is injected, while the person decides.
        if self.grant.is_some() && !mutant::is("CONTROL-10/holds") {
            release(out);
        }
        let until = now.plus_ms(timers::CONTROL_PROMPT);
        self.prompt = Some(Prompt {
            request,
            scopes,
            opened: now,
            until,
        });
        let renewal = self
            .grant
            .as_ref()
            .is_some_and(|grant| grant.scopes == scopes);
        out.push_back(Output::Event(Event::ControlAsked {
            scopes,
            renewal,
            until,
        }));
    }

    //= spec/05-session.md#control [CONTROL-11] ec52d50f
    pub(super) fn withdraw(&mut self, request: u32, now: Timestamp, out: &mut Out) {
        if request == 0 {
            return;
        }
        if self.prompt.as_ref().is_some_and(|p| p.request == request) {
            self.close_prompt(out);
            //= spec/05-session.md#control [CONTROL-33] c9e9e011
            if !mutant::is("CONTROL-33/asks") {
                self.keep_quiet(now, out);
            }
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
        } else if mutant::is("CONTROL-23/blames") {
            return Err(Fault::GrantNeverIssued);
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
        let early = recent(prompt.opened) || self.last_injected.is_some_and(recent);
        if early && !mutant::is("CONTROL-8/takes") {
            return Err(Misuse::AnswerGuard);
        }
        let Prompt {
            request,
            scopes: asked,
            ..
        } = *prompt;
        let renewed = self
            .grant
            .as_ref()
            .filter(|grant| grant.scopes == asked && asked == scopes)
            .filter(|_| !mutant::is("TOOL-5/replaces"));
        if let Some(grant) = renewed.map(|grant| grant.id) {
            self.prompt = None;
            self.renew(request, grant, duration_ms, now, out);
            return Ok(());
        }
        if request == 0 {
            return Err(Misuse::Scope);
        }
        self.prompt = None;
        //= spec/05-session.md#control [CONTROL-21] 7ed97914
        self.end_grant(ErrorCode::Replaced, !mutant::is("CONTROL-21/silent"), out);
        let until = now.plus_ms(mutant::longer("CONTROL-18/lives", duration_ms.into()));
        self.give(request, scopes, duration_ms, until, secret, out);
        Ok(())
    }

    //= spec/19-tools.md#renewal [TOOL-5] e99298d2
    /// The same grant, the same key, more time.
    fn renew(&mut self, request: u32, grant: u32, duration_ms: u32, now: Timestamp, out: &mut Out) {
        let until = now.plus_ms(u64::from(duration_ms));
        if let Some(live) = &mut self.grant {
            live.until = until;
        }
        let message = ControlRenew {
            request,
            grant,
            duration_ms,
        };
        out.push_back(Output::Send(message.into()));
        out.push_back(Output::Event(Event::ControlRenewed { grant, until }));
    }

    //= spec/05-session.md#control [CONTROL-29] d11a5b50
    /// The person takes a part of the grant back: another grant, of the rest, for the rest of its
    /// time.
    pub(super) fn narrow(
        &mut self,
        scopes: Scopes,
        secret: [u8; 32],
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Misuse> {
        let grant = self.grant.as_ref().ok_or(Misuse::Nothing)?;
        //= spec/05-session.md#control [CONTROL-32] 7f518459
        if scopes.is_empty() {
            self.end_grant(ErrorCode::Revoked, true, out);
            return Ok(());
        }
        if !grant.scopes.contains(scopes) || grant.scopes == scopes {
            return Err(Misuse::Scope);
        }
        let until = grant.until;
        let left = u32::try_from(until.since(now) / 1_000).unwrap_or(u32::MAX);
        self.end_grant(ErrorCode::Replaced, true, out);
        self.give(0, scopes, left, until, secret, out);
        Ok(())
    }

    fn give(
        &mut self,
        request: u32,
        scopes: Scopes,
        duration_ms: u32,
        until: Timestamp,
        secret: [u8; 32],
        out: &mut Out,
    ) {
        //= spec/05-session.md#control [CONTROL-13] b96d833c
        self.last_grant += 1;
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
    }

    //= spec/05-session.md#control [CONTROL-7] eaca835e
    /// The person, or time, says no.
    pub(super) fn deny(
        &mut self,
        code: ErrorCode,
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Misuse> {
        let prompt = self.prompt.as_ref().ok_or(Misuse::Nothing)?;
        let asked = prompt.request != 0;
        self.refuse_prompt(code, out);
        if asked {
            self.keep_quiet(now, out);
        }
        Ok(())
    }

    /// The person was asked just now, and is not asked again for a while.
    fn keep_quiet(&mut self, now: Timestamp, out: &mut Out) {
        self.quiet_until = now.plus_ms(timers::CONTROL_AFTER_DENIAL);
        //= spec/05-session.md#friction [FRICTION-5] fec42a09
        out.push_back(Output::Event(Event::ControlNotBefore(self.quiet_until)));
    }

    /// Closes the prompt, if one is open, and tells the helper why.
    pub(super) fn refuse_prompt(&mut self, code: ErrorCode, out: &mut Out) {
        if let Some(prompt) = self.prompt.as_ref().filter(|p| p.request != 0) {
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
        if !mutant::is("CONTROL-24/holds") {
            release(out);
        }
        // There is nothing left to renew.
        if self.prompt.as_ref().is_some_and(|p| p.request == 0) {
            self.close_prompt(out);
        }
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
            if mutant::is("INPUT-8/late") {
                let late = events.iter().map(|event| Event::Inject(*event));
                out.extend(late.map(Output::Event));
            }
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
        let asked = self.prompt.is_some() && !mutant::is("CONTROL-9/injects");
        if asked || self.secure_blocks() {
            return Ok(());
        }
        for event in events {
            if *event == InputEvent::ReleaseAll && mutant::is("INPUT-9/holds") {
                continue;
            }
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

    //= spec/12-reconnect.md#state [RECON-35] 7b338465
    /// What the helper is to be told again, if it was ever told.
    pub(super) fn secure_told(&self) -> Option<Message> {
        let active = self.secure;
        let told = self.secure_told && !mutant::is("RECON-35/silent");
        told.then(|| SecureDesktop { active }.into())
    }

    pub(super) fn last_grant(&self) -> u32 {
        self.last_grant
    }

    /// Control cannot be asked for until another frame was shown.
    pub(super) fn nothing_shown(&mut self) {
        self.shown = false;
    }

    pub(super) fn live_grant(&self) -> Option<u32> {
        self.grant.as_ref().map(|grant| grant.id)
    }

    pub(super) fn is_asked(&self) -> bool {
        self.prompt.is_some()
    }

    //= spec/19-tools.md#grants [TOOL-1] 8fad866f
    //= spec/19-tools.md#grants [TOOL-2] b4aea641
    //= spec/19-tools.md#grants [TOOL-3] 85a1671e
    /// Whether the grant that a message names is alive, and has the scope that it needs.
    pub(super) fn allows(&self, grant: u32, scope: Scopes) -> Result<bool, Fault> {
        if grant == 0 || grant > self.last_grant {
            return Err(Fault::ToolWithoutGrant);
        }
        match self.grant.as_ref().filter(|live| live.id == grant) {
            None => Ok(mutant::is("TOOL-1/takes")),
            Some(live) if live.scopes.contains(scope) => Ok(true),
            Some(_) => Err(Fault::ToolWithoutScope),
        }
    }

    //= spec/19-tools.md#secure-desktop [TOOL-21] 42dd223c
    /// The system's own question is on the screen, and the helper may not answer it.
    pub(super) fn secure_blocks(&self) -> bool {
        let blocks = self.secure && !self.scopes().contains(Scopes::ELEVATION);
        blocks && !mutant::is("TOOL-21/goes-on")
    }

    pub(super) fn set_secure(&mut self, secure: bool, out: &mut Out) -> bool {
        let changed = self.secure != secure;
        self.secure = secure;
        self.secure_told |= changed;
        if changed && self.secure_blocks() && self.grant.is_some() {
            release(out);
        }
        changed
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
