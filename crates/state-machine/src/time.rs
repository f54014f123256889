//! The only clock that the machines know: a number that their caller passes in.

/// A moment, in microseconds since some moment of the caller's choosing. It never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// A moment so many microseconds after the first.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A moment so many milliseconds after the first.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since the first moment.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The moment so many milliseconds later.
    #[must_use]
    pub const fn plus_ms(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis.saturating_mul(1_000)))
    }

    /// Microseconds since `earlier`, or 0 if that is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// What a calendar says, for what is signed with dates: it may be wrong, and nothing but the showing
/// of dates and of cards depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Calendar {
    /// Seconds of Unix time at the first moment.
    start: Option<u64>,
}

impl Calendar {
    /// No calendar: no card is found to be valid.
    pub const UNKNOWN: Self = Self { start: None };

    /// A calendar that showed `unix` seconds at the moment `now`.
    pub const fn showing(unix: u64, now: Timestamp) -> Self {
        Self {
            start: Some(unix.saturating_sub(now.0 / 1_000_000)),
        }
    }

    /// Seconds of Unix time at a moment, if there is a calendar.
    pub fn at(self, now: Timestamp) -> Option<u64> {
        self.start
            .map(|start| start.saturating_add(now.0 / 1_000_000))
    }
}
