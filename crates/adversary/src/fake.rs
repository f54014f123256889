//! Sealing that costs next to nothing and protects from nobody: a fuzzer has better things to do than ciphers. What
//! was changed does not open, as with a real one; somebody who looks for a collision finds one. It remembers what it
//! sealed under, so that a number that is used twice is seen at once.

use std::{cell::RefCell, collections::HashSet};

use alongside_state_machine::channel::aead::{Aead, Keyed, NONCE};
use alongside_wire::{Suite, envelope::TAG};

/// The suites, as they must never be.
#[derive(Clone, Copy, Debug)]
pub struct Fake;

struct FakeKey([u64; 2]);

/// What was sealed under in this thread.
#[derive(Default)]
struct Sealed {
    under: HashSet<([u64; 2], [u8; NONCE])>,
    twice: bool,
}

thread_local! {
    static SEALED: RefCell<Sealed> = RefCell::default();
}

/// Forgets what was sealed so far in this thread: what comes is another world's, whose keys may be the same.
pub(crate) fn forget() {
    SEALED.take();
}

/// Whether two records were sealed under one key and number since then.
pub(crate) fn sealed_twice() -> bool {
    SEALED.with_borrow(|sealed| sealed.twice)
}

impl Aead for Fake {
    fn keyed(&self, suite: Suite, key: &[u8; 32]) -> Box<dyn Keyed> {
        let start = u64::from(suite.to_wire());
        Box::new(FakeKey([mix(start, key), mix(!start, key)]))
    }
}

impl FakeKey {
    fn tag(&self, nonce: &[u8], aad: &[u8], text: &[u8]) -> [u8; TAG] {
        let halves = self.0.map(|half| mix(mix(mix(half, nonce), aad), text));
        let mut tag = [0; TAG];
        for (place, half) in tag.chunks_exact_mut(8).zip(halves) {
            place.copy_from_slice(&half.to_be_bytes());
        }
        tag
    }

    fn cover(&self, nonce: &[u8], text: &mut [u8]) {
        let byte = mix(self.0[0], nonce) as u8;
        for place in text {
            *place ^= byte;
        }
    }
}

impl Keyed for FakeKey {
    fn seal(&self, nonce: &[u8; NONCE], aad: &[u8], text: &mut [u8]) -> Option<[u8; TAG]> {
        SEALED.with_borrow_mut(|sealed| sealed.twice |= !sealed.under.insert((self.0, *nonce)));
        self.cover(nonce, text);
        Some(self.tag(nonce, aad, text))
    }

    fn open(&self, nonce: &[u8; NONCE], aad: &[u8], text: &mut [u8], tag: &[u8; TAG]) -> bool {
        let same = self.tag(nonce, aad, text) == *tag;
        self.cover(nonce, text);
        same
    }
}

/// Bytes mixed into a number, each step of which can be undone: another byte makes another number.
fn mix(start: u64, bytes: &[u8]) -> u64 {
    let length = start ^ bytes.len() as u64;
    bytes.iter().fold(length, |sum, byte| {
        (sum ^ u64::from(*byte))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(29)
    })
}
