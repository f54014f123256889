//! The input plane: one key for each grant, which dies with it.

use alloc::vec::Vec;

use alongside_wire::{
    envelope::TAG,
    input::{InputEvent, encode_record},
    limits,
    record::InputHeader,
};

use super::{aead::Cipher, keys::Keys};

/// Seals, or opens, the input of one grant. Records are in order, so their numbers are not sent.
pub struct GrantKey {
    grant: u32,
    number: u64,
    cipher: Cipher,
}

/// A record that does not open under the live key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

impl GrantKey {
    /// The key of a grant, before its first record.
    pub fn new(keys: &Keys, grant: u32, secret: &[u8; 32]) -> Self {
        Self {
            grant,
            number: 0,
            cipher: keys.input(grant, secret),
        }
    }

    /// The grant.
    pub const fn grant(&self) -> u32 {
        self.grant
    }

    /// Seals up to eight events, header and all.
    pub fn seal(&mut self, events: &[InputEvent]) -> Vec<u8> {
        self.seal_slots(&encode_record(events))
    }

    /// Seals slots as they are, which may be none of the table.
    #[cfg(feature = "key-log")]
    pub fn seal_any(&mut self, slots: &[u8; limits::INPUT_RECORD]) -> Vec<u8> {
        self.seal_slots(slots)
    }

    fn seal_slots(&mut self, slots: &[u8; limits::INPUT_RECORD]) -> Vec<u8> {
        let header = InputHeader { grant: self.grant }.to_bytes();
        let mut record = [&header[..], slots, &[0; TAG]].concat();
        let (_, sealed) = record.split_at_mut(header.len());
        self.cipher.seal(self.number, &header, sealed);
        self.number += 1;
        record
    }

    /// Opens the next record.
    ///
    /// # Errors
    /// [`Failed`] if it is not the next record of this grant, unchanged.
    pub fn open(&mut self, ciphertext: &[u8]) -> Result<[u8; limits::INPUT_RECORD], Failed> {
        let header = InputHeader { grant: self.grant }.to_bytes();
        let mut record: [u8; InputHeader::LENGTH] = ciphertext.try_into().map_err(|_| Failed)?;
        let opened = self.cipher.open(self.number, &header, &mut record);
        let slots = opened.and_then(|slots| slots.first_chunk());
        let slots = *slots.ok_or(Failed)?;
        self.number += 1;
        Ok(slots)
    }
}
