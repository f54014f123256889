//! What the demo's helper sees.

use std::sync::{Arc, Mutex, PoisonError};

use alongside_client::{canvas::Canvas, picture::Picture, view::View};

/// The number of the latest frame, and the picture.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Option<(u32, Picture)>>>);

impl Seen {
    /// The number of the latest frame that was seen; 0 for none.
    pub(super) fn frames(&self) -> u32 {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().map_or(0, |(id, _)| *id)
    }

    pub(super) fn picture(&self) -> Picture {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref()
            .map_or_else(|| Picture::new(0, 0), |(_, picture)| picture.clone())
    }
}

impl View for Seen {
    fn show(&mut self, id: u32, canvas: &Canvas) -> Result<(), String> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((id, canvas.picture().clone()));
        Ok(())
    }
}
