//! What a relay draws at random. Each use has a generator of its own, so that what one client is
//! shown says nothing of what another is given.

use hkdf::Hkdf;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use sha2::Sha256;

/// A use of the relay's seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Locators,
    Places,
    Challenges,
    Paths,
}

impl Use {
    /// No two are the same.
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Locators => b"locators",
            Self::Places => b"places",
            Self::Challenges => b"challenges",
            Self::Paths => b"paths",
        }
    }

    /// The generator of this use: the only way from the seed to one.
    pub(super) fn generator(self, seed: &[u8; 32]) -> ChaCha20Rng {
        let mut own = [0; 32];
        // Fails only for more than 8,160 bytes.
        let _ = Hkdf::<Sha256>::new(None, seed).expand(self.label(), &mut own);
        ChaCha20Rng::from_seed(own)
    }
}

#[cfg(test)]
mod tests {
    use rand_core::RngCore as _;

    use super::*;

    #[test]
    fn no_use_draws_what_another_does() {
        let mut drawn = alloc::collections::BTreeSet::from([[7; 32]]);
        for used in [Use::Locators, Use::Places, Use::Challenges, Use::Paths] {
            let mut bytes = [0; 32];
            used.generator(&[7; 32]).fill_bytes(&mut bytes);
            assert!(drawn.insert(bytes), "{used:?}");
        }
    }
}
