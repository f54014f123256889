//! The way back, as the sharer goes it: it answers, and believes when a record proves it.

use alongside_wire::{
    Direction,
    envelope::{Reconnect1, Sealed},
    rendezvous::Deliver,
};

use super::{Channel, SharerEndpoint, Standing};
use crate::{
    channel::session::{Opener, Sealer},
    endpoint::frames::Streams,
    mutant,
    time::Timestamp,
};

impl SharerEndpoint {
    /// Whether the session waits for a connection to the relay: make one, and say so by
    /// [`SharerEndpoint::handle_connected`].
    pub fn wants_connection(&self) -> bool {
        //= spec/12-reconnect.md#link [RECON-9] 6b2fb207
        self.machine.frozen_until().is_some() && self.path.is_wanted()
    }

    /// There is another connection to the same relay. What comes of it is handed in as before.
    pub fn handle_connected(&mut self, now: Timestamp) {
        self.handle_timeout(now);
        if self.wants_connection() {
            self.streams = Streams::default();
            self.path.connected(&mut self.control);
        }
    }

    pub(super) fn handle_first(&mut self, first: &Reconnect1, now: Timestamp) {
        let Channel::Standing(standing) = &mut self.channel else {
            return;
        };
        let channel = &mut standing.handshake.channel;
        let answers = &mut standing.answers;
        let id = channel.session_id;
        let rng = &mut self.rng;
        let Some(envelope) = answers.answer(&mut channel.keys, &id, first, rng, now) else {
            self.counters.failed_proofs += 1;
            return;
        };
        //= spec/12-reconnect.md#handshake [RECON-15] f18c3776
        self.machine.link_lost(now);
        self.carry_out();
        if !mutant::is("RECON-15/silent") {
            self.control.send(Deliver { envelope });
        }
        if mutant::is("RECON-16/hasty") {
            self.believe();
        }
    }

    /// Takes the candidate for the master before anything has proven it.
    fn believe(&mut self) {
        let Channel::Standing(standing) = &mut self.channel else {
            return;
        };
        if let Some(candidate) = standing.answers.candidate() {
            let opener = Opener::new(candidate, Direction::ToSharer);
            standing.take_candidate(opener);
            self.machine.master_taken();
            self.carry_out();
        }
    }

    /// A record while the session is frozen: its plaintext, if it shows that the helper is back.
    pub(super) fn open_frozen(&mut self, sealed: &Sealed) -> Option<alloc::vec::Vec<u8>> {
        let Channel::Standing(standing) = &mut self.channel else {
            return None;
        };
        if standing.fresh && standing.answers.candidate().is_none() {
            let keys = &standing.handshake.channel.keys;
            return standing.opener.open(keys, sealed).ok();
        }
        let candidate = standing.answers.candidate();
        let candidate = candidate.filter(|_| !mutant::is("RECON-17/deaf"))?;
        let mut opener = Opener::new(candidate, Direction::ToSharer);
        let plaintext = opener.open(candidate, sealed).ok()?;
        standing.take_candidate(opener);
        self.machine.master_taken();
        self.carry_out();
        Some(plaintext)
    }
}

impl Standing {
    //= spec/12-reconnect.md#handshake [RECON-17] 62ad21d8
    fn take_candidate(&mut self, opener: Opener) {
        if let Some(keys) = self.answers.take_candidate() {
            self.sealer = Sealer::new(&keys, Direction::ToHelper);
            self.opener = opener;
            self.grant = None;
            self.media = None;
            self.handshake.channel.keys = keys;
            self.fresh = true;
        }
    }
}
