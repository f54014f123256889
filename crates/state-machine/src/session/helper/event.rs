//! What a helper's program learns.

use alloc::{string::String, vec::Vec};

use alongside_wire::{ErrorCode, Scopes, code::Locator, session::DisplayInfo};

use super::super::{Ended, path};
use crate::{error::Fault, time::Timestamp};

/// What a helper's program learns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The code is alive: show it.
    CodeIssued {
        /// The relay's half.
        locator: Locator,
        /// When it dies.
        until: Timestamp,
    },
    /// The code has died without anybody joining, or the relay refused one.
    CodeEnded(ErrorCode),
    /// Somebody joined by the code, which is spent by that.
    Joined,
    /// Whoever joined did not know the code, or somebody was in between. Ask for a fresh code.
    CodeSpent {
        /// What was wrong.
        fault: Fault,
        /// How many codes were spent without a session within the last hour, this one included;
        /// [`SPENT_CODES`](alongside_wire::limits::SPENT_CODES) at most.
        spent: usize,
        /// So many were that somebody may be guessing.
        warn: bool,
        /// No code is given out before this.
        again_at: Timestamp,
    },
    /// Both ends know the same code; the sharer's person is being asked.
    Secured,
    /// The screen may be seen.
    Viewing {
        /// What the sharer allows.
        scopes: Scopes,
    },
    /// What the sharer shows.
    Displays(Vec<DisplayInfo>),
    /// Control cannot be asked for before this: consent, or a denial, is too fresh.
    ControlNotBefore(Timestamp),
    /// The request for control was granted.
    ControlGranted {
        /// The grant.
        grant: u32,
        /// What it may do.
        scopes: Scopes,
        /// When it expires at the latest.
        until: Timestamp,
    },
    /// The request for control was not granted.
    ControlDenied(ErrorCode),
    /// The grant lives longer.
    ControlRenewed {
        /// The grant.
        grant: u32,
        /// When it expires at the latest.
        until: Timestamp,
    },
    /// Control is over.
    ControlEnded {
        /// The grant.
        grant: u32,
        /// Why.
        code: ErrorCode,
    },
    /// The pause flags changed.
    Paused {
        /// This end's.
        local: bool,
        /// The sharer's.
        peer: bool,
    },
    /// A line of chat from the sharer.
    Chat(String),
    /// A line of chat has arrived.
    ChatDelivered(u32),
    /// The sharer offers an item of its clipboard: ask the person.
    ClipboardOffered {
        /// The item.
        item: u32,
        /// What it is.
        text: String,
    },
    /// The item that waited for the person is not there any more.
    ClipboardLapsed {
        /// The item.
        item: u32,
    },
    /// The sharer took, or refused, an item of the helper's clipboard.
    ClipboardAnswered {
        /// The item.
        item: u32,
        /// It was taken.
        taken: bool,
    },
    /// The sharer's system asks its person for permission (true), or has stopped asking.
    SecureDesktop(bool),
    /// The sharer's answer to a probe took so many milliseconds.
    Delay(u32),
    /// The way to the sharer is lost: nothing is seen and nothing done until [`Event::Back`].
    Frozen {
        /// When the session is over, if it does not go on.
        until: Timestamp,
    },
    /// The sharer is back. The screen can be seen if it could before; control must be asked for.
    Back,
    /// Something of a path.
    Path(path::Event),
    /// It is over.
    Ended(Ended),
}

impl From<path::Event> for Event {
    fn from(event: path::Event) -> Self {
        Self::Path(event)
    }
}
