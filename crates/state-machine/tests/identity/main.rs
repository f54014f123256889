//! Cards: what is signed, what is believed, and what becomes of a session.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod advisories;
mod cards;
mod files;
mod pictures;
mod reconnects;
mod sessions;
mod sharers;
mod support;

/// So many random cases, always the same ones.
fn cases(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(2_026),
        ..Default::default()
    }
}
