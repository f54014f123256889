//! Bytes that shrink by whole acts.

use proptest::{
    prelude::*,
    test_runner::{Config, FileFailurePersistence, RngSeed},
};

/// Bytes that a walk begins with, and up to `most` acts of so many bytes each.
pub(crate) fn bytes([head, act, most]: [usize; 3]) -> impl Strategy<Value = Vec<u8>> {
    let some = |count| prop::collection::vec(any::<u8>(), count);
    let acts = prop::collection::vec(some(act), 0..=most);
    (some(head), acts).prop_map(|(head, acts)| [head, acts.concat()].concat())
}

/// So many cases, always the same ones, after those that once failed. `PROPTEST_RNG_SEED` tries others, `PROPTEST_CASES` more.
pub(crate) fn cases(cases: u32, failures: &'static str) -> Config {
    let config = Config::default();
    let more = std::env::var_os("PROPTEST_CASES").is_some();
    Config {
        cases: if more { config.cases } else { cases },
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(failures))),
        rng_seed: match config.rng_seed {
            RngSeed::Random => RngSeed::Fixed(2_026),
            fixed @ RngSeed::Fixed(_) => fixed,
        },
        ..config
    }
}
