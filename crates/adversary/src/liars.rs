//! An end with the right keys that says and does anything: the honest end shows and carries out nothing that its person
//! did not allow. Whatever is broken here is property 12.

mod fits;

use std::fmt;

use alongside_harness::{Broken, Conditions, Packet, Side, Way, World, record};
use alongside_state_machine::{
    channel::{
        aead::Aead,
        media::{self, Sealer},
    },
    endpoint::{Config, helper, helper::SessionEvent as Helper, sharer},
    identity::Identity,
    receipt::recorder::Recorder,
    session::{By, Ended, sharer::Event},
    time::{Calendar, Timestamp},
};
use alongside_wire::{
    DeviceStatus, Scopes,
    input::InputEvent,
    limits::{FRAME, FRAME_STREAMS, RECORD_PLAINTEXT},
    record::MediaHeader,
    session::{ControlRequest, Heartbeat, Message, Picture},
};

use crate::{
    cast,
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
/// Bytes of a record of media that is as long as may be.
const RECORD: usize = MediaHeader::LEN + MediaHeader::MAX_LENGTH;

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
        /// The bytes that it begins with.
        encoded: Vec<u8>,
        /// Zeros that follow.
        more: usize,
        /// The record of it that does not come.
        without: Option<usize>,
    },
    /// A liar says once more what it said before it lied, with a bit of it changed, or as it was. The honest end asks for
    /// a picture, if there is none of that.
    Again {
        /// How much it said later.
        back: usize,
        /// Which byte, and what of it.
        flip: Option<(usize, u8)>,
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
            18..=20 => {
                let (epoch, frame) = (source.below(EPOCHS), source.number() as u32);
                let encoded = source.bytes(20).to_vec();
                let (more, without) = match source.byte() {
                    0..96 => (0, None),
                    parts @ 96..240 => (2 * RECORD_PLAINTEXT, Some(usize::from(parts) % 4)),
                    _ => (FRAME, None),
                };
                Self::Media {
                    epoch,
                    frame,
                    encoded,
                    more,
                    without,
                }
            }
            21 => Self::Stream {
                id: source.number(),
                bytes: source.bytes(20).to_vec(),
            },
            22..=26 => Self::Allow,
            27 => Self::Deny,
            28 => Self::Revoke,
            29 => Self::Pause(source.bool()),
            30..=32 => Self::Frame,
            33 => Self::Again {
                back: source.below(12),
                flip: source
                    .bool()
                    .then(|| (source.number() as usize, 1 << source.below(8))),
            },
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
    /// Both ends have cards and receipts, and something is said of the sharer's device.
    pub known: bool,
    /// The link was lost, and the liar is back: the honest end waits for its state.
    pub back: bool,
    /// In their order.
    pub acts: Vec<Act>,
}

impl Lies {
    /// The session of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let (head, acts) = bytes.split_at(HEAD.min(bytes.len()));
        let mut source = Source::new(head);
        let first = source.byte();
        Self {
            from: match first % 6 {
                5 => 3,
                from => from.min(2),
            },
            known: first / 6 % 4 == 2,
            back: first / 6 % 4 == 3,
            seed: source.byte(),
            acts: walk::acts(acts, ACT, Act::of),
        }
    }

    /// Until the liar lies; and what it said.
    fn begin(&self, liar: Side, aead: &'static dyn Aead) -> (World, Vec<Message>) {
        let config = |person| Config {
            aead,
            ..match self.known {
                true => known(person),
                false => Config::default(),
            }
        };
        let (seed, conditions) = (self.seed.into(), Conditions::INSTANT);
        let mut world = World::with(seed, conditions, config(0), config(1));
        world.broken = Some(Vec::new());
        if self.known {
            let card = cast::signed(&cast::card(1), &cast::issuer());
            let recorder = Recorder::with_card(cast::receipt_key(), &card, true);
            let _ = world.sharer.keep_receipts(recorder);
        }
        match self.from {
            0 => world.asked(),
            1 => world.viewing(),
            _ => world.controlled(),
        }
        if self.from > 2 {
            let _ = world.sharer.narrow(Scopes::KEYBOARD, world.now);
            world.run(100);
        }
        while world.sharer.poll_receipt(cast::BEGIN).is_some() {
            world.run(1);
        }
        if self.from == 1 && liar == Side::Sharer {
            world.frame(true);
            world.run(100);
        }
        let way = match liar {
            Side::Helper => Way::HelperUp,
            Side::Sharer => Way::SharerUp,
        };
        let keys = world.session_keys();
        let said = keys.map(|keys| record::open(&world.sent, way, &keys).messages);
        match self.back {
            true => world.take_over_on_the_way_back(liar),
            false => world.take_over(liar),
        }
        (world, said.unwrap_or_default())
    }
}

