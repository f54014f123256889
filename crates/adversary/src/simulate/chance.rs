//! Chance that follows from a number, fast: millions of small decisions, none of which has to be secret.

/// Numbers that look like chance.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// That of one of many.
    pub(super) fn of(seed: u64, which: u64) -> Self {
        let mut chance = Self(seed ^ which.wrapping_mul(0xD1B5_4A32_D192_ED03));
        chance.next();
        chance
    }

    /// SplitMix64.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// Yes, so many times of a thousand.
    pub(super) fn permille(&mut self, yes: u64) -> bool {
        self.below(1_000) < yes
    }

    pub(super) fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        for place in seed.chunks_exact_mut(8) {
            place.copy_from_slice(&self.next().to_be_bytes());
        }
        seed
    }
}
