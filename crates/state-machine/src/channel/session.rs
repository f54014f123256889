//! The session plane: ordered, so that the numbers of records need not be sent.

use alloc::vec::Vec;

use alongside_wire::{
    Channel, Direction,
    envelope::{Sealed, TAG},
    limits,
};

use super::{
    aead::Cipher,
    keys::{Keys, block},
};

use crate::mutant;

/// A record that does not open: it was changed, dropped or repeated on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// One direction of the session plane.
struct Counter {
    direction: Direction,
    number: u64,
    cipher: Cipher,
}

impl Counter {
    fn new(keys: &Keys, direction: Direction) -> Self {
        Self {
            direction,
            number: 0,
            cipher: keys.cipher(Channel::Session, direction, 0, 0),
        }
    }

    //= spec/04-key-exchange.md#schedule [KEY-4] 2ebb143e
    /// Uses up the current number.
    fn step(&mut self, keys: &Keys) {
        self.number += 1;
        if block(self.number) != block(self.number - 1) {
            self.cipher = keys.cipher(Channel::Session, self.direction, 0, self.number);
        }
    }
}

/// Seals one direction.
pub struct Sealer(Counter);

/// Opens one direction.
pub struct Opener(Counter);

impl Sealer {
    /// A sealer whose first record has number 0.
    pub fn new(keys: &Keys, direction: Direction) -> Self {
        let mut counter = Counter::new(keys, direction);
        if mutant::is("KEY-1/other") {
            counter.cipher = keys.cipher(Channel::Media, direction, 0, 0);
        }
        Self(counter)
    }

    /// Seals one plaintext of at most 16,384 bytes into a framed envelope.
    pub fn seal(&mut self, keys: &Keys, plaintext: &[u8]) -> Vec<u8> {
        debug_assert!(plaintext.len() <= limits::RECORD_PLAINTEXT);
        let header = Sealed::header(plaintext.len() + TAG);
        let mut envelope = Vec::with_capacity(header.len() + plaintext.len() + TAG);
        envelope.extend_from_slice(&header);
        envelope.extend_from_slice(plaintext);
        envelope.extend_from_slice(&[0; TAG]);
        let (_, record) = envelope.split_at_mut(header.len());
        let header = match mutant::is("KEY-3/none") {
            true => &[],
            false => &header[..],
        };
        self.0.cipher.seal(self.0.number, header, record);
        if self.0.number != 8 || !mutant::is("KEY-4/again") {
            self.0.step(keys);
        }
        envelope
    }
}

impl Opener {
    /// An opener that expects number 0.
    pub fn new(keys: &Keys, direction: Direction) -> Self {
        Self(Counter::new(keys, direction))
    }

    //= spec/04-key-exchange.md#schedule [KEY-7] 1916ab26
    /// Opens the next record.
    ///
    /// # Errors
    /// [`Failed`] if it is not the next record of this direction, unchanged.
    pub fn open(&mut self, keys: &Keys, sealed: &Sealed) -> Result<Vec<u8>, Failed> {
        let header = Sealed::header(sealed.ciphertext.len());
        let mut record = sealed.ciphertext.clone();
        let opened = self.0.cipher.open(self.0.number, &header, &mut record);
        let length = opened.ok_or(Failed)?.len();
        record.truncate(length);
        self.0.step(keys);
        Ok(record)
    }
}
