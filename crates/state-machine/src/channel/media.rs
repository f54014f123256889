//! The media plane: records that may be lost or late, so each carries its number.

use alloc::{collections::BTreeMap, vec, vec::Vec};

use alongside_wire::{Channel, Direction, envelope::TAG, limits, record::MediaHeader};

use super::{
    aead::Cipher,
    keys::{Keys, block},
};
use crate::mutant;

/// The encoding of a frame in the place that its records will have: cut, and around each part the room for
/// header and tag. It is sealed there, so that it is copied once.
pub struct Parts(Vec<u8>);

/// Bytes of a record but its tag, and of all of it, where it is as long as may be.
const UNTAGGED: usize = MediaHeader::LEN + limits::RECORD_PLAINTEXT;
const RECORD: usize = UNTAGGED + TAG;

impl Parts {
    /// Room for an encoding of so many bytes.
    pub fn with_capacity(encoded: usize) -> Self {
        let count = encoded.div_ceil(limits::RECORD_PLAINTEXT);
        Self(Vec::with_capacity(
            encoded + count * (MediaHeader::LEN + TAG),
        ))
    }

    /// Adds to the encoding.
    pub fn put(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.0.len().is_multiple_of(RECORD) {
                self.0.extend_from_slice(&[0; MediaHeader::LEN]);
            }
            let room = UNTAGGED - self.0.len() % RECORD;
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.0.extend_from_slice(now);
            if now.len() == room {
                self.0.extend_from_slice(&[0; TAG]);
            }
            bytes = later;
        }
    }

    /// The records, unsealed.
    fn records(mut self) -> Vec<u8> {
        if !self.0.len().is_multiple_of(RECORD) {
            self.0.extend_from_slice(&[0; TAG]);
        }
        self.0
    }
}

impl<T: AsRef<[u8]> + ?Sized> From<&T> for Parts {
    fn from(encoded: &T) -> Self {
        let encoded = encoded.as_ref();
        let mut parts = Self::with_capacity(encoded.len());
        parts.put(encoded);
        parts
    }
}

/// Seals frames into records.
pub struct Sealer {
    epoch: u32,
    number: u64,
    cipher: Cipher,
}

impl Sealer {
    /// A sealer for one epoch; its first record has number 0.
    pub fn new(keys: &Keys, epoch: u32) -> Self {
        Self {
            epoch,
            number: u64::from(mutant::is("MEDIA-1/one")),
            cipher: keys.cipher(Channel::Media, Direction::ToHelper, epoch, 0),
        }
    }

    /// The epoch that it seals in.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    //= spec/06-media-input.md#media-records [MEDIA-2] 9a4643db
    /// Seals the encoding of a frame, as records of at most 16,384 bytes each, one after the other.
    pub fn seal(&mut self, keys: &Keys, frame: u32, encoded: impl Into<Parts>) -> Vec<u8> {
        let mut records = encoded.into().records();
        let count = records.len().div_ceil(RECORD);
        for (index, record) in records.chunks_mut(RECORD).enumerate() {
            let Some((place, sealed)) = record.split_first_chunk_mut() else {
                break;
            };
            let number = self.number;
            if number > 0 && block(number) != block(number - 1) {
                self.cipher = keys.cipher(Channel::Media, Direction::ToHelper, self.epoch, number);
            }
            //= spec/06-media-input.md#media-records [MEDIA-1] cc9b77e9
            self.number += 1;
            let header = MediaHeader {
                last: index + 1 == count || mutant::is("MEDIA-2/last"),
                index: index as u16,
                frame,
                epoch: self.epoch,
                number,
                length: sealed.len() as u32,
            }
            .to_bytes();
            *place = header;
            self.cipher.seal(number, &header, sealed);
        }
        records
    }
}

/// Why a record was not opened. None of them is the peer's doing for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// Another epoch than the one that is open.
    Epoch,
    /// Too far below the highest number, or beyond the next block.
    Window,
    /// It came before.
    Replayed,
    /// It does not authenticate.
    Forged,
}

