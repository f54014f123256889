//! Lost connections: a place is held, and taken again by whoever has its token.

use alongside_state_machine::relay::{ConnId, Event, RelayConfig};
use alongside_wire::{
    ErrorCode,
    rendezvous::{Message, PeerBack, PeerLost, Rejoin, Rejoined},
};

use crate::world::{A, B, C, World, deliver, gone, leave, refused};

const HOLD_MS: u64 = 36_000;

fn rejoined(peer: bool) -> Message {
    Rejoined { peer }.into()
}

fn rejoin(world: &mut World, conn: ConnId, of: ConnId) {
    world.client(conn, "192.0.2.9");
    let token = world.places[&of];
    world.say(conn, Rejoin { token });
}

//= test spec/03-rendezvous.md#hold [HOLD-1] 8d555ccf
//= test spec/03-rendezvous.md#hold [HOLD-3] 07843f11
//= test spec/03-rendezvous.md#hold [HOLD-4] 02e49996
//= test spec/03-rendezvous.md#hold [HOLD-6] aaaf615a
//= test spec/03-rendezvous.md#hold [HOLD-9] b43276b6
#[test]
fn a_lost_end_comes_back_on_another_connection() {
    for (lost, left) in [(A, B), (B, A)] {
        let mut world = World::session(RelayConfig::default());
        assert_ne!(world.places[&A], world.places[&B]);
        world.drop(lost);
        assert_eq!(world.heard(left), [PeerLost {}.into()]);
        assert_eq!(world.relay.peer_of(left), None);
        // What is said meanwhile is for nobody.
        world.say(left, deliver("into the void"));
        world.pass(HOLD_MS - 1);
        rejoin(&mut world, C, lost);
        assert_eq!(world.heard(C), [rejoined(true)]);
        assert_eq!(world.heard(left), [PeerBack {}.into()]);
        world.say(left, deliver("here"));
        world.say(C, deliver("there"));
        assert_eq!(world.heard(C), [deliver("here").into()]);
        assert_eq!(world.heard(left), [deliver("there").into()]);
        let peer = Some(left);
        let before = lost;
        assert_eq!(
            world.events[1..],
            [
                Event::PeerLost { lost, peer },
                Event::PeerBack {
                    before,
                    now: C,
                    peer
                },
            ]
        );
        // The token is good for more than one loss.
        world.drop(C);
        rejoin(&mut world, ConnId(7), lost);
        assert_eq!(world.heard(ConnId(7)), [rejoined(true)]);
        world.say(left, leave(ErrorCode::Done));
        assert_eq!(world.heard(ConnId(7)), gone(ErrorCode::Done));
        assert!(world.closed.is_empty());
    }
}

//= test spec/03-rendezvous.md#states [RDV-11] 1f876a19
//= test spec/03-rendezvous.md#hold [HOLD-2] cde0b8a7
//= test spec/03-rendezvous.md#hold [HOLD-7] 772f7e01
#[test]
fn a_place_is_held_so_long_and_no_longer() {
    let mut world = World::session(RelayConfig::default());
    world.drop(A);
    world.heard(B);
    world.pass(HOLD_MS);
    assert_eq!(world.heard(B), gone(ErrorCode::Lost));
    assert_eq!(world.relay.peer_of(B), None);
    let (ends, code) = ([A, B], ErrorCode::Lost.to_wire());
    let over = Event::Unpaired { ends, code };
    assert_eq!(world.events.last(), Some(&over));
    for of in [A, B] {
        rejoin(&mut world, C, of);
        assert_eq!(world.heard(C), refused(ErrorCode::NotFound));
    }
    // It may do something else.
    world.issue(C);
}

//= test spec/03-rendezvous.md#hold [HOLD-3] 07843f11
//= test spec/03-rendezvous.md#hold [HOLD-10] f69bf5bd
#[test]
fn whoever_closes_with_a_reason_has_left() {
    for (closes, left) in [(A, B), (B, A)] {
        for &code in ErrorCode::ALL {
            let mut world = World::session(RelayConfig::default());
            world.close(closes, Some(code));
            if code == ErrorCode::Lost {
                assert_eq!(world.heard(left), [PeerLost {}.into()]);
                continue;
            }
            assert_eq!(world.heard(left), gone(code));
            rejoin(&mut world, C, closes);
            assert_eq!(world.heard(C), refused(ErrorCode::NotFound));
        }
        // After a `leave` the close says nothing more.
        let mut world = World::session(RelayConfig::default());
        world.say(closes, leave(ErrorCode::Done));
        world.close(closes, Some(ErrorCode::Malformed));
        assert_eq!(world.heard(left), gone(ErrorCode::Done));
    }
}

