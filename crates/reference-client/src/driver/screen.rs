//! What stands for a person's machine: a display with the test picture, hands, and eyes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use alongside_wire::{input::InputEvent, media::Frame, session::DisplayInfo};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::Sender;

use super::protocol;
use crate::{
    canvas::Canvas,
    inject::{InjectError, Injector},
    marks::Marks,
    picture::{Grid, Picture, changed},
    screen::{Screen, ScreenError, tiles},
    sharer,
    view::View,
};

/// The most pixels along a side.
pub(super) const SIDE: u16 = 256;

/// Width by height pixels that follow from a seed.
pub fn test_picture(width: u16, height: u16, seed: u32) -> Picture {
    let mut picture = Picture::new(width, height);
    for y in 0..height {
        let row = picture.row_mut(0, y, width);
        for (x, pixel) in (0_u32..).zip(row.chunks_exact_mut(3)) {
            let (y, s) = (u32::from(y), seed % 256);
            let colours = [x + s, y + 3 * s, x * y + 7 * s];
            pixel.copy_from_slice(&colours.map(|colour| (colour % 256) as u8));
        }
    }
    picture
}

/// A display that shows what it is told to.
#[derive(Clone, Default)]
pub(super) struct TestScreen(Arc<Mutex<Shown>>);

#[derive(Default)]
struct Shown {
    /// What is on it, and was captured.
    current: Option<Picture>,
    /// What was put on it since, one after the other.
    next: VecDeque<Picture>,
    /// The helper may see it.
    seen: bool,
}

impl TestScreen {
    pub(super) fn show(&self, picture: Picture) {
        let mut shown = self.lock();
        // Nobody sees what was there before.
        if !shown.seen {
            shown.next.clear();
        }
        shown.next.push_back(picture);
    }

    /// Whether the helper may see it from now on.
    pub(super) fn set_seen(&self, seen: bool) {
        let mut shown = self.lock();
        shown.seen = seen;
        if !seen {
            let last = shown.next.pop_back();
            shown.next = last.into_iter().collect();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screen for TestScreen {
    fn displays(&self) -> Vec<DisplayInfo> {
        let shown = self.lock();
        let latest = shown.next.back().or(shown.current.as_ref());
        // A display has a size before anything is on it.
        let (width, height) =
            latest.map_or((SIDE, SIDE), |picture| (picture.width(), picture.height()));
        vec![DisplayInfo {
            id: 0,
            width,
            height,
        }]
    }

    fn capture(&mut self, complete: bool) -> Result<Option<Frame>, ScreenError> {
        let mut shown = self.lock();
        let before = shown.current.clone();
        if let Some(next) = shown.next.pop_front() {
            shown.current = Some(next);
        } else if !complete {
            return Ok(None);
        }
        let Some(picture) = &shown.current else {
            return Ok(None);
        };
        let all = Grid::all(picture.width(), picture.height());
        let size = |picture: &Picture| (picture.width(), picture.height());
        let before = before.filter(|before| !complete && size(before) == size(picture));
        let (grid, complete) = match &before {
            Some(before) => (changed(before, picture, &all), false),
            None => (all, true),
        };
        tiles::encode_exactly(picture, &grid, complete).map(Some)
    }

    fn pace(&self) -> Duration {
        Duration::from_millis(3)
    }

    fn can_annotate(&self) -> bool {
        true
    }

    fn annotate(&mut self, _marks: &Marks) -> Result<(), ScreenError> {
        Ok(())
    }
}

/// Tells what it is to do.
pub(super) struct TestHands(pub(super) Sender<sharer::Event>);

impl Injector for TestHands {
    fn inject(&mut self, event: &InputEvent) -> Result<(), InjectError> {
        let event = match event {
            InputEvent::ReleaseAll => sharer::SessionEvent::ReleaseAll,
            input => sharer::SessionEvent::Inject(*input),
        };
        // In order with all else that is told.
        let told = self.0.try_send(sharer::Event::Session(event));
        told.map_err(|_| InjectError::Unsupported)
    }
}

/// Looks at every frame, by its number.
#[derive(Clone, Default)]
pub(super) struct TestEyes(Arc<Mutex<VecDeque<(u32, protocol::Event)>>>);

impl TestEyes {
    /// What was seen with a frame.
    pub(super) fn saw(&self, id: u32) -> Option<protocol::Event> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((known, frame)) = seen.pop_front() {
            if known == id {
                return Some(frame);
            }
        }
        None
    }
}

impl View for TestEyes {
    fn show(&mut self, id: u32, canvas: &Canvas) -> Result<(), String> {
        let picture = canvas.picture();
        let frame = protocol::Event::Frame {
            display: canvas.display(),
            width: picture.width(),
            height: picture.height(),
            sha256: format!("{:x}", Sha256::digest(picture.pixels())),
        };
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push_back((id, frame));
        Ok(())
    }
}
