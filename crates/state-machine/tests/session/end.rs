//! Whoever ends, and however: both are out in time.

use alongside_harness::{Conditions, Packet, Side, Way, World, record};
use alongside_state_machine::{endpoint::sharer, session::By, session::sharer::Event};
use alongside_wire::{ErrorCode, input::InputEvent, session::Message};

fn at_both(world: &World) -> (By, ErrorCode, By, ErrorCode) {
    let helper = world.helper.machine().ended().unwrap();
    let sharer = world.sharer.machine().ended().unwrap();
    (helper.by, helper.code, sharer.by, sharer.code)
}

//= test spec/05-session.md#end [END-1] 76b70464
//= test spec/05-session.md#end [END-2] f881b744
//= test spec/05-session.md#end [END-3] 2657f0f0
//= test spec/05-session.md#end [END-4] 37789fd0
//= test spec/05-session.md#end [END-7] 4ec22d35
#[test]
fn the_other_end_knows_within_one_way_through_the_relay() {
    let slow = Conditions {
        delay_ms: 50,
        ..Conditions::INSTANT
    };
    for helper_ends in [true, false] {
        let mut world = World::new(40);
        world.controlled();
        world.conditions(slow);
        if helper_ends {
            world.helper.end(world.now);
            assert!(world.helper.machine().ended().is_some());
        } else {
            world.sharer.end();
            assert!(world.sharer.machine().ended().is_some());
        }
        // Twice 50 ms to the relay and on.
        world.run(101);
        let (done, me, peer) = (ErrorCode::Done, By::Local, By::Peer);
        let expected = if helper_ends {
            (me, done, peer, done)
        } else {
            (peer, done, me, done)
        };
        assert_eq!(at_both(&world), expected);
        assert!(
            world
                .relay
                .peer_of(alongside_state_machine::relay::ConnId(1))
                .is_none()
        );
    }
}

//= test spec/05-session.md#end [END-1] 76b70464
#[test]
fn a_session_can_be_ended_in_every_phase() {
    for stage in 0..5 {
        for helper_ends in [true, false] {
            let mut world = World::new(41);
            match stage {
                0 => {}
                1 => {
                    world.code();
                }
                2 => world.asked(),
                3 => world.viewing(),
                _ => world.controlled(),
            }
            if helper_ends {
                world.helper.end(world.now);
            } else {
                world.sharer.end();
            }
            world.run(10_000);
            let ended = if helper_ends {
                world.helper.machine().ended()
            } else {
                world.sharer.machine().ended()
            };
            assert_eq!(ended.unwrap().by, By::Local);
            if stage >= 2 {
                at_both(&world);
            }
        }
    }
}

#[test]
fn both_may_end_at_once() {
    let mut world = World::new(42);
    world.viewing();
    world.helper.end(world.now);
    world.sharer.end();
    world.run(1_000);
    assert_eq!(
        at_both(&world),
        (By::Local, ErrorCode::Done, By::Local, ErrorCode::Done)
    );
}

//= test spec/05-session.md#end [END-6] 76ab672b
//= test spec/05-session.md#phases [SESSION-2] 57968525
//= test spec/04-key-exchange.md#schedule [KEY-5] 1cdf3f8f
#[test]
fn after_the_end_nothing_leaves_and_nothing_is_injected() {
    let mut world = World::new(43);
    world.controlled();
    let down = InputEvent::Key {
        usage: 4,
        down: true,
    };
    world.helper.input(down).unwrap();
    world.sharer.end();
    let before = world.sent.len();
    assert_eq!(world.frame(true), None);
    assert!(world.sharer.keys().is_none());
    world.run(10_000);
    let from_sharer: Vec<_> = world.sent[before..]
        .iter()
        .filter(|(way, _)| *way == Way::SharerUp)
        .collect();
    // The sealed end, word to the relay, and the reset of the frame stream.
    assert_eq!(from_sharer.len(), 3, "{from_sharer:?}");
    let inject = |event: &&sharer::Event| matches!(event, sharer::Event::Session(Event::Inject(_)));
    assert_eq!(world.sharer_events.iter().filter(inject).count(), 0);
    let last = world.sharer_events.last().unwrap();
    assert!(matches!(last, sharer::Event::Session(Event::Ended(_))));
    let told = world.sharer_events.len();
    world.inject(Way::SharerDown, Packet::Control(vec![0xFF; 100]));
    world.run(10);
    assert_eq!(world.sharer_events.len(), told);
}

