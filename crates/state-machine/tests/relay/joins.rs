//! Codes, joins and the bounds around them.

use std::collections::BTreeSet;

use alongside_state_machine::relay::{ConnId, RelayConfig};
use alongside_wire::{
    ErrorCode,
    rendezvous::{Joined, Refused},
};

use crate::world::{A, B, C, World, framed, gone, join, leave, locator, refused};

//= test spec/03-rendezvous.md#joins [RDV-21] dc9cb7a1
//= test spec/03-rendezvous.md#joins [RDV-22] 7edf3bcb
//= test spec/03-rendezvous.md#states [RDV-12] 529e4f96
#[test]
fn unknown_expired_and_spent_get_the_same_answer_at_a_tick() {
    let mut world = World::with(|config| config.code_lifetime_ms = 30_000);
    world.client(A, "192.0.2.1");
    let expired = world.issue(A);
    world.pass(30_000);
    assert_eq!(world.heard(A), gone(ErrorCode::CodeExpired));
    let spent = world.issue(A);
    world.client(B, "192.0.2.2");
    world.say(B, join(spent));
    world.pass(50);
    assert_eq!(world.relay.peer_of(A), Some(B));

    let mut answers = BTreeSet::new();
    for (index, locator) in [locator("zzzz"), expired, spent].into_iter().enumerate() {
        let sharer = ConnId(10 + index as u64);
        world.client(sharer, &format!("198.51.100.{index}"));
        world.pass(13);
        world.say(sharer, join(locator));
        let due = world.relay.poll_timeout().expect("a deadline");
        assert_eq!(due.as_micros() % 50_000, 0);
        let wait = due.since(world.now);
        assert!((1..=50_000).contains(&wait));
        world.pass(wait / 1_000 - 1);
        assert!(!world.sent.contains_key(&sharer), "before its tick");
        world.pass(1);
        answers.insert(world.sent.remove(&sharer).expect("an answer"));
    }
    let code = ErrorCode::NotFound.to_wire();
    assert_eq!(answers, BTreeSet::from([framed(Refused { code })]));
}

//= test spec/02-codes.md#spent [CODE-7] 7578368a
#[test]
fn a_code_takes_one_join() {
    let mut world = World::new(RelayConfig::default());
    for conn in [A, B, C] {
        world.client(conn, &format!("192.0.2.{}", conn.0));
    }
    let code = world.issue(A);
    world.say(B, join(code));
    world.say(C, join(code));
    world.pass(50);
    let offer = b"offer".to_vec();
    assert_eq!(world.heard(A), [Joined { offer }.into()]);
    assert_eq!(world.heard(B), []);
    assert_eq!(world.heard(C), refused(ErrorCode::NotFound));
    world.say(B, leave(ErrorCode::Done));
    world.say(C, join(code));
    world.pass(50);
    assert_eq!(world.heard(C), refused(ErrorCode::NotFound));
}

#[test]
fn a_code_dies_when_it_is_given_back_or_its_helper_is_lost() {
    let mut world = World::new(RelayConfig::default());
    for conn in [A, B] {
        world.client(conn, &format!("192.0.2.{}", conn.0));
    }
    let code = world.issue(A);
    world.say(A, leave(ErrorCode::Done));
    assert_eq!(world.answered_after(B, code), 50);
    let code = world.issue(A);
    world.drop(A);
    assert_eq!(world.answered_after(B, code), 50);
}

/// So it is where it is measured how long all else takes.
#[test]
fn without_a_tick_a_join_is_answered_at_once() {
    let mut world = World::new(RelayConfig {
        join_tick_ms: 0,
        ..RelayConfig::default()
    });
    world.client(A, "192.0.2.1");
    world.say(A, join(locator("zzzz")));
    assert_eq!(world.relay.poll_timeout(), Some(world.now));
    world.pass(0);
    assert_eq!(world.heard(A), refused(ErrorCode::NotFound));
}

//= test spec/03-rendezvous.md#joins [RDV-23] 9b8c25df
//= test spec/03-rendezvous.md#joins [RDV-28] 08e5a7d3
#[test]
fn a_source_that_fails_waits_longer_and_longer_until_it_is_forgotten() {
    let mut world = World::new(RelayConfig::default());
    world.client(B, "192.0.2.2");
    let waits: Vec<u64> = (0..12)
        .map(|_| world.answered_after(B, locator("zzzz")))
        .collect();
    // A join at a tick is answered at the next one.
    let expected = [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60];
    assert_eq!(waits, expected.map(|s| s * 1_000 + 50));
    // Another address is not concerned; the same one on another connection is.
    world.client(A, "192.0.2.1");
    world.client(C, "::ffff:192.0.2.2");
    assert_eq!(world.answered_after(A, locator("zzzz")), 50);
    assert_eq!(world.answered_after(C, locator("zzzz")), 60_050);
    world.pass(600_000);
    world.client(ConnId(9), "192.0.2.2");
    assert_eq!(world.answered_after(ConnId(9), locator("zzzz")), 50);
}