/// Opens the records of one epoch at a time.
pub struct Opener {
    epoch: u32,
    /// One more than the highest authentic number.
    next: u64,
    window: Window,
    /// At most two blocks.
    ciphers: BTreeMap<u64, Cipher>,
}

impl Opener {
    /// An opener for one epoch.
    pub fn new(epoch: u32) -> Self {
        Self {
            epoch,
            next: 0,
            window: Window::new(),
            ciphers: BTreeMap::new(),
        }
    }

    /// The epoch that it opens.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Opens a copy of one record, as [`Opener::open_in_place`] opens it.
    ///
    /// # Errors
    /// As there.
    pub fn open(
        &mut self,
        keys: &Keys,
        header: &MediaHeader,
        ciphertext: impl Into<Vec<u8>>,
    ) -> Result<Vec<u8>, Dropped> {
        let mut record = ciphertext.into();
        let length = self.open_in_place(keys, header, &mut record)?.len();
        record.truncate(length);
        Ok(record)
    }

    /// Opens one record where it is, `record` being what follows its header: ciphertext, and tag. The plaintext is
    /// all but the last 16 bytes of it.
    ///
    /// # Errors
    /// Why it was [`Dropped`]; before its number was checked no key is derived. What `record` holds then means
    /// nothing.
    pub fn open_in_place<'a>(
        &mut self,
        keys: &Keys,
        header: &MediaHeader,
        record: &'a mut [u8],
    ) -> Result<&'a mut [u8], Dropped> {
        let number = header.number;
        if header.epoch != self.epoch && mutant::is("MEDIA-4/other") {
            let cipher = keys.cipher(Channel::Media, Direction::ToHelper, header.epoch, number);
            let opened = cipher.open(number, &header.to_bytes(), record);
            return opened.ok_or(Dropped::Forged);
        }
        //= spec/06-media-input.md#media-records [MEDIA-4] c6566b99
        if header.epoch != self.epoch {
            return Err(Dropped::Epoch);
        }
        let current = block(self.next.saturating_sub(1));
        //= spec/06-media-input.md#media-records [MEDIA-5] 23332d38
        let behind = self.next.saturating_sub(1).saturating_sub(number);
        let outside = behind > limits::REPLAY_WINDOW as u64 || block(number) > current + 1;
        if outside && !mutant::is("MEDIA-5/takes") {
            return Err(Dropped::Window);
        }
        //= spec/06-media-input.md#media-records [MEDIA-6] 4aa84411
        let came = number < self.next && self.window.has(number);
        if came && !mutant::is("MEDIA-6/takes") {
            return Err(Dropped::Replayed);
        }
        let cipher = self.ciphers.entry(block(number)).or_insert_with(|| {
            keys.cipher(Channel::Media, Direction::ToHelper, header.epoch, number)
        });
        let opened = cipher.open(number, &header.to_bytes(), record);
        //= spec/06-media-input.md#media-records [MEDIA-7] c3aeb9d3
        let plaintext = opened.ok_or(Dropped::Forged)?;
        self.window.set(number, &mut self.next);
        let current = block(self.next - 1);
        while let Some(oldest) = self.ciphers.first_entry()
            && oldest.key() + 1 < current
        {
            oldest.remove();
        }
        Ok(plaintext)
    }
}

/// Which of the latest numbers came, as a ring of bits.
struct Window(Vec<u64>);

/// The window and the highest number itself.
const WORDS: u64 = limits::REPLAY_WINDOW as u64 / 64 + 1;

impl Window {
    fn new() -> Self {
        Self(vec![0; WORDS as usize])
    }

    fn place(number: u64) -> (usize, u64) {
        ((number / 64 % WORDS) as usize, 1 << (number % 64))
    }

