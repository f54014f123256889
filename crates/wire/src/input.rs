//! What input records carry: eight slots of eight bytes, an event in each or none.

use alloc::vec::Vec;

use crate::{DecodeError, Fault, Scopes, limits, record::Fields};

/// One thing that the helper did.
///
/// | event | byte 0 | bytes 1 to 7; what is not named is 0 |
/// |---|---|---|
/// | empty | 0 | |
/// | key | 1 | down (1 byte, 0 or 1), usage (2 bytes) |
/// | pointer | 2 | display (1 byte), x (2 bytes), y (2 bytes) |
/// | button | 3 | down (1 byte, 0 or 1), button (1 byte) |
/// | wheel | 4 | 0 (1 byte), dx (2 bytes), dy (2 bytes) |
/// | release-all | 5 | |
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InputEvent {
    /// A physical key, by its usage on page 7 of the USB HID usage tables, went down or up.
    Key {
        /// The usage.
        usage: u16,
        /// Down or up.
        down: bool,
    },
    /// The pointer is at this place: 0 is the first pixel of a display, 65,535 its last.
    Pointer {
        /// The display.
        display: u8,
        /// Across.
        x: u16,
        /// Down.
        y: u16,
    },
    /// A button went down or up: 1 left, 2 middle, 3 right, 4 back, 5 forward.
    Button {
        /// The button, 1 to 5.
        button: u8,
        /// Down or up.
        down: bool,
    },
    /// The wheel turned, in 1/120 of a notch; positive is to the right, and away from the user. More
    /// than [`limits::WHEEL_TURN`] each way is cut to that.
    Wheel {
        /// Across.
        dx: i16,
        /// Away.
        dy: i16,
    },
    /// Everything that is held is let go.
    ReleaseAll,
}

const SLOT: usize = 8;
/// Events that fit into one record.
pub const EVENTS: usize = limits::INPUT_RECORD / SLOT;

impl InputEvent {
    /// The registered event numbers with their names; 0 is an empty slot.
    pub const REGISTERED: &'static [(u8, &'static str)] = &[
        (0, "empty"),
        (1, "key"),
        (2, "pointer"),
        (3, "button"),
        (4, "wheel"),
        (5, "release-all"),
    ];

    /// The scope that a grant must have for this event; releasing needs none.
    pub const fn scope(&self) -> Scopes {
        match self {
            Self::Key { .. } => Scopes::KEYBOARD,
            Self::Pointer { .. } | Self::Button { .. } | Self::Wheel { .. } => Scopes::POINTER,
            Self::ReleaseAll => Scopes::NONE,
        }
    }

    /// Whether there is such a thing: a mouse has five buttons.
    pub const fn exists(&self) -> bool {
        !matches!(
            self,
            Self::Button {
                button: 0 | 6..,
                ..
            }
        )
    }

    fn to_slot(self) -> [u8; SLOT] {
        match self {
            Self::Key { usage, down } => {
                let [a, b] = usage.to_be_bytes();
                [1, u8::from(down), a, b, 0, 0, 0, 0]
            }
            Self::Pointer { display, x, y } => {
                let ([a, b], [c, d]) = (x.to_be_bytes(), y.to_be_bytes());
                [2, display, a, b, c, d, 0, 0]
            }
            Self::Button { button, down } => [3, u8::from(down), button, 0, 0, 0, 0, 0],
            Self::Wheel { dx, dy } => {
                let [[a, b], [c, d]] = [dx, dy].map(|turn| cut(turn).to_be_bytes());
                [4, 0, a, b, c, d, 0, 0]
            }
            Self::ReleaseAll => [5, 0, 0, 0, 0, 0, 0, 0],
        }
    }

    fn from_slot(slot: [u8; SLOT]) -> Result<Option<Self>, DecodeError> {
        let [kind, first, a, b, c, d, _, _] = slot;
        let event = match kind {
            0 => None,
            1 => Some(Self::Key {
                usage: u16::from_be_bytes([a, b]),
                down: first == 1,
            }),
            2 => Some(Self::Pointer {
                display: first,
                x: u16::from_be_bytes([a, b]),
                y: u16::from_be_bytes([c, d]),
            }),
            3 if (1..=5).contains(&a) => Some(Self::Button {
                button: a,
                down: first == 1,
            }),
            4 => {
                let [dx, dy] = [[a, b], [c, d]].map(i16::from_be_bytes);
                //= spec/07-wire.md#framing [WIRE-5] 489192f3
                if [dx, dy] != [cut(dx), cut(dy)] {
                    let limit = limits::WHEEL_TURN;
                    return Err(DecodeError::new(Fault::TooLarge { limit }, "the wheel"));
                }
                Some(Self::Wheel { dx, dy })
            }
            5 => Some(Self::ReleaseAll),
            _ => return Err(DecodeError::new(Fault::InvalidValue, "an input event")),
        };
        // Every byte has one right value: what does not come out the same was not canonical.
        if event.map_or([0; SLOT], Self::to_slot) != slot {
            return Err(DecodeError::new(Fault::NotCanonical, "an input event"));
        }
        Ok(event)
    }
}

/// So far as the wheel turns in one slot.
fn cut(turn: i16) -> i16 {
    let most = limits::WHEEL_TURN as i16;
    turn.clamp(-most, most)
}

/// The plaintext of an input record: the first [`EVENTS`] of `events`, then empty slots.
pub fn encode_record(events: &[InputEvent]) -> [u8; limits::INPUT_RECORD] {
    let mut out = [0; limits::INPUT_RECORD];
    for (slot, event) in out.chunks_exact_mut(SLOT).zip(events) {
        slot.copy_from_slice(&event.to_slot());
    }
    out
}

/// The events of an input record, in order.
///
/// # Errors
/// If any slot is not exactly one of the registered events.
pub fn read_record(plaintext: &[u8; limits::INPUT_RECORD]) -> Result<Vec<InputEvent>, DecodeError> {
    let mut fields = Fields(plaintext);
    let mut events = Vec::new();
    for _ in 0..EVENTS {
        events.extend(InputEvent::from_slot(fields.take())?);
    }
    Ok(events)
}
