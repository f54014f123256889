//! The real sharer's machine, as the model's acts drive it.

use alongside_state_machine::{
    identity::trust::Who,
    session::{
        By,
        friction::{Consent, Contact},
        sharer::{Event, Sharer},
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes,
    session::{Heartbeat, Message},
};

use crate::{
    lockstep,
    term::Term,
    words::{self, GRANT_MS, SECRET, TICK_MS, ceiling, input, message, scopes, set},
};

#[derive(Clone)]
pub(crate) struct RealSharer {
    pub(crate) machine: Sharer,
    pub(crate) now: Timestamp,
}

impl RealSharer {
    pub(crate) fn new() -> Self {
        Self {
            machine: Sharer::default(),
            now: Timestamp::from_millis(1_000_000),
        }
    }

    /// What the endpoint does with a message that was opened.
    pub(crate) fn take(&mut self, message: &Message) {
        let done = if matches!(message, Message::Introduce(_)) && self.machine.is_securing() {
            self.machine
                .introduced("Ada", Who::without_card(), self.now)
        } else {
            self.machine.handle_message(message, self.now)
        };
        if let Err(fault) = done {
            self.machine.fail(By::Peer, fault);
        }
    }

    pub(crate) fn input(&mut self, grant: u32, scope: &Term) {
        if let Err(fault) = self.machine.handle_input(grant, &[input(scope)], self.now) {
            self.machine.fail(By::Peer, fault);
        }
    }

    pub(crate) fn tick(&mut self) {
        self.now = self.now.plus_ms(TICK_MS);
        self.machine.handle_timeout(self.now);
    }

    /// A tick in which the helper is heard.
    fn tick_and_hear(&mut self) {
        self.tick();
        if self.machine.is_introduced() && self.machine.frozen_until().is_none() {
            self.take(&Heartbeat {}.into());
        }
    }

    /// An act of the person or the program.
    pub(crate) fn person(&mut self, act: &Term) -> Option<()> {
        let (machine, now) = (&mut self.machine, self.now);
        match act.kind() {
            "join" => machine.join(now),
            "contact" => {
                let person = act.at(1).word() == "person";
                machine.contact(
                    if person {
                        Contact::Person
                    } else {
                        Contact::Other
                    },
                    now,
                )
            }
            "consent" => {
                let warned = act.at(1).word() == "warned";
                let answer = if warned {
                    Consent::GivenAfterWarning
                } else {
                    Consent::Given
                };
                machine.consent(answer, Vec::new(), now)
            }
            "refuse" => machine.consent(Consent::Refused, Vec::new(), now),
            "allow" => machine.allow_control(scopes(act.at(1)), GRANT_MS, SECRET, now),
            "deny" => machine.deny_control(now),
            "revoke" => machine.revoke(now),
            "pause" => machine.set_paused(act.at(1).flag(), now),
            "film" => {
                let epoch = machine
                    .media_epoch()
                    .filter(|epoch| *epoch == act.at(1).number())?;
                machine.frame_sent(epoch);
                Ok(())
            }
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
            "before a join" => "idle",
            "while joining" => "joining",
            "while securing" => "securing",
            "before consent" => "deciding",
            "while viewing" => "viewing",
            _ => "ended",
        }
    }

    pub(crate) fn scopes(&self) -> Scopes {
        self.machine.scopes()
    }
}

impl lockstep::Subject for RealSharer {
    fn act(&mut self, act: &Term) -> Option<String> {
        let (machine, now) = (&mut self.machine, self.now);
        match act.kind() {
            "message" => self.take(&message(act.at(1))),
            "answered" => {
                if let Err(fault) = machine.answered(ceiling(), now) {
                    machine.fail(By::Relay, fault);
                }
            }
            "input" => self.input(act.at(1).number(), act.at(2)),
            "input-failed" => machine.input_failed(now),
            "record-failed" => machine.record_failed(now),
            "link-lost" => machine.link_lost(now),
            "gone" => machine.relay_ended(ErrorCode::Lost),
            "master-taken" => machine.master_taken(),
            "end" => machine.end(ErrorCode::Done),
            "tick" => self.tick(),
            "lapse" => (0..act.at(1).number()).for_each(|_| self.tick_and_hear()),
            _ => self.person(act)?,
        }
        Some(self.outputs())
    }

    fn refusable(act: &Term) -> bool {
        [
            "join", "contact", "consent", "refuse", "allow", "deny", "revoke", "pause", "film",
        ]
        .contains(&act.kind())
    }

    fn seen(&self) -> String {
        let lost = self.machine.frozen_until().is_some();
        let epoch = self.machine.media_epoch().unwrap_or(0);
        let grant = self.machine.live_grant().unwrap_or(0);
        format!(
            "({} {lost} {epoch} {grant} {})",
            self.phase(),
            set(self.scopes())
        )
    }

    fn whole(&self) -> String {
        lockstep::whole(&self.machine, self.now)
    }
}

pub(crate) fn event(event: &Event) -> String {
    match event {
        Event::JoinHeldBack => "(join-held-back)".to_owned(),
        Event::ConsentAsked { .. } => "(consent-asked)".to_owned(),
        Event::ScamWarning => "(scam-warning)".to_owned(),
        Event::Viewing => "(viewing)".to_owned(),
        Event::MediaReady => "(media-ready)".to_owned(),
        Event::MediaStopped => "(media-stopped)".to_owned(),
        Event::ControlNotBefore(_) => "(not-before)".to_owned(),
        Event::ControlAsked {
            scopes, renewal, ..
        } => {
            format!("(control-asked {} {renewal})", set(*scopes))
        }
        Event::ControlPromptClosed => "(prompt-closed)".to_owned(),
        Event::ControlGranted { grant, scopes, .. } => {
            format!("(control-granted {grant} {})", set(*scopes))
        }
        Event::ControlRenewed { grant, .. } => format!("(control-renewed {grant})"),
        Event::ControlEnded { grant, code } => format!("(control-ended {grant} {})", code.name()),
        Event::Inject(input) => format!("(inject {})", set(input.scope()).trim_matches(['{', '}'])),
        Event::ReleaseAll => "(release-all)".to_owned(),
        Event::Paused { local, peer } => format!("(paused {local} {peer})"),
        Event::Frozen { .. } => "(frozen)".to_owned(),
        Event::Back => "(back)".to_owned(),
        Event::Ended(ended) => words::ended(ended),
        other => format!("({other:?})"),
    }
}
