//! The other end's card: first whether it is authentic, then what that is worth here.

use alloc::string::String;

use alongside_wire::{
    Direction,
    card::{Card, Signable as _, Signed},
    limits::timers,
};

use super::{keys, own};
use crate::{error::Fault, mutant};

/// An issuer whose signatures are believed here, by the local person's word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Anchor {
    /// What the issuer is called here; a card has no say in that.
    pub name: String,
    /// Its Ed25519 key.
    pub key: [u8; 32],
    /// Whether the issuer is also who runs the relay, and could lie in both parts.
    pub runs_relay: bool,
}

/// What is known of who the other end is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Who {
    /// What the card is worth here.
    pub standing: Standing,
    /// The card, which is authentic whatever it is worth: somebody signed it, and its owner showed
    /// it in this session.
    pub card: Option<Card>,
}

/// What a card is worth to whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// An issuer that is trusted here vouches for all that it says.
    Verified {
        /// The issuer, as it is called here.
        issuer: String,
    },
    /// So does one that also runs the relay.
    VouchedByRelay {
        /// The issuer, as it is called here.
        issuer: String,
    },
    /// Nobody who is trusted here vouches for anything.
    Unverified(Doubt),
}

/// Why nobody vouches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// There is no card.
    NoCard,
    /// Its issuer is not known here.
    UnknownIssuer,
    /// By the clock of this end it is not valid now; which of the two is wrong cannot be told.
    Clock,
}

impl Who {
    /// Somebody who showed no card.
    pub const fn without_card() -> Self {
        Self {
            standing: Standing::Unverified(Doubt::NoCard),
            card: None,
        }
    }

    /// Whether an issuer that is trusted here vouches for them, who may also run the relay.
    pub const fn is_vouched_for(&self) -> bool {
        !matches!(self.standing, Standing::Unverified(_))
    }
}

/// Checks a card and its proof in the session whose first handshake has this hash. An empty card is
/// none.
///
/// # Errors
/// [`Fault::Decode`] if it is no card, [`Fault::BadCard`] if its issuer did not sign it, and
/// [`Fault::BadProof`] if it is shown by somebody else than its owner, or was shown elsewhere.
pub fn authenticate(
    card: &[u8],
    proof: &[u8],
    direction: Direction,
    handshake: &[u8; 32],
) -> Result<Option<Card>, Fault> {
    if card.is_empty() {
        return Ok(None);
    }
    let signed = Signed::<Card>::read(card)?;
    let body = signed.body;
    let receipts = body.receipt_key.iter();
    let sound = receipts
        .chain([&body.card_key])
        .all(|key| keys::check(key).is_ok());
    //= spec/15-identity.md#cards [CARD-7] 5983e227
    if !sound || !keys::verify(&body.issuer, &body.message(), &signed.signature) {
        return Err(Fault::BadCard);
    }
    //= spec/15-identity.md#proof [CARD-9] 094ef776
    let message = own::proof(direction, handshake, card);
    let shown = proof
        .try_into()
        .is_ok_and(|proof| keys::verify(&body.card_key, &message, proof));
    if shown {
        Ok(Some(body))
    } else {
        Err(Fault::BadProof)
    }
}

/// What an authentic card is worth to somebody with these anchors, whose clock shows `unix` seconds.
pub fn judge(card: Option<Card>, anchors: &[Anchor], unix: Option<u64>) -> Who {
    let Some(card) = card else {
        return Who::without_card();
    };
    let anchor = anchors.iter().find(|anchor| anchor.key == card.issuer);
    let standing = match anchor {
        None if mutant::is("CARD-12/believes") => Standing::Verified {
            issuer: card.organisation.clone(),
        },
        //= spec/15-identity.md#trust [CARD-14] 81cea02e
        None => Standing::Unverified(Doubt::UnknownIssuer),
        Some(_)
            if !unix.is_some_and(|unix| is_current(card.not_before, card.expires, unix))
                && !mutant::is("CARD-13/any-time") =>
        {
            Standing::Unverified(Doubt::Clock)
        }
        //= spec/15-identity.md#trust [CARD-15] 8401d423
        Some(Anchor {
            name,
            runs_relay: true,
            ..
        }) if !mutant::is("CARD-15/verified") => Standing::VouchedByRelay {
            issuer: name.clone(),
        },
        //= spec/15-identity.md#trust [CARD-13] 4f46afb7
        Some(Anchor { name, .. }) => Standing::Verified {
            issuer: name.clone(),
        },
    };
    Who {
        standing,
        card: Some(card),
    }
}

/// Whether `unix` is within the time that a statement is valid, or as near as clocks may differ.
pub(super) fn is_current(not_before: u64, expires: u64, unix: u64) -> bool {
    let tolerance = timers::CLOCK_TOLERANCE / 1_000;
    let begun = unix.saturating_add(tolerance) >= not_before;
    begun && unix <= expires.saturating_add(tolerance)
}
