//! The real sharer's machine, as the model's acts drive it.

mod events;

use alongside_state_machine::{
    error::{Fault, Misuse},
    identity::trust::Who,
    session::{
        By,
        friction::{Consent, Contact},
        sharer::{Event, Output, Sharer},
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes,
    session::{Heartbeat, Message},
};

use self::events::Known;
use crate::{
    cells::{Cells, Region},
    lockstep,
    term::Term,
    words::{self, GRANT_MS, SECRET, TICK_MS, ceiling, input, message, scopes, set},
};

#[derive(Clone)]
pub(crate) struct RealSharer {
    pub(crate) machine: Sharer,
    pub(crate) now: Timestamp,
    /// What it wants done, and was not carried out.
    pub(crate) said: Vec<Output>,
    known: Known,
    cells: Cells,
}

impl RealSharer {
    pub(crate) fn new(cells: Cells) -> Self {
        Self {
            machine: Sharer::default(),
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

    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            self.known.learn(&output, self.now);
            self.said.push(output);
        }
    }

    /// What the endpoint does with a fault of the helper's, or of the relay's.
    fn or_blame(&mut self, by: By, done: Result<(), Fault>) {
        if let Err(fault) = done {
            self.cells.note(&self.regions(), "a violation");
            self.machine.fail(by, fault);
        }
    }

    /// What the endpoint does with a message that was opened.
    pub(crate) fn take(&mut self, message: &Message) {
        let (before, event) = (self.regions(), self.named(message));
        let done = if event == "introduced" {
            self.machine
                .introduced("Ada", Who::without_card(), self.now)
        } else {
            self.machine.handle_message(message, self.now)
        };
        let event = self.known.judged(event, message, &done);
        self.cells.note(&before, event);
        self.or_blame(By::Peer, done);
        self.drain();
    }

    pub(crate) fn input(&mut self, grant: u32, scope: &Term) {
        let input = input(scope);
        if self.is("phase", "viewing") {
            let live = self.machine.live_grant() == Some(grant);
            let event = match (live, self.machine.scopes().contains(input.scope())) {
                (false, _) => "input: of another grant",
                (true, true) => "input: within the scopes",
                (true, false) => "input: beyond the scopes",
            };
            self.cells.note(&self.regions(), event);
        }
        let done = self.machine.handle_input(grant, &[input], self.now);
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
        let after = self.regions();
        let timer = self.known.timer(&before, &after, &self.said[earlier..]);
        if let Some(timer) = timer {
            self.cells.note(&before, timer);
        }
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
        let regions = self.regions();
        for event in self.person_events(act) {
            self.cells.note(&regions, event);
        }
        let done = self.try_act(act);
        self.drain();
        done.ok()
    }

    fn try_act(&mut self, act: &Term) -> Result<(), Misuse> {
        let (machine, now) = (&mut self.machine, self.now);
        match act.kind() {
            "join" => machine.join(now),
            "contact" if act.at(1).word() == "person" => machine.contact(Contact::Person, now),
            "contact" => machine.contact(Contact::Other, now),
            "consent" if act.at(1).word() == "warned" => {
                machine.consent(Consent::GivenAfterWarning, Vec::new(), now)
            }
            "consent" => machine.consent(Consent::Given, Vec::new(), now),
            "refuse" => machine.consent(Consent::Refused, Vec::new(), now),
            "allow" => machine.allow_control(scopes(act.at(1)), GRANT_MS, SECRET, now),
            "allow-for-too-long" => machine.allow_control(Scopes::POINTER, 900_001, SECRET, now),
            "deny" => machine.deny_control(now),
            "revoke" => machine.revoke(now),
            "narrow" => machine.narrow(scopes(act.at(1)), SECRET, now),
            "ask-more" => machine.ask_renewal(now),
            "pause" => machine.set_paused(act.at(1).flag(), now),
            "film" => {
                let epoch = act.at(1).number();
                if machine.media_epoch() != Some(epoch) {
                    return Err(Misuse::NotReady);
                }
                machine.frame_sent(epoch);
                self.known.frame = epoch;
                Ok(())
            }
            other => panic!("{other} is nobody's act"),
        }
    }

    pub(crate) fn end(&mut self) {
        self.cells.note(&self.regions(), "end the session");
        self.machine.end(ErrorCode::Done);
        self.drain();
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

    /// What comes from the relay, or is found by whoever has the keys.
    fn below(&mut self, act: &Term) -> bool {
        let (before, now) = (self.regions(), self.now);
        let machine = &mut self.machine;
        let mut done = Ok(());
        let event = match act.kind() {
            "answered" => {
                done = machine.answered(ceiling(), now);
                "answer"
            }
            "refused" => {
                done = machine.refused(ErrorCode::NotFound);
                "refused"
            }
            "input-failed" => {
                machine.input_failed(now);
                "input: that does not open"
            }
            "record-failed" => {
                machine.record_failed(now);
                "a record does not open"
            }
            "link-lost" => {
                machine.link_lost(now);
                "connection lost"
            }
            "peer-lost" => {
                done = machine.peer_lost(now);
                "peer-lost"
            }
            "reconnect" => {
                machine.link_lost(now);
                "an authentic reconnect-1"
            }
            "gone" => {
                machine.relay_ended(ErrorCode::Lost);
                "gone"
            }
            "violation" => {
                done = Err(Fault::BadPoint);
                "a violation"
            }
            "master-taken" => {
                machine.master_taken();
                "a next master"
            }
            _ => return false,
        };
        // A second answer is no event of the session's table: it does not get so far.
        if event != "answer" || done.is_ok() {
            self.cells.note(&before, event);
        }
        let by = if event == "a violation" {
            By::Peer
        } else {
            By::Relay
        };
        self.or_blame(by, done);
        self.drain();
        true
    }
}

impl lockstep::Subject for RealSharer {
    fn act(&mut self, act: &Term) -> Option<String> {
        match act.kind() {
            "message" => self.take(&message(act.at(1))),
            "input" => self.input(act.at(1).number(), act.at(2)),
            "end" => self.end(),
            "tick" => self.tick(),
            "lapse" => (0..act.at(1).number()).for_each(|_| self.tick_and_hear()),
            _ if self.below(act) => {}
            _ => self.person(act)?,
        }
        Some(words::outputs(core::mem::take(&mut self.said), event))
    }

    fn refusable(act: &Term) -> bool {
        [
            "join", "contact", "consent", "refuse", "allow", "deny", "revoke", "narrow",
            "ask-more", "pause", "film",
        ]
        .contains(&act.kind())
    }

    fn never() -> Vec<Term> {
        ["(allow {})", "(allow {view})", "(allow-for-too-long)"]
            .map(Term::read)
            .to_vec()
    }

    fn seen(&self) -> String {
        let lost = self.machine.frozen_until().is_some();
        let epoch = self.machine.media_epoch().unwrap_or(0);
        let grant = self.machine.live_grant().unwrap_or(0);
        format!(
            "({} {lost} {epoch} {grant} {})",
            self.phase(),
            set(self.machine.scopes())
        )
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
