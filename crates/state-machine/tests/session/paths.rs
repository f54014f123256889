//! Paths of forwarded packets, as the two ends come to have them: agreed on after consent, over whenever anything is wrong, and
//! never a matter of the session.

use alongside_harness::{Conditions, Packet, Side, Way, World, record};
use alongside_state_machine::{
    channel::media,
    endpoint::{
        Config, Transmit,
        helper::{self, PATH_STREAMS, PathEvent},
        sharer,
    },
    error::Misuse,
    session::{helper::Event as Helper, sharer::Event},
};
use alongside_wire::{
    Codec, ErrorCode,
    framing::Deframer,
    limits::timers,
    media::{Frame, Tile},
    rendezvous::Message as Relayed,
    session::{Message, PathOffer},
};

const SIDES: [Side; 2] = [Side::Helper, Side::Sharer];

/// What an end was told of paths.
fn told(world: &World, side: Side) -> Vec<PathEvent> {
    let helper = world.helper_events.iter().filter_map(|event| match event {
        helper::Event::Session(Helper::Path(event)) => Some(*event),
        _ => None,
    });
    let sharer = world.sharer_events.iter().filter_map(|event| match event {
        sharer::Event::Session(Event::Path(event)) => Some(*event),
        _ => None,
    });
    match side {
        Side::Helper => helper.collect(),
        Side::Sharer => sharer.collect(),
    }
}

fn overs(world: &World, side: Side) -> Vec<ErrorCode> {
    let code = |event| match event {
        PathEvent::Over { code } => Some(code),
        _ => None,
    };
    told(world, side).into_iter().filter_map(code).collect()
}

/// The names of what an end said to the relay about paths.
fn said(world: &World, side: Side) -> Vec<&'static str> {
    let way = match side {
        Side::Helper => Way::HelperUp,
        Side::Sharer => Way::SharerUp,
    };
    let mut names = Vec::new();
    for (_, packet) in world.sent.iter().filter(|(sent, _)| *sent == way) {
        let Packet::Control(bytes) = packet else {
            continue;
        };
        let mut deframer = Deframer::new(65_536, "a test");
        deframer.push(bytes);
        while let Ok(Some(message)) = Relayed::pull(&mut deframer) {
            names.extend(message.name().starts_with("path").then(|| message.name()));
        }
    }
    names
}

/// Offers that an end sealed under the first keys.
fn offers(world: &World, way: Way) -> usize {
    let opened = record::open(&world.sent, way, &world.session_keys().unwrap());
    let offer = |message: &&Message| matches!(message, Message::PathOffer(_));
    opened.messages.iter().filter(offer).count()
}

fn stands(world: &World) -> bool {
    SIDES.iter().all(|side| world.has_path(*side))
}

/// How far a path has come about, as the helper knows it and as the sharer does.
fn regions(world: &World) -> [(&'static str, &'static str); 2] {
    let path = |regions: &[(&'static str, &'static str)]| {
        let mut regions = regions.iter();
        *regions.find(|(name, _)| *name == "path").unwrap()
    };
    let helper = world.helper.machine().regions(world.now);
    let sharer = world.sharer.machine().regions(world.now);
    [path(&helper), path(&sharer)]
}

fn with_path(seed: u64) -> World {
    let mut world = World::new(seed);
    world.viewing();
    world.offer_path(Side::Sharer).unwrap();
    world.run(10);
    assert!(stands(&world));
    world
}

/// The frame streams that packets of the sharer's went on.
fn streams(world: &World) -> Vec<u64> {
    let mut ids: Vec<_> = world
        .sent
        .iter()
        .filter_map(|(_, packet)| match packet {
            Packet::Stream { id, bytes } if !bytes.is_empty() => Some(*id),
            _ => None,
        })
        .collect();
    ids.dedup();
    ids
}

