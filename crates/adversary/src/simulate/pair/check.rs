//! What must hold for a helper and a sharer, looked at after each step and when it is over.

use std::mem;

use alongside_harness::{Broken, Side, audit};
use alongside_state_machine::{
    channel::keys::Keys,
    endpoint::{
        helper::{self, SessionEvent as Helper},
        sharer,
    },
    error::Fault,
    session::{Ended, sharer::Event},
    time::Timestamp,
};
use alongside_wire::{Class, ErrorCode, Scopes, limits::timers::CONSENT_PROMPT};

use super::Pair;
use crate::fake::{self, Fake};

impl Pair {
    /// Reads what both ends were told, and holds it against what was allowed.
    ///
    /// # Errors
    /// What is broken.
    pub(in crate::simulate) fn check(&mut self, now: Timestamp) -> Result<(), Broken> {
        while let Some(event) = self.helper.poll_event() {
            self.checks += 1;
            self.helper_told(&event, now)?;
        }
        while let Some(event) = self.sharer.poll_event() {
            self.checks += 1;
            self.sharer_told(event, now)?;
        }
        for keys in [self.helper.keys(), self.sharer.keys()]
            .into_iter()
            .flatten()
        {
            let keys = (keys.suite(), keys.generation(), keys.master());
            if !self.masters.contains(&keys) {
                self.masters.push(keys);
            }
        }
        self.checks += 5;
        self.silence_denies(now)?;
        let person = &self.person;
        let most = match person.consented && !person.ended {
            true => Scopes::CONSENT.union(person.may),
            false => Scopes::NONE,
        };
        let scopes = self.sharer.scopes();
        if !most.contains(scopes) {
            let property = if person.consented { 6 } else { 1 };
            let why = format!("the helper may {scopes:?}, and {most:?} was allowed");
            return Err(Broken::new(property, why));
        }
        let has = self.helper.machine().live_grant();
        if let Some((_, scopes, _)) = has.filter(|(_, scopes, _)| !person.ever.contains(*scopes)) {
            return Err(Broken::new(6, format!("the helper has {scopes:?}")));
        }
        if fake::sealed_twice() {
            return Err(Broken::new(9, "two records under one key and number"));
        }
        Ok(())
    }

    /// Whoever was asked for consent, and has not answered in time, is out.
    fn silence_denies(&self, now: Timestamp) -> Result<(), Broken> {
        let at = self.clock(Side::Sharer, now);
        let (Some(asked), false) = (self.person.asked, self.person.answered) else {
            return Ok(());
        };
        // What is due happens when the sharer is called next.
        let is_due = self.sharer.poll_timeout().is_some_and(|due| due <= at);
        let late = at.since(asked) > CONSENT_PROMPT * 1_000;
        let out = self.person.ended || !self.is_awake(Side::Sharer, now);
        match late && !is_due && !out {
            true => Err(Broken::new(7, "nobody has answered, and it goes on")),
            false => Ok(()),
        }
    }

    fn helper_told(&mut self, event: &helper::Event, now: Timestamp) -> Result<(), Broken> {
        let shown = matches!(
            event,
            helper::Event::Frame { .. }
                | helper::Event::Session(Helper::Displays(_) | Helper::Chat(_))
        );
        if shown && !self.person.consented {
            return Err(Broken::new(1, "the helper sees, and nobody consented"));
        }
        if shown && self.person.helper_ended {
            return Err(Broken::new(5, "the helper sees, after its end"));
        }
        if self.blames(event) {
            let why = format!("both are honest, and the helper was told {event:?}");
            return Err(Broken::new(Broken::OTHER, why));
        }
        match event {
            helper::Event::Code { code, .. } => {
                (self.code, self.joined, self.intruded) = (Some(*code), 0, false);
            }
            helper::Event::Frame { id, .. } => {
                self.frames += 1;
                let at = self.clock(Side::Helper, now);
                self.helper.shown(*id, at);
            }
            helper::Event::Session(Helper::Ended(_)) => self.person.helper_ended = true,
            _ => {}
        }
        Ok(())
    }

    /// Whether the helper is told that somebody broke the protocol, and nobody did.
    fn blames(&self, event: &helper::Event) -> bool {
        let helper::Event::Session(event) = event else {
            return false;
        };
        match event {
            Helper::Ended(ended) => is_blamed(ended),
            Helper::CodeEnded(code)
            | Helper::ControlDenied(code)
            | Helper::ControlEnded { code, .. } => code.class() == Class::Violation,
            // By a join of somebody else, or a key exchange that was not finished in time.
            Helper::CodeSpent { fault, .. } => {
                !self.intruded && !matches!(fault, Fault::HandshakeFailed)
            }
            _ => false,
        }
    }

    fn sharer_told(&mut self, event: sharer::Event, now: Timestamp) -> Result<(), Broken> {
        let event = match event {
            sharer::Event::Session(event) => event,
            sharer::Event::Number(number) => {
                self.person.number = Some(number);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let at = self.clock(Side::Sharer, now);
        self.monitor.see(&event, at)?;
        let person = &mut self.person;
        match event {
            Event::ConsentAsked { .. } => person.asked = Some(at),
            Event::ControlAsked { .. } => (person.prompted, person.number) = (Some(at), None),
            Event::ControlPromptClosed => person.prompted = None,
            Event::ControlGranted { .. } | Event::ControlRenewed { .. } => person.prompted = None,
            Event::Frozen { .. } => person.may = Scopes::NONE,
            // What replaces a grant was allowed just now.
            Event::ControlEnded { code, .. } if code != ErrorCode::Replaced => {
                person.may = Scopes::NONE;
            }
            Event::Inject(input) => {
                self.injected += 1;
                if person.ended || !person.may.contains(input.scope()) {
                    return Err(Broken::new(2, format!("{input:?} was injected")));
                }
            }
            Event::Ended(ended) => {
                person.ended = true;
                if is_blamed(&ended) {
                    let why = format!("both are honest, and the sharer was told {ended:?}");
                    return Err(Broken::new(Broken::OTHER, why));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What was sealed by both, when it is over.
    ///
    /// # Errors
    /// What is broken.
    pub(in crate::simulate) fn audit(&mut self) -> Result<(), Broken> {
        let keys = mem::take(&mut self.masters).into_iter();
        let keys: Vec<_> = keys
            .map(|(suite, generation, master)| {
                Keys::of_generation(suite, generation, master).with(&Fake)
            })
            .collect();
        let sent = mem::take(&mut self.sent);
        if keys.is_empty() {
            return Ok(());
        }
        self.checks += sent.len() as u64;
        audit(&sent, &keys)
    }
}

fn is_blamed(ended: &Ended) -> bool {
    ended.fault.is_some() || ended.code.class() == Class::Violation
}
