//! How long an answer takes: asked now and then, for people to see.

use alongside_wire::{
    limits::timers,
    session::{Probe, ProbeAnswer},
};

use crate::{mutant, time::Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Prober {
    next_at: Timestamp,
    number: u32,
    waiting: Option<Timestamp>,
    /// The last answer to the other end.
    answered_at: Option<Timestamp>,
}

impl Prober {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            next_at: now.plus_ms(timers::PROBE),
            number: 0,
            waiting: None,
            answered_at: None,
        }
    }

    pub(crate) const fn due(&self) -> Timestamp {
        self.next_at
    }

    /// A probe, if it is time for one.
    pub(crate) fn ask(&mut self, now: Timestamp) -> Option<Probe> {
        if now < self.next_at {
            return None;
        }
        self.next_at = now.plus_ms(timers::PROBE);
        self.number = self.number.wrapping_add(1);
        self.waiting = Some(now);
        Some(Probe { probe: self.number })
    }

    //= spec/19-tools.md#quality [TOOL-25] a3083e6b
    //= spec/19-tools.md#quality [TOOL-30] 3ffb6e38
    /// What the other end is told, if it did not ask too soon after the last answer.
    pub(crate) fn answer(&mut self, probe: &Probe, now: Timestamp) -> Option<ProbeAnswer> {
        let rest = timers::PROBE_REST * 1_000;
        let tired = self.answered_at.is_some_and(|last| now.since(last) < rest);
        if tired && !mutant::is("TOOL-30/tireless") {
            return None;
        }
        self.answered_at = Some(now);
        Some(ProbeAnswer { probe: probe.probe })
    }

    //= spec/19-tools.md#quality [TOOL-26] 6155f521
    /// How many milliseconds the answer took, if it is to the last probe.
    pub(crate) fn answered(&mut self, probe: u32, now: Timestamp) -> Option<u32> {
        let asked = self.waiting.take_if(|_| probe == self.number)?;
        Some(u32::try_from(now.since(asked) / 1_000).unwrap_or(u32::MAX))
    }
}
