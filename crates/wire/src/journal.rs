//! The journal of a relay: all that it may write down about a session, as one line of text.

use alloc::{format, string::String, vec::Vec};

use crate::ErrorCode;

/// What a relay writes down about one session when it ends. There is no other field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// Counts the sessions of one run of the relay, from 1.
    pub number: u64,
    /// When the session began, in seconds of Unix time.
    pub start: u64,
    /// When it ended, in seconds of Unix time.
    pub end: u64,
    /// What it ended with.
    pub error: ErrorCode,
    /// What was used in it.
    pub features: Features,
}

impl Record {
    /// The names of the fields in the order of a line.
    pub const FIELDS: &'static [(u16, &'static str)] = &[
        (1, "number"),
        (2, "start"),
        (3, "end"),
        (4, "error"),
        (5, "features"),
    ];

    //= spec/14-operation.md#journal [JOURNAL-1] ef67a166
    /// The record as a line, with its line feed.
    pub fn line(&self) -> String {
        // Named one by one: a field that is added does not slip in.
        let Self {
            number,
            start,
            end,
            error,
            features,
        } = self;
        let (error, features) = (error.to_wire(), features.bits());
        format!("{number} {start} {end} {error:04x} {features:04x}\n")
    }

    /// The record that a line without its line feed is. There is one way to write each.
    pub fn read(line: &str) -> Option<Self> {
        let mut fields = line.split(' ');
        let mut field = || fields.next();
        let record = Self {
            number: field()?.parse().ok()?,
            start: field()?.parse().ok()?,
            end: field()?.parse().ok()?,
            error: ErrorCode::from_wire(u16::from_str_radix(field()?, 16).ok()?)?,
            features: Features::from_bits(u16::from_str_radix(field()?, 16).ok()?)?,
        };
        let canonical = record.line();
        (canonical.strip_suffix('\n') == Some(line)).then_some(record)
    }

    //= spec/14-operation.md#journal [JOURNAL-7] d6175508
    /// The records of a file, and how many lines of it are none. What follows the last line feed
    /// is such a line: it was being written when the relay was killed.
    pub fn read_all(file: &[u8]) -> (Vec<Self>, usize) {
        lines(file, Self::read)
    }
}

/// The lines of a file that can be read, and how many cannot.
pub(crate) fn lines<T>(file: &[u8], read: impl Fn(&str) -> Option<T>) -> (Vec<T>, usize) {
    let mut records = Vec::new();
    let mut dropped = 0;
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").map(core::str::from_utf8);
        match text.and_then(Result::ok).and_then(&read) {
            Some(record) => records.push(record),
            None => dropped += 1,
        }
    }
    (records, dropped)
}

/// What was used in a session, as far as a relay knows. Bits that are not registered are never set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features(u16);

impl Features {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// A frame stream came from the sharer.
    pub const FRAMES: Self = Self(0x0001);
    /// A frame stream came from the helper.
    pub const INPUT: Self = Self(0x0002);
    /// The helper had signed in.
    pub const SIGN_IN: Self = Self(0x0004);
    /// The sharer joined by a link.
    pub const LINK: Self = Self(0x0008);
    /// An end was lost and came back.
    pub const RECONNECT: Self = Self(0x0010);
    /// The session began without a code.
    pub const KNOWN_DEVICE: Self = Self(0x0020);
    /// Packets were forwarded.
    pub const FORWARDED: Self = Self(0x0040);
    const ALL: u16 = 0x007F;

    /// The registered features with their names.
    pub const REGISTERED: &'static [(Self, &'static str)] = &[
        (Self::FRAMES, "frames"),
        (Self::INPUT, "input"),
        (Self::SIGN_IN, "sign-in"),
        (Self::LINK, "link"),
        (Self::RECONNECT, "reconnect"),
        (Self::KNOWN_DEVICE, "known-device"),
        (Self::FORWARDED, "forwarded"),
    ];

    /// The set as 16 bits.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set with these bits, if all of them are registered.
    pub const fn from_bits(bits: u16) -> Option<Self> {
        if bits & !Self::ALL == 0 {
            Some(Self(bits))
        } else {
            None
        }
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The names of what is in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let set = Self::REGISTERED.iter();
        set.filter(move |(bit, _)| self.0 & bit.0 != 0)
            .map(|(_, name)| *name)
    }
}
