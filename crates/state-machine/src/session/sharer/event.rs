//! What a sharer's program learns.

use alloc::{boxed::Box, string::String};

use alongside_wire::{ErrorCode, Scopes, input::InputEvent, session::Stroke};

use super::super::{Ended, path};
use crate::{identity::trust::Who, time::Timestamp};

/// What a sharer's program learns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The join has had no answer for a while: the relay may be holding it back.
    JoinHeldBack,
    /// Ask the person for consent to show the screen.
    ConsentAsked {
        /// Who the helper says they are; nobody vouches for it. Empty if there is a card.
        name: String,
        /// Who the helper is, as far as anybody vouches for it.
        who: Box<Who>,
        /// When silence becomes a denial.
        until: Timestamp,
    },
    /// The person did not start the contact: show a warning, and take no plain yes for consent.
    ScamWarning,
    /// The helper may see the screen from now on.
    Viewing,
    /// Frames may be sent, and the first must be complete.
    MediaReady,
    /// No frame may be sent until the next [`Event::MediaReady`].
    MediaStopped,
    /// The next frame must be complete.
    CompleteFrameWanted,
    /// The helper cannot ask for control before this: consent, or a denial, is too fresh.
    ControlNotBefore(Timestamp),
    /// Ask the person for consent to control.
    ControlAsked {
        /// What the helper asks for.
        scopes: Scopes,
        /// These are the scopes of the live grant, which would live longer.
        renewal: bool,
        /// When silence becomes a denial.
        until: Timestamp,
    },
    /// The prompt for control is to be closed: it timed out, or its reason is gone.
    ControlPromptClosed,
    /// The helper has control.
    ControlGranted {
        /// The grant.
        grant: u32,
        /// What it may do.
        scopes: Scopes,
        /// When it expires.
        until: Timestamp,
    },
    /// The grant lives longer.
    ControlRenewed {
        /// The grant.
        grant: u32,
        /// When it expires.
        until: Timestamp,
    },
    /// The helper has no control any more.
    ControlEnded {
        /// The grant.
        grant: u32,
        /// Why.
        code: ErrorCode,
    },
    /// Carry this out before anything else is handled.
    Inject(InputEvent),
    /// Let go of everything that was pressed for the helper, at once.
    ReleaseAll,
    /// The pause flags changed.
    Paused {
        /// This end's.
        local: bool,
        /// The helper's.
        peer: bool,
    },
    /// A line of chat from the helper.
    Chat(String),
    /// A line of chat has arrived.
    ChatDelivered(u32),
    /// The helper offers an item of its clipboard: ask the person.
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
    /// The helper took, or refused, an item of the sharer's clipboard.
    ClipboardAnswered {
        /// The item.
        item: u32,
        /// It was taken.
        taken: bool,
    },
    /// Draw this on the display, so that clicks and keys pass through it.
    Stroke(Stroke),
    /// Show the laser pointer here.
    Laser {
        /// The display.
        display: u8,
        /// 0 is the first pixel from the left, 65,535 the last.
        x: u16,
        /// 0 is the first pixel from the top, 65,535 the last.
        y: u16,
    },
    /// Take the laser pointer away.
    LaserGone,
    /// Take away all that was drawn, the laser pointer too.
    DrawingCleared,
    /// The helper's answer to a probe took so many milliseconds.
    Delay(u32),
    /// The way to the helper is lost: nothing is shown and nothing done until [`Event::Back`].
    Frozen {
        /// When the session is over, if it does not go on.
        until: Timestamp,
    },
    /// The helper is back. It may see the screen if it could before, and control nothing.
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