    fn has(&self, number: u64) -> bool {
        let (word, bit) = Self::place(number);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Notes `number`, and forgets what falls out of the ring by that.
    fn set(&mut self, number: u64, next: &mut u64) {
        if number >= *next {
            // At most one turn of the ring, whatever the distance.
            let from = (*next).max(number.saturating_sub(WORDS * 64 - 1));
            for skipped in from..=number {
                let (word, bit) = Self::place(skipped);
                if let Some(word) = self.0.get_mut(word) {
                    *word &= !bit;
                }
            }
            *next = number + 1;
        }
        let (word, bit) = Self::place(number);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use alongside_wire::Suite;
    use rand_chacha::ChaCha20Rng;
    use rand_core::{RngCore as _, SeedableRng as _};

    use super::*;

    const BLOCK: u64 = limits::BLOCK as u64;

    /// A record of any number, of which a sealer would have to seal all before.
    fn sealed(keys: &Keys, number: u64) -> (MediaHeader, Vec<u8>) {
        let mut sealer = Sealer {
            epoch: 1,
            number,
            cipher: keys.cipher(Channel::Media, Direction::ToHelper, 1, number),
        };
        let record = sealer.seal(keys, 1, b"x");
        let (header, body) = record.split_first_chunk().unwrap();
        (MediaHeader::read(header).unwrap(), body.to_vec())
    }

    //= test spec/06-media-input.md#media-records [MEDIA-5] 23332d38
    //= test spec/06-media-input.md#media-records [MEDIA-6] 4aa84411
    #[test]
    fn the_window_is_the_set_of_what_came_however_far_numbers_go() {
        let width = limits::REPLAY_WINDOW as u64;
        for seed in 0..20 {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let (mut window, mut next) = (Window::new(), 0_u64);
            let mut came = BTreeSet::new();
            for _ in 0..2_000 {
                let far = match rng.next_u32() % 8 {
                    0 => 3 * width,
                    1 | 2 => width + 70,
                    _ => 3,
                };
                let lowest = next.saturating_sub(width + 1);
                let number = lowest + u64::from(rng.next_u32()) % (next - lowest + far);
                let known = came.contains(&number);
                let has = number < next && window.has(number);
                assert_eq!(has, known, "{number} of {next}, seed {seed}");
                if !known {
                    window.set(number, &mut next);
                    came.insert(number);
                }
                assert_eq!(came.last(), next.checked_sub(1).as_ref());
            }
        }
    }

    //= test spec/06-media-input.md#media-records [MEDIA-6] 4aa84411
    #[test]
    fn what_comes_in_turn_is_opened_after_a_whole_turn_of_the_window() {
        let keys = Keys::from_master(Suite::ChaChaPoly, [7; 32]);
        let mut opener = Opener::new(1);
        for number in 0..WORDS * 64 + 2 {
            let (header, record) = sealed(&keys, number);
            assert!(opener.open(&keys, &header, record).is_ok(), "{number}");
        }
    }

    //= test spec/06-media-input.md#media-records [MEDIA-5] 23332d38
    #[test]
    fn keys_of_two_blocks_are_kept_and_of_no_more() {
        let keys = Keys::from_master(Suite::ChaChaPoly, [7; 32]);
        let mut opener = Opener::new(1);
        let mut kept = |number: u64| {
            let (header, record) = sealed(&keys, number);
            let opened = opener.open(&keys, &header, record);
            assert_eq!(opened.as_deref(), Ok(&b"x"[..]), "{number}");
            opener.ciphers.keys().copied().collect::<Vec<_>>()
        };
        assert_eq!(kept(0), [0]);
        assert_eq!(kept(BLOCK - 2), [0]);
        assert_eq!(kept(BLOCK), [0, 1]);
        assert_eq!(kept(BLOCK - 1), [0, 1], "late, and in the window");
        assert_eq!(kept(2 * BLOCK - 1), [0, 1]);
        assert_eq!(kept(2 * BLOCK), [1, 2]);
        assert_eq!(kept(3 * BLOCK), [2, 3]);
    }
}
