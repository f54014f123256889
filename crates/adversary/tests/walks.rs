//! Whatever people, liars, clients and networks do, in any order: what must never happen does not. These are the walks of the
//! fuzzers, with real ciphers; `properties.rs` has a test for each property.
#![allow(clippy::unwrap_used)]

mod common;

use alongside_adversary::{
    LooksFor,
    joins::{self, Joins},
    liars::{self, Lies},
    relay::{self, Clients},
    world::{self, Session},
};
use alongside_state_machine::channel::aead::Portable;
use common::{bytes, cases};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

const FAILURES: &str = "proptest-regressions/walks.txt";

fn sessions() -> impl Strategy<Value = Session> {
    bytes([world::HEAD, world::ACT, 80]).prop_map(|bytes| Session::of(&bytes))
}

fn lies() -> impl Strategy<Value = Lies> {
    bytes([liars::HEAD, liars::ACT, 60]).prop_map(|bytes| Lies::of(&bytes))
}

fn clients() -> impl Strategy<Value = Clients> {
    bytes([relay::HEAD, relay::STEP, 150]).prop_map(|bytes| Clients::of(&bytes))
}

proptest! {
    #![proptest_config(cases(96, FAILURES))]

    //= test spec/05-session.md#consent [CONSENT-2] bd3752a6
    //= test spec/05-session.md#pause [PAUSE-5] 334d72fe
    //= test spec/06-media-input.md#input-records [INPUT-3] 782ead1b
    //= test spec/05-session.md#control [CONTROL-6] d5b72aae
    //= test spec/05-session.md#control [CONTROL-24] 901e49a3
    /// The world's monitor watches each event as well, and that no deadline stays due.
    #[test]
    fn nothing_happens_that_was_not_allowed(session in sessions()) {
        world::play(&session, &Portable, LooksFor::ALL)?;
    }
}

proptest! {
    #![proptest_config(cases(192, FAILURES))]

    //= test spec/05-session.md#phases [SESSION-1] fb478d4a
    //= test spec/06-media-input.md#input-records [INPUT-3] 782ead1b
    //= test spec/05-session.md#consent [CONSENT-2] bd3752a6
    #[test]
    fn a_lying_helper_sees_and_does_nothing_that_was_not_allowed(lies in lies()) {
        liars::to_sharer(&lies, &Portable)?;
    }

    //= test spec/05-session.md#control [CONTROL-16] 639fbe31
    //= test spec/05-session.md#consent [CONSENT-7] 6bf7ea32
    #[test]
    fn a_lying_sharer_makes_a_helper_do_nothing_that_it_did_not_ask_for(lies in lies()) {
        liars::to_helper(&lies, &Portable)?;
    }
}

proptest! {
    #![proptest_config(cases(1_000, FAILURES))]

    #[test]
    fn nothing_breaks_a_relay(clients in clients()) {
        relay::run(&clients);
    }
}

/// The walks above are worth something: they come to pictures, to control, to typing and to paths.
#[test]
fn random_people_do_help_each_other() {
    let mut runner = TestRunner::new(cases(1, FAILURES));
    let (mut frames, mut granted, mut injected, mut paths) = (0, 0, 0, 0);
    for _ in 0..96 {
        let session = sessions().new_tree(&mut runner).unwrap().current();
        let came = world::play(&session, &Portable, LooksFor::ALL).unwrap();
        frames += usize::from(came.frames > 0);
        granted += usize::from(came.granted > 0);
        injected += usize::from(came.injected > 0);
        paths += usize::from(came.paths > 0);
    }
    let came = (frames, granted, injected, paths);
    let enough = frames >= 50 && granted >= 30 && injected >= 15 && paths >= 10;
    assert!(enough, "{came:?}");
}

/// Some lies are let type, within what they may.
#[test]
fn some_liars_get_as_far_as_typing() {
    let mut runner = TestRunner::new(cases(1, FAILURES));
    let mut typed = 0;
    for _ in 0..192 {
        let mut lies = lies().new_tree(&mut runner).unwrap().current();
        (lies.from, lies.back, lies.known) = (2, false, false);
        typed += usize::from(liars::to_sharer(&lies, &Portable).unwrap() > 0);
    }
    assert!(typed >= 60, "{typed}");
}

#[test]
fn random_clients_do_have_sessions() {
    let mut runner = TestRunner::deterministic();
    let mut run = |_| relay::run(&clients().new_tree(&mut runner).unwrap().current());
    let runs: Vec<_> = (0..200).map(&mut run).collect();
    let count = |what: fn(&relay::Came) -> usize| runs.iter().filter(|came| what(came) > 0).count();
    let came = [
        count(|came| came.delivered),
        count(|came| came.rejoined),
        count(|came| came.forwarded),
        count(|came| came.called),
        count(|came| came.cards),
        count(|came| came.reported),
    ];
    assert!(
        came[0] > 25 && came[1] > 25 && came[2..].iter().all(|runs| *runs > 0),
        "{came:?} of 200"
    );
}

#[test]
fn some_who_join_are_asked() {
    let mut runner = TestRunner::deterministic();
    let walks = bytes([joins::HEAD, joins::ACT, 60]);
    let mut play = |_| {
        let joins = Joins::of(&walks.new_tree(&mut runner).unwrap().current());
        joins::play(&joins, LooksFor::ALL).unwrap()
    };
    let asked = (0..100).map(&mut play).filter(|asked| *asked > 0).count();
    assert!(asked > 25, "{asked} of 100");
}
