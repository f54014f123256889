//! An end with the right keys that says and does anything: the honest end shows and carries out nothing that its person
//! did not allow. Whatever is broken here is property 12.

mod fits;

use std::fmt;

use alongside_harness::{Broken, Conditions, Packet, Way, World};
use alongside_state_machine::{
    channel::{
        aead::Aead,
        media::{self, Sealer},
    },
    endpoint::{Config, helper, helper::SessionEvent as Helper, sharer},
    session::{By, Ended, sharer::Event},
};
use alongside_wire::{
    Scopes,
    input::InputEvent,
    limits::RECORD_PLAINTEXT,
    session::{ControlRequest, Heartbeat, Message},
};

use crate::{
    fake::Fake,
    messages,
    source::Source,
    walk::{self, LooksFor},
    words,
};
use fits::Liar;

/// Bytes that a lie begins with: where, and the seed.
pub const HEAD: usize = 2;
/// Bytes that one act is made of.
pub const ACT: usize = 24;
/// Acts of the longest run of a fuzzer.
const LONGEST: usize = 120;
/// Epochs of which a lying sharer seals media.
const EPOCHS: usize = 4;

/// What a liar asks for most.
const ASKED: [Scopes; 4] = [
    Scopes::CONTROL,
    Scopes::KEYBOARD,
    Scopes::POINTER,
    Scopes::GRANTABLE,
];

/// What is done by the liar, or by the person at the honest end.
#[derive(Clone, Debug)]
pub enum Act {
    /// The liar says this: as it is, or with the numbers that are next.
    Say {
        /// As it is.
        raw: bool,
        /// Up to three messages.
        messages: Vec<Message>,
    },
    /// A lying helper types, under the secret of the latest grant or of the one before.
    Type {
        /// The latest.
        latest: bool,
        /// What it types; an honest helper, too.
        events: Vec<InputEvent>,
    },
    /// A lying sharer seals any bytes as part of a picture.
    Media {
        /// The epoch: one of four.
        epoch: usize,
        /// The picture.
        frame: u32,
        /// The bytes.
        encoded: Vec<u8>,
    },
    /// A liar sends any bytes on a stream.
    Stream {
        /// Which.
        id: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The honest sharer allows the keyboard; the honest helper asks for it.
    Allow,
    /// The honest sharer denies; the honest helper gives control back.
    Deny,
    /// The honest sharer takes control back; the honest helper gives it back.
    Revoke,
    /// The honest end pauses, or goes on.
    Pause(bool),
    /// The honest sharer sends a picture; the honest helper wants a complete one.
    Frame,
    /// Milliseconds pass.
    Wait(u16),
}

impl Act {
    fn of(source: &mut Source<'_>) -> Self {
        match source.below(40) {
            0..=11 => Self::Say {
                raw: source.one_in(30),
                messages: said(source),
            },
            12..=17 => Self::Type {
                latest: !source.one_in(5),
                events: typed(source),
            },
            18..=20 => Self::Media {
                epoch: source.below(EPOCHS),
                frame: source.number() as u32,
                encoded: source.bytes(20).to_vec(),
            },
            21 => Self::Stream {
                id: source.number(),
                bytes: source.bytes(20).to_vec(),
            },
            22..=26 => Self::Allow,
            27 => Self::Deny,
            28 => Self::Revoke,
            29 => Self::Pause(source.bool()),
            30..=32 => Self::Frame,
            _ => Self::Wait(if source.bool() {
                source.below(100) as u16
            } else {
                source.below(3_000) as u16
            }),
        }
    }
}

/// Up to three messages. Their numbers are small, as those of a session are.
fn said(source: &mut Source<'_>) -> Vec<Message> {
    let count = 1 + source.below(3);
    let mut bytes = Vec::new();
    let mut said: Vec<Message> = (0..count)
        .filter_map(|_| match source.one_in(12) {
            // Without it little else is taken.
            true => {
                let request = source.number() as u32;
                let scopes = *source.pick(&ASKED);
                Some(ControlRequest { request, scopes }.into())
            }
            false => messages::any(source),
        })
        .collect();
    // What is too long for a record is left out.
    said.retain(|message| {
        let before = bytes.len();
        message.encode(&mut bytes);
        let fits = bytes.len() <= RECORD_PLAINTEXT;
        bytes.truncate(if fits { bytes.len() } else { before });
        fits
    });
    if said.is_empty() {
        said.push(Heartbeat {}.into());
    }
    said
}

fn typed(source: &mut Source<'_>) -> Vec<InputEvent> {
    let event = |source: &mut Source<'_>| match source.below(16) {
        0..=3 => InputEvent::Button {
            button: source.below(6) as u8,
            down: source.bool(),
        },
        4 => InputEvent::ReleaseAll,
        _ => InputEvent::Key {
            usage: source.number() as u16,
            down: source.bool(),
        },
    };
    (0..source.below(6)).map(|_| event(source)).collect()
}

