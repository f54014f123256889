//! The way back of a session: a lost connection, another, the handshake, and `state`.

use std::time::Instant;

use alongside_state_machine::{
    channel::{
        keys::Keys,
        reconnect::{Answers, Attempts},
    },
    time::Timestamp,
};
use alongside_wire::{
    envelope::{Envelope, Reconnect1, Reconnect2},
    rendezvous::{self, PeerLost, Rejoined},
    session::{Epoch, Message, State},
};

use super::{Blame, ClientStage, Done, Item, Stop, a_while};
use crate::driver::Role;

impl ClientStage<'_> {
    /// The suite drops its connection without a word, and the client notices.
    ///
    /// # Errors
    /// If it does not.
    pub fn loses(&mut self) -> Done {
        self.settle()?;
        self.drops()?;
        self.told("frozen").map(|_| ())
    }

    /// The connection is gone.
    ///
    /// # Errors
    /// If that is not seen.
    pub fn drops(&mut self) -> Done {
        self.frozen = true;
        let from = self.here();
        self.said = 0;
        match self.link.take() {
            Some(link) => drop(link),
            None => return Ok(()),
        }
        self.until_closed(from)
    }

    /// The old connection is done with, before there is another.
    fn until_closed(&mut self, from: usize) -> Done {
        let deadline = Instant::now() + self.bench.patience;
        while !self.has_come(from, |item| matches!(item, Item::Closed(_))) {
            if !self.hear(deadline)? {
                return Err(self.in_vain("the end of the connection"));
            }
        }
        Ok(())
    }

    /// The relay says that the other end is lost.
    pub fn says_peer_lost(&mut self) {
        self.frozen = true;
        self.say(PeerLost {});
    }

    /// The same client once more, in a session of its own.
    ///
    /// # Errors
    /// If the driver does not take it.
    pub fn anew(&mut self) -> Done {
        self.act("close")?;
        self.session.push('x');
        self.channel = None;
        self.introduced = false;
        self.consented = alongside_wire::Scopes::NONE;
        self.fresh_told();
        self.mark = self.here();
        Ok(())
    }

    /// The client's program ends, and is started anew. It remembers this relay.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restarts(&mut self) -> Done {
        let patience = self.bench.patience;
        self.bench
            .driver
            .restart(patience)
            .map_err(|broken| Stop::Crash(broken.to_string()))?;
        self.listen();
        self.drops()?;
        self.frozen = false;
        self.session.push('x');
        self.fresh_told();
        self.mark = self.here();
        Ok(())
    }

    /// What the suite knows of the session before is forgotten: there comes another.
    fn session_over(&mut self) {
        self.over = false;
        self.channel = None;
        self.introduced = false;
        self.frozen = false;
    }

    /// The client gives up its connection after an end that it told of.
    ///
    /// # Errors
    /// If it keeps it.
    pub fn drops_after_the_end(&mut self) -> Done {
        let deadline = Instant::now() + self.bench.patience;
        while self.link.is_some() {
            if !self.hear(deadline)? {
                return Err(self.in_vain("the end of the connection"));
            }
        }
        self.session_over();
        Ok(())
    }

    /// Sees that the client makes a connection, which [`ClientStage::accept`] takes.
    ///
    /// # Errors
    /// If it does not.
    pub fn comes(&mut self, requirement: &'static str) -> Done {
        let report = self.report();
        let link = self.server.accept(report, self.bench.patience);
        let comes = link.is_some();
        self.early = link;
        let seen = "none came";
        self.check(requirement, comes, "another connection", seen)
    }

    /// Sees that the client makes no other connection.
    ///
    /// # Errors
    /// If it does.
    pub fn stays_away(&mut self, blame: impl Into<Blame>) -> Done {
        let blame = blame.into();
        self.settle()?;
        let within = a_while(self.bench.patience);
        let knocks = self.server.hears_a_knock(within);
        self.check(&blame, !knocks, "no other connection", "one came")
    }

    /// Whether the client makes no connection that stands, because it does not take this relay for
    /// the right one.
    pub fn is_refused(&mut self) -> bool {
        self.accept().is_err()
    }

    /// The relay closes the connection with a code.
    ///
    /// # Errors
    /// If that is not seen.
    pub fn closes_with(&mut self, code: u16) -> Done {
        self.frozen = true;
        let from = self.here();
        // A client that was told that it is over may have closed it before.
        let Some(link) = &self.link else {
            return Ok(());
        };
        link.close(code);
        self.until_closed(from)
    }

    /// The client has another connection, and asks for its place.
    ///
    /// # Errors
    /// If it does not.
    pub fn asks_again(&mut self) -> Done<[u8; 32]> {
        self.accept()?;
        self.await_("hello", |item| item.is_to_relay("hello"))?;
        self.greet();
        match self.await_("rejoin", |item| item.is_to_relay("rejoin"))? {
            Item::ToRelay(rendezvous::Message::Rejoin(rejoin)) => Ok(rejoin.token),
            other => Err(Stop::Harness(format!("{other} is no rejoin"))),
        }
    }

    /// The client has its place again.
    ///
    /// # Errors
    /// If it does not ask for it.
    pub fn rejoins(&mut self, peer: bool) -> Done {
        self.asks_again()?;
        self.say(Rejoined { peer });
        Ok(())
    }

    /// Everything from a lost connection to a session that goes on.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn comes_back(&mut self) -> Done<State> {
        self.loses()?;
        self.returns()
    }

    /// Everything from another connection to a session that goes on.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn returns(&mut self) -> Done<State> {
        self.rejoins(true)?;
        self.reconnects()?;
        let state = self.told_state()?;
        self.answers_state()?;
        self.told("back")?;
        Ok(state)
    }

    /// The handshake of a reconnect, and the `state` of a helper.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn reconnects(&mut self) -> Done {
        self.handshakes_again()?;
        match self.role {
            Role::Sharer => self.says_state(),
            Role::Helper => Ok(()),
        }
    }

    /// The handshake of a reconnect: both ends have the next master.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn handshakes_again(&mut self) -> Done {
        self.frozen = true;
        match self.role {
            Role::Sharer => {
                let mut attempts = Attempts::default();
                let first = self.attempt(&mut attempts)?;
                self.deliver(first);
                let answer = self.reconnect_2()?;
                let channel = self.standing()?;
                let next = attempts.answered(&channel.keys, &answer, Timestamp::default());
                let next = next.ok_or_else(|| self.in_vain("a reconnect-2 that is authentic"))?;
                self.goes_under(next)
            }
            Role::Helper => {
                let first = self.reconnect_1()?;
                let mut answers = Answers::default();
                let answer = self.answer_of(&mut answers, &first)?;
                self.takes_answer(answer, answers)
            }
        }
    }

    /// As a sharer: answers an attempt; what comes next is sealed under the next master.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn takes_answer(&mut self, answer: Vec<u8>, mut answers: Answers) -> Done {
        if let Some(next) = answers.take_candidate() {
            self.goes_under(next)?;
        }
        self.deliver(answer);
        Ok(())
    }

    /// Both ends seal under the next master.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn goes_under(&mut self, next: Keys) -> Done {
        self.transcript.secret(&next);
        self.standing()?.go_on(next);
        Ok(())
    }

    /// What an end does first when its session goes on in *viewing*.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn after_the_way_back(&mut self) -> Done {
        match self.role {
            Role::Sharer => {
                self.hears("epoch")?;
            }
            Role::Helper => {
                self.epoch += 1;
                let (epoch, paused) = (self.epoch, false);
                self.seal_one(Epoch { epoch, paused })?;
                self.hears("epoch-seen")?;
            }
        }
        self.settle()
    }

    /// From now on the suite's end says nothing by itself.
    pub const fn frozen_from_here(&mut self) {
        self.frozen = true;
    }

    /// The session goes on.
    pub const fn frozen_no_more(&mut self) {
        self.frozen = false;
    }

    /// What was told until now is not waited for any more.
    pub fn fresh_told(&mut self) {
        self.told_mark = self.here();
    }

    /// As a helper: the next attempt, as an envelope.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn attempt(&mut self, attempts: &mut Attempts) -> Done<Vec<u8>> {
        let mut rng = self.rng.clone();
        let channel = self.standing()?;
        let first = attempts.begin(&channel.keys, &channel.session_id, &mut rng);
        self.rng = rng;
        first.ok_or_else(|| Stop::Harness("there is no next attempt".to_owned()))
    }

    /// As a sharer: the answer to an attempt, as an envelope.
    ///
    /// # Errors
    /// If the attempt is not authentic.
    pub fn answer_of(&mut self, answers: &mut Answers, first: &Reconnect1) -> Done<Vec<u8>> {
        let mut rng = self.rng.clone();
        let session_id = self.standing()?.session_id;
        let keys = &mut self.standing()?.keys;
        let mut now: Keys = copy(keys);
        let answer = answers.answer(&mut now, &session_id, first, &mut rng, Timestamp::default());
        self.rng = rng;
        answer.ok_or_else(|| self.in_vain("a reconnect-1 that is authentic"))
    }

    /// The next `reconnect-1` of a helper.
    ///
    /// # Errors
    /// If none comes.
    pub fn reconnect_1(&mut self) -> Done<Reconnect1> {
        match self.await_("reconnect-1", |item| item.is_envelope("reconnect-1"))? {
            Item::Envelope(Envelope::Reconnect1(first)) => Ok(first),
            other => Err(Stop::Harness(format!("{other} is no attempt"))),
        }
    }

    /// The next `reconnect-2` of a sharer.
    ///
    /// # Errors
    /// If none comes.
    pub fn reconnect_2(&mut self) -> Done<Reconnect2> {
        match self.await_("reconnect-2", |item| item.is_envelope("reconnect-2"))? {
            Item::Envelope(Envelope::Reconnect2(answer)) => Ok(answer),
            other => Err(Stop::Harness(format!("{other} is no answer"))),
        }
    }

    /// What the suite's end knows of the session.
    pub fn state(&self) -> State {
        let heard = |name: &str| self.count(0, |item| item.is_sealed(name)) as u32;
        let latest = |of: fn(&Message) -> Option<u32>| {
            let all = self.log.iter().filter_map(Item::sealed);
            all.filter_map(of).max().unwrap_or(0)
        };
        let (epoch, grant) = match self.role {
            Role::Helper => (self.epoch, self.grant),
            Role::Sharer => (
                latest(|message| match message {
                    Message::Epoch(epoch) => Some(epoch.epoch),
                    _ => None,
                }),
                latest(|message| match message {
                    Message::ControlGrant(grant) => Some(grant.grant),
                    _ => None,
                }),
            ),
        };
        State {
            paused: false,
            scopes: self.consented,
            epoch,
            grant,
            sent: self.lines,
            received: heard("chat"),
        }
    }

    /// As a helper, `state` is the first record under a new master.
    fn says_state(&mut self) -> Done {
        let state = self.state();
        self.seal_one(state)
    }

    /// As a sharer, `state` answers that of the helper.
    ///
    /// # Errors
    /// If there is no channel.
    pub fn answers_state(&mut self) -> Done {
        if self.role == Role::Helper {
            self.says_state()?;
        }
        self.frozen = false;
        Ok(())
    }

    /// The client's `state`.
    ///
    /// # Errors
    /// If it does not come.
    pub fn told_state(&mut self) -> Done<State> {
        match self.hears("state")? {
            Message::State(state) => Ok(state),
            other => Err(Stop::Harness(format!("{} is no state", other.name()))),
        }
    }
}

/// The same keys once more, because answering may change them.
fn copy(keys: &Keys) -> Keys {
    Keys::of_generation(keys.suite(), keys.generation(), keys.master())
}
