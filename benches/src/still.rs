//! A screen on which nothing happens.

use alongside_client::screen::{Pattern, Screen, ScreenError};
use alongside_wire::{media::Frame, session::DisplayInfo};

/// The first picture of the test pattern, and no other.
#[derive(Debug, Default)]
pub struct Still {
    pattern: Pattern,
    shown: bool,
}

impl Screen for Still {
    fn displays(&self) -> Vec<DisplayInfo> {
        self.pattern.displays()
    }

    fn capture(&mut self, complete: bool) -> Result<Option<Frame>, ScreenError> {
        if self.shown && !complete {
            return Ok(None);
        }
        self.shown = true;
        self.pattern = Pattern::new();
        self.pattern.capture(true)
    }
}
