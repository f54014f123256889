//! A network that does anything with what is sent, and a relay that says anything.

use alongside_harness::{Conditions, Packet, Side, Way, World};
use alongside_state_machine::{
    endpoint::{Config, helper, sharer},
    session::sharer::Event,
};
use alongside_wire::{
    envelope::Envelope,
    framing,
    media::Tile,
    rendezvous::{Deliver, Message},
};

use crate::{fake::Fake, messages, source::Source, words};

/// What a network may do with a packet.
#[derive(Clone)]
enum Trick {
    Flip(usize, u8),
    Cut(usize),
    Drop,
    Repeat,
    Back,
    /// Right behind it comes this from the relay.
    Say(Way, Vec<u8>),
}

/// A whole session of two honest people, of which some packets are tampered with on their way.
///
/// # Panics
/// If something comes about that must not.
pub fn fuzz(data: &[u8]) {
    let mut source = Source::new(data);
    let config = || Config {
        aead: &Fake,
        ..Config::default()
    };
    let seed = source.byte().into();
    let mut world = World::with(seed, Conditions::INSTANT, config(), config());
    let count = 1 + source.below(4);
    let tricks: Vec<_> = (0..count)
        .map(|_| (source.below(120), trick(&mut source)))
        .collect();
    let mut number = 0;
    world.tap(move |way, packet| {
        number += 1;
        let now = tricks.iter().filter(|(at, _)| *at + 1 == number);
        let packets = vec![(way, packet)];
        now.fold(packets, |packets, (_, trick)| {
            let each = packets.into_iter();
            each.flat_map(|(way, packet)| tampered(trick, way, packet))
                .collect()
        })
    });
    let _ = world.helper.request_code(world.now);
    world.run(60);
    let code = world.helper_events.iter().find_map(|event| match event {
        helper::Event::Code { code, .. } => Some(*code),
        _ => None,
    });
    if let Some(code) = code {
        world.join(code);
    }
    world.run(200);
    assert_eq!(world.frames(), 0, "a picture before consent");
    let consented = world.consent(true).is_ok();
    world.run(20);
    let mut sent = 0;
    for _ in 0..source.below(6) {
        sent += usize::from(world.frame(world.sharer.wants_complete()).is_some());
        world.run(source.below(3_000) as u64);
    }
    assert!(world.frames() <= sent, "a picture that nobody sent");
    for event in &world.helper_events {
        if let helper::Event::Frame { frame, .. } = event {
            let same =
                |tile: &Tile| tile.data.len() == 20_000 && tile.data.iter().all(|byte| *byte == 7);
            assert!(
                frame.tiles.len() == 1 && frame.tiles.iter().all(same),
                "another picture"
            );
        }
    }
    assert!(consented || sent == 0, "a picture that nobody consented to");
    let inject = |event: &&sharer::Event| matches!(event, sharer::Event::Session(Event::Inject(_)));
    assert_eq!(
        world.sharer_events.iter().filter(inject).count(),
        0,
        "nobody typed"
    );
    // Untouched from here on, what lives goes on living, and nobody waits for ever.
    world.untap();
    world.run(40_000);
    for side in [Side::Helper, Side::Sharer] {
        if let Some(fault) = world.ended(side).and_then(|ended| ended.fault) {
            words::blamed(&fault);
        }
    }
}

fn trick(source: &mut Source<'_>) -> Trick {
    match source.below(20) {
        0..=5 => Trick::Flip(source.below(600), source.below(8) as u8),
        6 => Trick::Cut(source.below(600)),
        7 => Trick::Drop,
        8 => Trick::Repeat,
        9 => Trick::Back,
        _ => Trick::Say(
            *source.pick(&[Way::HelperDown, Way::SharerDown]),
            said(source),
        ),
    }
}

/// What a relay might say: any message of its own, or an envelope that no end has sent.
fn said(source: &mut Source<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let message = match source.below(5) {
        0 | 2 => messages::any::<Message>(source),
        // One that means nothing.
        4 => {
            let mut envelope = Vec::new();
            framing::encode(framing::GREASE[0], &[], &mut envelope);
            Some(Deliver { envelope }.into())
        }
        _ => messages::any::<Envelope>(source).map(|envelope| {
            let envelope = envelope.to_bytes();
            Deliver { envelope }.into()
        }),
    };
    if let Some(message) = message {
        message.encode(&mut bytes);
    }
    bytes
}

fn tampered(trick: &Trick, way: Way, mut packet: Packet) -> Vec<(Way, Packet)> {
    if let Packet::Control(bytes) | Packet::Stream { bytes, .. } = &mut packet
        && !bytes.is_empty()
    {
        let len = bytes.len();
        match trick {
            Trick::Flip(at, bit) => bytes[at % len] ^= 1 << bit,
            Trick::Cut(at) => bytes.truncate(at % len),
            Trick::Drop | Trick::Repeat | Trick::Back | Trick::Say(..) => {}
        }
    }
    let back = match way {
        Way::HelperUp => Way::HelperDown,
        Way::HelperDown => Way::HelperUp,
        Way::SharerUp => Way::SharerDown,
        Way::SharerDown => Way::SharerUp,
    };
    match trick {
        Trick::Flip(..) | Trick::Cut(_) => vec![(way, packet)],
        Trick::Drop => Vec::new(),
        Trick::Repeat => vec![(way, packet.clone()), (way, packet)],
        Trick::Back => vec![(way, packet.clone()), (back, packet)],
        Trick::Say(to, bytes) => vec![(way, packet), (*to, Packet::Control(bytes.clone()))],
    }
}
