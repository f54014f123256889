//! What is drawn: all of it follows from a seed.

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore as _, SeedableRng as _};

use super::{
    edit::Edit,
    step::{Plane, Wrong},
};

/// Where chance comes from.
pub struct Chance(ChaCha20Rng);

impl Chance {
    /// That of this session of this seed.
    pub fn new(seed: u32, session: u64) -> Self {
        let mut chance = ChaCha20Rng::seed_from_u64(seed.into());
        chance.set_stream(session);
        Self(chance)
    }

    /// What everything follows from that is drawn while a session is played.
    pub fn seed(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let drawn = usize::try_from(self.0.next_u32()).unwrap_or_default();
        drawn.checked_rem(end).unwrap_or_default()
    }

    /// Yes, so many times of a hundred.
    pub fn percent(&mut self, of: usize) -> bool {
        self.below(100) < of
    }

    /// One of these, if there are some.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }

    fn byte(&mut self) -> u8 {
        const EDGES: [u8; 8] = [0, 1, 2, 0x3F, 0x7F, 0x80, 0xFE, 0xFF];
        match self.percent(70) {
            true => self.pick(&EDGES).copied().unwrap_or_default(),
            false => self.0.next_u32() as u8,
        }
    }

    /// A place: fields are at the beginning of a message.
    fn place(&mut self) -> usize {
        let near = self.percent(75);
        self.below(if near { 8 } else { 100 })
    }

    /// A change of a message.
    fn edit(&mut self) -> Edit {
        let (at, byte) = (self.place(), self.byte());
        match self.below(100) {
            0..25 => Edit::Add(at, if self.percent(50) { 1 } else { 255 }),
            25..50 => Edit::Set(at, byte),
            50..60 => Edit::Flip(at, byte),
            60..68 => Edit::Insert(at, vec![byte; 1 + self.below(4)]),
            68..76 => Edit::Remove(at, 1 + self.below(4)),
            76..82 => Edit::Cut(at),
            82..86 => Edit::Repeat(at, 1 + self.below(8)),
            86..89 => Edit::Pad(self.below(4) * self.below(70_000)),
            89..92 => Edit::Type(u16::from(self.byte())),
            92..94 => Edit::Longer(1 + self.below(200) as u16),
            94..96 => Edit::Shorter(1 + self.below(20) as u16),
            _ => Edit::Twice,
        }
    }

    /// Something wrong of this plane, made of this message.
    pub fn wrong(&mut self, plane: Plane, message: &str) -> Wrong {
        let mut edits: Vec<_> = (0..1 + self.below(2)).map(|_| self.edit()).collect();
        let whole = match plane {
            Plane::Envelope => &[Edit::Twice, Edit::Lost][..],
            Plane::Stream | Plane::Frame => &[Edit::Ends, Edit::Resets],
            Plane::Relay => &[Edit::Halves, Edit::Ends],
            Plane::Session => &[],
        };
        // A right message where it may not be is as good.
        if self.percent(20) {
            edits.clear();
        }
        let often = if plane == Plane::Relay { 10 } else { 50 };
        if let Some(one) = self.pick(whole)
            && self.percent(often)
        {
            edits.push(one.clone());
        }
        Wrong {
            plane,
            message: message.to_owned(),
            edits,
        }
    }
}