/// A session in which one end lies. Told act by act.
#[derive(Clone)]
pub struct Lies {
    /// What all chance in it follows from.
    pub seed: u8,
    /// From the question (0), from consent (1), from control (2), or from the keyboard alone.
    pub from: u8,
    /// In their order.
    pub acts: Vec<Act>,
}

impl Lies {
    /// The session of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let (head, acts) = bytes.split_at(HEAD.min(bytes.len()));
        let mut source = Source::new(head);
        Self {
            from: match source.below(6) {
                5 => 3,
                from => from.min(2) as u8,
            },
            seed: source.byte(),
            acts: walk::acts(acts, ACT, Act::of),
        }
    }

    fn begin(&self, aead: &'static dyn Aead) -> World {
        let config = || Config {
            aead,
            ..Config::default()
        };
        let (seed, conditions) = (self.seed.into(), Conditions::INSTANT);
        let mut world = World::with(seed, conditions, config(), config());
        world.broken = Some(Vec::new());
        match self.from {
            0 => world.asked(),
            1 => world.viewing(),
            _ => world.controlled(),
        }
        if self.from > 2 {
            let _ = world.sharer.narrow(Scopes::KEYBOARD, world.now);
            world.run(100);
        }
        world
    }
}

impl fmt::Debug for Lies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begins = format_args!("from {}, seed {}", self.from, self.seed);
        walk::tell(f, begins, &self.acts)
    }
}

/// A lying helper, and an honest sharer whose person allows the keyboard and nothing else.
///
/// # Panics
/// If something comes about that must not.
pub fn helper(data: &[u8]) {
    let mut lies = Lies::of(data);
    lies.acts.truncate(LONGEST);
    walk::told(to_sharer(&lies, &Fake), &lies);
}

/// A lying sharer, and an honest helper whose person wants the keyboard at most.
///
/// # Panics
/// If something comes about that must not.
pub fn sharer(data: &[u8]) {
    let mut lies = Lies::of(data);
    lies.acts.truncate(LONGEST);
    walk::told(to_helper(&lies, &Fake), &lies);
}

/// Whatever is broken, it is so by a liar.
fn holds(holds: bool, why: impl FnOnce() -> String) -> Result<(), Broken> {
    LooksFor::ALL.holds(12, holds, why)
}

fn by_a_liar(broken: Broken) -> Broken {
    Broken::new(12, broken.to_string())
}

/// Whoever is honest is not at fault, and says so of nobody but the liar.
fn blames_the_liar(ended: Option<Ended>) -> Result<(), Broken> {
    if let Some(fault) = ended.and_then(|ended| ended.fault) {
        words::blamed(&fault);
    }
    let wrong = ended.filter(|ended| ended.fault.is_some() && ended.by != By::Peer);
    holds(wrong.is_none(), || format!("{wrong:?}"))
}

/// A lying helper against an honest sharer, whose person allows the keyboard and nothing else: how much was injected.
///
/// # Errors
/// What was broken.
///
/// # Panics
/// If a machine broke, or a deadline stays due.
pub fn to_sharer(lies: &Lies, aead: &'static dyn Aead) -> Result<usize, Broken> {
    let mut world = lies.begin(aead);
    world.take_over_helper();
    let controlled = lies.from > 1;
    let mut liar = Liar::new(controlled);
    let mut may = match lies.from {
        0 | 1 => Scopes::NONE,
        2 => Scopes::CONTROL,
        _ => Scopes::KEYBOARD,
    };
    let (mut read, mut injected) = (0, 0);
    for act in &lies.acts {
        let now = world.now;
        match act {
            Act::Say { raw, messages } => {
                let messages = match raw {
                    true => messages.clone(),
                    false => liar.fit(messages, &world),
                };
                world.forge(Way::HelperUp, &messages);
            }
            Act::Type { latest, events } => {
                if let Some((id, bytes)) = liar.seal(*latest, events, &world) {
                    world.inject(Way::HelperUp, Packet::Stream { id, bytes });
                }
            }
            Act::Stream { id, bytes } => {
                let (id, bytes) = (*id, bytes.clone());
                world.inject(Way::HelperUp, Packet::Stream { id, bytes });
            }
            Act::Allow => {
                if world.allow(Scopes::KEYBOARD).is_ok() {
                    may = Scopes::KEYBOARD;
                }
            }
            Act::Deny => drop(world.sharer.deny_control(now)),
            Act::Revoke => {
                if world.sharer.revoke(now).is_ok() {
                    may = Scopes::NONE;
                }
            }
            Act::Pause(paused) => {
                if world.sharer.set_paused(*paused, now).is_ok() && *paused {
                    may = Scopes::NONE;
                }
            }
            Act::Frame => drop(world.frame(true)),
            Act::Wait(ms) => world.run((*ms).into()),
            Act::Media { .. } => {}
        }
        world.run(1);
        if let Some(broken) = world.broken.iter_mut().flatten().next() {
            return Err(by_a_liar(broken.clone()));
        }
        for event in &world.sharer_events[read..] {
            if let sharer::Event::Session(Event::Inject(input)) = event {
                injected += 1;
                holds(may.contains(input.scope()), || {
                    format!("{input:?} was injected, and {may:?} was allowed")
                })?;
            }
        }
        read = world.sharer_events.len();
        let undecided = lies.from == 0;
        holds(!undecided || world.sharer.scopes().is_empty(), || {
            "nobody consented".to_owned()
        })?;
    }
    // It was told nothing but what it may know.
    world.audit().map_err(by_a_liar)?;
    let ended = world.sharer.machine().ended();
    blames_the_liar(ended)?;
    holds(ended.is_none() || world.sharer.scopes().is_empty(), || {
        "after the end there are scopes".to_owned()
    })?;
    Ok(injected)
}