//= test spec/05-session.md#life [SESSION-4] e054b102
//= test spec/05-session.md#life [SESSION-5] 217b2065
//= test spec/05-session.md#life [SESSION-7] 0b3773f4
//= test spec/03-rendezvous.md#states [RDV-11] 1f876a19
#[test]
fn a_dead_peer_is_noticed_within_six_seconds() {
    for helper_dies in [true, false] {
        let mut world = World::new(44);
        world.controlled();
        world.run(1_900);
        let left = if helper_dies {
            world.kill_helper();
            Side::Sharer
        } else {
            world.kill_sharer();
            Side::Helper
        };
        let died = world.now;
        world.run_until("the freeze", |world| world.froze(left));
        assert!(world.now.since(died) <= 6_000_000);
        assert!(!world.sharer.may_send_frame() || !helper_dies);
        assert_eq!(
            world.helper.machine().live_grant().filter(|_| !helper_dies),
            None
        );
        world.run_until("the end", |world| world.ended(left).is_some());
        assert!(world.now.since(died) <= 36_000_000);
        let ended = world.ended(left).unwrap();
        assert_eq!((ended.by, ended.code), (By::Relay, ErrorCode::Lost));
        if helper_dies {
            let released =
                |event: &sharer::Event| matches!(event, sharer::Event::Session(Event::ReleaseAll));
            assert!(world.sharer_events.iter().any(released));
        }
    }
}

//= test spec/05-session.md#life [SESSION-4] e054b102
#[test]
fn a_quiet_session_lives() {
    let mut world = World::with(
        45,
        Conditions::POOR,
        alongside_state_machine::endpoint::Config::default(),
        alongside_state_machine::endpoint::Config::default(),
    );
    world.viewing();
    world.run(600_000);
    assert!(world.helper.machine().ended().is_none());
    assert!(world.sharer.machine().ended().is_none());
    let opened = record::open(&world.sent, Way::HelperUp, &world.session_keys().unwrap());
    let beats = opened.messages.iter();
    let beats = beats.filter(|message| matches!(message, Message::Heartbeat(_)));
    assert!(beats.count() >= 300);
}

//= test spec/05-session.md#life [SESSION-6] eb95f952
#[test]
fn media_alone_is_no_sign_of_life() {
    let mut world = World::new(46);
    world.viewing();
    // A relay that holds the session plane back, and lets frames pass.
    world.tap(|way, packet| match (way, &packet) {
        (Way::HelperDown, Packet::Control(_)) => Vec::new(),
        _ => vec![(way, packet)],
    });
    let began = world.now;
    while !world.froze(Side::Helper) {
        world.frame(true);
        world.run(100);
        assert!(
            world.now.since(began) < 6_000_000,
            "told within six seconds"
        );
    }
    assert!(world.frames() > 40);
}

//= test spec/05-session.md#end [END-5] f9e6172e
//= test spec/08-transport.md#quic [TRANSPORT-10] 778d0d75
#[test]
fn a_relay_that_dies_or_shuts_down_ends_both() {
    let mut world = World::new(47);
    world.controlled();
    world.kill_relay();
    let lost = (By::Relay, ErrorCode::Lost, By::Relay, ErrorCode::Lost);
    assert_eq!(at_both(&world), lost);
    let mut world = World::new(48);
    world.controlled();
    world.relay.shutdown(world.now);
    world.run(10);
    let shut = ErrorCode::RelayShutdown;
    assert_eq!(at_both(&world), (By::Relay, shut, By::Relay, shut));
}

//= test spec/05-session.md#end [END-6] 76ab672b
//= test spec/05-session.md#pause [PAUSE-5] 334d72fe
#[test]
fn frames_that_wait_to_leave_die_with_the_end_and_with_a_pause() {
    use alongside_state_machine::endpoint::Transmit;
    let acts: [fn(&mut World); 3] = [
        |world| world.sharer.end(),
        |world| world.sharer.set_paused(true, world.now).unwrap(),
        |world| world.sharer.handle_transport_lost(None, world.now),
    ];
    for (index, act) in acts.into_iter().enumerate() {
        let mut world = World::new(49);
        world.viewing();
        // The network has taken nothing of them yet.
        world.frame(true).unwrap();
        world.frame(false).unwrap();
        act(&mut world);
        while let Some(transmit) = world.sharer.poll_transmit() {
            let media = matches!(transmit, Transmit::Stream { .. });
            assert!(!media, "{index}");
        }
    }
}
