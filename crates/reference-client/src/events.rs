//! Events for a program that may be slow: what others send waits with them.

use std::future::Future;

use tokio::sync::mpsc::Sender;

/// Room that one thing from the network may need: what one chunk of it can cause.
const ROOM: usize = 512;

/// Waits for something from the network, but not while the program has too much to read already.
///
/// A program that takes nothing at all loses its session by silence, which is what it is.
pub(crate) async fn when_heard<E, T>(events: &Sender<E>, next: impl Future<Output = T>) -> T {
    // It fails if nobody listens any more; then there is nothing to wait for.
    if let Ok(room) = events.reserve_many(ROOM.min(events.max_capacity())).await {
        drop(room);
    }
    next.await
}
