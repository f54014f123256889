//! Session messages that show who somebody is, and what is said of their device.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{
    DecodeError, Fault,
    body::{Check, within},
    card::SIGNATURE,
    limits,
};

/// The sharer shows its card.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Card {
    /// The card as its issuer signed it.
    pub card: Vec<u8>,
    /// The proof that it is the sharer's.
    pub proof: Vec<u8>,
}

/// What an issuer says of the sharer's device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Advisory {
    /// The statement as its issuer signed it, or empty.
    pub statement: Vec<u8>,
    /// The proof that it is about the sharer's device; empty without a statement.
    pub proof: Vec<u8>,
}

/// The helper knows what was said of the device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AdvisoryAck {}

/// Asks for the picture of the other end's card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PictureRequest {}

/// A piece of the picture, in order. An empty one says that there is none at hand.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Picture {
    /// Bytes before this piece.
    pub offset: u32,
    /// The piece.
    pub data: Vec<u8>,
}

impl Check for Card {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.card.len(), limits::CARD, "the card of card")?;
        proven(
            !self.card.is_empty() && self.proof.len() == SIGNATURE,
            "card",
        )
    }
}

impl Check for Advisory {
    fn check(&self) -> Result<(), DecodeError> {
        within(
            self.statement.len(),
            limits::ADVISORY,
            "the statement of advisory",
        )?;
        let length = if self.statement.is_empty() {
            0
        } else {
            SIGNATURE
        };
        proven(self.proof.len() == length, "advisory")
    }
}

impl Check for Picture {
    fn check(&self) -> Result<(), DecodeError> {
        within(
            self.data.len(),
            limits::PICTURE_CHUNK,
            "a piece of a picture",
        )
    }
}

impl Check for AdvisoryAck {}
impl Check for PictureRequest {}

fn proven(right: bool, what: &'static str) -> Result<(), DecodeError> {
    if right {
        Ok(())
    } else {
        Err(DecodeError::new(Fault::InvalidValue, what))
    }
}
