//! Paths: packets that the relay forwards between the two ends. What is sent there, and its connection, is the caller's.

use alloc::vec::Vec;

use alongside_wire::{ErrorCode, path::PathToken};

use super::SharerEndpoint;
use crate::{
    endpoint::{Transmit, forwarded},
    error::Misuse,
    mutant,
    time::Timestamp,
};

impl SharerEndpoint {
    /// Paths that the relay said it has at once; 0 if it has none.
    pub fn path_limit(&self) -> u64 {
        forwarded::limit(self.relay())
    }

    /// No path can be offered before this; at any time, if it is none.
    pub fn path_offer_from(&self) -> Option<Timestamp> {
        self.machine.path_offer_from()
    }

    /// Offers a path, or answers the offer of one. `certificate` is the SHA-256 of what this end shows on it, made anew for
    /// each offer. The transport has to be QUIC, which the caller knows.
    ///
    /// # Errors
    /// [`Misuse::NoPaths`] if the relay has none, and as [`Sharer::offer_path`](crate::session::sharer::Sharer::offer_path).
    pub fn offer_path(&mut self, certificate: [u8; 32], now: Timestamp) -> Result<(), Misuse> {
        //= spec/20-forwarded-packets.md#agreeing [PATH-1] 67f638e4
        if self.path_limit() == 0 {
            return Err(Misuse::NoPaths);
        }
        let offered = self.machine.offer_path(certificate, now);
        self.carry_out();
        offered
    }

    /// A check came from the relay with this token: returns it, if there is a path or an attempt, 10 times in a second at
    /// most.
    pub fn prove_path(&mut self, token: PathToken, now: Timestamp) {
        self.machine.prove_path(token, now);
        self.carry_out();
    }

    /// The connection of the path stands, and whoever is at its other end showed the certificate of the offer.
    pub fn path_stands(&mut self, now: Timestamp) {
        if self.machine.path_stands(now) {
            self.on_path = true;
            if !mutant::is("PATH-28/same") {
                self.change_way();
            }
        }
        self.carry_out();
    }

    /// Gives the path up, or the attempt: the relay is told, and the program by
    /// [`Over`](crate::session::path::Event::Over).
    pub fn end_path(&mut self, code: ErrorCode, now: Timestamp) {
        self.machine.end_path(code, now);
        self.carry_out();
    }

    //= spec/20-forwarded-packets.md#clients [PATH-28] 3c2bda24
    /// Ends the stream of frames, or gives it up with what waits there. The next frame is complete, on another stream, which
    /// the caller opens on the way of that moment. The connection of a path that stands, and the end of it, imply this.
    pub fn change_way(&mut self) {
        let waits = |transmit: &Transmit| matches!(transmit, Transmit::Stream { .. });
        if self.control.transmits.iter().any(waits) {
            self.drop_stale_frames();
            return;
        }
        if let Some(id) = self.frame_stream.take() {
            self.control.transmits.push_back(Transmit::Stream {
                id,
                bytes: Vec::new(),
                fin: true,
            });
        }
        self.complete = true;
    }
}
