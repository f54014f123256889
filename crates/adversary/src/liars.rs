//! An end with the right keys that says and does anything, and a network that does anything with what is sent: the honest
//! end shows and carries out nothing that its person did not allow.

use alongside_harness::{Conditions, Packet, Way, World};
use alongside_state_machine::{
    channel::input::GrantKey,
    endpoint::{helper, sharer},
    session::{By, sharer::Event},
};
use alongside_wire::{
    Scopes,
    input::InputEvent,
    limits::RECORD_PLAINTEXT,
    media::Tile,
    session::{ControlGrant, Message},
};

use crate::{messages, source::Source};

/// Acts of the longest run.
const LONGEST: usize = 120;

/// From the question (0), from consent (1), or from control.
fn begun(source: &mut Source<'_>) -> (World, usize) {
    let mut world = crate::fake::world(source.byte(), Conditions::INSTANT);
    let from = source.below(3);
    match from {
        0 => world.asked(),
        1 => world.viewing(),
        _ => world.controlled(),
    }
    (world, from)
}

/// Up to three messages. Their numbers are small, as those of a session are.
fn said(source: &mut Source<'_>) -> Vec<Message> {
    let count = 1 + source.below(3);
    let mut bytes = Vec::new();
    let mut said: Vec<Message> = (0..count).filter_map(|_| messages::any(source)).collect();
    // What is too long for a record is left out.
    said.retain(|message| {
        let before = bytes.len();
        message.encode(&mut bytes);
        let fits = bytes.len() <= RECORD_PLAINTEXT;
        bytes.truncate(if fits { bytes.len() } else { before });
        fits
    });
    said
}

/// A lying helper, and an honest sharer whose person allows the keyboard and nothing else.
///
/// # Panics
/// If something comes about that must not.
pub fn helper(data: &[u8]) {
    let mut source = Source::new(data);
    let (mut world, from) = begun(&mut source);
    world.take_over_helper();
    let mut may = if from == 2 {
        Scopes::CONTROL
    } else {
        Scopes::NONE
    };
    let mut read = 0;
    for _ in 0..LONGEST {
        if source.is_empty() {
            break;
        }
        let now = world.now;
        match source.below(12) {
            0..=4 => {
                let said = said(&mut source);
                if !said.is_empty() {
                    world.forge(Way::HelperUp, &said);
                }
            }
            5 | 6 => type_something(&mut world, &mut source),
            7 if world.allow(Scopes::KEYBOARD).is_ok() => may = Scopes::KEYBOARD,
            8 if world.sharer.revoke(now).is_ok() => may = Scopes::NONE,
            9 => {
                let paused = source.bool();
                if world.sharer.set_paused(paused, now).is_ok() && paused {
                    may = Scopes::NONE;
                }
            }
            10 => drop(world.frame(true)),
            _ => world.run(source.below(6_000) as u64),
        }
        world.run(1);
        for event in &world.sharer_events[read..] {
            if let sharer::Event::Session(Event::Inject(input)) = event {
                assert!(
                    may.contains(input.scope()),
                    "{input:?}, and {may:?} was allowed"
                );
            }
        }
        read = world.sharer_events.len();
        assert!(
            from > 0 || world.sharer.scopes().is_empty(),
            "nobody consented"
        );
    }
    // It was told nothing but what it may know.
    assert_eq!(world.audit(), Ok(()));
    if let Some(ended) = world.sharer.machine().ended() {
        let blames = ended.fault.is_some();
        assert!(!blames || ended.by == By::Peer, "{ended:?}");
        assert_eq!(world.sharer.scopes(), Scopes::NONE);
    }
}

