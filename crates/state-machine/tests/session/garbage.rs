//! Any bytes at any port: a named error or nothing, and never a panic, a picture or a key press.

use alongside_harness::{Packet, Way, World};
use alongside_state_machine::{
    endpoint::{helper, sharer},
    session::sharer::Event,
};
use alongside_wire::limits::CONTROL_MESSAGE;
use proptest::prelude::*;

fn seen_or_done(world: &World) -> (usize, usize) {
    let frame = |event: &&helper::Event| matches!(event, helper::Event::Frame { .. });
    let inject = |event: &&sharer::Event| matches!(event, sharer::Event::Session(Event::Inject(_)));
    (
        world.helper_events.iter().filter(frame).count(),
        world.sharer_events.iter().filter(inject).count(),
    )
}

fn stage(seed: u64, stage: u8) -> World {
    let mut world = World::new(seed);
    match stage {
        0 => {}
        1 => {
            world.code();
        }
        2 => world.asked(),
        3 => world.viewing(),
        _ => world.controlled(),
    }
    world
}

proptest! {
    #![proptest_config(crate::cases(96))]

    //= test spec/09-limits-errors.md#kinds [ERROR-2] d9a58b0d
    //= test spec/09-limits-errors.md#kinds [ERROR-3] 72eec8fc
    #[test]
    fn random_bytes_do_no_harm(
        seed in 0..1_000_u64,
        at in 0..5_u8,
        way in prop::sample::select(vec![Way::HelperDown, Way::SharerDown]),
        stream in any::<Option<u64>>(),
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let mut world = stage(seed, at);
        let before = seen_or_done(&world);
        let packet = match stream {
            None => Packet::Control(bytes),
            Some(id) => Packet::Stream { id, bytes },
        };
        world.inject(way, packet);
        world.run(20);
        prop_assert_eq!(seen_or_done(&world), before);
        // Whatever frame stream was broken: the session itself goes on.
        if stream.is_some() && at >= 2 {
            prop_assert!(world.helper.machine().ended().is_none());
            prop_assert!(world.sharer.machine().ended().is_none());
        }
    }

    //= test spec/07-wire.md#framing [WIRE-3] 7a4ec403
    /// One bit of one packet of a whole session is turned on the way.
    #[test]
    fn a_turned_bit_shows_nothing_and_does_nothing(
        seed in 0..1_000_u64,
        nth in 0..60_usize,
        place in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let mut world = World::new(seed);
        let mut count = 0;
        world.tap(move |way, packet| {
            let mut packet = packet;
            if let Packet::Control(bytes) | Packet::Stream { bytes, .. } = &mut packet {
                if count == nth && !bytes.is_empty() {
                    let at = place.index(bytes.len());
                    bytes[at] ^= 1 << bit;
                }
                count += 1;
            }
            vec![(way, packet)]
        });
        let _ = world.helper.request_code(world.now);
        world.run(10);
        let code = world.helper_events.iter().find_map(|event| match event {
            helper::Event::Code { code, .. } => Some(*code),
            _ => None,
        });
        if let Some(code) = code {
            world.join(code);
        }
        world.run(100);
        prop_assert_eq!(seen_or_done(&world), (0, 0));
        let consented = world.consent(true).is_ok();
        world.run(10);
        let sent = usize::from(world.frame(true).is_some());
        world.run(20);
        // A frame is shown if it was sent and consented to; a changed one never is.
        prop_assert!(seen_or_done(&world).0 <= sent);
        prop_assert!(consented || sent == 0);
    }
}

//= test spec/07-wire.md#framing [WIRE-5] 489192f3
//= test spec/09-limits-errors.md#kinds [ERROR-3] 72eec8fc
#[test]
fn floods_are_held_to_their_bounds() {
    // A length beyond the limit is refused before its bytes are awaited.
    let mut world = stage(120, 3);
    let mut header = Vec::new();
    alongside_wire::framing::header(0x0E, CONTROL_MESSAGE + 1, &mut header);
    world.inject(Way::HelperDown, Packet::Control(header.clone()));
    world.inject(Way::SharerDown, Packet::Control(header));
    world.run(10);
    let (helper, sharer) = (
        world.helper.machine().ended().unwrap(),
        world.sharer.machine().ended().unwrap(),
    );
    for ended in [helper, sharer] {
        assert_eq!(ended.fault.unwrap().clause(), "WIRE-5");
    }
    // Ten thousand records of nothing on a frame stream: counted, and not kept.
    let mut world = stage(121, 4);
    let mut records = Vec::new();
    for _ in 0..10_000 {
        records.extend([0x42, 0, 0, 80, 0, 0, 0, 99]);
        records.extend([0; 80]);
    }
    world.inject(
        Way::SharerDown,
        Packet::Stream {
            id: 5,
            bytes: records,
        },
    );
    world.run(10);
    assert_eq!(world.sharer.counters().dead_input, 10_000);
    assert!(world.sharer.machine().ended().is_none());
    assert_eq!(seen_or_done(&world), (1, 0));
}
