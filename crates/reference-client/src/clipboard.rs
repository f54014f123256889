//! The clipboard of an X11 session, one text at a time and only when the person says so: nothing
//! here watches it, asks for it twice, or keeps what it read.

mod board;
mod offer;
mod read;

use std::fmt;

use crate::screen::ScreenSpec;
pub(crate) use board::Board;
pub use offer::Offer;
pub use read::read;

/// Where a person's clipboard is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An X11 display, that of `DISPLAY` if none is named.
    X11(Option<String>),
    /// There is none.
    Nowhere,
}

impl Place {
    /// The clipboard that belongs to a screen.
    pub fn of(screen: &ScreenSpec) -> Self {
        match screen {
            ScreenSpec::X11 { display, .. } => Self::X11(display.clone()),
            ScreenSpec::Images(_) | ScreenSpec::Pattern => Self::Nowhere,
        }
    }
}

/// Why the clipboard cannot be read or filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClipboardError {
    /// There is no clipboard here.
    Nowhere,
    /// Nothing has been copied.
    Empty,
    /// What was copied is no text.
    NotText,
    /// It is longer than the limit, in bytes of UTF-8.
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// The program that has it did not hand it over within two seconds.
    Silent,
    /// Another program took the clipboard at the same moment.
    Taken,
    /// The grant is another than the one for which it was read.
    Over,
    /// The X server failed.
    X11(String),
}

impl fmt::Display for ClipboardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => {
                f.write_str("there is no clipboard with this screen; share an X11 one")
            }
            Self::Empty => f.write_str("nothing has been copied; copy a text first"),
            Self::NotText => f.write_str("what was copied is no text; copy a text"),
            Self::TooLong { limit } => {
                write!(
                    f,
                    "the text is longer than {limit} bytes; copy a shorter one"
                )
            }
            Self::Silent => f.write_str(
                "the program that the text was copied in does not hand it over; copy it again",
            ),
            Self::Taken => f.write_str("another program took the clipboard just now; try again"),
            Self::Over => f.write_str("control has changed since; copy it again"),
            Self::X11(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ClipboardError {}
