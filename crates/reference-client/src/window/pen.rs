//! Drawing and pointing in the window, while the sharer allows it.

use std::time::{Duration, Instant};

use x11rb::protocol::Event;

use super::{WindowEvent, layout::Layout};
use crate::{
    inject::to_wire,
    keymap,
    marks::{COLOURS, Mark, Marks, Stroke},
};

/// Usages of the keys that mean something here.
const F8: u16 = 0x41;
const ESCAPE: u16 = 0x29;
const C: u16 = 0x06;
const ONE: u16 = 0x1E;

/// The least time between two things that are said.
const INTERVAL: Duration = Duration::from_millis(33);
/// How often it is said again where the laser points: it goes out after two seconds.
const AGAIN: Duration = Duration::from_millis(1_000);
/// How far the pointer must move to make a point, in pixels of the picture.
const STEP: u16 = 2;
/// Points that are said at once.
const MOST: usize = 256;
/// How wide the pen is, in 1/1,000 of the longer side.
const WIDTH: u8 = 4;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Off,
    Draw,
    Laser,
}

/// What the person does with pen and laser, and what they have drawn.
#[derive(Debug, Default)]
pub(super) struct Pen {
    allowed: bool,
    mode: Mode,
    colour: u8,
    /// The number of the latest stroke.
    stroke: u32,
    drawing: bool,
    /// Where the latest point was made, and points that are not said yet.
    last: Option<(u16, u16)>,
    points: Vec<(u16, u16)>,
    display: u8,
    /// Where the laser points, and whether that was said.
    laser: Option<(u16, u16)>,
    laser_said: bool,
    said: Option<Instant>,
    marks: Marks,
    changed: bool,
}

impl Pen {
    /// What is drawn, as far as the person knows.
    pub(super) fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Whether something was drawn or wiped out since the last call.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// What the person can do, for the title; nothing if they may not draw.
    pub(super) fn hint(&self) -> Option<&'static str> {
        self.allowed.then_some(match self.mode {
            Mode::Off => "F8 draws",
            Mode::Draw => "drawing: 1 to 8 colours, C clears, F8 laser, Esc ends",
            Mode::Laser => "laser: C clears, F8 or Esc ends",
        })
    }

    /// Whether pen and laser take the pointer and the keys.
    pub(super) fn is_on(&self) -> bool {
        self.mode != Mode::Off
    }

    /// Whether the sharer allows it from now on. If not, what was drawn is gone there, and here.
    pub(super) fn allow(&mut self, allowed: bool) {
        let stroke = self.stroke;
        let had = !self.marks.is_empty();
        *self = Self {
            allowed,
            // Numbers are not used again.
            stroke,
            changed: had,
            ..Self::default()
        };
    }

    /// Takes an event, if it is for pen or laser; whether it was.
    pub(super) fn take(
        &mut self,
        event: &Event,
        display: u8,
        layout: &Layout,
        out: &mut Vec<WindowEvent>,
    ) -> bool {
        if !self.allowed {
            return false;
        }
        self.display = display;
        match event {
            Event::KeyPress(key) | Event::KeyRelease(key) => {
                let usage = keymap::usage(key.detail);
                let ours = self.is_on() || usage == Some(F8);
                if let (Event::KeyPress(_), Some(usage)) = (event, usage) {
                    self.key(usage, out);
                }
                ours
            }
            Event::ButtonPress(press) if self.is_on() => {
                let (x, y, inside) = layout.pixel_at(press.event_x, press.event_y);
                if press.detail == 1 && inside && self.mode == Mode::Draw {
                    self.begin();
                    self.point((x, y), layout);
                }
                true
            }
            Event::MotionNotify(motion) if self.is_on() => {
                let (x, y, inside) = layout.pixel_at(motion.event_x, motion.event_y);
                match self.mode {
                    Mode::Draw if self.drawing => self.point((x, y), layout),
                    Mode::Laser if inside => self.aim((x, y), layout),
                    _ => {}
                }
                true
            }
            Event::ButtonRelease(release) if self.is_on() => {
                if release.detail == 1 {
                    self.end(out);
                }
                true
            }
            Event::FocusOut(_) => {
                self.end(out);
                // What is held is let go as ever.
                false
            }
            _ => false,
        }
    }

    fn key(&mut self, usage: u16, out: &mut Vec<WindowEvent>) {
        match (usage, self.mode) {
            (F8, Mode::Off) => self.mode = Mode::Draw,
            (F8, Mode::Draw) => self.turn(Mode::Laser, out),
            (F8 | ESCAPE, _) if self.is_on() => self.turn(Mode::Off, out),
            (C, _) if self.is_on() => {
                self.drawing = false;
                self.points.clear();
                self.marks.add(Mark::Clear);
                // The laser's dot went away with the rest, and may be wanted.
                self.laser_said = false;
                self.changed = true;
                out.push(WindowEvent::Mark(Mark::Clear));
            }
            (usage, Mode::Draw) => {
                let colour = usage.wrapping_sub(ONE);
                if usize::from(colour) < COLOURS.len() && !self.drawing {
                    self.colour = colour as u8;
                }
            }
            _ => {}
        }
    }

    fn turn(&mut self, mode: Mode, out: &mut Vec<WindowEvent>) {
        self.end(out);
        self.mode = mode;
        self.laser = None;
    }

    fn begin(&mut self) {
        self.stroke += 1;
        self.drawing = true;
        self.last = None;
    }

    fn point(&mut self, at: (u16, u16), layout: &Layout) {
        let far = |last: (u16, u16)| last.0.abs_diff(at.0) >= STEP || last.1.abs_diff(at.1) >= STEP;
        if self.last.is_none_or(far) && self.points.len() < MOST {
            self.last = Some(at);
            self.points.push(place(at, layout));
        }
    }

    fn aim(&mut self, at: (u16, u16), layout: &Layout) {
        let at = Some(place(at, layout));
        self.laser_said &= self.laser == at;
        self.laser = at;
    }

    fn end(&mut self, out: &mut Vec<WindowEvent>) {
        self.say_points(out);
        self.drawing = false;
    }

    /// Says what is due. To be called often.
    pub(super) fn tick(&mut self, now: Instant, out: &mut Vec<WindowEvent>) {
        let since = self.said.map(|said| now.saturating_duration_since(said));
        if since.is_some_and(|since| since < INTERVAL) {
            return;
        }
        let before = out.len();
        self.say_points(out);
        if let Some((x, y)) = self.laser
            && (!self.laser_said || since.is_none_or(|since| since >= AGAIN))
        {
            self.laser_said = true;
            out.push(WindowEvent::Mark(Mark::Laser(self.display, x, y)));
        }
        if out.len() > before {
            self.said = Some(now);
        }
    }

    fn say_points(&mut self, out: &mut Vec<WindowEvent>) {
        if self.points.is_empty() {
            return;
        }
        let mark = Mark::Stroke(Stroke {
            id: self.stroke,
            display: self.display,
            colour: self.colour,
            width: WIDTH,
            points: std::mem::take(&mut self.points),
        });
        self.marks.add(mark.clone());
        self.changed = true;
        out.push(WindowEvent::Mark(mark));
    }
}

fn place((x, y): (u16, u16), layout: &Layout) -> (u16, u16) {
    let (width, height) = layout.picture();
    (to_wire(x, width), to_wire(y, height))
}
