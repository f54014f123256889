//! What the path cannot tell, because it looks the same.

use alongside_harness::{Packet, Way, World};
use alongside_wire::input::InputEvent;

/// What a packet looks like to somebody on the path: its way, its stream, its size, and when it
/// left, in milliseconds.
type Look = (u64, Way, Option<u64>, usize);

/// Lets so many milliseconds pass, with something done before each, and writes down what left.
fn watch(world: &mut World, ms: u64, mut act: impl FnMut(&mut World, u64)) -> Vec<Look> {
    let mut image = Vec::new();
    for at in 0..ms {
        let before = world.sent.len();
        act(world, at);
        world.run(1);
        let looks = world.sent[before..]
            .iter()
            .map(|(way, packet)| match packet {
                Packet::Control(bytes) => (at, *way, None, bytes.len()),
                Packet::Stream { id, bytes } => (at, *way, Some(*id), bytes.len()),
                Packet::Reset { id } => (at, *way, Some(*id), 0),
                Packet::Close(_) => (at, *way, None, 0),
            });
        image.extend(looks);
    }
    image
}

fn key(usage: u16, down: bool) -> InputEvent {
    InputEvent::Key { usage, down }
}

/// Somebody who types one letter each 90 ms.
fn slow(world: &mut World, at: u64) {
    if at.is_multiple_of(90) {
        world.helper.input(key(4, at.is_multiple_of(180))).unwrap();
    }
}

/// Somebody who points, clicks and types as fast as records take it.
fn fast(world: &mut World, at: u64) {
    let x = u16::try_from(at * 13 % 65_536).unwrap();
    let y = u16::try_from(at * 7 % 65_536).unwrap();
    let button = InputEvent::Button {
        button: 1,
        down: at.is_multiple_of(20),
    };
    let pointer = InputEvent::Pointer { display: 0, x, y };
    for event in [pointer, button, key(5, true), key(5, false)] {
        if at.is_multiple_of(5) {
            world.helper.input(event).unwrap();
        }
    }
}

//= test spec/06-media-input.md#input-records [INPUT-2] eff6d714
#[test]
fn whatever_is_typed_looks_the_same() {
    let typists: [fn(&mut World, u64); 3] = [|_, _| {}, slow, fast];
    let images = typists.map(|typist| {
        let mut world = World::new(800);
        world.controlled();
        watch(&mut world, 3_000, typist)
    });
    assert_eq!(images[0], images[1], "nobody and somebody slow");
    assert_eq!(images[0], images[2], "nobody and somebody fast");
    let records = images[0].iter();
    let records = records.filter(|(_, way, stream, _)| *way == Way::HelperUp && stream.is_some());
    let ticks: Vec<u64> = records.map(|(at, ..)| *at).collect();
    assert_eq!(ticks.len(), 300);
    assert!(ticks.windows(2).all(|two| two[1] - two[0] == 10));
}

/// What a line of chat looks like, from one end and back.
fn line(text: &str, from_sharer: bool) -> Vec<Look> {
    let mut world = World::new(801);
    world.viewing();
    watch(&mut world, 100, |world, at| {
        if at == 10 {
            let sent = if from_sharer {
                world.sharer.chat(text).map(drop)
            } else {
                world.helper.chat(text, world.now).map(drop)
            };
            sent.unwrap();
        }
    })
}

//= test spec/05-session.md#chat [CHAT-5] 2d996685
#[test]
fn two_lines_within_a_step_look_the_same() {
    for from_sharer in [true, false] {
        let short = line("no", from_sharer);
        let long = line(&"I would rather not say that. ".repeat(8), from_sharer);
        assert_eq!(short, long);
        // Scripts differ in their bytes, and not in what is seen of them.
        assert_eq!(short, line("\u{4f60}\u{597d}", from_sharer));
        let longer = line(&"a".repeat(256), from_sharer);
        assert_ne!(short, longer, "the next step is seen");
    }
}
