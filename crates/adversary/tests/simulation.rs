//! A little of what `cargo adversary simulate` does: nothing is found, all kinds of faults and ends come about, and the same
//! seed is the same simulation.
#![allow(clippy::unwrap_used)]

use alongside_adversary::simulate::{self, Fault};

const SESSIONS: u64 = 400;

#[test]
fn nothing_is_found_and_all_of_it_comes_about() {
    simulate::do_without_exchange();
    let tally = simulate::run(2_026, SESSIONS, 2).unwrap_or_else(|finding| panic!("{finding}"));
    println!("{tally}");
    assert_eq!(tally.sessions, SESSIONS);
    assert!(tally.viewed > SESSIONS / 4 && tally.injected > SESSIONS / 5);
    for fault in [
        Fault::Loss,
        Fault::BrokenStream,
        Fault::Partition,
        Fault::Disconnect,
        Fault::ClockJump,
        Fault::Suspend,
        Fault::AddressChange,
        Fault::Death,
        Fault::DuplicateJoin,
        Fault::StaleJoin,
    ] {
        assert!(tally.faults.contains_key(&fault), "{fault:?}");
    }
    assert!(tally.ends.len() > 3, "{:?}", tally.ends);
}

#[test]
fn the_same_seed_is_the_same_simulation() {
    simulate::do_without_exchange();
    let twice = [1, 2].map(|threads| simulate::run(7, 60, threads).unwrap());
    assert_eq!(twice[0], twice[1]);
    let other = simulate::run(8, 60, 1).unwrap();
    assert_ne!(twice[0], other);
    // Some relay is another on the way.
    let restarts = |seed| {
        let faults = simulate::run(seed, 1, 1).unwrap().faults;
        faults.contains_key(&Fault::RelayRestart)
    };
    assert!((0..40).any(restarts));
}

#[test]
fn a_session_is_told_from_its_seed() {
    simulate::do_without_exchange();
    let told = simulate::only(7, 3, 60).unwrap();
    assert!(told.len() > 3 && told == simulate::only(7, 3, 60).unwrap());
}
