//! A lost link, as the sharer sees it: nothing is shown, nothing is done, until the helper is back.

use alloc::collections::VecDeque;

use alongside_wire::{
    ErrorCode,
    session::{Displays, End, Message, State},
};

use super::{Event, Output, Phase, Sharer, viewing::Viewing};
use crate::{
    error::{Fault, Plane},
    mutant,
    session::{By, clipboard::Clipboard, link, link::Link, probe::Prober, pulse::Pulse},
    time::Timestamp,
};

impl Sharer {
    /// The relay says that the helper's connection is lost.
    ///
    /// # Errors
    /// [`Fault::Unexpected`] before a join.
    pub fn peer_lost(&mut self, now: Timestamp) -> Result<(), Fault> {
        if let Phase::Idle = self.phase {
            return Err(self.unexpected(Plane::Rendezvous, "peer-lost"));
        }
        self.link_lost(now);
        Ok(())
    }

    /// The connection to the relay is lost, or the helper begins to reconnect.
    pub fn link_lost(&mut self, now: Timestamp) {
        self.handle_timeout(now);
        match self.phase {
            Phase::Deciding { .. } | Phase::Viewing(_) => self.freeze(now),
            Phase::Idle | Phase::Joining { .. } | Phase::Securing { .. } | Phase::Ended(_) => {
                self.finish(By::Relay, ErrorCode::Lost, None);
            }
        }
    }

    //= spec/04-key-exchange.md#schedule [KEY-7] 1916ab26
    /// A record of the session plane did not open: the connection cannot be trusted to carry all.
    pub fn record_failed(&mut self, now: Timestamp) {
        self.handle_timeout(now);
        match self.phase {
            Phase::Deciding { .. } | Phase::Viewing(_) if mutant::is("KEY-7/lenient") => {}
            Phase::Deciding { .. } | Phase::Viewing(_) => self.leave_path(now),
            Phase::Idle | Phase::Joining { .. } | Phase::Securing { .. } | Phase::Ended(_) => {
                self.fail(By::Relay, Fault::RecordFailed);
            }
        }
    }

    /// Until when a frozen session is kept.
    pub fn frozen_until(&self) -> Option<Timestamp> {
        self.link.until()
    }

    //= spec/12-reconnect.md#state [RECON-22] d5bcaabd
    /// The helper has proven that it has the next master, by a record that opened under it; its
    /// messages follow.
    pub fn master_taken(&mut self) {
        if self.link.is_lost() {
            let state = self.state();
            self.link.tell(state.paused);
            self.out.push_back(Output::Send(state.into()));
            if mutant::is("RECON-23/hasty") {
                self.link = Link::Up;
                self.event(Event::Back);
            }
        }
    }

    //= spec/12-reconnect.md#link [RECON-6] 2c213753
    /// Freezes, and wants to come back on another connection.
    pub(super) fn leave_path(&mut self, now: Timestamp) {
        if !self.link.is_lost() {
            self.freeze(now);
            if !mutant::is("RECON-6/stays") {
                self.out.push_back(Output::NewPath);
            }
        }
    }

    //= spec/12-reconnect.md#link [RECON-1] 3ea14ceb
    //= spec/12-reconnect.md#link [RECON-2] 824c9d49
    fn freeze(&mut self, now: Timestamp) {
        if self.link.is_lost() {
            return;
        }
        self.drop_input_and_questions();
        if let Phase::Viewing(viewing) = &mut self.phase {
            viewing.path.freeze(&mut self.out);
            if !mutant::is("RECON-2/keeps") {
                viewing.freeze(&mut self.out);
            }
        }
        link::hush(&mut self.out);
        let (link, until) = Link::lost(now);
        self.link = link;
        //= spec/12-reconnect.md#link [RECON-4] c7afe182
        self.event(Event::Frozen { until });
    }

    fn state(&self) -> State {
        match &self.phase {
            Phase::Viewing(viewing) => viewing.state(),
            Phase::Deciding { paused, .. } => link::undecided(paused.local),
            _ => link::undecided(false),
        }
    }

