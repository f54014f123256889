//! What the helper drew and the sharer shows: never longer than it was allowed.

use alloc::collections::VecDeque;

use alongside_wire::{
    limits::{self, timers},
    session::{Laser, Stroke},
};

use super::{Event, Output};
use crate::{mutant, time::Timestamp};

type Out = VecDeque<Output>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Drawing {
    /// The grant under which something is shown.
    pub(super) grant: Option<u32>,
    points: usize,
    pub(super) laser_until: Option<Timestamp>,
}

impl Drawing {
    pub(super) fn stroke(&mut self, stroke: &Stroke, out: &mut Out) {
        //= spec/19-tools.md#drawing [TOOL-19] 15db5128
        let points = self.points + stroke.points.len();
        if points > limits::DRAWING_POINTS && !mutant::is("TOOL-19/draws") {
            return;
        }
        self.points = points;
        self.grant = Some(stroke.grant);
        out.push_back(Output::Event(Event::Stroke(stroke.clone())));
    }

    pub(super) fn laser(&mut self, laser: &Laser, now: Timestamp, out: &mut Out) {
        self.grant = Some(laser.grant);
        self.laser_until = Some(now.plus_ms(timers::LASER));
        out.push_back(Output::Event(Event::Laser {
            display: laser.display,
            x: laser.x,
            y: laser.y,
        }));
    }

    pub(super) fn clear(&mut self, out: &mut Out) {
        if self.grant.take().is_some() {
            *self = Self::default();
            out.push_back(Output::Event(Event::DrawingCleared));
        }
    }

    //= spec/19-tools.md#drawing [TOOL-15] 21631474
    //= spec/19-tools.md#drawing [TOOL-16] 4646ae75
    /// Nothing is shown of another grant than the live one, or beside a question.
    pub(super) fn settle(&mut self, live: Option<u32>, asked: bool, out: &mut Out) {
        let over = self.grant != live && !mutant::is("TOOL-15/stays");
        if self.grant.is_some() && (over || asked) {
            self.clear(out);
        }
    }

    //= spec/19-tools.md#drawing [TOOL-20] a1084af3
    pub(super) fn handle_timeout(&mut self, now: Timestamp, out: &mut Out) {
        if self.laser_until.take_if(|until| now >= *until).is_some() {
            out.push_back(Output::Event(Event::LaserGone));
            self.grant = self.grant.filter(|_| self.has_lines());
        }
    }

    pub(super) const fn has_lines(&self) -> bool {
        self.points > 0
    }

    pub(super) const fn due(&self) -> Option<Timestamp> {
        self.laser_until
    }
}
