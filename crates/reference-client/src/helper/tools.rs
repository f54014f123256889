//! Drawing, clipboard and quality at the helper.

use alongside_wire::{Scopes, media::Frame};

use super::{Event, Helper, Line, SessionEvent};
use crate::{
    clipboard::ClipboardError,
    marks::{Mark, Stroke},
    quality::Meter,
    view::Word,
};

/// What a helper has of its grant for the tools, and how fast frames come.
#[derive(Default)]
pub(super) struct Tools {
    /// The grant allows drawing.
    draws: bool,
    meter: Meter,
}

impl Tools {
    pub(super) fn count(&mut self, frame: &Frame) {
        self.meter.count(frame);
    }
}

impl Helper {
    /// Takes note of what concerns drawing, clipboard or quality.
    pub(super) fn notice(&mut self, event: &SessionEvent) {
        match event {
            SessionEvent::ControlGranted { grant, scopes, .. } => {
                self.board.granted(*grant);
                self.allow_drawing(scopes.contains(Scopes::ANNOTATE));
            }
            // A question wiped out what was drawn.
            SessionEvent::ControlRenewed { .. } => self.allow_drawing(self.tools.draws),
            SessionEvent::ControlEnded { .. } => {
                self.board.withdraw();
                self.allow_drawing(false);
            }
            SessionEvent::Delay(delay) => self.rate(*delay),
            _ => {}
        }
    }

    /// Lets the person draw, on a screen on which nothing is drawn.
    fn allow_drawing(&mut self, allowed: bool) {
        self.tools.draws = allowed;
        self.viewer.tell(Word::Drawing(allowed));
    }

    /// A request opens a question at the sharer, which wipes out what was drawn.
    pub(super) fn wiped(&mut self) {
        if self.tools.draws {
            self.allow_drawing(true);
        }
    }

    /// Sends what the person drew in a window. Whatever the sharer has just stopped to allow is lost.
    pub(super) fn draw(&mut self, mark: Mark) {
        let now = self.clock.now();
        let _ = match mark {
            Mark::Stroke(stroke) => self.endpoint.stroke(line(stroke), now),
            Mark::Laser(display, x, y) => self.endpoint.laser(display, (x, y), now),
            // It goes out by itself.
            Mark::LaserOff => Ok(()),
            Mark::Clear => self.endpoint.clear(now),
        };
    }

    /// Says how well it goes, each time that the delay is known.
    fn rate(&mut self, delay: u32) {
        let quality = self.tools.meter.take(delay, self.ways.way());
        self.viewer.tell(Word::Quality(quality.to_string()));
        self.tell(Event::Quality(quality));
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
            Ok(text) => match self.endpoint.send_clipboard(&text, self.clock.now()) {
                Ok(_) => self.tell(Event::ClipboardSent(text)),
                Err(misuse) => self.tell(Event::NotNow(misuse)),
            },
            Err(error) => self.tell(Event::Trouble(error.to_string())),
        }
    }
}

fn line(stroke: Stroke) -> Line {
    let Stroke {
        id,
        display,
        colour,
        width,
        points,
    } = stroke;
    Line {
        id,
        display,
        colour,
        width,
        points,
    }
}
