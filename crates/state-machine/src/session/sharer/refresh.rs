//! Complete frames for which the helper asks.

use alloc::collections::VecDeque;

use alongside_wire::limits::timers;

use super::{Event, Output};
use crate::{mutant, time::Timestamp};

type Out = VecDeque<Output>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Refresh {
    /// Nothing is answered before this.
    rests_until: Option<Timestamp>,
    /// Something came in that time.
    waits: bool,
}

impl Refresh {
    //= spec/06-media-input.md#frames [MEDIA-22] b53cf980
    pub(super) fn asked(&mut self, now: Timestamp, out: &mut Out) {
        self.waits = !self.rests(now) || !mutant::is("MEDIA-23/forgets");
        self.handle_timeout(now, out);
    }

    //= spec/06-media-input.md#frames [MEDIA-23] 6d372094
    pub(super) fn handle_timeout(&mut self, now: Timestamp, out: &mut Out) {
        if self.waits && (!self.rests(now) || mutant::is("MEDIA-23/at-once")) {
            self.waits = false;
            self.rests_until = Some(now.plus_ms(timers::REFRESH_INTERVAL));
            out.push_back(Output::Event(Event::CompleteFrameWanted));
        }
    }

    /// No frame may be sent, and the next is a complete one.
    pub(super) const fn stop(&mut self) {
        self.waits = false;
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        self.rests_until.filter(|_| self.waits)
    }

    pub(super) fn region(&self, now: Timestamp) -> &'static str {
        match (self.waits, self.rests(now)) {
            (true, _) => "waits",
            (false, true) => "answered",
            (false, false) => "rested",
        }
    }

    fn rests(&self, now: Timestamp) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }
}
