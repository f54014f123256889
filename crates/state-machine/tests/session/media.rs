//! Frames: whole and authentic, or not shown.

use alongside_harness::{Conditions, Packet, Way, World, record};
use alongside_state_machine::endpoint::helper;
use alongside_wire::{
    Codec, ErrorCode,
    media::{Frame, Tile},
    record::{MEDIA, MediaHeader},
    session::{Message, Shown},
};

fn encoded(complete: bool) -> Vec<u8> {
    let tile = Tile {
        x: 0,
        y: 0,
        width: 8,
        height: 8,
        codec: Codec::Jpeg,
        data: vec![1; 40_000],
    };
    let frame = Frame {
        complete,
        display: 0,
        width: 8,
        height: 8,
        tiles: vec![tile],
    };
    frame.to_bytes().unwrap()
}

fn ids(world: &World) -> Vec<u32> {
    let id = |event: &helper::Event| match event {
        helper::Event::Frame { id, .. } => Some(*id),
        _ => None,
    };
    world.helper_events.iter().filter_map(id).collect()
}

fn refreshes(world: &World) -> usize {
    let opened = record::open(&world.sent, Way::HelperUp, &world.session_keys().unwrap());
    let refresh = |message: &&Message| matches!(message, Message::Refresh(_));
    opened.messages.iter().filter(refresh).count()
}

//= test spec/06-media-input.md#media-records [MEDIA-1] cc9b77e9
//= test spec/06-media-input.md#media-records [MEDIA-2] 9a4643db
//= test spec/06-media-input.md#media-records [MEDIA-3] 1e82cb6d
//= test spec/06-media-input.md#frames [MEDIA-19] 743c9156
#[test]
fn frames_are_cut_numbered_and_acknowledged_as_the_text_says() {
    let mut world = World::new(60);
    world.viewing();
    for complete in [true, false, false] {
        world.frame(complete).unwrap();
        world.run(10);
    }
    assert_eq!(ids(&world), [1, 2, 3]);
    let mut headers = Vec::new();
    for (way, packet) in &world.sent {
        let Packet::Stream { bytes, .. } = packet else {
            continue;
        };
        let mut rest = bytes.as_slice();
        while *way == Way::SharerUp && rest.first() == Some(&MEDIA) {
            let header = MediaHeader::read(rest.first_chunk().unwrap()).unwrap();
            rest = &rest[MediaHeader::LEN + header.length as usize..];
            headers.push((
                header.frame,
                header.index,
                header.number,
                header.last,
                header.epoch,
            ));
        }
    }
    let expected = [
        (1, 0, 0, false, 1),
        (1, 1, 1, true, 1),
        (2, 0, 2, false, 1),
        (2, 1, 3, true, 1),
        (3, 0, 4, false, 1),
        (3, 1, 5, true, 1),
    ];
    assert_eq!(headers, expected);
    // It is shown, and that is said a step later.
    world.run(10);
    let opened = record::open(&world.sent, Way::HelperUp, &world.session_keys().unwrap());
    let shown = |message: &Message| match message {
        Message::Shown(shown) => Some(shown.frame),
        _ => None,
    };
    let shown: Vec<_> = opened.messages.iter().filter_map(shown).collect();
    assert_eq!(shown, [1, 2, 3]);
    assert_eq!(world.sharer.machine().frame_seen(), Some(3));
}

//= test spec/06-media-input.md#media-records [MEDIA-7] c3aeb9d3
//= test spec/06-media-input.md#frames [MEDIA-13] 630250c8
//= test spec/06-media-input.md#frames [MEDIA-21] 579df7bb
//= test spec/06-media-input.md#frames [MEDIA-22] b53cf980
#[test]
fn a_damaged_record_costs_its_frame_and_a_complete_one_follows() {
    let mut world = World::new(61);
    world.viewing();
    world.frame(true).unwrap();
    world.run(600);
    let mut damaged = false;
    world.tap(move |way, packet| match packet {
        Packet::Stream { id, mut bytes } if way == Way::SharerUp && !damaged => {
            damaged = true;
            bytes[100] ^= 1;
            vec![(way, Packet::Stream { id, bytes })]
        }
        packet => vec![(way, packet)],
    });
    world.frame(false).unwrap();
    world.run(10);
    assert_eq!(ids(&world), [1]);
    assert_eq!(world.helper.counters().forged, 1);
    assert!(world.helper.machine().ended().is_none());
    assert!(world.sharer.wants_complete(), "a refresh has come");
    world.frame(true).unwrap();
    world.frame(false).unwrap();
    world.run(10);
    assert_eq!(ids(&world), [1, 3, 4]);
}