    /// What a helper may say while the link is lost: its state, which is the end of that.
    pub(super) fn handle_while_frozen(
        &mut self,
        message: &Message,
        now: Timestamp,
    ) -> Result<(), Fault> {
        match message {
            Message::State(state) => {
                let paused = state.paused && !mutant::is("RECON-28/deaf");
                let state = State {
                    paused,
                    ..state.clone()
                };
                self.thaw(&state, now)
            }
            Message::End(End { code }) => self.peer_ended(*code),
            Message::Pad(_) => Ok(()),
            //= spec/12-reconnect.md#state [RECON-24] 36f1fa98
            other => Err(Fault::StateAwaited {
                message: other.name(),
            }),
        }
    }

    //= spec/12-reconnect.md#state [RECON-23] 84d10c1b
    fn thaw(&mut self, state: &State, now: Timestamp) -> Result<(), Fault> {
        match &mut self.phase {
            Phase::Deciding { pulse, paused, .. } => {
                if *state != link::undecided(state.paused) {
                    return Err(Fault::StateContradicts);
                }
                *pulse = Pulse::new(now);
                let pause = self.link.back(paused.local);
                self.out.push_back(Output::Event(Event::Back));
                self.out
                    .extend(pause.map(|pause| Output::Send(pause.into())));
                //= spec/12-reconnect.md#state [RECON-28] 9067c6e1
                if paused.peer != state.paused {
                    paused.peer = state.paused;
                    let event = paused.event();
                    self.out.push_back(event);
                }
            }
            Phase::Viewing(viewing) => {
                viewing.check(state)?;
                viewing.pulse = Pulse::new(now);
                let pause = self.link.back(viewing.paused.local);
                self.out.push_back(Output::Event(Event::Back));
                self.out
                    .extend(pause.map(|pause| Output::Send(pause.into())));
                //= spec/12-reconnect.md#state [RECON-27] 004a6204
                let displays = self.displays.clone();
                if !mutant::is("RECON-27/silent") {
                    self.out
                        .push_back(Output::Send(Displays { displays }.into()));
                }
                //= spec/12-reconnect.md#state [RECON-36] 4915b6d9
                if !viewing.advised && !mutant::is("RECON-36/silent") {
                    let advisory = self.advisory.clone();
                    self.out.push_back(Output::Send(advisory.into()));
                }
                viewing.thaw(state, now, &mut self.out);
            }
            _ => return Ok(()),
        }
        self.handle_timeout(now);
        Ok(())
    }
}

impl Viewing {
    /// All that control was is over, and no epoch is known to the helper any more.
    fn freeze(&mut self, out: &mut VecDeque<Output>) {
        self.close(ErrorCode::Lost, out);
        self.epoch_seen = 0;
        self.settle(out);
        //= spec/12-reconnect.md#state [RECON-34] 78a893a5
        if !mutant::is("RECON-34/goes-on") {
            self.clipboard = Clipboard::default();
        }
    }

    fn state(&self) -> State {
        let (sent, received) = self.chat.counts();
        State {
            paused: self.paused.local,
            scopes: self.consented,
            epoch: self.epoch,
            grant: self.control.last_grant(),
            sent,
            received,
        }
    }

    //= spec/12-reconnect.md#state [RECON-25] 7417c5c2
    /// A helper cannot know of what was not.
    fn check(&self, state: &State) -> Result<(), Fault> {
        let fits = self.consented.contains(state.scopes)
            && state.epoch <= self.epoch
            && state.grant <= self.control.last_grant()
            && self.chat.agrees(state);
        fits.then_some(()).ok_or(Fault::StateContradicts)
    }

    fn thaw(&mut self, state: &State, now: Timestamp, out: &mut VecDeque<Output>) {
        self.prober = Prober::new(now);
        for id in self.chat.acknowledged(state.received) {
            out.push_back(Output::Event(Event::ChatDelivered(id)));
        }
        if self.paused.peer != state.paused {
            self.paused.peer = state.paused;
            out.push_back(self.paused.event());
        }
        //= spec/12-reconnect.md#state [RECON-29] e0b4d6ec
        if !mutant::is("RECON-29/asks") {
            self.control.nothing_shown();
        }
        self.old_frame = self.frame;
        self.raise_epoch(out);
        out.extend(self.control.secure_told().map(Output::Send));
        for chat in self.chat.kept() {
            out.push_back(Output::Send(chat.into()));
        }
    }
}
