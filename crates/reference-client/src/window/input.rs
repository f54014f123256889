//! Turns X11 events into input for the sharer.

use alongside_wire::input::InputEvent;
use x11rb::protocol::Event;

use super::{WindowEvent, layout::Layout};
use crate::{inject::to_wire, keymap};

/// What is held in the window, and where the pointer is.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// The display that pointer events name.
    pub(super) display: u8,
    keys: Vec<u16>,
    buttons: Vec<u8>,
    pointer: Option<(u16, u16)>,
}

impl Input {
    /// Appends what an event means for the sharer, if anything.
    pub(super) fn take(&mut self, event: &Event, layout: &Layout, out: &mut Vec<WindowEvent>) {
        match event {
            Event::KeyPress(key) => self.key(key.detail, true, out),
            Event::KeyRelease(key) => self.key(key.detail, false, out),
            Event::MotionNotify(motion) => {
                self.point(layout, motion.event_x, motion.event_y, out);
            }
            Event::ButtonPress(press) => {
                let inside = self.point(layout, press.event_x, press.event_y, out);
                self.press(press.detail, inside, out);
            }
            Event::ButtonRelease(release) => {
                self.point(layout, release.event_x, release.event_y, out);
                self.release(release.detail, out);
            }
            // Whatever is let go from now on is not seen here.
            Event::FocusOut(_) => out.extend(self.release_all()),
            _ => {}
        }
    }

    /// Lets go of everything, if anything is held.
    pub(super) fn release_all(&mut self) -> Option<WindowEvent> {
        let held = !(self.keys.is_empty() && self.buttons.is_empty());
        self.keys.clear();
        self.buttons.clear();
        held.then_some(WindowEvent::Input(InputEvent::ReleaseAll))
    }

    //= spec/06-media-input.md#input-records [INPUT-10] 13793ea2
    fn key(&mut self, keycode: u8, down: bool, out: &mut Vec<WindowEvent>) {
        let Some(usage) = keymap::usage(keycode) else {
            return;
        };
        // A press of a held key is a repeat; the sharer's machine makes its own.
        if self.keys.contains(&usage) == down {
            return;
        }
        match down {
            true => self.keys.push(usage),
            false => self.keys.retain(|held| *held != usage),
        }
        out.push(WindowEvent::Input(InputEvent::Key { usage, down }));
    }

    /// Says where the pointer is if it moved, and whether it is on the picture.
    fn point(&mut self, layout: &Layout, x: i16, y: i16, out: &mut Vec<WindowEvent>) -> bool {
        let (x, y, inside) = layout.pixel_at(x, y);
        let (width, height) = layout.picture();
        if self.pointer.replace((x, y)) != Some((x, y)) {
            let (x, y) = (to_wire(x, width), to_wire(y, height));
            let event = WindowEvent::Input(InputEvent::Pointer {
                display: self.display,
                x,
                y,
            });
            // Of several moves in a row only the last matters.
            match out.last_mut() {
                Some(last @ WindowEvent::Input(InputEvent::Pointer { .. })) => *last = event,
                _ => out.push(event),
            }
        }
        inside
    }

    fn press(&mut self, detail: u8, inside: bool, out: &mut Vec<WindowEvent>) {
        // Beside the picture a click means nothing, rather than its edge.
        if !inside {
            return;
        }
        let (dx, dy) = match detail {
            4 => (0, 120),
            5 => (0, -120),
            6 => (-120, 0),
            7 => (120, 0),
            _ => (0, 0),
        };
        if (dx, dy) != (0, 0) {
            out.push(WindowEvent::Input(InputEvent::Wheel { dx, dy }));
        }
        if let Some(button) = button(detail).filter(|button| !self.buttons.contains(button)) {
            self.buttons.push(button);
            out.push(WindowEvent::Input(InputEvent::Button {
                button,
                down: true,
            }));
        }
    }

    fn release(&mut self, detail: u8, out: &mut Vec<WindowEvent>) {
        if let Some(button) = button(detail).filter(|button| self.buttons.contains(button)) {
            self.buttons.retain(|held| *held != button);
            out.push(WindowEvent::Input(InputEvent::Button {
                button,
                down: false,
            }));
        }
    }
}

/// The button of the wire; 4 to 7 are the wheel.
fn button(detail: u8) -> Option<u8> {
    match detail {
        1..=3 => Some(detail),
        8 => Some(4),
        9 => Some(5),
        _ => None,
    }
}
