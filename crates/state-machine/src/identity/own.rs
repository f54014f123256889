//! This end's own card, and the proof that it is this end's.

use alloc::vec::Vec;
use core::fmt;

use alongside_wire::{
    DecodeError, Direction,
    card::{Card, SIGNATURE, Signable as _, Signed},
};
use sha2::{Digest as _, Sha256};

use super::{
    keys::{self, SecretKey},
    picture,
};

/// A card together with the key that it names.
#[derive(Clone, Debug)]
pub struct OwnCard {
    bytes: Vec<u8>,
    card: Card,
    key: SecretKey,
    picture: Vec<u8>,
}

/// Why a card cannot be shown as one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOwn {
    /// It is no card.
    Decode(DecodeError),
    /// The issuer that it names did not sign it.
    NotSigned,
    /// It is the card of another key.
    OtherKey,
    /// The picture is not the one that it names.
    OtherPicture,
}

impl OwnCard {
    /// A card as its issuer signed it, and the secret key that belongs to it.
    ///
    /// # Errors
    /// [`NotOwn`] if the other end would not take it.
    pub fn new(bytes: &[u8], key: SecretKey) -> Result<Self, NotOwn> {
        let signed = Signed::<Card>::read(bytes).map_err(NotOwn::Decode)?;
        let card = signed.body;
        if !keys::verify(&card.issuer, &card.message(), &signed.signature) {
            return Err(NotOwn::NotSigned);
        }
        if card.card_key != key.public() || keys::check(&card.card_key).is_err() {
            return Err(NotOwn::OtherKey);
        }
        Ok(Self {
            bytes: bytes.into(),
            card,
            key,
            picture: Vec::new(),
        })
    }

    /// The same with the picture that the card names at hand.
    ///
    /// # Errors
    /// [`NotOwn::OtherPicture`] if it is another.
    pub fn with_picture(self, picture: Vec<u8>) -> Result<Self, NotOwn> {
        let named = self.card.picture.first();
        if !named.is_some_and(|named| picture::is_named(named, &picture)) {
            return Err(NotOwn::OtherPicture);
        }
        Ok(Self { picture, ..self })
    }

    /// The file of the picture, or nothing if it is not at hand.
    pub fn picture(&self) -> &[u8] {
        &self.picture
    }

    /// What it says.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The card as its issuer signed it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Proves, in the session whose first handshake has this hash, that the card is this end's.
    /// `direction` is the one in which the proof goes.
    pub fn prove(&self, direction: Direction, handshake: &[u8; 32]) -> [u8; SIGNATURE] {
        self.key.sign(&proof(direction, handshake, &self.bytes))
    }
}

/// What a card's key signs in a session.
pub(super) fn proof(direction: Direction, handshake: &[u8; 32], card: &[u8]) -> Vec<u8> {
    let mut message = Vec::from(b"alongside/1 card proof\0".as_slice());
    message.push(direction.to_wire());
    message.extend_from_slice(handshake);
    message.extend_from_slice(&hash(card));
    message
}

/// SHA-256 of a card with its signature, which is how other things name it.
pub fn hash(card: &[u8]) -> [u8; 32] {
    Sha256::digest(card).into()
}

impl fmt::Display for NotOwn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => error.fmt(f),
            Self::NotSigned => f.write_str("the issuer that the card names did not sign it"),
            Self::OtherPicture => f.write_str("the picture is not the one of the card"),
            Self::OtherKey => f.write_str("the card belongs to another key"),
        }
    }
}

impl core::error::Error for NotOwn {}
