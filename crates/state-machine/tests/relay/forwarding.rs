//! Packets are forwarded between the two ends of a session, where each has shown to be, and nowhere else.

use alongside_state_machine::relay::{ConnId, RelayConfig};
use alongside_wire::{
    ErrorCode,
    rendezvous::{
        Leave, Message, Path, PathOpen, PathOver, PathProof, PathRequest, PeerLost, Rejoin,
    },
};

use crate::world::{A, B, C, World, gone, usual};

fn over(code: ErrorCode) -> Message {
    let code = code.to_wire();
    PathOver { code }.into()
}

/// A client asks for a path, and returns the token of the check that comes of it.
fn ask(world: &mut World, conn: ConnId) -> [u8; 8] {
    world.say(conn, PathRequest {});
    let [Message::Path(Path { id })] = world.heard(conn)[..] else {
        panic!("no path");
    };
    prove(world, conn);
    id
}

/// The client returns the token of the latest check, which has to be for it.
fn prove(world: &mut World, conn: ConnId) {
    let (whose, _, token) = world.checks.pop().expect("a check");
    assert_eq!(whose, conn);
    world.say(conn, PathProof { token });
}

/// A session with an open path.
fn path(config: RelayConfig) -> World {
    let mut world = World::session(config);
    let (a, b) = (ask(&mut world, A), ask(&mut world, B));
    assert_eq!(world.heard(A), [PathOpen { id: b }.into()]);
    assert_eq!(world.heard(B), [PathOpen { id: a }.into()]);
    assert_eq!(world.forwarding.len(), 1);
    world
}

//= test spec/20-forwarded-packets.md#relay [PATH-6] a7835f69
//= test spec/20-forwarded-packets.md#relay [PATH-8] 7261cc93
//= test spec/20-forwarded-packets.md#relay [PATH-9] de253777
//= test spec/20-forwarded-packets.md#relay [PATH-10] 48f1f925
#[test]
fn packets_go_when_both_ends_have_shown_where_they_are() {
    let mut world = World::session(RelayConfig::default());
    let a = ask(&mut world, A);
    world.say(B, PathRequest {});
    let [Message::Path(Path { id: b })] = world.heard(B)[..] else {
        panic!("no path");
    };
    assert_ne!(a, b);
    // A token that nobody sent shows nothing, and breaks nothing.
    world.say(B, PathProof { token: [1; 16] });
    assert!(world.forwarding.is_empty());
    assert_eq!(world.heard(A), []);
    prove(&mut world, B);
    let [ends] = world.forwarding[..] else {
        panic!("not open");
    };
    assert_eq!(
        ends.map(|end| (end.conn, end.id, end.at)),
        [(A, a, usual(A)), (B, b, usual(B))]
    );
    assert_eq!(world.heard(A), [PathOpen { id: b }.into()]);
    assert_eq!(world.heard(B), [PathOpen { id: a }.into()]);
}

//= test spec/20-forwarded-packets.md#relay [PATH-9] de253777
#[test]
fn a_token_shows_nothing_of_another_place_and_is_good_for_its_own_client() {
    let mut world = World::session(RelayConfig::default());
    world.say(A, PathRequest {});
    world.say(B, PathRequest {});
    let [(_, _, of_a), (_, _, of_b)] = world.checks[..] else {
        panic!("two checks");
    };
    // Each returns what was sent to the other.
    world.say(A, PathProof { token: of_b });
    world.say(B, PathProof { token: of_a });
    assert!(world.forwarding.is_empty());
    // A seems to be elsewhere when its own comes back: somebody pretends to be there.
    world.moved.insert(A, usual(C));
    world.say(A, PathProof { token: of_a });
    world.say(B, PathProof { token: of_b });
    assert!(world.forwarding.is_empty());
    // Back at its place, what was asked there before is worth nothing any more.
    world.moved.clear();
    world.say(A, PathProof { token: of_a });
    assert!(world.forwarding.is_empty());
    prove(&mut world, A);
    assert_eq!(world.forwarding.len(), 1);
}

//= test spec/20-forwarded-packets.md#relay [PATH-35] 48b5a9c0
#[test]
fn nobody_is_sent_more_than_five_checks_in_five_seconds_whatever_is_asked() {
    let mut world = World::session(RelayConfig::default());
    for round in 0..5 {
        world.say(A, PathRequest {});
        world.moved.insert(A, usual(ConnId(round)));
        world.say(A, PathProof { token: [1; 16] });
        world.pass(20);
    }
    assert_eq!(world.checks.len(), 5);
    world.heard(A);
    // They are not forgotten with a path, and what was put off comes.
    world.pass(4_899);
    assert_eq!(world.checks.len(), 5);
    world.pass(1);
    assert_eq!(world.checks.len(), 6);
    assert_eq!(world.checks[5].1, usual(ConnId(4)));
}

