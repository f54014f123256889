//! What a sharer signs of a session is what happened in it.

use alongside_wire::{ErrorCode, session::DisplayInfo};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};

use super::*;

/// So many cases, always the same ones.
pub(super) fn cases(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(2_026),
        ..Config::default()
    }
}

fn told(receipts: &[Receipt]) -> Vec<(Decision, u16)> {
    let said = receipts.iter().map(|receipt| receipt.statement);
    said.map(|said| (said.decision, said.code)).collect()
}

//= test spec/16-receipts.md#when [RECEIPT-1] 0d10dcf5
#[test]
fn nobody_who_did_not_ask_gets_receipts() {
    let mut world = World::new(300);
    world.controlled();
    world.sharer.end();
    assert_eq!(receipts(&mut world), []);
    // Nor does anybody who asks too late: the first would be missing.
    let recorder = Recorder::new(SecretKey::from_seed(&KEY), false);
    assert!(world.sharer.keep_receipts(recorder).is_err());
}

//= test spec/16-receipts.md#receipt [RECEIPT-4] af50860d
//= test spec/16-receipts.md#receipt [RECEIPT-5] 3901a13c
//= test spec/16-receipts.md#receipt [RECEIPT-6] 5da58485
#[test]
fn a_session_is_told_in_order() {
    let mut world = world(301, false);
    world.controlled();
    let now = world.now;
    world.sharer.revoke(now).unwrap();
    world.run(11_000);
    world
        .helper
        .request_control(Scopes::POINTER, world.now)
        .unwrap();
    world.run(2_000);
    world.sharer.deny_control(world.now).unwrap();
    // Too early, so nobody is asked: that is nobody's decision.
    world.run(100);
    world
        .helper
        .request_control(Scopes::POINTER, world.now)
        .unwrap();
    world.run(11_000);
    world
        .helper
        .request_control(Scopes::POINTER, world.now)
        .unwrap();
    world.run(61_000);
    world.run(11_000);
    world.regain_control();
    world.run(1_000);
    world.sharer.narrow(Scopes::KEYBOARD, world.now).unwrap();
    world.run(10);
    world.sharer.end();
    let receipts = receipts(&mut world);
    let expected = [
        (Decision::ConsentAllowed, 0),
        (Decision::ControlGranted, 0),
        (Decision::ControlEnded, ErrorCode::Revoked.to_wire()),
        (Decision::ControlDenied, ErrorCode::Denied.to_wire()),
        (Decision::ControlDenied, ErrorCode::Denied.to_wire()),
        (Decision::ControlGranted, 0),
        (Decision::ControlEnded, ErrorCode::Replaced.to_wire()),
        (Decision::ControlGranted, 0),
        (Decision::ControlEnded, ErrorCode::Done.to_wire()),
        (Decision::SessionEnded, ErrorCode::Done.to_wire()),
    ];
    assert_eq!(told(&receipts), expected);
    let granted = receipts[1].statement;
    assert_eq!((granted.request, granted.grant), (1, 1));
    assert_eq!(granted.scopes, Scopes::CONTROL);
    assert_eq!(granted.duration_ms, 900_000);
    assert_eq!(receipts[3].statement.scopes, Scopes::POINTER);
    let narrowed = receipts[7].statement;
    assert_eq!((narrowed.request, narrowed.grant), (0, 3));
    assert_eq!(narrowed.scopes, Scopes::KEYBOARD);
    let report = checked(&receipts);
    assert_eq!(report.findings, []);
    assert!(report.complete);
}

#[test]
fn a_refusal_and_silence_are_told_and_an_unanswered_end_is_not() {
    let declined = [(Decision::ConsentDeclined, ErrorCode::Declined.to_wire())];
    let mut refused = world(302, true);
    refused.asked();
    refused.consent(false).unwrap();
    assert_eq!(told(&receipts(&mut refused)), declined);

    let mut silent = world(303, true);
    silent.asked();
    silent.run(121_000);
    assert_eq!(told(&receipts(&mut silent)), declined);

    let mut given_up = world(304, true);
    given_up.asked();
    given_up.sharer.end();
    assert_eq!(receipts(&mut given_up), []);
    let mut left = world(305, true);
    left.asked();
    left.helper.end(left.now);
    left.run(100);
    assert_eq!(receipts(&mut left), []);
}

/// Two sessions with one key cannot be mixed.
#[test]
fn sessions_have_their_own_transcripts() {
    let ended = |seed| {
        let mut world = world(seed, false);
        world.viewing();
        world.sharer.end();
        receipts(&mut world)
    };
    let (one, other) = (ended(306), ended(307));
    assert_ne!(one[0].statement.transcript, other[0].statement.transcript);
    assert_eq!(one[0].statement.key, other[0].statement.key);
    let mixed = [one[0].clone(), other[1].clone()];
    assert_eq!(findings(&mixed), [(2, Finding::Foreign)]);
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Request(Scopes),
    Allow,
    Deny,
    Revoke,
    Narrow,
    Renew,
    Release,
    Pause(bool),
    Frame,
    Displays,
    Wait(u16),
}

fn act() -> impl Strategy<Value = Act> {
    let scopes = vec![Scopes::POINTER, Scopes::KEYBOARD, Scopes::CONTROL];
    prop_oneof![
        4 => prop::sample::select(scopes).prop_map(Act::Request),
        4 => Just(Act::Allow),
        1 => Just(Act::Deny),
        1 => Just(Act::Revoke),
        2 => Just(Act::Narrow),
        2 => Just(Act::Renew),
        1 => Just(Act::Release),
        1 => any::<bool>().prop_map(Act::Pause),
        2 => Just(Act::Frame),
        1 => Just(Act::Displays),
        6 => prop_oneof![0..2_000_u16, 0..60_000_u16].prop_map(Act::Wait),
    ]
}

proptest! {
    #![proptest_config(cases(96))]
    /// Whatever two people do, the receipts tell a whole story.
    #[test]
    fn every_session_makes_a_file_that_holds(seed in 0..10_000_u64, share: bool, acts in prop::collection::vec(act(), 1..40)) {
        let mut world = world(seed, share);
        world.viewing();
        let mut made = Vec::new();
        for act in acts {
            let now = world.now;
            // What may not be done now is refused, and changes nothing.
            let _ = match act {
                Act::Request(scopes) => world.helper.request_control(scopes, now),
                Act::Allow => world.allow(Scopes::CONTROL).or_else(|_| world.allow(Scopes::POINTER)),
                Act::Deny => world.sharer.deny_control(now),
                Act::Revoke => world.sharer.revoke(now),
                Act::Narrow => world.sharer.narrow(Scopes::POINTER, now),
                Act::Renew => world.sharer.ask_renewal(now),
                Act::Release => world.helper.release_control(now),
                Act::Pause(paused) => world.sharer.set_paused(paused, now),
                Act::Frame => {
                    world.frame(true);
                    Ok(())
                }
                Act::Displays => world.sharer.displays(vec![DisplayInfo { id: 0, width: 9, height: 9 }]),
                Act::Wait(ms) => {
                    world.run(u64::from(ms));
                    Ok(())
                }
            };
            made.extend(receipts(&mut world));
            world.run(10);
        }
        prop_assert!(world.helper.machine().ended().is_none(), "{:?}", world.helper.machine().ended());
        world.sharer.end();
        made.extend(receipts(&mut world));
        let report = checked(&made);
        prop_assert_eq!(report.findings, []);
        prop_assert!(report.complete);
    }
}
