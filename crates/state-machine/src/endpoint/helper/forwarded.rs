//! Paths: packets that the relay forwards between the two ends. What is sent there, and its connection, is the caller's.

use alongside_wire::{ErrorCode, path::PathToken};

use super::HelperEndpoint;
use crate::{endpoint::forwarded, error::Misuse, time::Timestamp};

impl HelperEndpoint {
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
    /// [`Misuse::NoPaths`] if the relay has none, and as [`Helper::offer_path`](crate::session::helper::Helper::offer_path).
    pub fn offer_path(&mut self, certificate: [u8; 32], now: Timestamp) -> Result<(), Misuse> {
        //= spec/20-forwarded-packets.md#agreeing [PATH-1] 67f638e4
        if self.path_limit() == 0 {
            return Err(Misuse::NoPaths);
        }
        let offered = self.machine.offer_path(certificate, now);
        self.carry_out(now);
        offered
    }

    /// A check came from the relay with this token: returns it, if there is a path or an attempt, 10 times in a second at
    /// most.
    pub fn prove_path(&mut self, token: PathToken, now: Timestamp) {
        self.machine.prove_path(token, now);
        self.carry_out(now);
    }

    /// The connection of the path stands, and whoever is at its other end showed the certificate of the offer.
    pub fn path_stands(&mut self, now: Timestamp) {
        self.machine.path_stands(now);
        self.carry_out(now);
    }

    /// Gives the path up, or the attempt: the relay is told, and the program by
    /// [`Over`](crate::session::path::Event::Over).
    pub fn end_path(&mut self, code: ErrorCode, now: Timestamp) {
        self.machine.end_path(code, now);
        self.carry_out(now);
    }
}