//= test spec/06-media-input.md#frames [MEDIA-12] 41760917
//= test spec/06-media-input.md#frames [MEDIA-14] 95470cc2
#[test]
fn a_stale_stream_is_reset_and_the_next_begins_complete() {
    let mut world = World::new(62);
    world.viewing();
    world.frame(true).unwrap();
    world.run(600);
    world.tap(|way, packet| match packet {
        Packet::Stream { .. } if way == Way::SharerUp => Vec::new(),
        packet => vec![(way, packet)],
    });
    world.frame(false).unwrap();
    world.run(10);
    world.untap();
    world.sharer.drop_stale_frames();
    assert_eq!(world.frame(false), None);
    world.frame(true).unwrap();
    world.run(10);
    assert_eq!(ids(&world), [1, 3]);
    // Without a complete one, nothing that builds on what was lost is shown.
    world.tap(|way, packet| match packet {
        Packet::Stream { .. } if way == Way::SharerUp => Vec::new(),
        packet => vec![(way, packet)],
    });
    world.frame(false).unwrap();
    world.run(600);
    world.untap();
    world.frame(false).unwrap();
    world.run(10);
    assert_eq!(ids(&world), [1, 3]);
    assert_eq!(world.helper.counters().discarded_frames, 1);
}

//= test spec/06-media-input.md#frames [MEDIA-21] 579df7bb
#[test]
fn a_helper_asks_for_a_complete_frame_at_most_twice_a_second() {
    let mut world = World::new(63);
    world.viewing();
    for _ in 0..200 {
        world.helper.refresh(world.now);
        world.run(10);
    }
    assert!(
        (4..=5).contains(&refreshes(&world)),
        "{}",
        refreshes(&world)
    );
}

//= test spec/06-media-input.md#frames [MEDIA-22] b53cf980
//= test spec/06-media-input.md#frames [MEDIA-23] 6d372094
#[test]
fn a_sharer_answers_a_flood_of_refreshes_twice_a_second_and_forgets_none() {
    let mut world = World::new(64);
    world.viewing();
    world.frame(true).unwrap();
    world.take_over_helper();
    let wanted = |world: &World| {
        let wanted = |event: &&alongside_state_machine::endpoint::sharer::Event| {
            matches!(
                event,
                alongside_state_machine::endpoint::sharer::Event::Session(
                    alongside_state_machine::session::sharer::Event::CompleteFrameWanted
                )
            )
        };
        world.sharer_events.iter().filter(wanted).count()
    };
    for _ in 0..49 {
        world.forge(
            Way::HelperUp,
            &[Message::Refresh(alongside_wire::session::Refresh {})],
        );
        world.run(10);
    }
    assert_eq!(wanted(&world), 1);
    world.run(20);
    assert_eq!(wanted(&world), 2);
    world.run(2_000);
    assert_eq!(wanted(&world), 2);
}

//= test spec/06-media-input.md#media-records [MEDIA-5] 23332d38
//= test spec/06-media-input.md#media-records [MEDIA-6] 4aa84411
//= test spec/06-media-input.md#frames [MEDIA-15] 7bea0c5f
#[test]
fn frames_that_are_replayed_or_late_are_not_shown_again() {
    let mut world = World::new(65);
    world.viewing();
    let mut kept: Vec<(Way, Packet)> = Vec::new();
    world.frame(true).unwrap();
    world.run(10);
    for (way, packet) in &world.sent {
        if let (Way::SharerUp, Packet::Stream { bytes, .. }) = (way, packet) {
            let bytes = bytes.clone();
            kept.push((Way::SharerUp, Packet::Stream { id: 99, bytes }));
        }
    }
    for (way, packet) in kept {
        world.inject(way, packet);
    }
    world.run(10);
    assert_eq!(ids(&world), [1]);
    assert_eq!(world.helper.counters().out_of_window, 2);
    // Authentic, complete, and older than what is on the screen.
    world.take_over_sharer();
    world.forge_media(98, 1, 50, 1, &encoded(true));
    world.run(10);
    assert_eq!(ids(&world), [1]);
}

//= test spec/06-media-input.md#media-records [MEDIA-11] 67a0f931
#[test]
fn a_frame_beyond_its_limit_ends_the_session() {
    let mut world = World::new(66);
    world.viewing();
    world.take_over_sharer();
    world.forge_media(7, 1, 0, 1, &vec![0; 16_777_217]);
    world.run(10);
    let ended = world.helper.machine().ended().unwrap();
    assert_eq!(ended.code, ErrorCode::TooLarge);
    assert_eq!(ended.fault.unwrap().clause(), "MEDIA-11");
}