/// Input under the secret of a grant that there was, from its first record or a later one.
fn type_something(world: &mut World, source: &mut Source<'_>) {
    let Some(keys) = world.session_keys() else {
        return;
    };
    let opened = alongside_harness::record::open(&world.sent, Way::SharerUp, &keys);
    let grants = opened.messages.iter().filter_map(|message| match message {
        Message::ControlGrant(grant) => Some(grant),
        _ => None,
    });
    let back = usize::from(source.one_in(6));
    let Some(ControlGrant { grant, secret, .. }) = grants.rev().nth(back) else {
        return;
    };
    let mut key = GrantKey::new(&keys, *grant, secret);
    let id = u64::from(*grant);
    let before = world
        .sent
        .iter()
        .filter(|sent| matches!(sent, (Way::HelperUp, Packet::Stream { id: at, .. }) if *at == id));
    for _ in 0..before.count() {
        key.seal(&[]);
    }
    let event = match source.below(4) {
        0 => InputEvent::ReleaseAll,
        1 => InputEvent::Button {
            button: 1,
            down: source.bool(),
        },
        _ => InputEvent::Key {
            usage: source.number() as u16,
            down: source.bool(),
        },
    };
    let packet = Packet::Stream {
        id,
        bytes: key.seal(&[event]),
    };
    world.inject(Way::HelperUp, packet);
}

/// A lying sharer, and an honest helper whose person wants the keyboard at most.
///
/// # Panics
/// If something comes about that must not.
pub fn sharer(data: &[u8]) {
    let mut source = Source::new(data);
    let (mut world, from) = begun(&mut source);
    world.take_over_sharer();
    let most = match from {
        2 => Scopes::CONTROL,
        _ => Scopes::KEYBOARD,
    };
    let most = most.union(Scopes::CONSENT);
    for _ in 0..LONGEST {
        if source.is_empty() {
            break;
        }
        let now = world.now;
        // What the machine refuses is its business.
        let _ = match source.below(10) {
            0..=4 => {
                let said = said(&mut source);
                if !said.is_empty() {
                    world.forge(Way::SharerUp, &said);
                }
                Ok(())
            }
            5 => {
                let id = source.number();
                let bytes = source.bytes(60).to_vec();
                world.inject(Way::HelperDown, Packet::Stream { id, bytes });
                Ok(())
            }
            6 => world.helper.request_control(Scopes::KEYBOARD, now),
            7 => world.helper.input(InputEvent::Key {
                usage: 5,
                down: true,
            }),
            8 => world.helper.set_paused(source.bool(), now),
            _ => {
                world.run(source.below(6_000) as u64);
                Ok(())
            }
        };
        world.run(1);
        let may = world.helper.machine().scopes();
        assert!(
            most.contains(may),
            "{may:?}, and no more than {most:?} was asked for"
        );
    }
    let offered = |event: &helper::SessionEvent| {
        matches!(event, helper::SessionEvent::ClipboardOffered { .. })
    };
    assert!(
        !world.helper_was_told(offered),
        "a clipboard that no grant allows"
    );
    let shown = |event: &&helper::Event| matches!(event, helper::Event::Frame { .. });
    let shown = world.helper_events.iter().filter(shown).count();
    assert!(from > 0 || shown == 0, "a picture that nobody consented to");
    if let Some(ended) = world.helper.machine().ended() {
        let blames = ended.fault.is_some();
        assert!(!blames || ended.by == By::Peer, "{ended:?}");
    }
}

/// What a network may do with a packet.
#[derive(Clone, Copy)]
enum Trick {
    Flip(usize, u8),
    Cut(usize),
    Drop,
    Repeat,
    Back,
}

/// A whole session of two honest people, of which some packets are tampered with on their way.
///
/// # Panics
/// If something comes about that must not.
pub fn network(data: &[u8]) {
    let mut source = Source::new(data);
    let mut world = crate::fake::world(source.byte(), Conditions::INSTANT);
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
            each.flat_map(|(way, packet)| tampered(*trick, way, packet))
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
}

fn trick(source: &mut Source<'_>) -> Trick {
    match source.below(10) {
        0..=5 => Trick::Flip(source.below(600), source.below(8) as u8),
        6 => Trick::Cut(source.below(600)),
        7 => Trick::Drop,
        8 => Trick::Repeat,
        _ => Trick::Back,
    }
}

fn tampered(trick: Trick, way: Way, mut packet: Packet) -> Vec<(Way, Packet)> {
    if let Packet::Control(bytes) | Packet::Stream { bytes, .. } = &mut packet
        && !bytes.is_empty()
    {
        let len = bytes.len();
        match trick {
            Trick::Flip(at, bit) => bytes[at % len] ^= 1 << bit,
            Trick::Cut(at) => bytes.truncate(at % len),
            Trick::Drop | Trick::Repeat | Trick::Back => {}
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
    }
}