//= test spec/20-forwarded-packets.md#agreeing [PATH-1] 67f638e4
//= test spec/20-forwarded-packets.md#agreeing [PATH-5] 1d3a2236
//= test spec/20-forwarded-packets.md#clients [PATH-21] 97715457
#[test]
fn both_offer_and_the_relay_is_asked_once_by_each() {
    for first in SIDES {
        let mut world = World::new(700);
        world.viewing();
        assert_eq!(world.helper.path_limit(), 5_000);
        world.offer_path(first).unwrap();
        assert!(said(&world, first).is_empty(), "nobody has answered");
        world.run(10);
        assert!(stands(&world) && world.forwards());
        for side in SIDES {
            assert_eq!(said(&world, side), ["path-request", "path-proof"]);
            let told = told(&world, side);
            let agreed = |event: &PathEvent| matches!(event, PathEvent::Agreed { .. });
            assert_eq!(told.iter().filter(|event| agreed(event)).count(), 1);
        }
        assert_eq!(
            (offers(&world, Way::HelperUp), offers(&world, Way::SharerUp)),
            (1, 1)
        );
        assert_eq!(world.audit(), Ok(()));
    }
}

//= test spec/20-forwarded-packets.md#agreeing [PATH-1] 67f638e4
#[test]
fn nobody_offers_before_consent_or_when_the_link_is_lost() {
    let mut world = World::new(701);
    world.asked();
    for side in SIDES {
        assert_eq!(world.offer_path(side), Err(Misuse::Phase("before consent")));
    }
    let _ = world.consent(true);
    world.run_until("leave to send frames", |world| {
        world.sharer.may_send_frame()
    });
    world.outage(Side::Sharer, 8_000);
    world.run(4_500);
    for side in SIDES {
        assert_eq!(world.offer_path(side), Err(Misuse::Frozen));
    }
    world.helper.end(world.now);
    assert_eq!(
        world.offer_path(Side::Helper),
        Err(Misuse::Phase("after the end"))
    );
}

//= test spec/20-forwarded-packets.md#agreeing [PATH-1] 67f638e4
#[test]
fn nobody_offers_where_the_relay_states_none() {
    for paths in [None, Some(0)] {
        let mut world = World::new(702);
        world.tap(move |way, packet| vec![(way, without_paths(packet, paths))]);
        world.run(10);
        world.viewing();
        for side in SIDES {
            assert_eq!(world.offer_path(side), Err(Misuse::NoPaths));
        }
    }
}

/// A relay's hello that states another limit `paths`, or none.
fn without_paths(packet: Packet, paths: Option<u64>) -> Packet {
    let Packet::Control(bytes) = packet else {
        return packet;
    };
    let mut deframer = Deframer::new(65_536, "a test");
    deframer.push(&bytes);
    let mut out = Vec::new();
    while let Ok(Some(mut message)) = Relayed::pull(&mut deframer) {
        if let Relayed::RelayHello(hello) = &mut message {
            let id = alongside_wire::limits::LIMITS
                .iter()
                .find(|(_, name, _)| *name == "paths");
            let id = id.unwrap().0;
            hello.limits.retain(|(limit, _)| *limit != id);
            hello.limits.extend(paths.map(|paths| (id, paths)));
            hello.limits.sort_unstable();
        }
        message.encode(&mut out);
    }
    Packet::Control(out)
}

//= test spec/20-forwarded-packets.md#agreeing [PATH-4] 513888be
#[test]
fn an_offer_before_consent_ends_the_session() {
    let offer: Message = PathOffer {
        certificate: [1; 32],
    }
    .into();
    let mut world = World::new(703);
    world.asked();
    world.take_over_helper();
    world.forge(Way::HelperUp, std::slice::from_ref(&offer));
    world.run(10);
    let ended = world.sharer.machine().ended().unwrap();
    assert_eq!(
        (ended.code, ended.fault.unwrap().clause()),
        (ErrorCode::UnexpectedMessage, "PATH-4")
    );
    let mut world = World::new(704);
    world.asked();
    world.take_over_sharer();
    world.forge(Way::SharerUp, &[offer]);
    world.run(10);
    let ended = world.helper.machine().ended().unwrap();
    assert_eq!(
        (ended.code, ended.fault.unwrap().clause()),
        (ErrorCode::UnexpectedMessage, "PATH-4")
    );
}

//= test spec/20-forwarded-packets.md#agreeing [PATH-2] 4efd8e85
#[test]
fn offers_are_far_between() {
    let mut world = with_path(705);
    let first = world.now;
    world.end_path(Side::Helper);
    world.run(10);
    assert_eq!(said(&world, Side::Helper).last(), Some(&"path-over"));
    for side in SIDES {
        assert_eq!(overs(&world, side), [ErrorCode::Done]);
        assert_eq!(world.offer_path(side), Err(Misuse::NotReady));
    }
    let from = world.helper.path_offer_from().unwrap();
    assert!(from <= first.plus_ms(timers::PATH_RETRY));
    world.run(timers::PATH_RETRY - 11);
    // The other end's own offer is not so old.
    world.run(from.since(world.now) / 1_000);
    world.offer_path(Side::Helper).unwrap();
    world.run(20);
    assert!(stands(&world));
    assert_eq!(world.agreements(Side::Sharer), 2);
}

