//! Signs of life: when to give one, and when to stop waiting for one.

use alongside_wire::limits::timers;

use crate::{mutant, time::Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pulse {
    next_beat: Timestamp,
    silent_at: Timestamp,
}

impl Pulse {
    /// The first beat is due at once.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            next_beat: now,
            silent_at: now.plus_ms(mutant::longer("SESSION-5/patient", timers::SILENCE)),
        }
    }

    //= spec/05-session.md#life [SESSION-6] eb95f952
    /// A record of the session plane was opened.
    pub(crate) fn heard(&mut self, now: Timestamp) {
        self.silent_at = now.plus_ms(mutant::longer("SESSION-5/patient", timers::SILENCE));
    }

    //= spec/05-session.md#life [SESSION-5] 217b2065
    //= spec/05-session.md#life [SESSION-7] 0b3773f4
    pub(crate) fn is_silent(&self, now: Timestamp) -> bool {
        now >= self.silent_at
    }

    //= spec/05-session.md#life [SESSION-4] e054b102
    /// Whether a heartbeat is to be sent now.
    pub(crate) fn beat(&mut self, now: Timestamp) -> bool {
        let due = now >= self.next_beat;
        if due {
            self.next_beat = now.plus_ms(mutant::longer("SESSION-4/slow", timers::HEARTBEAT));
        }
        due
    }

    pub(crate) fn due(&self) -> Timestamp {
        self.next_beat.min(self.silent_at)
    }
}
