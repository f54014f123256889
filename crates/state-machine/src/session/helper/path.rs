//! Paths, as the helper may have them: while viewing, and not while the link is lost.

use alongside_wire::{ErrorCode, path::PathToken, rendezvous::Message as Relayed};

use super::{Helper, Phase};
use crate::{
    error::{Fault, Misuse, Plane},
    time::Timestamp,
};

impl Helper {
    //= spec/20-forwarded-packets.md#agreeing [PATH-1] 67f638e4
    /// Offers the sharer a path, or answers its offer. Whether the relay has any is for the caller to know.
    ///
    /// # Errors
    /// [`Misuse::NotReady`] if one was offered within the timer `path-retry`; [`Misuse::Frozen`]; [`Misuse::Phase`] if
    /// nothing is viewed, an offer is out, or there is a path.
    pub fn offer_path(&mut self, certificate: [u8; 32], now: Timestamp) -> Result<(), Misuse> {
        self.handle_timeout(now);
        let phase = self.phase();
        match &mut self.phase {
            Phase::Viewing(_) if self.link.is_lost() => Err(Misuse::Frozen),
            Phase::Viewing(viewing) => viewing.path.offer(certificate, now, &mut self.out),
            _ => Err(Misuse::Phase(phase)),
        }
    }

    /// No path is offered before this.
    pub fn path_offer_from(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Viewing(viewing) => viewing.path.offer_from(),
            _ => None,
        }
    }

    /// The relay says something of a path.
    ///
    /// # Errors
    /// [`Fault::Unexpected`] before consent, when none can have been asked for.
    pub fn handle_path(&mut self, message: &Relayed, now: Timestamp) -> Result<(), Fault> {
        self.handle_timeout(now);
        match &mut self.phase {
            Phase::Viewing(viewing) => viewing.path.handle(message, &mut self.out),
            Phase::Ended(_) => {}
            _ => return Err(self.unexpected(Plane::Rendezvous, message.name())),
        }
        Ok(())
    }

    /// A check of the relay came with this token. It is returned if there is a path or an attempt, 10 times in a
    /// second at most.
    pub fn prove_path(&mut self, token: PathToken, now: Timestamp) {
        self.handle_timeout(now);
        if let Phase::Viewing(viewing) = &mut self.phase {
            viewing.path.prove(token, now, &mut self.out);
        }
    }

    /// The connection of the path stands, and whoever is at its other end showed the certificate of the offer. False if
    /// the attempt is over, or that was known.
    pub fn path_stands(&mut self, now: Timestamp) -> bool {
        self.handle_timeout(now);
        match &mut self.phase {
            Phase::Viewing(viewing) => viewing.path.stands(),
            _ => false,
        }
    }

    /// Gives the path up, or the attempt, if there is one.
    pub fn end_path(&mut self, code: ErrorCode, now: Timestamp) {
        self.handle_timeout(now);
        if let Phase::Viewing(viewing) = &mut self.phase {
            viewing.path.end(code, &mut self.out);
        }
    }
}
