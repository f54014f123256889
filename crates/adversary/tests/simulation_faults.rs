//! Bugs that are put in, one at a time: a simulation finds each, and says which session of which seed it was.
#![cfg(feature = "mutants")]
#![allow(clippy::unwrap_used)]

use std::panic;

use alongside_adversary::simulate::{self, PLANTS, TOGETHER};
use alongside_state_machine::mutant;

const SEED: u64 = 1;

#[test]
fn each_bug_is_found() {
    simulate::do_without_exchange();
    let loud = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    for name in PLANTS {
        assert!(mutant::choose(name), "no such mutant: {name}");
        match simulate::run(SEED, TOGETHER, 2) {
            Ok(_) => missed.push(name),
            Err(found) => println!(
                "{name}: session {} of seed {SEED}, step {}: {}",
                found.session, found.step, found.why
            ),
        }
    }
    panic::set_hook(loud);
    assert!(missed.is_empty(), "nothing is found of {missed:?}");
}