/// Somebody who has all that an issuer gives, and believes it.
fn known(person: u8) -> Config {
    let device = (person == 1).then(|| cast::own_device(DeviceStatus::Compliant));
    Config {
        identity: Identity {
            card: cast::own(&cast::card(person), person),
            anchors: vec![cast::anchor(false)],
            device: device.flatten(),
            ..Identity::default()
        },
        calendar: Calendar::showing(cast::BEGIN + 600, Timestamp::from_millis(1_000)),
        ..Config::default()
    }
}

/// Something that was said before, with a byte of it changed.
fn again(said: &[Message], back: usize, flip: Option<(usize, u8)>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    said.iter().rev().nth(back)?.encode(&mut bytes);
    if let Some((at, bits)) = flip {
        let at = at % bytes.len();
        bytes[at] ^= bits;
    }
    Some(bytes)
}

impl fmt::Debug for Lies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begins = format_args!(
            "from {}, seed {}, known {}, back {}",
            self.from, self.seed, self.known, self.back
        );
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
    let (mut world, said) = lies.begin(Side::Helper, aead);
    let mut liar = Liar::new(lies);
    let mut may = match lies.from {
        _ if lies.back => Scopes::NONE,
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
                if let Some((id, mut bytes)) = liar.seal(*latest, events, &world) {
                    // What says nothing is damaged, in some sessions: the grant ends by it.
                    let damage = u8::from(events.is_empty() && lies.seed.is_multiple_of(16));
                    bytes
                        .last_mut()
                        .into_iter()
                        .for_each(|byte| *byte ^= damage);
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
            // Most of what a helper says twice is the end of it.
            Act::Again { .. } if !lies.known => {}
            Act::Again { back, flip } => match again(&said, *back, *flip) {
                Some(bytes) => world.forge_plaintext(Way::HelperUp, &bytes),
                None => drop(world.sharer.fetch_picture(now)),
            },
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
    let (mut world, said) = lies.begin(Side::Sharer, aead);
    let (frames, began) = (world.frames(), world.helper_events.len());
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
            Act::Say { raw, messages } => {
                let fit = |message: &Message| match raw {
                    true => message.clone(),
                    false => fits::of_sharer(message, lies),
                };
                let messages: Vec<_> = messages.iter().map(fit).collect();
                world.forge(Way::SharerUp, &messages);
            }
            Act::Again { back, flip } => match again(&said, *back, *flip) {
                Some(bytes) => world.forge_plaintext(Way::SharerUp, &bytes),
                None => {
                    let _ = world.helper.fetch_picture(now);
                    let picture = Picture {
                        offset: u32::from(flip.is_some()),
                        data: vec![0; cast::PICTURE.len()],
                    };
                    world.forge(Way::SharerUp, &[picture.into()]);
                }
            },
            Act::Media {
                epoch,
                frame,
                encoded,
                more,
                without,
            } => {
                let sealer: Option<&mut Sealer> = sealers.get_mut(*epoch);
                if let (Some(keys), Some(sealer)) = (&keys, sealer) {
                    let mut encoded = encoded.clone();
                    encoded.resize(encoded.len() + more, 0);
                    let bytes = sealer.seal(keys, *frame, &encoded);
                    let records = bytes.chunks(RECORD).enumerate();
                    let come = records.filter(|(number, _)| Some(*number) != *without);
                    let bytes: Vec<_> = come.flat_map(|(_, record)| record).copied().collect();
                    let id = *epoch as u64;
                    world.inject(Way::SharerUp, Packet::Stream { id, bytes });
                }
            }
            Act::Stream { id, bytes } => {
                // As many as may be under way, and one more.
                for id in *id..=id.saturating_add(FRAME_STREAMS as u64) {
                    let bytes = bytes.clone();
                    world.inject(Way::HelperDown, Packet::Stream { id, bytes });
                }
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
