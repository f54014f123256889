//! Sealing that costs next to nothing and protects from nobody: a fuzzer has better things to do than ciphers. What
//! was changed does not open, as with a real one; somebody who looks for a collision finds one.

use alongside_harness::{Conditions, World};
use alongside_state_machine::{
    channel::aead::{Aead, Keyed, NONCE},
    endpoint::Config,
};
use alongside_wire::{Suite, envelope::TAG};

/// The suites, as they must never be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fake;

struct FakeKey([u64; 2]);

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

/// A world of which both ends seal so.
pub(crate) fn world(seed: u8, conditions: Conditions) -> World {
    let config = || Config {
        aead: &Fake,
        ..Config::default()
    };
    World::with(seed.into(), conditions, config(), config())
}
