//! What the sharer's person and program do.

use alloc::{boxed::Box, collections::VecDeque, string::String, vec::Vec};

use alongside_wire::{
    ErrorCode, Scopes,
    limits::timers,
    session::{Consent, DisplayInfo, Displays, Pause},
};

use super::{
    super::{
        By,
        friction::{Consent as Answer, Contact},
    },
    Event, Output, Phase, Sharer,
    viewing::Viewing,
};
use crate::{error::Misuse, mutant, time::Timestamp};

impl Sharer {
    /// The person says who started the contact. The first answer holds.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if consent is not being asked for, [`Misuse::Nothing`] if that was said
    /// already.
    pub fn contact(&mut self, started: Contact, now: Timestamp) -> Result<(), Misuse> {
        self.handle_timeout(now);
        match &mut self.phase {
            Phase::Deciding { contact, .. }
                if contact.is_none() || mutant::is("FRICTION-4/again") =>
            {
                *contact = Some(started);
            }
            //= spec/05-session.md#friction [FRICTION-4] d6b3fc9c
            Phase::Deciding { .. } => return Err(Misuse::Nothing),
            _ => return Err(Misuse::Phase(self.phase())),
        }
        //= spec/05-session.md#friction [FRICTION-2] 0b82ffc5
        if started == Contact::Other {
            self.event(Event::ScamWarning);
        }
        Ok(())
    }

    /// The person's answer to the consent prompt.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if consent is not being asked for, [`Misuse::ContactUnknown`] and
    /// [`Misuse::WarningUnanswered`] if it cannot be given like this; a refusal always can.
    /// [`Misuse::Frozen`] if it is given while the link is lost.
    pub fn consent(
        &mut self,
        answer: Answer,
        displays: Vec<DisplayInfo>,
        now: Timestamp,
    ) -> Result<(), Misuse> {
        self.handle_timeout(now);
        //= spec/05-session.md#consent [CONSENT-2] bd3752a6
        let Phase::Deciding {
            pulse,
            paused,
            contact,
            ..
        } = &self.phase
        else {
            return Err(Misuse::Phase(self.phase()));
        };
        let (pulse, paused) = (pulse.clone(), *paused);
        //= spec/05-session.md#consent [CONSENT-3] 0769fd4b
        if !answer.taken(*contact)? {
            self.finish(By::Local, ErrorCode::Declined, None);
            return Ok(());
        }
        //= spec/12-reconnect.md#link [RECON-8] eee71293
        if self.link.is_lost() && !mutant::is("RECON-8/takes") {
            return Err(Misuse::Frozen);
        }
        //= spec/05-session.md#consent [CONSENT-6] 7c5bdfbc
        let scopes = self.limits.ceiling.intersect(Scopes::CONSENT);
        self.send(Consent { scopes });
        self.send_displays(scopes, displays);
        //= spec/15-identity.md#advisories [ADVISORY-1] 921d7d21
        self.send(self.advisory.clone());
        self.event(Event::Viewing);
        //= spec/05-session.md#friction [FRICTION-5] fec42a09
        if !self.limits.ceiling.intersect(Scopes::GRANTABLE).is_empty() {
            let from = now.plus_ms(timers::CONTROL_AFTER_CONSENT);
            self.event(Event::ControlNotBefore(from));
        }
        let viewing = Viewing::new(scopes, pulse, paused, now, &mut self.out);
        self.phase = Phase::Viewing(Box::new(viewing));
        Ok(())
    }

    /// The person allows control. `secret` is 32 fresh random bytes.
    ///
    /// # Errors
    /// [`Misuse`] if there is no prompt, it is too early for an answer, more is allowed than was
    /// asked for, or the duration is over the limit.
    pub fn allow_control(
        &mut self,
        scopes: Scopes,
        duration_ms: u32,
        secret: [u8; 32],
        now: Timestamp,
    ) -> Result<(), Misuse> {
        self.act(now, |viewing, out| {
            viewing.allow_control(scopes, duration_ms, secret, now, out)
        })
    }

    /// The person does not allow control.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if there is no prompt.
    pub fn deny_control(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.act(now, |viewing, out| viewing.deny_control(now, out))
    }

    //= spec/05-session.md#control [CONTROL-19] 94ba6129
    /// The person takes control back.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if there is no grant.
    pub fn revoke(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.act(now, |viewing, out| {
            viewing.live_grant().ok_or(Misuse::Nothing)?;
            viewing.end_grant(ErrorCode::Revoked, true, out);
            Ok(())
        })
    }