//= test spec/20-forwarded-packets.md#relay [PATH-36] a707170b
#[test]
fn who_asks_for_paths_all_the_time_is_closed() {
    let mut world = World::session(RelayConfig::default());
    for _ in 0..2 {
        for _ in 0..5 {
            world.say(A, PathRequest {});
        }
        world.pass(5_000);
    }
    assert!(world.closed.is_empty());
    for _ in 0..6 {
        world.say(A, PathRequest {});
    }
    assert_eq!(world.closed.get(&A), Some(&ErrorCode::TooMuch));
    assert_eq!(world.violation().clause(), "PATH-36");
    // Another connection has not asked for anything.
    assert!(!world.closed.contains_key(&B));
}

//= test spec/20-forwarded-packets.md#relay [PATH-37] 34e19d61
#[test]
fn tokens_beyond_ten_in_a_second_are_not_looked_at() {
    let mut world = World::session(RelayConfig::default());
    ask(&mut world, B);
    world.say(A, PathRequest {});
    for _ in 0..10 {
        world.say(A, PathProof { token: [1; 16] });
    }
    prove(&mut world, A);
    assert!(world.forwarding.is_empty());
    world.pass(1_000);
    prove(&mut world, A);
    assert_eq!(world.forwarding.len(), 1);
}

//= test spec/20-forwarded-packets.md#relay [PATH-8] 7261cc93
//= test spec/20-forwarded-packets.md#relay [PATH-16] 900fd4ac
#[test]
fn who_does_not_answer_is_asked_once_a_second_and_given_up() {
    let mut world = World::session(RelayConfig::default());
    ask(&mut world, A);
    world.say(B, PathRequest {});
    let start = world.now;
    world.heard(B);
    world.pass(4_999);
    assert_eq!(world.checks.len(), 5);
    assert!(
        world
            .checks
            .iter()
            .all(|(conn, to, _)| (*conn, *to) == (B, usual(B)))
    );
    assert_eq!(world.heard(A), []);
    world.pass(1);
    assert_eq!(world.now.since(start), 5_000_000);
    for end in [A, B] {
        assert_eq!(world.heard(end), [over(ErrorCode::Lost)]);
    }
    world.pass(60_000);
    assert_eq!(world.checks.len(), 5);
    // The session goes on, and a token that comes late does nothing.
    prove(&mut world, B);
    assert_eq!(world.relay.peer_of(A), Some(B));
    assert_eq!(world.heard(B), []);
}

//= test spec/20-forwarded-packets.md#relay [PATH-15] 33fd2200
//= test spec/20-forwarded-packets.md#relay [PATH-16] 900fd4ac
#[test]
fn who_moves_has_to_show_it_anew() {
    let mut world = path(RelayConfig::default());
    world.forwarded = 1;
    world.moved.insert(A, usual(C));
    world.pass(1_000);
    assert!(world.forwarding.is_empty());
    assert_eq!(world.checks.last().map(|check| check.1), Some(usual(C)));
    prove(&mut world, A);
    let [ends] = world.forwarding[..] else {
        panic!("not open");
    };
    assert_eq!(ends.map(|end| end.at), [usual(C), usual(B)]);
    // Nobody was told, as nothing is new to them.
    assert_eq!([world.heard(A), world.heard(B)], [[], []]);
    // Once more, and it does not show it.
    world.moved.clear();
    world.pass(6_000);
    assert!(world.forwarding.is_empty());
    for end in [A, B] {
        assert_eq!(world.heard(end), [over(ErrorCode::Lost)]);
    }
}

//= test spec/20-forwarded-packets.md#relay [PATH-17] 65b3956c
#[test]
fn a_path_on_which_nothing_goes_is_over() {
    let mut world = path(RelayConfig::default());
    for packets in 1..=5 {
        world.forwarded = packets;
        world.pass(9_000);
        assert_eq!(world.forwarding.len(), 1);
    }
    world.pass(11_000);
    assert!(world.forwarding.is_empty());
    for end in [A, B] {
        assert_eq!(world.heard(end), [over(ErrorCode::Idle)]);
    }

    let mut world = path(RelayConfig::default());
    world.pass(9_999);
    assert_eq!(world.forwarding.len(), 1);
    world.pass(1);
    assert!(world.forwarding.is_empty());

    // What went since the relay looked last counts.
    let mut world = path(RelayConfig::default());
    world.pass(9_500);
    world.forwarded = 1;
    world.pass(10_499);
    assert_eq!(world.forwarding.len(), 1);
    world.pass(1);
    assert!(world.forwarding.is_empty());
}