//= test spec/20-forwarded-packets.md#agreeing [PATH-2] 4efd8e85
#[test]
fn an_offer_that_comes_too_early_is_answered_later() {
    let mut world = World::new(706);
    world.conditions(Conditions::delay(40));
    world.viewing();
    // Not at the same moment as heartbeats, which would go before.
    world.run(100);
    // They cross, so that the sharer may offer again before the helper may.
    world.offer_path(Side::Sharer).unwrap();
    world.run(30);
    world.offer_path(Side::Helper).unwrap();
    world.run(500);
    assert!(stands(&world));
    world.end_path(Side::Sharer);
    let again = world.sharer.path_offer_from().unwrap();
    world.run(again.since(world.now) / 1_000);
    assert!(world.now < world.helper.path_offer_from().unwrap());
    world.conditions(Conditions::INSTANT);
    world.offer_path(Side::Sharer).unwrap();
    world.run(1);
    assert_eq!(world.agreements(Side::Helper), 1);
    let late = world.helper.path_offer_from().unwrap();
    world.run(late.since(world.now) / 1_000 + 5);
    assert_eq!(world.agreements(Side::Helper), 2);
    assert!(stands(&world));
}

//= test spec/20-forwarded-packets.md#agreeing [PATH-34] f239ec04
#[test]
fn nobody_has_to_answer() {
    let mut world = World::new(707);
    world.viewing();
    world.decline_paths(Side::Helper);
    world.offer_path(Side::Sharer).unwrap();
    world.run(60_000);
    for side in SIDES {
        assert!(said(&world, side).is_empty() && world.agreements(side) == 0);
    }
    // It is out as long as the master is the same, and need not be repeated.
    let again = world.offer_path(Side::Sharer);
    assert_eq!(again, Err(Misuse::Phase("while a path is offered")));
    world.offer_path(Side::Helper).unwrap();
    world.run(10);
    assert!(stands(&world));
}

//= test spec/20-forwarded-packets.md#clients [PATH-30] 5a1466d7
#[test]
fn an_attempt_without_a_connection_is_given_up() {
    let mut world = World::new(708);
    world.viewing();
    // The helper's proofs do not come to the relay, so nothing is ever forwarded.
    world.tap(|way, packet| match &packet {
        Packet::Control(bytes) if way == Way::HelperUp && bytes.starts_with(&[0x54]) => vec![],
        _ => vec![(way, packet)],
    });
    world.offer_path(Side::Sharer).unwrap();
    world.run(timers::PATH_ATTEMPT - 10);
    for side in SIDES {
        assert_eq!((world.agreements(side), overs(&world, side)), (1, vec![]));
    }
    world.run(20);
    assert!(!world.forwards() && !stands(&world));
    for side in SIDES {
        assert_eq!(overs(&world, side), [ErrorCode::Lost]);
        assert!(world.ended(side).is_none() && !world.froze(side));
    }
}

//= test spec/20-forwarded-packets.md#clients [PATH-31] cdb8d62d
//= test spec/20-forwarded-packets.md#agreeing [PATH-5] 1d3a2236
#[test]
fn a_path_is_over_when_the_link_is_lost_and_needs_offers_of_both_again() {
    for lost in SIDES {
        let mut world = with_path(709);
        world.outage(lost, 6_000);
        world.run_until("both to freeze", |world| {
            SIDES.iter().all(|side| world.froze(*side))
        });
        for side in SIDES {
            assert_eq!(overs(&world, side), [ErrorCode::Lost], "{lost:?}");
        }
        assert!(!stands(&world));
        world.run(30_000);
        assert!(world.is_up() && !stands(&world));
        // An offer that is out when the link is lost counts no more, at either end.
        world.decline_paths(Side::Sharer);
        world.offer_path(Side::Helper).unwrap();
        world.run(1_000);
        let offered = [("path", "offered"), ("path", "asked")];
        assert_eq!(regions(&world), offered);
        world.outage(lost, 6_000);
        world.run(30_000);
        assert!(world.is_up());
        assert_eq!(regions(&world), [("path", "none"); 2]);
        world.offer_path(Side::Sharer).unwrap();
        world.run(1_000);
        for side in SIDES {
            assert_eq!(world.agreements(side), 2, "{lost:?}");
        }
        assert!(stands(&world));
        assert_eq!(world.audit(), Ok(()));
    }
}

