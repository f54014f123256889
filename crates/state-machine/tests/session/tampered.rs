//! A whole session of which one packet is tampered with: what comes through is what was sent.

use std::{cell::Cell, rc::Rc};

use alongside_harness::{Packet, Way, World};
use alongside_state_machine::{
    endpoint::{helper, helper::SessionEvent as Helper, sharer},
    session::{By, sharer::Event},
};
use alongside_wire::{
    Codec, Scopes,
    input::InputEvent,
    media::{Frame, Tile},
};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Trick {
    Flip(u8),
    Cut,
    Drop,
    Repeat,
    Swap,
}

fn trick() -> impl Strategy<Value = Trick> {
    prop_oneof![
        6 => (0..8_u8).prop_map(Trick::Flip),
        1 => Just(Trick::Cut),
        1 => Just(Trick::Drop),
        1 => Just(Trick::Repeat),
        1 => Just(Trick::Swap),
    ]
}

fn play(trick: Trick, mut packet: Packet, place: prop::sample::Index) -> Vec<Packet> {
    if let Packet::Control(bytes) | Packet::Stream { bytes, .. } = &mut packet
        && !bytes.is_empty()
    {
        let at = place.index(bytes.len());
        match trick {
            Trick::Flip(bit) => bytes[at] ^= 1 << bit,
            Trick::Cut => bytes.truncate(at),
            Trick::Swap => bytes.swap(at, 0),
            Trick::Drop | Trick::Repeat => {}
        }
    }
    match trick {
        Trick::Drop => Vec::new(),
        Trick::Repeat => vec![packet.clone(), packet],
        Trick::Flip(_) | Trick::Cut | Trick::Swap => vec![packet],
    }
}

fn key(usage: u16) -> InputEvent {
    InputEvent::Key { usage, down: true }
}

fn frame(data: u8) -> Frame {
    let tile = Tile {
        x: 0,
        y: 0,
        width: 8,
        height: 8,
        codec: Codec::Png,
        data: vec![data; 20_000],
    };
    Frame {
        complete: true,
        display: 0,
        width: 8,
        height: 8,
        tiles: vec![tile],
    }
}

/// As much of a session as comes about; the frames that were sent.
fn session(world: &mut World) -> Vec<(u32, Frame)> {
    let mut frames = Vec::new();
    let mut film = |world: &mut World, data| {
        if let Ok(id) = world.sharer.send_frame(&frame(data)) {
            frames.push((id, frame(data)));
        }
        world.run(20);
    };
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
    let _ = world.consent(true);
    world.run(20);
    film(world, 1);
    film(world, 2);
    world.run(5_000);
    let _ = world.helper.request_control(Scopes::CONTROL, world.now);
    world.run(1_100);
    let _ = world.allow(Scopes::KEYBOARD);
    world.run(5);
    for usage in 4..14 {
        let _ = world.helper.input(key(usage));
        world.run(10);
    }
    let _ = world.helper.chat("from the helper", world.now);
    let _ = world.sharer.chat("from the sharer");
    let _ = world.sharer.set_paused(true, world.now);
    world.run(20);
    let _ = world.sharer.set_paused(false, world.now);
    world.run(20);
    film(world, 3);
    world.sharer.end();
    world.run(20);
    frames
}

fn injected(world: &World) -> Vec<InputEvent> {
    let input = |event: &sharer::Event| match event {
        sharer::Event::Session(Event::Inject(input)) => Some(*input),
        _ => None,
    };
    world.sharer_events.iter().filter_map(input).collect()
}

/// What each end took for the other's words, pictures and keys.
fn assert_true(world: &World, frames: &[(u32, Frame)]) -> Result<(), TestCaseError> {
    for event in &world.helper_events {
        match event {
            helper::Event::Frame { id, frame } => {
                let sent = frames.iter().find(|(sent, _)| sent == id);
                prop_assert_eq!(sent.map(|(_, frame)| frame), Some(frame));
            }
            helper::Event::Session(Helper::Chat(text)) => {
                prop_assert_eq!(text, "from the sharer");
            }
            helper::Event::Session(Helper::Viewing { scopes }) => {
                prop_assert_eq!(*scopes, Scopes::CONSENT);
            }
            helper::Event::Session(Helper::ControlGranted { scopes, .. }) => {
                prop_assert_eq!(*scopes, Scopes::KEYBOARD);
            }
            _ => {}
        }
    }
    for event in &world.sharer_events {
        match event {
            sharer::Event::Session(Event::ConsentAsked { name, .. }) => {
                prop_assert_eq!(name, "Ada");
            }
            sharer::Event::Session(Event::Chat(text)) => {
                prop_assert_eq!(text, "from the helper");
            }
            _ => {}
        }
    }
    // Nothing that was not typed, nothing twice, nothing out of order, no hole.
    let typed: Vec<_> = (4..14).map(key).collect();
    prop_assert!(typed.starts_with(&injected(world)), "{:?}", injected(world));
    if world.keys.is_some() {
        prop_assert_eq!(world.audit(), Ok(()));
        // The channel stood, and the path did it: the other end is not blamed.
        let ends = [
            world.helper.machine().ended(),
            world.sharer.machine().ended(),
        ];
        for ended in ends.into_iter().flatten() {
            let handshake = ended
                .fault
                .is_some_and(|fault| fault.clause().starts_with("KEX"));
            let blamed = ended.by == By::Peer && ended.fault.is_some() && !handshake;
            prop_assert!(!blamed, "{ended:?}");
        }
    }
    Ok(())
}

/// How many packets the session has when nobody touches it.
fn packets() -> usize {
    let mut world = World::new(400);
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    world.tap(move |way, packet| {
        counted.set(counted.get() + 1);
        vec![(way, packet)]
    });
    let frames = session(&mut world);
    assert_eq!((frames.len(), world.frames()), (3, 3));
    assert_eq!(injected(&world).len(), 10);
    count.get()
}

#[test]
fn the_session_that_is_tampered_with_is_a_whole_one() {
    assert!(packets() > 100);
}

proptest! {
    #![proptest_config(crate::cases(256))]

    //= test spec/04-key-exchange.md#schedule [KEY-3] 0659d238
    //= test spec/04-key-exchange.md#schedule [KEY-7] 1916ab26
    //= test spec/06-media-input.md#media-records [MEDIA-7] c3aeb9d3
    //= test spec/06-media-input.md#input-records [INPUT-5] 6207da10
    #[test]
    fn nothing_comes_through_that_was_not_sent(
        nth in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        trick in trick(),
    ) {
        let nth = nth.index(packets());
        let mut world = World::new(400);
        let mut count = 0;
        world.tap(move |way: Way, packet| {
            count += 1;
            if count != nth + 1 {
                return vec![(way, packet)];
            }
            play(trick, packet, place).into_iter().map(|packet| (way, packet)).collect()
        });
        let frames = session(&mut world);
        assert_true(&world, &frames)?;
    }
}
