//! Carries out the helper's input on the sharer's machine.
//!
//! Whether it may be carried out is decided before it comes here.

use std::fmt;

use alongside_wire::input::InputEvent;
use x11rb::{
    connection::Connection as _,
    protocol::{
        xproto::{
            BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
            MOTION_NOTIFY_EVENT,
        },
        xtest::{self, ConnectionExt as _},
    },
};

use crate::{
    keymap,
    screen::ScreenSpec,
    x11::{Link, RegionError, lost},
};

/// Something that carries out input.
pub trait Injector: Send {
    /// Carries out one event, before it returns.
    ///
    /// # Errors
    /// If the event cannot be carried out here. Later ones may still be.
    fn inject(&mut self, event: &InputEvent) -> Result<(), InjectError>;
}

/// Why an event was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InjectError {
    /// Nothing is carried out on this screen at all.
    Unsupported,
    /// There is no such key here: its usage.
    Key(u16),
    /// There is no such button here.
    Button(u8),
    /// There is no such display.
    Display(u8),
    /// The X server does not take it, or went away.
    X11(String),
}

/// The injector that belongs to a screen.
///
/// # Errors
/// If the display cannot be reached or has no XTEST.
pub fn open(spec: &ScreenSpec) -> Result<Box<dyn Injector>, InjectError> {
    Ok(match spec {
        ScreenSpec::X11 { display, monitor } => {
            Box::new(X11Injector::open(display.as_deref(), monitor.as_deref())?)
        }
        ScreenSpec::Images(_) | ScreenSpec::Pattern => Box::new(NoInjector),
    })
}

/// For screens that nobody can control: refuses everything but letting go.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoInjector;

impl Injector for NoInjector {
    fn inject(&mut self, event: &InputEvent) -> Result<(), InjectError> {
        match event {
            InputEvent::ReleaseAll => Ok(()),
            InputEvent::Key { .. }
            | InputEvent::Pointer { .. }
            | InputEvent::Button { .. }
            | InputEvent::Wheel { .. } => Err(InjectError::Unsupported),
        }
    }
}

/// What is down, as X11 calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Key(u8),
    Button(u8),
}

/// Wheel units of one notch.
const NOTCH: i32 = 120;

/// Injects into an X11 display with XTEST.
///
/// It lets go of only what it pressed itself, and of all of that when it is dropped. Button
/// numbers are physical: the sharer's mapping (left-handed, say) applies to them.
pub struct X11Injector {
    link: Link,
    /// In the order of pressing.
    held: Vec<Held>,
    /// Wheel movement short of a notch: right, up.
    wheel: (i32, i32),
}

impl X11Injector {
    /// Opens a display (that of `DISPLAY` if `None`); positions are on all of it or on a monitor.
    ///
    /// # Errors
    /// If it cannot be reached or has no XTEST.
    pub fn open(display: Option<&str>, monitor: Option<&str>) -> Result<Self, InjectError> {
        let link = Link::open(display, monitor).map_err(InjectError::X11)?;
        if !link
            .has(xtest::X11_EXTENSION_NAME)
            .map_err(InjectError::X11)?
        {
            let why = "the X server has no XTEST extension; enable it, or share without control";
            return Err(InjectError::X11(why.to_owned()));
        }
        Ok(Self {
            link,
            held: Vec::new(),
            wheel: (0, 0),
        })
    }

    fn set(&mut self, what: Held, down: bool) -> Result<(), InjectError> {
        if down == self.held.contains(&what) {
            return Ok(());
        }
        // Noted as held before it is, and until it is not: an error leaves it to be let go later.
        if down {
            self.held.push(what);
        }
        let (kind, detail) = match (what, down) {
            (Held::Key(code), true) => (KEY_PRESS_EVENT, code),
            (Held::Key(code), false) => (KEY_RELEASE_EVENT, code),
            (Held::Button(number), true) => (BUTTON_PRESS_EVENT, number),
            (Held::Button(number), false) => (BUTTON_RELEASE_EVENT, number),
        };
        self.fake(kind, detail, 0, 0)?;
        if !down {
            self.held.retain(|held| *held != what);
        }
        Ok(())
    }

    fn fake(&self, kind: u8, detail: u8, x: i16, y: i16) -> Result<(), InjectError> {
        let now = x11rb::CURRENT_TIME;
        let sent = self
            .link
            .conn
            .xtest_fake_input(kind, detail, now, self.link.root(), x, y, 0);
        sent.map_err(x11_lost)?.check().map_err(x11_lost)
    }