//= test spec/20-forwarded-packets.md#clients [PATH-31] cdb8d62d
#[test]
fn the_end_of_the_session_is_the_end_of_the_path() {
    for ends in SIDES {
        let mut world = with_path(710);
        match ends {
            Side::Helper => world.helper.end(world.now),
            Side::Sharer => world.sharer.end(),
        }
        world.run(10);
        for side in SIDES {
            assert_eq!(overs(&world, side), [ErrorCode::Done]);
            assert!(world.ended(side).is_some());
        }
        assert!(!world.forwards());
    }
}

//= test spec/20-forwarded-packets.md#clients [PATH-32] 1184a3ef
#[test]
fn a_path_that_stands_is_no_sign_of_life() {
    let mut world = with_path(717);
    world.frame(true).unwrap();
    world.run(10);
    // What the sharer says is lost; what it shows comes on the path all the same.
    world.tap(|way, packet| match &packet {
        Packet::Control(_) if way == Way::SharerUp => vec![],
        _ => vec![(way, packet)],
    });
    let before = world.frames();
    for _ in 0..40 {
        world.run(100);
        let _ = world.frame(false);
    }
    assert!(world.frames() >= before + 39 && !world.froze(Side::Helper));
    world.run(2_000);
    assert!(world.froze(Side::Helper));
}

//= test spec/20-forwarded-packets.md#clients [PATH-26] cf905e6a
//= test spec/20-forwarded-packets.md#clients [PATH-28] 3c2bda24
//= test spec/20-forwarded-packets.md#clients [PATH-29] 49b5bdfb
#[test]
fn frames_change_their_way_on_streams_of_their_own_and_begin_complete() {
    let mut world = World::new(711);
    world.viewing();
    world.frame(true).unwrap();
    world.frame(false).unwrap();
    world.run(10);
    world.offer_path(Side::Sharer).unwrap();
    world.run(10);
    assert!(stands(&world) && world.sharer.wants_complete());
    assert_eq!(world.frame(false), None);
    world.frame(true).unwrap();
    world.frame(false).unwrap();
    world.run(10);
    assert_eq!(world.frames(), 4);
    world.end_path(Side::Helper);
    world.run(10);
    assert!(world.sharer.wants_complete());
    world.frame(true).unwrap();
    world.run(10);
    assert_eq!(world.frames(), 5);
    let [spliced, path, again] = streams(&world)[..] else {
        panic!("{:?}", streams(&world));
    };
    assert!(spliced < again && again < PATH_STREAMS && PATH_STREAMS <= path);
    assert_eq!(world.audit(), Ok(()));
}

//= test spec/20-forwarded-packets.md#clients [PATH-29] 49b5bdfb
#[test]
fn frames_come_whichever_way_arrives_first() {
    let mut world = World::new(712);
    world.viewing();
    world.frame(true).unwrap();
    world.run(10);
    world.offer_path(Side::Helper).unwrap();
    world.run(10);
    // Both ways in turn, and the slower one last: what is old is not shown.
    for _ in 0..5 {
        world.sharer.change_way();
        world.frame(true).unwrap();
        world.frame(false).unwrap();
        world.run(5);
    }
    assert_eq!(world.frames(), 11);
    assert_eq!(world.helper.counters().discarded_frames, 0);
    assert_eq!(world.helper.counters().stopped_streams, 0);
}