/// A lying sharer against an honest helper, whose person asks for the keyboard at most.
///
/// # Errors
/// What was broken.
///
/// # Panics
/// If a machine broke, or a deadline stays due.
pub fn to_helper(lies: &Lies, aead: &'static dyn Aead) -> Result<(), Broken> {
    let mut world = lies.begin(aead);
    if lies.from == 1 {
        world.frame(true);
        world.run(100);
    }
    let (frames, began) = (world.frames(), world.helper_events.len());
    world.take_over_sharer();
    let keys = world.session_keys();
    let mut sealers: Vec<_> = keys
        .iter()
        .flat_map(|keys| (0..EPOCHS as u32).map(|epoch| media::Sealer::new(keys, epoch)))
        .collect();
    let has = |world: &World| world.helper.machine().live_grant();
    let asked = match lies.from {
        0 | 1 => Scopes::KEYBOARD,
        _ => Scopes::CONTROL,
    };
    for act in &lies.acts {
        let now = world.now;
        match act {
            Act::Say { messages, .. } => world.forge(Way::SharerUp, messages),
            Act::Media {
                epoch,
                frame,
                encoded,
            } => {
                let sealer: Option<&mut Sealer> = sealers.get_mut(*epoch);
                if let (Some(keys), Some(sealer)) = (&keys, sealer) {
                    let bytes = sealer.seal(keys, *frame, encoded);
                    let id = *epoch as u64;
                    world.inject(Way::SharerUp, Packet::Stream { id, bytes });
                }
            }
            Act::Stream { id, bytes } => {
                let (id, bytes) = (*id, bytes.clone());
                world.inject(Way::HelperDown, Packet::Stream { id, bytes });
            }
            Act::Allow => drop(world.helper.request_control(Scopes::KEYBOARD, now)),
            Act::Deny | Act::Revoke => drop(world.helper.release_control(now)),
            Act::Pause(paused) => drop(world.helper.set_paused(*paused, now)),
            Act::Type { events, .. } => {
                let may = has(&world).map_or(Scopes::NONE, |(_, scopes, _)| scopes);
                for event in events {
                    let typed = world.helper.input(*event).is_ok();
                    holds(!typed || may.contains(event.scope()), || {
                        format!("{event:?} was typed under {may:?}")
                    })?;
                }
            }
            Act::Frame => world.helper.refresh(now),
            Act::Wait(ms) => world.run((*ms).into()),
        }
        world.run(1);
        let wider = has(&world).filter(|(_, scopes, _)| !asked.contains(*scopes));
        holds(wider.is_none(), || {
            format!("nobody asked for {:?}", wider.map(|(_, scopes, _)| scopes))
        })?;
        let may = world.helper.machine().scopes();
        holds(asked.union(Scopes::CONSENT).contains(may), || {
            format!("{may:?}, and no more than {asked:?} was asked for")
        })?;
    }
    let views = |event: &&helper::Event| {
        matches!(event, helper::Event::Session(Helper::Viewing { scopes })
            if !Scopes::CONSENT.contains(*scopes))
    };
    let viewed = world.helper_events[began..].iter().find(views);
    holds(viewed.is_none(), || format!("{viewed:?}"))?;
    let offered = world.helper_was_told(|event| matches!(event, Helper::ClipboardOffered { .. }));
    holds(!offered, || "a clipboard that no grant allows".to_owned())?;
    // Random bytes are no frame, however well they are sealed.
    holds(world.frames() == frames, || {
        "a picture of random bytes".to_owned()
    })?;
    blames_the_liar(world.helper.machine().ended())
}
