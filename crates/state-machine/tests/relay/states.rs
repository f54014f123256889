//! What may come when, sessions, and what ends them.

use std::collections::BTreeMap;

use alongside_state_machine::relay::{ConnId, Event, Refusal, RelayConfig, Violation};
use alongside_wire::{
    DecodeError, ErrorCode, Fault, Scopes,
    framing::{self},
    rendezvous::{
        CodeIssued, CodeRequest, Gone, Hello, Joined, Leave, Message, PeerBack, PeerLost, Place,
        Refused, Rejoin, Rejoined, RelayHello, SignedIn,
    },
};

use crate::world::{
    A, B, C, World, deliver, framed, gone, ip, join, leave, locator, refused, sign_in,
};

//= test spec/03-rendezvous.md#hello [RDV-2] fb09ca23
//= test spec/03-rendezvous.md#hello [RDV-3] 6410c4f8
#[test]
fn the_hello_states_what_is_in_force() {
    let world = World::with(|config| {
        *config.timer_mut("join-tick").expect("known") = 70;
        *config.limit_mut("codes").expect("known") = 9;
    });
    let RelayHello { timers, limits } = world.relay.stated();
    let ids = |list: &[(u16, u64)]| list.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    assert_eq!(
        ids(&timers),
        [1, 2, 3, 4, 5, 6, 7, 8, 24, 28, 32, 33, 34, 39, 55]
    );
    assert_eq!(
        ids(&limits),
        [1, 2, 4, 5, 6, 7, 8, 9, 10, 30, 37, 38, 39, 40, 53, 61, 63]
    );
    assert_eq!((timers[2], limits[5]), ((3, 70), (7, 9)));
    assert_eq!((timers[0], limits[0]), ((1, 600_000), (1, 65_536)));
    let mut config = RelayConfig::default();
    for name in RelayConfig::TIMERS {
        assert!(config.timer_mut(name).is_some());
    }
    for name in RelayConfig::LIMITS {
        assert!(config.limit_mut(name).is_some());
    }
    assert_eq!(config.timer_mut("frame"), None);
}

//= test spec/03-rendezvous.md#states [RDV-10] 7774ade1
//= test spec/03-rendezvous.md#forwarding [RDV-30] 042c9eab
//= test spec/03-rendezvous.md#forwarding [RDV-31] 44b3c9e8
#[test]
fn two_clients_meet_talk_and_part() {
    let mut world = World::session(RelayConfig::default());
    let (helper, sharer) = (A, B);
    assert_eq!(world.events, [Event::Paired { helper, sharer }]);
    world.say(A, deliver("to the sharer"));
    world.say(B, deliver("to the helper"));
    assert_eq!(world.heard(B), [deliver("to the sharer").into()]);
    assert_eq!(world.heard(A), [deliver("to the helper").into()]);

    world.say(B, leave(ErrorCode::Done));
    assert_eq!(world.heard(A), gone(ErrorCode::Done));
    assert_eq!(world.heard(B), []);
    let code = ErrorCode::Done.to_wire();
    let ends = [A, B];
    assert_eq!(world.events[1..], [Event::Unpaired { ends, code }]);
    // Both stay, and may meet again the other way round.
    world.pair(B, A);
    world.drop(A);
    assert_eq!(world.heard(B), [PeerLost {}.into()]);
    assert!(world.closed.is_empty());
}

#[test]
fn messages_are_taken_however_they_are_cut() {
    let mut world = World::session(RelayConfig::default());
    let mut bytes = framed(deliver("one"));
    framing::encode(0x3b, b"grease", &mut bytes);
    bytes.extend(framed(deliver("two")));
    for byte in &bytes {
        world.raw(A, &[*byte]);
    }
    assert_eq!(
        world.heard(B),
        [deliver("one").into(), deliver("two").into()]
    );
}

