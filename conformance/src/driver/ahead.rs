//! How far the suite may read ahead of itself. A program that says more than is heard is held up by its pipe.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::held;

/// So many bytes of lines that nobody has heard yet are too many for another.
const MOST: usize = 4_194_304;

/// The bytes of lines that were read and not heard.
#[derive(Clone, Default)]
pub(super) struct Ahead(Arc<(Mutex<usize>, Condvar)>);

/// What a line takes until it is heard, or until nobody will hear it.
pub(crate) struct Room {
    ahead: Ahead,
    bytes: usize,
}

impl Ahead {
    /// Waits until there is room for one line more.
    pub(super) fn room(&self, bytes: usize) -> Room {
        let (unheard, less) = &*self.0;
        let full = |unheard: &mut usize| *unheard >= MOST;
        *less
            .wait_while(held(unheard), full)
            .unwrap_or_else(PoisonError::into_inner) += bytes;
        Room {
            ahead: self.clone(),
            bytes,
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let (unheard, less) = &*self.ahead.0;
        *held(unheard) -= self.bytes;
        less.notify_one();
    }
}
