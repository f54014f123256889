//! A card from the relay, right after a sign-in: asked for, proven, taken.

use alongside_wire::{
    Profile,
    rendezvous::{CardChallenge, CardProof, CardRequest, SignedIn},
};
use rand_core::{CryptoRng, RngCore};

use crate::{
    error::Fault,
    identity::{issue::Request, keys::SecretKey, own::OwnCard},
    mutant,
};

/// A client that waits for its card, and tells of its sign-in when that has come.
#[derive(Debug)]
pub(super) struct Asking {
    key: SecretKey,
    profile: Profile,
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
        (
            Self {
                key,
                profile,
                signed_in,
            },
            request,
        )
    }

    /// Answers the relay's challenge.
    pub(super) fn prove(&self, challenge: &CardChallenge) -> CardProof {
        let request = Request::new(&self.key, None, &challenge.challenge);
        CardProof {
            proof: request.proof,
        }
    }

    //= spec/15-identity.md#issuing [CARD-26] a40e6cea
    /// Takes the card.
    ///
    /// # Errors
    /// [`Fault::BadCard`] if it is none for the key and the profile that it was asked for, or has a
    /// receipt key.
    pub(super) fn take(self, card: &[u8]) -> Result<(OwnCard, SignedIn), Fault> {
        let own = OwnCard::new(card, self.key).map_err(|_| Fault::BadCard)?;
        let said = own.card();
        let other = said.profile != self.profile.to_wire() || !said.receipt_key.is_empty();
        if other && !mutant::is("CARD-26/takes") {
            return Err(Fault::BadCard);
        }
        Ok((own, self.signed_in))
    }

    /// There is none.
    pub(super) fn give_up(self) -> SignedIn {
        self.signed_in
    }
}

#[cfg(test)]
mod tests {
    use alongside_wire::{
        Scopes,
        card::{Card, Signable as _, Signed},
    };
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    //= test spec/15-identity.md#issuing [CARD-26] a40e6cea
    #[test]
    fn a_card_that_was_not_asked_for_is_refused() {
        let issuer = SecretKey::from_seed(&[1; 32]);
        let taken = |asked: Profile, got: Profile, receipt_key: &[[u8; 32]]| {
            let signed_in = SignedIn {
                help: Scopes::NONE,
                share: Scopes::NONE,
                name: alloc::string::String::new(),
                organisation: alloc::string::String::new(),
                lasts_ms: 0,
            };
            let rng = ChaCha20Rng::from_seed([2; 32]);
            let (asking, request) = Asking::new(asked, signed_in, rng);
            let empty = alloc::string::String::new;
            let card = Card {
                version: 1,
                profile: got.to_wire(),
                issuer: issuer.public(),
                serial: [0; 16],
                first_name: "Ada".into(),
                last_name: empty(),
                title: empty(),
                organisation: empty(),
                domain: empty(),
                picture: alloc::vec::Vec::new(),
                ceiling: Scopes::VIEW,
                card_key: request.card_key,
                receipt_key: receipt_key.into(),
                not_before: 1,
                expires: 2,
            };
            let signature = issuer.sign(&card.message());
            asking.take(&Signed::join(&card, &signature)).map(|_| ())
        };
        let (brief, full) = (Profile::Abbreviated, Profile::Full);
        assert_eq!(taken(brief, brief, &[]), Ok(()));
        assert_eq!(taken(full, full, &[]), Ok(()));
        assert_eq!(taken(brief, full, &[]), Err(Fault::BadCard));
        assert_eq!(taken(full, brief, &[]), Err(Fault::BadCard));
        let receipts = [issuer.public()];
        assert_eq!(taken(full, full, &receipts), Err(Fault::BadCard));
    }
}
