//! What one source may take, and a relay that is to be stopped.

use alongside_state_machine::relay::{ConnId, Refusal};
use alongside_wire::{
    ErrorCode,
    rendezvous::{CodeRequest, Hello, Message},
};

use crate::world::{A, B, C, World, deliver, framed, gone, ip, join, leave, refused};

//= test spec/14-operation.md#per-source [SOURCE-1] 0b5f458e
#[test]
fn a_source_has_so_many_connections_and_a_site_eight_times_as_many() {
    let mut world = World::with(|config| config.connections_per_source = 2);
    let mut next = 0;
    let mut connect = |world: &mut World, source: &str| {
        next += 1;
        let taken = world.relay.connected(ConnId(next), ip(source), world.now);
        taken.map(|()| ConnId(next))
    };
    let busy = Err(Refusal::Busy);
    let first = connect(&mut world, "192.0.2.1").expect("taken");
    assert!(connect(&mut world, "192.0.2.1").is_ok());
    assert_eq!(
        connect(&mut world, "::ffff:192.0.2.1"),
        busy,
        "the same address"
    );
    assert!(connect(&mut world, "192.0.2.2").is_ok());
    world.drop(first);
    assert!(connect(&mut world, "192.0.2.1").is_ok(), "one has gone");
    for network in 0..8 {
        for host in 1..3 {
            let source = format!("2001:db8:1:{network}::{host}");
            assert!(connect(&mut world, &source).is_ok(), "{source}");
        }
        let third = format!("2001:db8:1:{network}::3");
        assert_eq!(connect(&mut world, &third), busy);
    }
    assert_eq!(
        connect(&mut world, "2001:db8:1:9::1"),
        busy,
        "the site is full"
    );
    assert!(connect(&mut world, "2001:db8:2:9::1").is_ok());
    // One that is connected again under its number counts once.
    let again = world.relay.connected(ConnId(2), ip("192.0.2.1"), world.now);
    assert_eq!(again, Ok(()));
}

//= test spec/14-operation.md#per-source [SOURCE-2] b168d972
#[test]
fn a_source_has_so_many_live_codes() {
    let mut world = World::with(|config| config.codes_per_source = 2);
    for conn in [A, B, C] {
        world.client(conn, "192.0.2.1");
    }
    let other = ConnId(9);
    world.client(other, "192.0.2.2");
    let code = world.issue(A);
    world.issue(B);
    world.say(C, CodeRequest {});
    assert_eq!(world.heard(C), refused(ErrorCode::Busy));
    // A code that is spent, given back or lost makes room.
    world.say(other, join(code));
    world.pass(50);
    assert_eq!(world.heard(A).len(), 1);
    world.issue(C);
    world.say(C, leave(ErrorCode::Done));
    world.issue(C);
    world.drop(B);
    world.say(A, leave(ErrorCode::Done));
    world.issue(A);
    world.say(A, leave(ErrorCode::Done));
    world.pass(600_000);
    assert_eq!(world.relay.counts().1, 0);
}

//= test spec/14-operation.md#drain [DRAIN-1] 2932421e
//= test spec/14-operation.md#drain [DRAIN-2] 33b74068
//= test spec/14-operation.md#drain [DRAIN-3] 7c9aa182
#[test]
fn a_relay_that_drains_begins_nothing_and_ends_no_session() {
    let mut world = World::with(|_| {});
    let [idle, coded, joining, silent] = [4, 5, 6, 7].map(ConnId);
    world.client(A, "192.0.2.1");
    world.client(B, "192.0.2.2");
    world.pair(A, B);
    for conn in [idle, coded, joining] {
        world.client(conn, "192.0.2.3");
    }
    let code = world.issue(coded);
    world.say(joining, join(code));
    let taken = world.relay.connected(silent, ip("192.0.2.4"), world.now);
    assert_eq!(taken, Ok(()));
    world.relay.drain(world.now);
    world.drain();
    for conn in [idle, coded, joining] {
        assert_eq!(world.heard(conn), gone(ErrorCode::RelayShutdown));
        assert_eq!(world.closed[&conn], ErrorCode::RelayShutdown);
    }
    assert_eq!(world.heard(silent), [], "it has not said hello");
    assert_eq!(world.closed[&silent], ErrorCode::RelayShutdown);
    assert_eq!(world.relay.counts(), (2, 0));

    // The session goes on.
    world.say(A, deliver("still here"));
    assert_eq!(world.heard(B), [deliver("still here").into()]);
    // Who comes now is told.
    world.client(C, "192.0.2.5");
    for request in [Message::from(CodeRequest {}), join(code).into()] {
        world.say(C, request);
        assert_eq!(world.heard(C), refused(ErrorCode::Draining));
    }
    // And so is who was in the session, when that is over.
    world.say(A, leave(ErrorCode::Done));
    assert_eq!(world.heard(B), gone(ErrorCode::Done));
    world.say(B, CodeRequest {});
    assert_eq!(world.heard(B), refused(ErrorCode::Draining));
    world.raw(C, &framed(Hello::default()));
    assert_eq!(world.closed[&C], ErrorCode::UnexpectedMessage);
    world.relay.shutdown(world.now);
    world.drain();
    assert_eq!(world.relay.counts(), (0, 0));
}
