//! Drawing and clipboard at the sharer: carried out here as the machine says, and undone with the
//! grant that allowed it.

use alongside_state_machine::mutant;
use alongside_wire::session;

use super::{Event, SessionEvent, Sharer};
use crate::{
    Misuse,
    clipboard::ClipboardError,
    marks::{Mark, Stroke},
};

/// After the helper typed or clicked, an act for the clipboard is not taken for so many milliseconds.
const GUARD: u64 = 1_000;

impl Sharer {
    /// Carries out what concerns the screen or the clipboard.
    pub(super) fn use_tool(&mut self, event: &SessionEvent) {
        let mark = match event {
            SessionEvent::Stroke(stroke) => Mark::Stroke(drawn(stroke.clone())),
            SessionEvent::Laser { display, x, y } => Mark::Laser(*display, *x, *y),
            SessionEvent::LaserGone => Mark::LaserOff,
            SessionEvent::DrawingCleared => Mark::Clear,
            SessionEvent::ControlGranted { grant, .. } => return self.board.granted(*grant),
            SessionEvent::ControlEnded { .. } => {
                //= spec/19-tools.md#clipboard [TOOL-10] f4c91892
                return self.board.withdraw();
            }
            SessionEvent::MediaStopped => return self.filming.stop(),
            _ => return,
        };
        self.filming.mark(mark);
    }

    //= spec/19-tools.md#clipboard [TOOL-9] 14fcf6e3
    //= spec/19-tools.md#clipboard [TOOL-29] dff2d55a
    /// Fails while what the helper typed may still be on its way to the person's own terminal.
    pub(super) fn guard(&self) -> Result<(), Misuse> {
        match self.injected {
            Some(injected)
                if self.clock.now() < injected.plus_ms(GUARD) && !mutant::is("TOOL-29/takes") =>
            {
                Err(Misuse::AnswerGuard)
            }
            _ => Ok(()),
        }
    }

    /// Puts an item that the person took into their clipboard.
    pub(super) fn take(&mut self, text: String) {
        match self.board.put(text.clone()) {
            // Without one it is the program's to do something with it.
            Ok(()) | Err(ClipboardError::Nowhere) => self.tell(Event::Clipboard(text)),
            Err(error) => self.tell(Event::Trouble(error.to_string())),
        }
    }

    /// Sends the clipboard that the person wanted to send.
    pub(super) fn send(&mut self, read: Result<String, ClipboardError>) {
        match read {
            Ok(text) => {
                let sent = self.endpoint.send_clipboard(&text, self.clock.now());
                match sent {
                    Ok(_) => self.tell(Event::ClipboardSent(text)),
                    Err(misuse) => self.tell(Event::NotNow(misuse)),
                }
            }
            Err(error) => self.tell(Event::Trouble(error.to_string())),
        }
    }

    /// Nothing of the session stays on the screen or in the clipboard.
    pub(super) fn undo(&mut self) {
        self.board.withdraw();
        self.filming.mark(Mark::Clear);
    }
}

fn drawn(stroke: session::Stroke) -> Stroke {
    let session::Stroke {
        stroke: id,
        display,
        colour,
        width,
        points,
        ..
    } = stroke;
    Stroke {
        id,
        display,
        colour,
        width,
        points,
    }
}