//= test spec/03-rendezvous.md#allocation [RDV-19] 5b8f930a
//= test spec/03-rendezvous.md#allocation [RDV-20] 487415b5
//= test spec/03-rendezvous.md#joins [RDV-29] f84c57fa
#[test]
fn limits_refuse_what_is_new_and_never_evict() {
    let mut world = World::with(|config| {
        config.codes = 1;
        config.connections = 3;
        config.pending_joins = 1;
    });
    for conn in [A, B, C] {
        world.client(conn, &format!("192.0.2.{}", conn.0));
    }
    let code = world.issue(A);
    world.say(B, CodeRequest {});
    assert_eq!(world.heard(B), refused(ErrorCode::Busy));
    let late = world.relay.connected(ConnId(4), ip("192.0.2.4"), world.now);
    assert_eq!(late, Err(Refusal::Busy));
    assert_eq!(Refusal::Busy.code(), ErrorCode::Busy);
    world.say(B, join(code));
    world.say(C, join(code));
    assert_eq!(world.heard(C), refused(ErrorCode::Busy));
    world.pass(50);
    assert_eq!(world.relay.peer_of(A), Some(B));
    assert!(world.closed.is_empty());
    // There is room again.
    world.drop(B);
    assert_eq!(
        world.relay.connected(ConnId(4), ip("192.0.2.4"), world.now),
        Ok(())
    );
    world.issue(C);
}

#[test]
fn joins_that_are_held_back_do_not_shut_others_out() {
    let mut world = World::with(|config| {
        config.pending_joins = 4;
        config.free_joins = 1;
    });
    world.client(A, "192.0.2.1");
    let code = world.issue(A);
    for number in 10..14 {
        world.client(ConnId(number), "192.0.2.2");
        world.say(ConnId(number), join(locator("zzzz")));
    }
    assert_eq!(world.heard(ConnId(13)), refused(ErrorCode::Busy));
    world.client(B, "192.0.2.3");
    world.say(B, join(code));
    world.pass(50);
    assert_eq!(world.relay.peer_of(A), Some(B));
}

#[test]
fn a_join_that_is_over_leaves_its_place_to_others() {
    let mut world = World::with(|config| {
        config.pending_joins = 1;
        config.free_joins = 0;
    });
    world.client(A, "192.0.2.1");
    for round in 0..3 {
        let (answered, cancelled, lost) =
            (ConnId(10 + round), ConnId(20 + round), ConnId(30 + round));
        for conn in [answered, cancelled, lost] {
            world.client(conn, &format!("198.51.100.{}", conn.0));
        }
        world.say(cancelled, join(locator("zzzz")));
        world.say(cancelled, leave(ErrorCode::Done));
        world.say(lost, join(locator("zzzz")));
        world.drop(lost);
        // It is held back, so it takes a place of either kind.
        assert_eq!(world.answered_after(answered, locator("zzzz")), 1_050);
    }
}

//= test spec/03-rendezvous.md#states [RDV-9] db458261
#[test]
fn a_client_outside_a_session_may_say_only_so_much() {
    for cut in [1, 2, 100, 20_000] {
        let mut world = World::with(|config| config.unpaired_bytes = 1_000);
        world.client(A, "192.0.2.1");
        let mut bytes = Vec::new();
        framing::encode(0x3b, &[0; 2_000], &mut bytes);
        let taken = 1_000 - framed(Hello::default()).len();
        for piece in bytes[..taken].chunks(cut) {
            world.raw(A, piece);
        }
        assert!(world.closed.is_empty());
        world.raw(A, &bytes[taken..=taken]);
        assert_eq!(world.closed[&A], ErrorCode::TooMuch);
        let limit = 1_000;
        assert_eq!(world.violation(), Violation::UnpairedBytes { limit });
    }
}

//= test spec/03-rendezvous.md#states [RDV-7] 30f486c0
#[test]
fn bytes_are_counted_from_the_last_session() {
    let mut grease = Vec::new();
    framing::encode(0x7b, &[0; 700], &mut grease);
    let mut world = World::with(|config| config.unpaired_bytes = 1_000);
    world.client(A, "192.0.2.1");
    world.client(B, "192.0.2.2");
    world.raw(A, &grease);
    world.pair(A, B);
    for _ in 0..100 {
        world.say(A, deliver(&"x".repeat(500)));
    }
    world.say(B, leave(ErrorCode::Done));
    // What was under way to a peer that left is dropped, and not held against the client.
    for _ in 0..100 {
        world.say(A, deliver(&"x".repeat(500)));
    }
    assert_eq!(world.heard(B).len(), 100);
    for _ in 0..200 {
        world.say(A, leave(ErrorCode::Done));
    }
    assert!(world.closed.is_empty());
    world.raw(B, &grease);
    assert!(world.closed.is_empty());
    world.raw(A, &grease);
    world.raw(B, &grease);
    let closed = BTreeMap::from([A, B].map(|conn| (conn, ErrorCode::TooMuch)));
    assert_eq!(world.closed, closed);
}

