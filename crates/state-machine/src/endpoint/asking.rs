//! A card from the relay, right after a sign-in: asked for, proven, taken.

use alongside_wire::{
    Profile,
    rendezvous::{CardChallenge, CardProof, CardRequest, SignedIn},
};
use rand_core::{CryptoRng, RngCore};

use crate::{
    error::Fault,
    identity::{issue::Request, keys::SecretKey, own::OwnCard},
};

/// A client that waits for its card, and tells of its sign-in when that has come.
#[derive(Debug)]
pub(super) struct Asking {
    key: SecretKey,
    signed_in: SignedIn,
}

impl Asking {
    /// Asks for a card for a fresh key.
    pub(super) fn new(
        profile: Profile,
        signed_in: SignedIn,
        mut rng: impl RngCore + CryptoRng,
    ) -> (Self, CardRequest) {
        let mut seed = zeroize::Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        let key = SecretKey::from_seed(&seed);
        let request = CardRequest {
            profile: profile.to_wire(),
            card_key: key.public(),
            receipt_key: alloc::vec::Vec::new(),
        };
        (Self { key, signed_in }, request)
    }

    /// Answers the relay's challenge.
    pub(super) fn prove(&self, challenge: &CardChallenge) -> CardProof {
        let request = Request::new(&self.key, None, &challenge.challenge);
        CardProof {
            proof: request.proof,
        }
    }

    //= spec/15-identity.md#issuing [CARD-26] 34176896
    /// Takes the card.
    ///
    /// # Errors
    /// [`Fault::BadCard`] if it is none for the key that it was asked for.
    pub(super) fn take(self, card: &[u8]) -> Result<(OwnCard, SignedIn), Fault> {
        let own = OwnCard::new(card, self.key).map_err(|_| Fault::BadCard)?;
        Ok((own, self.signed_in))
    }

    /// There is none.
    pub(super) fn give_up(self) -> SignedIn {
        self.signed_in
    }
}
