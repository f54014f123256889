//! Bytes that are no messages, and come in pieces. Clients that say and do anything are in `crates/adversary/tests/walks.rs`.

use alongside_state_machine::relay::RelayConfig;
use proptest::{prelude::*, test_runner::RngSeed};

use crate::world::{A, World, deliver};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, rng_seed: RngSeed::Fixed(2_026), ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 1..40_usize) {
        let mut world = World::session(RelayConfig::default());
        world.say(A, deliver("x"));
        for piece in bytes.chunks(cut) {
            world.raw(A, piece);
        }
        world.pass(1_000);
    }
}
