//! Both ends and the relay on virtual time: each test is the proof of a sentence.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod again;
mod channel;
mod code;
mod consent;
mod control;
mod device;
mod end;
mod friction;
mod garbage;
mod handshake;
mod hostile_peer;
mod hostile_relay;
#[path = "../identity/support.rs"]
#[allow(dead_code)]
mod identity;
mod media;
mod middle;
mod paths;
mod pause;
mod privacy;
mod reconnect;
mod release;
mod report;
mod sign_in;
mod tampered;
mod tools;

use proptest::test_runner::{Config, RngSeed};

/// So many cases, always the same ones. `PROPTEST_RNG_SEED` tries others, `PROPTEST_CASES` more.
fn cases(cases: u32) -> Config {
    let config = Config::default();
    let more = std::env::var_os("PROPTEST_CASES").is_some();
    Config {
        cases: if more { config.cases } else { cases },
        failure_persistence: None,
        rng_seed: match config.rng_seed {
            RngSeed::Random => RngSeed::Fixed(2_026),
            fixed @ RngSeed::Fixed(_) => fixed,
        },
        ..config
    }
}