    fn point(&self, x: u16, y: u16) -> Result<(), InjectError> {
        let region = self.link.region().map_err(|error| match error {
            RegionError::NoMonitor(_) => InjectError::Display(0),
            RegionError::Lost(why) => InjectError::X11(why),
        })?;
        let at = |start: u16, part: u16, len: u16| (start + from_wire(part, len)) as i16;
        let (x, y) = (
            at(region.x, x, region.width),
            at(region.y, y, region.height),
        );
        self.fake(MOTION_NOTIFY_EVENT, 0, x, y)
    }

    fn turn(&mut self, dx: i16, dy: i16) -> Result<(), InjectError> {
        self.wheel = (self.wheel.0 + i32::from(dx), self.wheel.1 + i32::from(dy));
        let notches = (self.wheel.0 / NOTCH, self.wheel.1 / NOTCH);
        self.wheel = (self.wheel.0 % NOTCH, self.wheel.1 % NOTCH);
        // To X, the wheel is buttons: 4 up, 5 down, 6 left, 7 right.
        let buttons = [
            (notches.1, if notches.1 > 0 { 4 } else { 5 }),
            (notches.0, if notches.0 > 0 { 7 } else { 6 }),
        ];
        for (count, button) in buttons {
            for _ in 0..count.abs() {
                self.fake(BUTTON_PRESS_EVENT, button, 0, 0)?;
                self.fake(BUTTON_RELEASE_EVENT, button, 0, 0)?;
            }
        }
        Ok(())
    }

    /// Lets go of everything, the last first; goes on after an error and returns the first.
    fn release_all(&mut self) -> Result<(), InjectError> {
        self.wheel = (0, 0);
        let mut result = Ok(());
        for what in self.held.clone().into_iter().rev() {
            result = result.and(self.set(what, false));
        }
        result
    }
}

impl Injector for X11Injector {
    fn inject(&mut self, event: &InputEvent) -> Result<(), InjectError> {
        match *event {
            //= spec/06-media-input.md#input-records [INPUT-11] 4431e2cb
            InputEvent::Key { usage, down } => {
                let code = keymap::x11_keycode(usage).ok_or(InjectError::Key(usage))?;
                // A server may have fewer keys than the table.
                let setup = self.link.conn.setup();
                if !(setup.min_keycode..=setup.max_keycode).contains(&code) {
                    return Err(InjectError::Key(usage));
                }
                self.set(Held::Key(code), down)
            }
            InputEvent::Pointer { display: 0, x, y } => self.point(x, y),
            InputEvent::Pointer { display, .. } => Err(InjectError::Display(display)),
            InputEvent::Button { button, down } => {
                let number = match button {
                    1..=3 => button,
                    4 => 8,
                    5 => 9,
                    _ => return Err(InjectError::Button(button)),
                };
                self.set(Held::Button(number), down)
            }
            InputEvent::Wheel { dx, dy } => self.turn(dx, dy),
            InputEvent::ReleaseAll => self.release_all(),
        }
    }
}

impl Drop for X11Injector {
    fn drop(&mut self) {
        // Nobody is left to tell; a server that is gone holds nothing.
        let _ = self.release_all();
    }
}

/// A position of the wire (0 is the first pixel, 65,535 the last) as a pixel of a side.
pub(crate) fn from_wire(part: u16, len: u16) -> u16 {
    let last = u32::from(len.saturating_sub(1));
    ((u32::from(part) * last + 32_767) / 65_535) as u16
}

/// A pixel of a side as a position of the wire; those past the last count as the last.
pub(crate) fn to_wire(pixel: u16, len: u16) -> u16 {
    let last = u32::from(len.saturating_sub(1)).max(1);
    ((u32::from(pixel).min(last) * 65_535 + last / 2) / last) as u16
}

fn x11_lost(error: impl fmt::Display) -> InjectError {
    InjectError::X11(lost(error))
}

impl fmt::Display for InjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported => f.write_str("this screen cannot be controlled; share an X11 one"),
            Self::Key(usage) => write!(f, "there is no key with HID usage {usage:#04x} here"),
            Self::Button(button) => write!(f, "there is no mouse button {button}"),
            Self::Display(display) => write!(f, "there is no display {display} now"),
            Self::X11(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for InjectError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_back_as_the_same_pixel() {
        for len in [1, 2, 3, 640, 1080, 1920, 16_384] {
            for pixel in 0..len {
                assert_eq!(
                    from_wire(to_wire(pixel, len), len),
                    pixel,
                    "{pixel} of {len}"
                );
            }
            assert_eq!(from_wire(u16::MAX, len), len - 1);
        }
        assert_eq!(
            (to_wire(0, 640), to_wire(639, 640), to_wire(9999, 640)),
            (0, 65_535, 65_535)
        );
        assert_eq!((from_wire(7, 0), to_wire(7, 0)), (0, 65_535));
    }
}
