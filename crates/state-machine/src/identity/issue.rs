//! What an issuer does: it signs cards for keys whose owners have shown that they have them.

use alloc::vec::Vec;
use core::fmt;

use alongside_wire::{
    DecodeError,
    card::{Card, SIGNATURE, Signable as _, Signed, Statement},
};
use zeroize::{Zeroize as _, Zeroizing};

use super::keys::{self, SecretKey};
use crate::mutant;

/// Keys for a card, and the proof that somebody has their secret halves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// The card key.
    pub card_key: [u8; 32],
    /// The receipt key, one at most.
    pub receipt_key: Vec<[u8; 32]>,
    /// The signature of the card key, and that of the receipt key after it, if there is one.
    pub proof: Vec<u8>,
}

/// Why no card was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A key that cannot be one, or no proof of its secret half for this challenge.
    NotProven,
    /// What is to be on the card may not be there.
    Fields(DecodeError),
}

impl Request {
    /// Asks for a card for these keys, answering an issuer's challenge.
    pub fn new(card: &SecretKey, receipt: Option<&SecretKey>, challenge: &[u8; 32]) -> Self {
        let receipt_key: Vec<_> = receipt.iter().map(|key| key.public()).collect();
        let message = possession(challenge, &card.public(), &receipt_key);
        let keys = [card].into_iter().chain(receipt);
        let proof = keys.flat_map(|key| key.sign(&message)).collect();
        Self {
            card_key: card.public(),
            receipt_key,
            proof,
        }
    }

    /// Whether both secret halves answered this challenge.
    pub fn is_proven(&self, challenge: &[u8; 32]) -> bool {
        let message = possession(challenge, &self.card_key, &self.receipt_key);
        let keys: Vec<_> = [&self.card_key]
            .into_iter()
            .chain(&self.receipt_key)
            .collect();
        let proofs = self.proof.as_chunks::<SIGNATURE>();
        let whole = proofs.1.is_empty() && proofs.0.len() == keys.len();
        whole
            && keys
                .iter()
                .zip(proofs.0)
                .all(|(key, proof)| keys::verify(key, &message, proof))
    }
}

/// Signs a card for the keys of a request that answers `challenge`. The issuer and the keys of `card`
/// are set here; its texts are wiped afterwards.
///
/// # Errors
/// [`Refused`], and nothing is signed.
pub fn issue(
    mut card: Card,
    request: &Request,
    challenge: &[u8; 32],
    issuer: &SecretKey,
) -> Result<Vec<u8>, Refused> {
    let signed = sign(&mut card, request, challenge, issuer);
    for text in [
        &mut card.first_name,
        &mut card.last_name,
        &mut card.title,
        &mut card.organisation,
        &mut card.domain,
    ] {
        text.zeroize();
    }
    signed
}

fn sign(
    card: &mut Card,
    request: &Request,
    challenge: &[u8; 32],
    issuer: &SecretKey,
) -> Result<Vec<u8>, Refused> {
    //= spec/15-identity.md#cards [CARD-2] d96b7e62
    if !request.is_proven(challenge) && !mutant::is("CARD-2/unproven") {
        return Err(Refused::NotProven);
    }
    card.issuer = issuer.public();
    card.card_key = request.card_key;
    card.receipt_key.clone_from(&request.receipt_key);
    card.check().map_err(Refused::Fields)?;
    //= spec/15-identity.md#cards [CARD-1] 31de687f
    let mut message = Zeroizing::new(card.message());
    if mutant::is("CARD-1/no-label") {
        message.drain(..=Card::LABEL.len());
    }
    let signature = issuer.sign(&message);
    let bytes = Signed::<Card>::join(card, &signature);
    Signed::<Card>::read(&bytes).map_err(Refused::Fields)?;
    Ok(bytes)
}

/// Signs a statement about a device; the issuer is set here.
///
/// # Errors
/// [`Refused::NotProven`] for a key that cannot be one, [`Refused::Fields`] for times or a status that
/// a statement may not have.
pub fn state(mut statement: Statement, issuer: &SecretKey) -> Result<Vec<u8>, Refused> {
    statement.issuer = issuer.public();
    keys::check(&statement.device_key).map_err(|_| Refused::NotProven)?;
    statement.check().map_err(Refused::Fields)?;
    let signature = issuer.sign(&statement.message());
    Ok(Signed::join(&statement, &signature))
}

/// What the keys of a request sign.
fn possession(challenge: &[u8; 32], card: &[u8; 32], receipt: &[[u8; 32]]) -> Vec<u8> {
    let mut message = Vec::from(b"alongside/1 card request\0".as_slice());
    message.extend_from_slice(challenge);
    message.extend_from_slice(card);
    message.push(u8::try_from(receipt.len()).unwrap_or(u8::MAX));
    message.extend(receipt.iter().flatten());
    message
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotProven => f.write_str("it is not proven that somebody has the keys"),
            Self::Fields(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Refused {}
