//! A lost link, as the helper sees it: nothing is seen or done until the sharer is back.

use alloc::collections::VecDeque;

use alongside_wire::{
    ErrorCode, Scopes,
    session::{End, Message, State},
};

use super::{Event, Helper, Output, Phase, viewing::Viewing};
use crate::{
    error::Fault,
    mutant,
    session::{By, clipboard::Clipboard, link, link::Link, probe::Prober, pulse::Pulse},
    time::Timestamp,
};

impl Helper {
    /// The relay says that the sharer's connection is lost.
    pub fn peer_lost(&mut self, now: Timestamp) {
        self.handle_timeout(now);
        match self.phase {
            Phase::Deciding { .. } | Phase::Viewing(_) => self.freeze(now),
            Phase::Securing { .. } => self.spent(Fault::HandshakeFailed, ErrorCode::Lost, now),
            // It is about a session that is over here.
            Phase::Idle | Phase::Requesting | Phase::Calling | Phase::Waiting | Phase::Ended(_) => {
            }
        }
    }

    /// The connection to the relay is lost.
    pub fn link_lost(&mut self, now: Timestamp) {
        self.handle_timeout(now);
        match self.phase {
            Phase::Deciding { .. } | Phase::Viewing(_) => self.freeze(now),
            Phase::Idle
            | Phase::Requesting
            | Phase::Calling
            | Phase::Waiting
            | Phase::Securing { .. }
            | Phase::Ended(_) => self.finish(By::Relay, ErrorCode::Lost, None),
        }
    }

    /// A record of the session plane did not open: the connection cannot be trusted to carry all.
    pub fn record_failed(&mut self, now: Timestamp) {
        self.handle_timeout(now);
        if !mutant::is("KEY-7/lenient") {
            self.leave_path(now);
        }
    }

    /// Until when a frozen session is kept.
    pub fn frozen_until(&self) -> Option<Timestamp> {
        self.link.until()
    }

    //= spec/12-reconnect.md#handshake [RECON-18] 55fc22d6
    /// The sharer has answered: there is a next master, and this is the first to be sealed under it.
    pub fn master_taken(&mut self) {
        if self.link.is_lost() {
            let state = match &self.phase {
                Phase::Viewing(viewing) => viewing.state(),
                Phase::Deciding { paused, .. } => link::undecided(paused.local),
                _ => link::undecided(false),
            };
            self.link.tell(state.paused);
            self.out.push_back(Output::Send(state.into()));
            if mutant::is("RECON-23/hasty") {
                self.link = Link::Up;
                self.event(Event::Back);
            }
        }
    }

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
    //= spec/12-reconnect.md#link [RECON-3] b549067d
    fn freeze(&mut self, now: Timestamp) {
        if self.link.is_lost() {
            return;
        }
        if let Phase::Viewing(viewing) = &mut self.phase {
            viewing.path.freeze(&mut self.out);
            if !mutant::is("RECON-3/keeps") {
                viewing.freeze(&mut self.out);
            }
        }
        link::hush(&mut self.out);
        let (link, until) = Link::lost(now);
        self.link = link;
        //= spec/12-reconnect.md#link [RECON-4] c7afe182
        self.event(Event::Frozen { until });
    }

    /// What a sharer may say while the link is lost: its state, which is the end of that.
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
                self.thaw(&state, now)?;
                self.card.may_come_again();
                Ok(())
            }
            Message::End(End { code }) => {
                self.peer_ended(*code);
                Ok(())
            }
            Message::Pad(_) => Ok(()),
            //= spec/12-reconnect.md#state [RECON-24] 36f1fa98
            other => Err(Fault::StateAwaited {
                message: other.name(),
            }),
        }
    }

    //= spec/12-reconnect.md#state [RECON-23] 84d10c1b
    fn thaw(&mut self, state: &State, now: Timestamp) -> Result<(), Fault> {
        let (consented, local) = match &mut self.phase {
            Phase::Viewing(viewing) => {
                viewing.check(state)?;
                viewing.pulse = Pulse::new(now);
                (None, viewing.paused.local)
            }
            Phase::Deciding { pulse, paused } if state.scopes.is_empty() => {
                if *state != link::undecided(state.paused) {
                    return Err(Fault::StateContradicts);
                }
                *pulse = Pulse::new(now);
                let before = core::mem::replace(&mut paused.peer, state.paused);
                let (local, peer) = (paused.local, paused.peer);
                let pause = self.link.back(local);
                self.event(Event::Back);
                self.out
                    .extend(pause.map(|pause| Output::Send(pause.into())));
                if before != peer {
                    self.event(Event::Paused { local, peer });
                }
                self.handle_timeout(now);
                return Ok(());
            }
            Phase::Deciding { .. } if mutant::is("RECON-26/blames") => {
                return Err(Fault::StateContradicts);
            }
            Phase::Deciding { paused, .. } => {
                // The consent was lost with the link.
                let scopes = state.scopes;
                if !self.ceiling.intersect(Scopes::CONSENT).contains(scopes) {
                    return Err(Fault::ConsentBeyondCeiling);
                }
                let pulse = Pulse::new(now);
                let viewing = Viewing::new(scopes, self.ceiling, pulse, *paused, now);
                viewing.check(state)?;
                (Some(viewing), paused.local)
            }
            _ => return Ok(()),
        };
        let pause = self.link.back(local);
        self.event(Event::Back);
        self.out
            .extend(pause.map(|pause| Output::Send(pause.into())));
        if let Some(viewing) = consented {
            //= spec/12-reconnect.md#state [RECON-26] d23319b1
            self.viewing_begins(viewing, now);
        }
        if let Phase::Viewing(viewing) = &mut self.phase {
            viewing.thaw(state, now, &mut self.out);
        }
        self.handle_timeout(now);
        Ok(())
    }
}

impl Viewing {
    /// All that control was is over.
    fn freeze(&mut self, out: &mut VecDeque<Output>) {
        self.close(ErrorCode::Lost, out);
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
            grant: self.last_grant,
            sent,
            received,
        }
    }

    //= spec/12-reconnect.md#state [RECON-25] 7417c5c2
    /// A sharer cannot know less than it said.
    fn check(&self, state: &State) -> Result<(), Fault> {
        let fits = self.consented == state.scopes
            && state.epoch >= self.epoch
            && state.grant >= self.last_grant
            && self.chat.agrees(state);
        fits.then_some(()).ok_or(Fault::StateContradicts)
    }

    fn thaw(&mut self, state: &State, now: Timestamp, out: &mut VecDeque<Output>) {
        self.prober = Prober::new(now);
        self.advisory.may_come_again();
        for id in self.chat.acknowledged(state.received) {
            out.push_back(Output::Event(Event::ChatDelivered(id)));
        }
        self.epoch = state.epoch;
        // Nothing comes in it any more; the next one is announced.
        self.epoch_paused = true;
        self.last_grant = state.grant;
        //= spec/12-reconnect.md#state [RECON-28] 9067c6e1
        if self.paused.peer != state.paused {
            self.paused.peer = state.paused;
            self.pause_changed(out);
        }
        for chat in self.chat.kept() {
            out.push_back(Output::Send(chat.into()));
        }
    }
}
