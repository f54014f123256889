//! Random numbers that are given.

use rand_core::{CryptoRng, Error, RngCore};

/// Gives these bytes in their order, and nothing after them.
pub(crate) struct Given(Vec<u8>);

impl Given {
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        Self(parts.concat())
    }
}

impl RngCore for Given {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        let rest = self.0.split_off(dest.len());
        dest.copy_from_slice(&self.0);
        self.0 = rest;
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for Given {}

/// What the SPAKE2 of the reference draws for a scalar that is written as these bytes, the most
/// significant first.
pub(crate) fn scalar(number: &[u8; 32]) -> [u8; 64] {
    let mut wide = [0; 64];
    wide[..32].copy_from_slice(number);
    wide[..32].reverse();
    wide
}