//= test spec/03-rendezvous.md#hold [HOLD-7] 772f7e01
#[test]
fn only_the_token_of_a_session_that_lives_brings_back() {
    let mut world = World::session(RelayConfig::default());
    world.drop(A);
    world.places.insert(C, [9; 32]);
    rejoin(&mut world, C, C);
    assert_eq!(world.heard(C), refused(ErrorCode::NotFound));
    // Whoever leaves cannot be come back to.
    world.say(B, leave(ErrorCode::Done));
    rejoin(&mut world, C, A);
    assert_eq!(world.heard(C), refused(ErrorCode::NotFound));
    // A relay that was started anew knows nobody.
    let places = world.places;
    let mut world = World::new(RelayConfig::default());
    world.places = places;
    rejoin(&mut world, C, B);
    assert_eq!(world.heard(C), refused(ErrorCode::NotFound));
}

//= test spec/03-rendezvous.md#hold [HOLD-5] eed8c6e3
//= test spec/03-rendezvous.md#hold [HOLD-6] aaaf615a
#[test]
fn a_token_supersedes_a_connection_that_is_not_known_to_be_lost() {
    let mut world = World::session(RelayConfig::default());
    rejoin(&mut world, C, A);
    assert_eq!(world.heard(C), [rejoined(true)]);
    assert_eq!(world.heard(B), [PeerLost {}.into(), PeerBack {}.into()]);
    assert_eq!(world.closed.get(&A), Some(&ErrorCode::Superseded));
    world.say(A, deliver("from the past"));
    assert_eq!(world.heard(B), []);
    world.say(B, deliver("to the present"));
    assert_eq!(world.heard(C), [deliver("to the present").into()]);
    // That the old one is gone, as the transport says later, means nothing.
    world.drop(A);
    assert_eq!(world.heard(B), []);
}

#[test]
fn both_ends_may_be_lost_at_once() {
    let mut world = World::session(RelayConfig::default());
    world.drop(A);
    world.drop(B);
    world.heard(B);
    world.pass(20_000);
    rejoin(&mut world, C, B);
    assert_eq!(world.heard(C), [rejoined(false)]);
    rejoin(&mut world, ConnId(7), A);
    assert_eq!(world.heard(ConnId(7)), [rejoined(true)]);
    assert_eq!(world.heard(C), [PeerBack {}.into()]);
    assert_eq!(world.relay.peer_of(C), Some(ConnId(7)));
    // Nobody is left to be told of the next one, and nothing is left of it.
    world.drop(C);
    world.drop(ConnId(7));
    world.pass(HOLD_MS);
    assert_eq!(world.relay.poll_timeout(), None);
    let over = world.events.last();
    assert!(matches!(over, Some(Event::Unpaired { .. })), "{over:?}");
}

//= test spec/03-rendezvous.md#states [RDV-11] 1f876a19
#[test]
fn what_breaks_the_protocol_is_not_held_a_place_for() {
    let mut world = World::session(RelayConfig::default());
    world.raw(A, &[0xFF; 9]);
    assert_eq!(world.heard(B), gone(ErrorCode::Lost));
    rejoin(&mut world, C, A);
    assert_eq!(world.heard(C), refused(ErrorCode::NotFound));
}

//= test spec/03-rendezvous.md#hold [HOLD-8] 11f4746a
#[test]
fn at_the_limit_of_places_a_session_is_over_at_once() {
    let mut world = World::with(|config| config.held_places = 1);
    for conn in 1..5 {
        world.client(ConnId(conn), "192.0.2.1");
    }
    world.pair(ConnId(1), ConnId(2));
    world.pair(ConnId(3), ConnId(4));
    world.drop(ConnId(1));
    assert_eq!(world.heard(ConnId(2)), [PeerLost {}.into()]);
    world.drop(ConnId(3));
    assert_eq!(world.heard(ConnId(4)), gone(ErrorCode::Lost));
    // The one that was held before is not given up for it.
    rejoin(&mut world, C, ConnId(1));
}

//= test spec/03-rendezvous.md#states [RDV-14] 1f27f5be
#[test]
fn a_session_grows_no_longer_by_being_lost() {
    let mut world = World::with(|config| config.session_length_ms = 60_000);
    world.client(A, "192.0.2.1");
    world.client(B, "192.0.2.2");
    world.pair(A, B);
    world.pass(50_000);
    world.drop(A);
    world.heard(B);
    rejoin(&mut world, C, A);
    world.heard(C);
    world.heard(B);
    world.pass(10_000);
    assert_eq!(world.heard(B), gone(ErrorCode::SessionLength));
    assert_eq!(world.heard(C), gone(ErrorCode::SessionLength));
}

#[test]
fn a_shutdown_gives_up_the_places() {
    let mut world = World::session(RelayConfig::default());
    world.drop(A);
    world.drop(B);
    world.relay.shutdown(world.now);
    world.drain();
    assert_eq!(world.relay.poll_timeout(), None);
    let code = ErrorCode::RelayShutdown.to_wire();
    let over = Event::Unpaired { ends: [A, B], code };
    assert_eq!(world.events.last(), Some(&over));
}