//= test spec/06-media-input.md#frames [MEDIA-16] 939a2b46
#[test]
fn an_authentic_frame_that_is_none_ends_the_session() {
    for bytes in [
        vec![0; 3],
        vec![0xFF; 100],
        [encoded(true), vec![0]].concat(),
    ] {
        let mut world = World::new(67);
        world.viewing();
        world.take_over_sharer();
        world.forge_media(7, 1, 0, 1, &bytes);
        world.run(10);
        let ended = world.helper.machine().ended().unwrap();
        assert_eq!(ended.code, ErrorCode::Malformed);
        assert!(world.frames() == 0);
    }
}

//= test spec/06-media-input.md#frames [MEDIA-20] 6aba92cf
#[test]
fn a_frame_that_was_never_sent_cannot_be_shown() {
    for frame in [0, 2, u32::MAX] {
        let mut world = World::new(68);
        world.viewing();
        world.frame(true).unwrap();
        world.run(10);
        world.take_over_helper();
        world.forge(Way::HelperUp, &[Shown { frame }.into()]);
        world.run(10);
        let ended = world.sharer.machine().ended().unwrap();
        assert_eq!(ended.fault.unwrap().clause(), "MEDIA-20");
    }
}

//= test spec/06-media-input.md#media-records [MEDIA-9] 8bfeb4a3
//= test spec/06-media-input.md#media-records [MEDIA-10] eb5333ea
#[test]
fn what_is_no_record_stops_its_stream_and_nothing_else() {
    let mut world = World::new(69);
    world.controlled();
    let garbage = Packet::Stream {
        id: 1_000,
        bytes: vec![0xEE; 50],
    };
    world.inject(Way::SharerUp, garbage.clone());
    world.inject(Way::HelperUp, garbage);
    world.run(10);
    assert_eq!(world.sharer.counters().stopped_streams, 1);
    assert!(world.sharer.machine().ended().is_none());
    world.take_over_sharer();
    // The beginnings of three frames on three streams; a whole one on a fourth.
    let (keys, encoded) = (world.session_keys().unwrap(), encoded(true));
    let mut sealer = alongside_state_machine::channel::media::Sealer::new(&keys, 1);
    sealer.seal(&keys, 1, &[0; 100_000]);
    for frame in 2..=5_u32 {
        let mut bytes = sealer.seal(&keys, frame, &encoded);
        if frame < 5 {
            bytes.truncate(20_000);
        }
        let id = u64::from(frame) + 10;
        world.inject(Way::SharerUp, Packet::Stream { id, bytes });
    }
    world.run(10);
    assert_eq!(world.helper.counters().stopped_streams, 1);
    assert_eq!(ids(&world), [1, 5]);
    assert!(world.helper.machine().ended().is_none());
}

#[test]
fn more_streams_than_eight_are_stopped() {
    let mut world = World::new(70);
    world.viewing();
    for id in 0..20 {
        let bytes = vec![MEDIA];
        world.inject(Way::SharerUp, Packet::Stream { id, bytes });
    }
    world.run(10);
    assert_eq!(world.helper.counters().stopped_streams, 12);
}

//= test spec/06-media-input.md#media-records [MEDIA-8] e1248722
#[test]
fn frames_come_through_a_poor_network() {
    let mut world = World::with(
        71,
        Conditions::POOR,
        alongside_state_machine::endpoint::Config::default(),
        alongside_state_machine::endpoint::Config::default(),
    );
    world.viewing();
    for frame in 0..50 {
        world
            .frame(frame == 0 || world.sharer.wants_complete())
            .unwrap();
        world.run(40);
    }
    world.run(5_000);
    assert_eq!(ids(&world), (1..=50).collect::<Vec<_>>());
}

//= test spec/06-media-input.md#frames [MEDIA-14] 95470cc2
#[test]
fn a_frame_that_builds_on_nothing_is_not_shown() {
    let mut world = World::new(72);
    world.viewing();
    world.take_over_sharer();
    world.forge_media(7, 1, 0, 1, &encoded(false));
    world.run(10);
    assert_eq!((ids(&world), refreshes(&world)), (vec![], 1));
    world.forge_media(7, 1, 10, 2, &encoded(true));
    // The one after the next, which builds on one that never was.
    world.forge_media(7, 1, 20, 4, &encoded(false));
    world.forge_media(7, 1, 30, 3, &encoded(false));
    world.run(10);
    assert_eq!(ids(&world), [2, 3]);
    assert_eq!(world.helper.counters().discarded_frames, 2);
    assert!(world.helper.machine().ended().is_none());
}