//= test spec/03-rendezvous.md#joins [RDV-24] cbefb522
#[test]
fn joins_in_flight_count_and_successes_do_not() {
    let mut world = World::new(RelayConfig::default());
    for number in 10..14 {
        world.client(ConnId(number), "192.0.2.2");
        world.say(ConnId(number), join(locator("zzzz")));
    }
    world.pass(50);
    assert_eq!(world.heard(ConnId(12)), refused(ErrorCode::NotFound));
    assert_eq!(world.heard(ConnId(13)), []);
    world.pass(1_000);
    assert_eq!(world.heard(ConnId(13)), refused(ErrorCode::NotFound));

    let mut world = World::session(RelayConfig::default());
    for _ in 0..8 {
        world.say(B, leave(ErrorCode::Done));
        world.heard(A);
        world.pair(A, B);
    }
}

#[test]
fn a_join_that_is_cancelled_is_not_answered_and_still_counts() {
    let mut world = World::new(RelayConfig::default());
    world.client(A, "192.0.2.1");
    world.client(B, "192.0.2.2");
    let code = world.issue(A);
    for _ in 0..3 {
        world.say(B, join(code));
        world.say(B, leave(ErrorCode::Done));
    }
    world.pass(50);
    assert_eq!((world.heard(A), world.heard(B)), (vec![], vec![]));
    assert_eq!(world.answered_after(B, locator("zzzz")), 1_050);
}

//= test spec/03-rendezvous.md#joins [RDV-25] f38b64ab
//= test spec/03-rendezvous.md#joins [RDV-26] 8e95d587
#[test]
fn ipv6_counts_by_network_and_by_site() {
    let mut world = World::new(RelayConfig::default());
    let mut number = 10;
    let mut wait = |world: &mut World, source: &str| {
        number += 1;
        world.client(ConnId(number), source);
        world.answered_after(ConnId(number), locator("zzzz"))
    };
    for host in 1..=3 {
        assert_eq!(wait(&mut world, &format!("2001:db8:1:1::{host}")), 50);
    }
    assert_eq!(wait(&mut world, "2001:db8:1:1::4"), 1_050);
    // 20 more from other networks of the site are free, and then none is.
    for network in 2..22 {
        assert_eq!(wait(&mut world, &format!("2001:db8:1:{network}::1")), 50);
    }
    assert_eq!(wait(&mut world, "2001:db8:1:99::1"), 1_050);
    assert_eq!(wait(&mut world, "2001:db8:2:1::1"), 50);
}

//= test spec/03-rendezvous.md#joins [RDV-27] ba7004f8
#[test]
fn a_full_table_of_sources_fails_closed() {
    let mut world = World::with(|config| config.sources = 2);
    for conn in [A, B, C] {
        world.client(conn, &format!("192.0.2.{}", conn.0));
    }
    assert_eq!(world.answered_after(A, locator("zzzz")), 50);
    assert_eq!(world.answered_after(B, locator("zzzz")), 50);
    assert_eq!(world.answered_after(C, locator("zzzz")), 60_050);
    // Who is known keeps its own count.
    assert_eq!(world.answered_after(A, locator("zzzz")), 50);
    world.pass(600_000);
    world.client(ConnId(9), "192.0.2.9");
    assert_eq!(world.answered_after(ConnId(9), locator("zzzz")), 50);
}

//= test spec/03-rendezvous.md#allocation [RDV-18] 0967de0d
#[test]
fn a_dead_locator_is_not_given_again_soon() {
    // 2,000 codes of 32^4: without a quarantine some would come twice.
    let mut world = World::with(|config| {
        config.unpaired_bytes = usize::MAX;
        config.locator_most = 4;
    });
    world.client(A, "192.0.2.1");
    let mut given = BTreeSet::new();
    for _ in 0..5_000 {
        assert!(given.insert(world.issue(A)), "given twice");
        world.say(A, leave(ErrorCode::Done));
    }
    // The list is bounded, and time frees it.
    let mut world = World::with(|config| {
        config.unpaired_bytes = usize::MAX;
        config.quarantined = 1;
    });
    world.client(A, "192.0.2.1");
    for _ in 0..100 {
        world.issue(A);
        world.say(A, leave(ErrorCode::Done));
    }
}

//= test spec/03-rendezvous.md#allocation [RDV-17] e5e0fcb0
#[test]
fn locators_grow_with_the_number_of_codes() {
    let mut world = World::with(|config| {
        config.code_density = 300_000;
        config.codes_per_source = 1_000;
    });
    let lengths: Vec<usize> = (0..120)
        .map(|number| {
            world.client(ConnId(number), "192.0.2.1");
            world.issue(ConnId(number)).as_str().len()
        })
        .collect();
    // 32^4 / 300,000 = 3.5 and 32^5 / 300,000 = 111.8.
    assert!(lengths[..3].iter().all(|length| *length == 4));
    assert!(lengths[3..111].iter().all(|length| *length == 5));
    assert!(lengths[111..].iter().all(|length| *length == 6));
}
