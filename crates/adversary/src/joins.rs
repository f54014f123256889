//! A helper's codes, and people who join by them: in time, late, twice, with another secret, after others, over a relay
//! that says what it is told more than once.

use std::{cell::RefCell, collections::BTreeMap, fmt, mem, rc::Rc};

use alongside_harness::{Broken, Conditions, Packet, Way, World};
use alongside_state_machine::{
    endpoint::{Config, helper, sharer},
    session::sharer::Event,
};
use alongside_wire::{
    code::{Code, Locator},
    envelope::Envelope,
    framing::Deframer,
    limits::CONTROL_MESSAGE,
    rendezvous::Message,
};

use crate::{
    fake::Fake,
    source::Source,
    walk::{self, LooksFor},
};

/// Bytes that joins begin with: the seed.
pub const HEAD: usize = 1;
/// Bytes that one act is made of.
pub const ACT: usize = 4;

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The helper asks for a code.
    Ask,
    /// The sharer joins by one of the latest codes, or with another secret.
    Join {
        /// How many were told later.
        back: usize,
        /// The secret is that of the code.
        right: bool,
    },
    /// The sharer's program begins anew, and remembers what is spent.
    Again,
    /// Another sharer comes, who knows of nothing.
    Another,
    /// What goes one way to an end or the relay next comes twice.
    Twice(Way),
    /// Milliseconds pass.
    Wait(u16),
}

impl Act {
    fn of(source: &mut Source<'_>) -> Self {
        match source.below(16) {
            0..=3 => Self::Ask,
            4..=8 => Self::Join {
                back: source.below(3) / 2,
                right: !source.one_in(3),
            },
            9 | 10 => Self::Again,
            11 => Self::Another,
            12 | 13 => Self::Twice(*source.pick(&Way::ALL)),
            _ => Self::Wait(source.below(3_000) as u16),
        }
    }
}

/// People who join. Told act by act.
#[derive(Clone)]
pub struct Joins {
    /// What all chance in it follows from.
    pub seed: u8,
    /// In their order.
    pub acts: Vec<Act>,
}

impl Joins {
    /// The joins of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let (head, acts) = bytes.split_at(HEAD.min(bytes.len()));
        Self {
            seed: Source::new(head).byte(),
            acts: walk::acts(acts, ACT, Act::of),
        }
    }
}

impl fmt::Debug for Joins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        walk::tell(f, format_args!("seed {}", self.seed), &self.acts)
    }
}

/// What was seen on the ways.
#[derive(Default)]
struct Seen {
    deframers: BTreeMap<Way, Deframer>,
    /// What comes twice next.
    twice: Option<Way>,
    /// Joins and answers since the helper's latest code.
    joined: usize,
    answered: usize,
    /// Joins by each locator of each sharer.
    joins: BTreeMap<(usize, Locator), usize>,
    sharer: usize,
}

impl Seen {
    fn packet(&mut self, way: Way, packet: Packet) -> Vec<(Way, Packet)> {
        if let Packet::Control(bytes) = &packet {
            self.read(way, bytes);
        }
        if self.twice.take_if(|twice| *twice == way).is_some() {
            return vec![(way, packet.clone()), (way, packet)];
        }
        vec![(way, packet)]
    }

    fn read(&mut self, way: Way, bytes: &[u8]) {
        let new = || Deframer::new(CONTROL_MESSAGE, "what is seen");
        let deframer = self.deframers.entry(way).or_insert_with(new);
        deframer.push(bytes);
        let mut messages = Vec::new();
        while let Ok(Some(message)) = Message::pull(deframer) {
            messages.push(message);
        }
        for message in messages {
            match (way, message) {
                (Way::HelperDown, Message::CodeIssued(_)) => (self.joined, self.answered) = (0, 0),
                (Way::HelperDown, Message::Joined(_)) => self.joined += 1,
                (Way::HelperUp, Message::Deliver(deliver)) => {
                    let envelope = Envelope::read(&deliver.envelope);
                    let answers = matches!(envelope, Ok(Some(Envelope::Answer(_))));
                    self.answered += usize::from(answers);
                }
                (Way::SharerUp, Message::Join(join)) => {
                    let by = (self.sharer, join.locator);
                    *self.joins.entry(by).or_default() += 1;
                }
                _ => {}
            }
        }
    }
}

/// Has people join; how many were asked for their consent.
///
/// # Errors
/// If a code took a second join: at the relay, at the helper, or at the sharer.
///
/// # Panics
/// If a machine broke, or a deadline stays due.
pub fn play(joins: &Joins, looks: LooksFor) -> Result<usize, Broken> {
    let config = || Config {
        aead: &Fake,
        ..Config::default()
    };
    let seed = joins.seed.into();
    let mut world = World::with(seed, Conditions::INSTANT, config(), config());
    world.broken = Some(Vec::new());
    let seen = Rc::new(RefCell::new(Seen::default()));
    let tapped = seen.clone();
    world.tap(move |way, packet| tapped.borrow_mut().packet(way, packet));
    for act in &joins.acts {
        match *act {
            Act::Ask => drop(world.helper.request_code(world.now)),
            Act::Join { back, right } => {
                let told = codes(&world);
                if let Some(code) = told.iter().rev().nth(back).or(told.last()) {
                    world.join(if right { *code } else { wrong(*code) });
                }
            }
            Act::Again => {
                let spent = mem::take(&mut world.spent);
                another(&mut world, &seen);
                world.spent = spent;
            }
            Act::Another => {
                seen.borrow_mut().sharer += 1;
                another(&mut world, &seen);
            }
            Act::Twice(way) => seen.borrow_mut().twice = Some(way),
            Act::Wait(ms) => world.run(ms.into()),
        }
        world.run(60);
        let seen = seen.borrow();
        looks.holds(3, seen.joined <= 1, || {
            "the relay let two join by one code".to_owned()
        })?;
        looks.holds(3, seen.answered <= 1, || {
            "the helper answered two joins by one code".to_owned()
        })?;
        let again = seen.joins.iter().find(|(_, count)| **count > 1);
        looks.holds(3, again.is_none(), || {
            format!("a sharer joined twice: {again:?}")
        })?;
    }
    let asked = |event: &&sharer::Event| {
        matches!(event, sharer::Event::Session(Event::ConsentAsked { .. }))
    };
    Ok(world.sharer_events.iter().filter(asked).count())
}

fn another(world: &mut World, seen: &RefCell<Seen>) {
    world.another_sharer();
    let mut seen = seen.borrow_mut();
    for way in [Way::SharerUp, Way::SharerDown] {
        seen.deframers.remove(&way);
    }
}

fn codes(world: &World) -> Vec<Code> {
    let told = world.helper_events.iter();
    told.filter_map(|event| match event {
        helper::Event::Code { code, .. } => Some(*code),
        _ => None,
    })
    .collect()
}

/// The same place, and the secret of another code.
fn wrong(code: Code) -> Code {
    match Code::parse("4060-r0gx") {
        Ok(other) => Code {
            secret: other.secret,
            ..code
        },
        Err(_) => code,
    }
}
