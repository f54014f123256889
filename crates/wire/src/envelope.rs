//! Envelopes: what `join`, `joined` and `deliver` carry from end to end. The relay cannot read them
//! and must not care what version they are of.

use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    DecodeError, Fault, Scopes,
    body::{self, Body, Check, messages, within},
    framing, limits,
};

messages! {
    /// An end-to-end envelope.
    pub enum Envelope ("an envelope") {
        Offer = 0x02, "offer";
        Answer = 0x04, "answer";
        Confirm = 0x06, "confirm";
        Sealed = 0x08, "sealed";
        Reconnect1 = 0x0A, "reconnect-1";
        Reconnect2 = 0x0C, "reconnect-2";
    }
}

impl Envelope {
    /// Reads the one envelope that `bytes` must be. `Ok(None)` is one that may be ignored.
    ///
    /// # Errors
    /// As [`framing::only`] and [`Envelope::decode`].
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, DecodeError> {
        Self::decode(framing::only(
            bytes,
            limits::CONTROL_MESSAGE,
            "an envelope",
        )?)
    }

    /// The framed envelope as bytes of its own.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

/// The sharer's first words: what it speaks, its ceiling, its SPAKE2 element.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Offer {
    /// End-to-end versions, best first.
    pub versions: Vec<u16>,
    /// Registered cipher suites, best first; unknown ones are allowed and skipped.
    pub suites: Vec<u8>,
    /// The most that this sharer will ever grant in this session.
    pub ceiling: Scopes,
    /// The sharer's SPAKE2 element X*.
    pub element: [u8; 32],
}

/// The helper's answer: a part in clear, and the first Noise message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// The encoding of an [`AnswerClear`], which the prologue binds exactly as it is here.
    pub clear: Vec<u8>,
    /// Noise message 1.
    pub noise: Vec<u8>,
}

/// The clear part of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AnswerClear {
    /// The end-to-end version that the helper chose from the offer.
    pub version: u16,
    /// The cipher suite that the helper chose from the offer.
    pub suite: u8,
    /// The most that this helper will ever ask for in this session.
    pub ceiling: Scopes,
    /// The helper's SPAKE2 element Y*.
    pub element: [u8; 32],
}

impl AnswerClear {
    /// The encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        body::encode(self)
    }

    /// Reads the clear part of an answer.
    ///
    /// # Errors
    /// If it is not the canonical encoding, to the last byte.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        body::decode(bytes, "the clear part of answer")
    }
}

/// Noise message 2. The body is the message itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Confirm {
    /// Noise message 2.
    pub noise: Vec<u8>,
}

/// A sealed record of the session plane. The body is the ciphertext with its tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sealed {
    /// Ciphertext and tag.
    pub ciphertext: Vec<u8>,
}

impl Sealed {
    /// The clear header of a sealed record, which is its associated data.
    pub fn header(ciphertext_len: usize) -> Vec<u8> {
        let mut header = Vec::new();
        framing::header(0x08, ciphertext_len, &mut header);
        header
    }
}

/// The helper's first message of a reconnect: a part in clear, and Noise message 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reconnect1 {
    /// The encoding of a [`ReconnectClear`], which the prologue binds exactly as it is here.
    pub clear: Vec<u8>,
    /// Noise message 1.
    pub noise: Vec<u8>,
}

/// The clear part of a `reconnect-1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReconnectClear {
    /// The end-to-end version of the session.
    pub version: u16,
    /// The cipher suite of the session.
    pub suite: u8,
    /// The id of the session.
    pub session_id: [u8; 16],
    /// Tells which master the helper has.
    pub master_hash: [u8; 32],
    /// The generation of that master.
    pub generation: u32,
    /// Rises within a generation; the first is 1.
    pub attempt: u32,
}

impl ReconnectClear {
    /// The encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        body::encode(self)
    }

    /// Reads the clear part of a `reconnect-1`.
    ///
    /// # Errors
    /// If it is not the canonical encoding, to the last byte.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        body::decode(bytes, "the clear part of reconnect-1")
    }
}

/// The sharer's answer to a `reconnect-1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reconnect2 {
    /// The generation of the attempt that it answers.
    pub generation: u32,
    /// The attempt that it answers.
    pub attempt: u32,
    /// Noise message 2.
    pub noise: Vec<u8>,
}

impl Check for Offer {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.versions.len(), 16, "the versions of offer")?;
        within(self.suites.len(), 16, "the suites of offer")
    }
}

impl Check for Answer {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.clear.len(), limits::OFFER, "the clear part of answer")?;
        within(self.noise.len(), limits::OFFER, "the noise of answer")
    }
}

impl Check for Reconnect1 {
    fn check(&self) -> Result<(), DecodeError> {
        let what = "the clear part of reconnect-1";
        within(self.clear.len(), limits::OFFER, what)?;
        within(self.noise.len(), limits::OFFER, "the noise of reconnect-1")
    }
}

impl Check for Reconnect2 {
    fn check(&self) -> Result<(), DecodeError> {
        within(self.noise.len(), limits::OFFER, "the noise of reconnect-2")
    }
}

impl Body for Confirm {
    fn write(&self) -> Vec<u8> {
        self.noise.clone()
    }

    fn read(bytes: &[u8], what: &'static str) -> Result<Self, DecodeError> {
        within(bytes.len(), limits::OFFER, what)?;
        Ok(Self {
            noise: bytes.into(),
        })
    }

    fn from_fields<'de, D: Deserializer<'de>>(fields: D) -> Result<Self, D::Error> {
        let noise = Vec::deserialize(fields)?;
        Ok(Self { noise })
    }
}

/// Bytes of an AEAD tag, in every suite.
pub const TAG: usize = 16;

impl Body for Sealed {
    fn write(&self) -> Vec<u8> {
        self.ciphertext.clone()
    }

    fn read(bytes: &[u8], what: &'static str) -> Result<Self, DecodeError> {
        if bytes.len() < TAG {
            return Err(DecodeError::new(Fault::Truncated, what));
        }
        within(bytes.len(), limits::RECORD_PLAINTEXT + TAG, what)?;
        Ok(Self {
            ciphertext: bytes.into(),
        })
    }

    fn from_fields<'de, D: Deserializer<'de>>(fields: D) -> Result<Self, D::Error> {
        let ciphertext = Vec::deserialize(fields)?;
        Ok(Self { ciphertext })
    }
}