    /// Sets this end's pause flag.
    ///
    /// # Errors
    /// [`Misuse::Phase`] before the helper is known and after the end.
    pub fn set_paused(&mut self, paused: bool, now: Timestamp) -> Result<(), Misuse> {
        self.handle_timeout(now);
        match &mut self.phase {
            Phase::Deciding { paused: flags, .. } => {
                if flags.local != paused {
                    flags.local = paused;
                    let event = flags.event();
                    self.send(Pause { paused });
                    self.out.push_back(event);
                }
            }
            Phase::Viewing(viewing) => viewing.set_local_pause(paused, &mut self.out),
            _ => return Err(Misuse::Phase(self.phase())),
        }
        self.keep_quiet();
        Ok(())
    }

    /// Sends a line of chat; the number is what [`Event::ChatDelivered`] will name.
    ///
    /// # Errors
    /// [`Misuse`] if chat is not allowed now, or the line is over 4,096 bytes.
    pub fn chat(&mut self, text: &str) -> Result<u32, Misuse> {
        let chat = self.viewing()?.chat(text)?;
        let id = chat.id;
        self.send(chat);
        self.keep_quiet();
        Ok(id)
    }

    /// The person takes a part of control back, or all of it. `secret` is 32 fresh random bytes.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if there is no grant, [`Misuse::Scope`] if these are not fewer scopes.
    pub fn narrow(
        &mut self,
        scopes: Scopes,
        secret: [u8; 32],
        now: Timestamp,
    ) -> Result<(), Misuse> {
        self.act(now, |viewing, out| viewing.narrow(scopes, secret, now, out))
    }

    /// The person wants the grant to live longer, and is asked for it as for any other.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if there is no grant, [`Misuse::NotReady`] if another question is open.
    pub fn ask_renewal(&mut self, now: Timestamp) -> Result<(), Misuse> {
        self.act(now, |viewing, out| viewing.ask_renewal(now, out))
    }

    /// Sends one item of the clipboard, at an act of the person for that item; the number is what
    /// [`Event::ClipboardAnswered`] will name.
    ///
    /// # Errors
    /// [`Misuse`] if no grant allows it, or it is over 12,288 bytes.
    pub fn send_clipboard(&mut self, text: &str, now: Timestamp) -> Result<u32, Misuse> {
        self.act(now, |viewing, out| viewing.send_clipboard(text, out))
    }

    /// The person takes the item that the helper offered, which is returned, or refuses it.
    ///
    /// # Errors
    /// [`Misuse::Nothing`] if none waits.
    pub fn answer_clipboard(
        &mut self,
        taken: bool,
        now: Timestamp,
    ) -> Result<Option<String>, Misuse> {
        self.act(now, |viewing, out| viewing.answer_clipboard(taken, out))
    }

    /// The system's own question for permission appeared, or is gone.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if nothing is shared.
    pub fn set_secure_desktop(&mut self, active: bool, now: Timestamp) -> Result<(), Misuse> {
        self.act(now, |viewing, out| {
            viewing.set_secure_desktop(active, out);
            Ok(())
        })
    }

    fn act<T>(
        &mut self,
        now: Timestamp,
        act: impl FnOnce(&mut Viewing, &mut VecDeque<Output>) -> Result<T, Misuse>,
    ) -> Result<T, Misuse> {
        self.handle_timeout(now);
        let mut out = VecDeque::new();
        let done = act(self.viewing()?, &mut out);
        self.out.append(&mut out);
        self.keep_quiet();
        done
    }

    /// The displays changed.
    ///
    /// # Errors
    /// [`Misuse::Phase`] if the helper may not see them.
    pub fn displays(&mut self, displays: Vec<DisplayInfo>) -> Result<(), Misuse> {
        let scopes = self.viewing()?.consented;
        self.send_displays(scopes, displays);
        self.keep_quiet();
        Ok(())
    }

    //= spec/05-session.md#consent [CONSENT-10] c1b57dac
    fn send_displays(&mut self, consented: Scopes, mut displays: Vec<DisplayInfo>) {
        if !consented.contains(Scopes::VIEW) && !mutant::is("CONSENT-10/measures") {
            displays.clear();
        }
        self.displays.clone_from(&displays);
        self.send(Displays { displays });
    }

    //= spec/05-session.md#end [END-1] 76b70464
    /// The person ends it. Works in every phase, and again.
    pub fn end(&mut self, code: ErrorCode) {
        self.finish(By::Local, code, None);
    }
}