//= test spec/20-forwarded-packets.md#relay [PATH-8] 7261cc93
//= test spec/20-forwarded-packets.md#relay [PATH-16] 900fd4ac
#[test]
fn each_end_has_its_own_time() {
    let mut world = World::session(RelayConfig::default());
    world.say(A, PathRequest {});
    world.pass(700);
    world.say(B, PathRequest {});
    world.heard(A);
    world.heard(B);
    let at = |world: &mut World, whose: &[ConnId]| {
        let checked: Vec<_> = world.checks.drain(..).map(|check| check.0).collect();
        assert_eq!(checked, whose);
    };
    at(&mut world, &[A, B]);
    world.pass(299);
    at(&mut world, &[]);
    world.pass(1);
    at(&mut world, &[A]);
    world.pass(700);
    at(&mut world, &[B]);
    // Five seconds after the first has asked.
    world.pass(3_299);
    assert_eq!(world.heard(A), []);
    world.pass(1);
    assert_eq!(world.heard(A), [over(ErrorCode::Lost)]);
}

//= test spec/20-forwarded-packets.md#relay [PATH-7] 0c476cc5
#[test]
fn there_are_as_many_paths_as_may_be() {
    for paths in [0, 1] {
        let mut world = World::session(RelayConfig {
            paths,
            ..RelayConfig::default()
        });
        for conn in [C, ConnId(4)] {
            world.client(conn, "192.0.2.9");
        }
        world.pair(C, ConnId(4));
        if paths == 1 {
            // The second end of a path is no second path.
            ask(&mut world, A);
            ask(&mut world, B);
        }
        world.say(C, PathRequest {});
        assert_eq!(world.heard(C), [over(ErrorCode::Busy)]);
        assert_eq!(world.forwarding.len(), paths);
    }
}

//= test spec/20-forwarded-packets.md#relay [PATH-18] 322c1f59
//= test spec/20-forwarded-packets.md#relay [PATH-19] 575ac878
#[test]
fn whatever_ends_a_path_stops_its_packets_at_once() {
    let code = ErrorCode::Done.to_wire();
    let mut world = path(RelayConfig::default());
    world.say(A, PathOver { code });
    assert!(world.forwarding.is_empty());
    assert_eq!(
        [world.heard(A), world.heard(B)],
        [vec![], vec![over(ErrorCode::Done)]]
    );
    // It crosses that of the other end, which means nothing.
    world.say(B, PathOver { code });
    assert_eq!([world.heard(A), world.heard(B)], [[], []]);
    // They may begin anew.
    ask(&mut world, B);
    ask(&mut world, A);
    assert_eq!(world.forwarding.len(), 1);

    let mut world = path(RelayConfig::default());
    world.say(A, Leave { code });
    assert!(world.forwarding.is_empty());
    assert_eq!(world.heard(B), gone(ErrorCode::Done));

    let mut world = path(RelayConfig::default());
    world.drop(A);
    assert!(world.forwarding.is_empty());
    assert_eq!(world.heard(B), [PeerLost {}.into()]);
    world.say(B, PathRequest {});
    assert_eq!(world.heard(B), [over(ErrorCode::Lost)]);

    // A path to which one alone has asked is over when the other end is lost.
    let mut world = World::session(RelayConfig::default());
    ask(&mut world, B);
    world.drop(A);
    world.pass(6_000);
    assert_eq!(world.heard(B), [PeerLost {}.into()]);

    let mut world = path(RelayConfig::default());
    let token = world.places[&A];
    world.client(C, "192.0.2.9");
    world.say(C, Rejoin { token });
    assert!(world.forwarding.is_empty());
}

//= test spec/20-forwarded-packets.md#relay [PATH-18] 322c1f59
#[test]
fn who_asks_again_begins_anew() {
    let mut world = path(RelayConfig::default());
    let old = world.forwarding[0];
    world.say(A, PathRequest {});
    assert!(world.forwarding.is_empty());
    assert_eq!(world.heard(B), [over(ErrorCode::Done)]);
    prove(&mut world, A);
    ask(&mut world, B);
    let new = world.forwarding[0];
    assert!(
        new.iter()
            .all(|end| old.iter().all(|before| before.id != end.id))
    );
}

#[test]
fn outside_a_session_there_is_none() {
    let mut world = World::new(RelayConfig::default());
    world.client(A, "192.0.2.1");
    world.say(A, PathRequest {});
    assert_eq!(world.violation().clause(), "RDV-6");
    assert!(world.closed.contains_key(&A));

    // What crosses the end of a session is no violation.
    let mut world = path(RelayConfig::default());
    let code = ErrorCode::Done.to_wire();
    world.say(A, Leave { code });
    world.heard(B);
    world.say(B, PathRequest {});
    world.say(B, PathProof { token: [0; 16] });
    world.say(B, PathOver { code });
    assert_eq!(world.heard(B), []);
    assert!(world.closed.is_empty() && world.checks.is_empty());
}