//= test spec/03-rendezvous.md#hello [RDV-4] 66ad0aa5
//= test spec/03-rendezvous.md#states [RDV-6] 40af5280
//= test spec/03-rendezvous.md#states [RDV-8] 734e20e4
#[test]
fn what_may_not_come_closes_the_connection() {
    let offer = || b"offer".to_vec();
    let (code, zzzz) = (0x0301, locator("zzzz"));
    let all: Vec<Message> = vec![
        Hello::default().into(),
        RelayHello::default().into(),
        CodeRequest {}.into(),
        CodeIssued {
            locator: zzzz,
            lifetime_ms: 1,
        }
        .into(),
        join(zzzz).into(),
        Joined { offer: offer() }.into(),
        deliver("x").into(),
        Leave { code }.into(),
        Gone { code }.into(),
        Refused { code }.into(),
        sign_in("nobody").into(),
        SignedIn {
            help: Scopes::NONE,
            share: Scopes::NONE,
            name: String::new(),
            organisation: String::new(),
            lasts_ms: 1,
        }
        .into(),
        Place { token: [0; 32] }.into(),
        Rejoin { token: [0; 32] }.into(),
        Rejoined { peer: true }.into(),
        PeerLost {}.into(),
        PeerBack {}.into(),
    ];
    type Setup = fn(&mut World);
    let states: [(&str, Setup, &[&str]); 8] = [
        (
            "greeting",
            |world| {
                world
                    .relay
                    .connected(A, ip("192.0.2.1"), world.now)
                    .expect("taken");
            },
            &["hello"],
        ),
        (
            "idle",
            |world| world.client(A, "192.0.2.1"),
            &["code-request", "join", "rejoin", "leave", "sign-in"],
        ),
        (
            "signing in",
            |world| {
                world.answering = false;
                world.client(A, "192.0.2.1");
                world.say(A, sign_in("nobody"));
            },
            &["leave"],
        ),
        (
            "waiting",
            |world| {
                world.client(A, "192.0.2.1");
                world.issue(A);
            },
            &["leave"],
        ),
        (
            "joining",
            |world| {
                world.client(A, "192.0.2.1");
                world.say(A, join(locator("zzzz")));
            },
            &["leave"],
        ),
        (
            "paired",
            |world| *world = World::session(RelayConfig::default()),
            &["deliver", "leave"],
        ),
        (
            "paired, peer away",
            |world| {
                *world = World::session(RelayConfig::default());
                world.drop(B);
            },
            &["deliver", "leave"],
        ),
        (
            "after a session",
            |world| {
                *world = World::session(RelayConfig::default());
                world.say(B, leave(ErrorCode::Done));
            },
            &[
                "code-request",
                "join",
                "rejoin",
                "deliver",
                "leave",
                "sign-in",
            ],
        ),
    ];
    for (state, setup, allowed) in states {
        for message in &all {
            let mut world = World::new(RelayConfig::default());
            setup(&mut world);
            world.say(A, message.clone());
            let closed = world.closed.get(&A).copied();
            if allowed.contains(&message.name()) {
                assert_eq!(closed, None, "{} in {state}", message.name());
            } else {
                let expected = Some(ErrorCode::UnexpectedMessage);
                assert_eq!(closed, expected, "{} in {state}", message.name());
                assert!(world.violation().to_string().contains(message.name()));
                if state == "paired" {
                    assert_eq!(world.heard(B), gone(ErrorCode::Lost));
                    assert_eq!(world.relay.peer_of(B), None);
                }
            }
        }
    }
}

#[test]
fn bytes_that_cannot_be_read_close_the_connection() {
    let cases: [(&[u8], ErrorCode); 5] = [
        (&[0x82, 0x00], ErrorCode::Malformed),
        (&[0x02, 0x01, 0x05], ErrorCode::Malformed),
        (&[0xfe, 0x5f, 0x00], ErrorCode::UnknownMessage),
        (&[0x0e, 0x81, 0x80, 0x04], ErrorCode::TooLarge),
        (&[0xff; 9], ErrorCode::Malformed),
    ];
    for (bytes, code) in cases {
        let mut world = World::session(RelayConfig::default());
        world.raw(A, bytes);
        assert_eq!(world.closed.get(&A), Some(&code), "{bytes:02x?}");
        assert!(matches!(world.violation(), Violation::Decode(_)));
        assert_eq!(world.heard(B), gone(ErrorCode::Lost));
        // Nothing more is heard from it.
        world.raw(A, &framed(Hello::default()));
        world.drop(A);
        assert_eq!(world.heard(A), []);
    }
    let error = DecodeError {
        fault: Fault::TrailingBytes,
        what: "hello",
    };
    assert_eq!(Violation::Decode(error).clause(), error.clause());
}

