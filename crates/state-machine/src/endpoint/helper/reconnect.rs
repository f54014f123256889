//! The way back, as the helper goes it: it begins, again and again, until the sharer has answered.

use alongside_wire::{
    Direction,
    envelope::Reconnect2,
    limits::timers::RECONNECT_RETRY,
    rendezvous::{Deliver, Message},
};

use super::{Channel, HelperEndpoint, Standing};
use crate::{
    channel::{
        media,
        session::{Opener, Sealer},
    },
    endpoint::{frames::Streams, path::Unexpected},
    mutant,
    time::Timestamp,
};

impl HelperEndpoint {
    /// Whether the session waits for a connection to the relay: make one, and say so by
    /// [`HelperEndpoint::handle_connected`].
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

    /// Whether a message of the relay is about a session that is over here.
    pub(super) fn is_late(&self, message: &Message) -> bool {
        let about = matches!(
            message,
            Message::Place(_) | Message::PeerLost(_) | Message::PeerBack(_)
        );
        about && matches!(self.channel, Channel::None | Channel::Code(_))
    }

    pub(super) fn peer_lost(&mut self, now: Timestamp) -> Result<(), Unexpected> {
        self.path.peer_lost()?;
        self.machine.peer_lost(now);
        Ok(())
    }

    //= spec/12-reconnect.md#way [RECON-11] 7577ce67
    /// Begins to reconnect if that is what is to be done now.
    pub(super) fn attempt(&mut self, now: Timestamp) {
        let frozen = self.machine.frozen_until().is_some();
        let Channel::Standing(standing) = &mut self.channel else {
            return;
        };
        if !frozen || !self.path.reaches_peer() {
            return;
        }
        let channel = &standing.handshake.channel;
        let attempts = &mut standing.attempts;
        let envelope = attempts.begin(&channel.keys, &channel.session_id, &mut self.rng);
        if let Some(envelope) = envelope {
            self.control.send(Deliver { envelope });
        }
        self.attempt_at = now.plus_ms(RECONNECT_RETRY);
    }

    /// When the next attempt is due, if one is.
    pub(super) fn attempt_due(&self) -> Option<Timestamp> {
        let waits = self.machine.frozen_until().is_some() && self.path.reaches_peer();
        let once = mutant::is("RECON-11/once");
        waits.then_some(self.attempt_at).filter(|_| !once)
    }

    //= spec/12-reconnect.md#handshake [RECON-18] 55fc22d6
    pub(super) fn handle_answer(&mut self, answer: &Reconnect2, now: Timestamp) {
        let Channel::Standing(standing) = &mut self.channel else {
            return;
        };
        let keys = &standing.handshake.channel.keys;
        let Some(keys) = standing.attempts.answered(keys, answer, now) else {
            self.counters.failed_proofs += 1;
            return;
        };
        standing.sealer = Sealer::new(&keys, Direction::ToSharer);
        standing.opener = Opener::new(&keys, Direction::ToHelper);
        standing.media = media::Opener::new(0);
        standing.handshake.channel.keys = keys;
        standing.fresh = true;
        self.attempt_at = now.plus_ms(RECONNECT_RETRY);
        self.machine.master_taken();
        self.carry_out(now);
    }
}

impl Standing {
    //= spec/12-reconnect.md#handshake [RECON-21] 50d83273
    /// Whether records are listened to while the session is frozen.
    pub(super) fn listens(&self) -> bool {
        self.fresh && !self.attempts.is_outstanding()
    }
}