#[test]
fn a_stream_that_ends_costs_only_what_came_on_it() {
    let on_path = PATH_STREAMS + 99;
    for path_is_over in [true, false] {
        let mut world = with_path(718);
        let frame = Frame {
            complete: true,
            display: 0,
            width: 8,
            height: 8,
            tiles: vec![Tile {
                x: 0,
                y: 0,
                width: 8,
                height: 8,
                codec: Codec::Png,
                data: vec![7; 40_000],
            }],
        };
        let encoded = frame.to_bytes().unwrap();
        let keys = world.session_keys().unwrap();
        let mut sealer = media::Sealer::new(&keys, 1);
        let [late, next] = [1, 2].map(|id| sealer.seal(&keys, id, &encoded));
        let (begun, rest) = next.split_at(next.len() - 10);
        let now = world.now;
        world
            .helper
            .handle_stream(on_path, &late[..begun.len()], false, now);
        world.helper.handle_stream(99, begun, false, now);
        match path_is_over {
            true => world.end_path(Side::Helper),
            false => world.helper.handle_stream_reset(on_path),
        }
        world.run(10);
        world.helper.handle_stream(99, rest, true, world.now);
        world.run(10);
        assert_eq!(world.frames(), 1);
        assert_eq!(world.helper.counters().discarded_frames, 0);
    }
}

//= test spec/20-forwarded-packets.md#clients [PATH-27] ae88f509
#[test]
fn a_path_has_streams_of_its_own() {
    let mut world = with_path(713);
    // As many as may be begun at once, of each kind, and each ends nowhere.
    for id in 0..8 {
        world
            .helper
            .handle_stream(1_000 + id, &[], false, world.now);
        world
            .helper
            .handle_stream(PATH_STREAMS + id, &[], false, world.now);
    }
    assert_eq!(world.helper.poll_transmit(), None);
    for id in [2_000, PATH_STREAMS + 9] {
        world.helper.handle_stream(id, &[], false, world.now);
        let stop = std::iter::from_fn(|| world.helper.poll_transmit())
            .find(|transmit| matches!(transmit, Transmit::Stop { .. }));
        assert_eq!(stop, Some(Transmit::Stop { id }));
    }
    // With the path its streams are gone.
    world.end_path(Side::Helper);
    world.run(10);
    let before = world.helper.counters().stopped_streams;
    world
        .helper
        .handle_stream(PATH_STREAMS + 20, &[], false, world.now);
    assert_eq!(world.helper.counters().stopped_streams, before);
    world.helper.handle_stream(3_000, &[], false, world.now);
    assert_eq!(world.helper.counters().stopped_streams, before + 1);
}

//= test spec/20-forwarded-packets.md#clients [PATH-21] 97715457
#[test]
fn checks_are_answered_ten_times_in_a_second() {
    let mut world = World::new(714);
    world.viewing();
    let proofs = |world: &World| {
        said(world, Side::Helper)
            .iter()
            .filter(|name| **name == "path-proof")
            .count()
    };
    world.helper.prove_path([9; 16], world.now);
    world.run(1);
    assert_eq!(proofs(&world), 0, "there is no attempt");
    world.offer_path(Side::Helper).unwrap();
    world.run(10);
    let before = proofs(&world);
    let start = world.now;
    while world.now.since(start) < 3_000_000 {
        world.helper.prove_path([9; 16], world.now);
        world.run(10);
    }
    let proven = proofs(&world) - before;
    assert!((28..=31).contains(&proven), "{proven}");
}

#[test]
fn what_the_relay_says_of_a_path_before_consent_is_its_fault_and_later_is_none() {
    let over: Relayed = alongside_wire::rendezvous::PathOver { code: 7 }.into();
    let mut bytes = Vec::new();
    over.encode(&mut bytes);
    for (way, side) in [
        (Way::HelperDown, Side::Helper),
        (Way::SharerDown, Side::Sharer),
    ] {
        let mut world = World::new(715);
        world.viewing();
        world.inject(way, Packet::Control(bytes.clone()));
        world.run(10);
        assert!(world.ended(side).is_none());
        let mut world = World::new(716);
        world.asked();
        world.inject(way, Packet::Control(bytes.clone()));
        world.run(10);
        let fault = world.ended(side).and_then(|ended| ended.fault).unwrap();
        assert_eq!(fault.clause(), "RDV-5");
    }
}

#[test]
fn a_poor_network_has_paths_too() {
    for seed in 720..728 {
        let config = Config::default();
        let mut world = World::with(seed, Conditions::POOR, config.clone(), config);
        world.viewing();
        world.offer_path(Side::Helper).unwrap();
        let _ = world.offer_path(Side::Sharer);
        world.run(4_000);
        assert!(stands(&world), "{seed}");
        for complete in [true, false, false] {
            world
                .frame(complete || world.sharer.wants_complete())
                .unwrap();
            world.run(500);
        }
        assert_eq!(world.frames(), 3);
        assert_eq!(world.audit(), Ok(()));
    }
}