//= test spec/08-transport.md#quic [TRANSPORT-14] fc4989e3
#[test]
fn a_client_may_not_stay_after_the_end_of_its_control_stream() {
    let mut world = World::session(RelayConfig::default());
    world.relay.handle_control_end(A, world.now);
    world.pass(1_000);
    // Another end, and another state, give it no more time.
    world.relay.handle_control_end(A, world.now);
    world.say(B, leave(ErrorCode::Done));
    assert_eq!(world.heard(A), gone(ErrorCode::Done));
    world.pass(999);
    assert!(world.closed.is_empty());
    world.pass(1);
    let closed = BTreeMap::from([(A, ErrorCode::UnexpectedMessage)]);
    assert_eq!(world.closed, closed);
    assert_eq!(world.violation().clause(), "TRANSPORT-14");
}

//= test spec/08-transport.md#quic [TRANSPORT-14] fc4989e3
#[test]
fn a_client_is_in_its_session_until_it_closes() {
    let mut world = World::session(RelayConfig::default());
    world.relay.handle_control_end(A, world.now);
    world.pass(1_999);
    assert!(world.closed.is_empty());
    world.say(B, deliver("there"));
    assert_eq!(world.heard(A), [deliver("there").into()]);
    world.close(A, Some(ErrorCode::Declined));
    assert_eq!(world.heard(B), gone(ErrorCode::Declined));
    world.pass(10_000);
    assert!(world.closed.is_empty() && world.events.iter().all(is_no_violation));

    let mut world = World::session(RelayConfig::default());
    world.relay.handle_control_end(A, world.now);
    world.pass(2_000);
    assert_eq!(world.heard(B), gone(ErrorCode::Lost));
}

fn is_no_violation(event: &Event) -> bool {
    !matches!(event, Event::Violation { .. })
}

//= test spec/03-rendezvous.md#states [RDV-13] 22f3b36d
#[test]
fn a_client_that_wants_nothing_is_closed() {
    let mut world = World::new(RelayConfig::default());
    world.client(A, "192.0.2.1");
    world
        .relay
        .connected(B, ip("192.0.2.2"), world.now)
        .expect("taken");
    world.pass(119_999);
    assert!(world.closed.is_empty());
    world.pass(1);
    let idle = ErrorCode::Idle;
    assert_eq!(world.closed, BTreeMap::from([(A, idle), (B, idle)]));
    assert_eq!(world.heard(A), gone(idle));
    assert_eq!(world.heard(B), [], "it has not said hello");
    assert_eq!(world.relay.poll_timeout(), None);
}

//= test spec/03-rendezvous.md#states [RDV-14] 1f27f5be
#[test]
fn a_session_lasts_only_so_long() {
    let mut world = World::session(RelayConfig {
        session_length_ms: 1_000,
        ..RelayConfig::default()
    });
    world.pass(999);
    assert_eq!(world.heard(A), []);
    world.pass(1);
    assert_eq!(world.heard(A), gone(ErrorCode::SessionLength));
    assert_eq!(world.heard(B), gone(ErrorCode::SessionLength));
    assert_eq!(world.relay.peer_of(A), None);
    world.pair(A, B);
}

//= test spec/03-rendezvous.md#states [RDV-15] 266ed54d
#[test]
fn a_shutdown_tells_everybody() {
    let mut world = World::session(RelayConfig::default());
    world.client(C, "192.0.2.3");
    world.issue(C);
    world
        .relay
        .connected(ConnId(4), ip("192.0.2.4"), world.now)
        .expect("taken");
    world.relay.shutdown(world.now);
    world.drain();
    let code = ErrorCode::RelayShutdown;
    for conn in [A, B, C] {
        assert_eq!(world.heard(conn), gone(code));
    }
    assert_eq!(
        world.closed,
        [A, B, C, ConnId(4)].map(|conn| (conn, code)).into()
    );
    assert_eq!(world.relay.poll_timeout(), None);
    let late = world.relay.connected(A, ip("192.0.2.1"), world.now);
    assert_eq!(late, Err(Refusal::ShutDown));
}

#[test]
fn an_id_that_is_used_again_is_another_client() {
    let mut world = World::session(RelayConfig::default());
    world.client(A, "192.0.2.1");
    assert_eq!(world.heard(B), [PeerLost {}.into()]);
    assert_eq!(world.relay.peer_of(A), None);
    assert_eq!(world.relay.peer_of(B), None);
}
