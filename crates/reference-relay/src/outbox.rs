//! What waits to be written to the control stream of one client.

use std::collections::VecDeque;

use alongside_wire::ErrorCode;
use bytes::Bytes;
use tokio::sync::watch;

/// A queue of messages for one client, which one task writes. It is bounded by whoever fills it,
/// who waits for [`Outbox::room`] before taking in more.
#[derive(Default)]
pub struct Outbox(watch::Sender<State>);

#[derive(Default)]
struct State {
    queue: VecDeque<Bytes>,
    /// Of the queue, and of what is being written.
    bytes: usize,
    close: Option<ErrorCode>,
}

/// What the writer is to do next.
pub enum Next {
    /// Write this.
    Write(Bytes),
    /// Everything is written: close the connection.
    Close,
}

impl Outbox {
    /// This waits too.
    pub fn push(&self, bytes: Vec<u8>) {
        self.0.send_modify(|state| {
            state.bytes += bytes.len();
            state.queue.push_back(bytes.into());
        });
    }

    /// Nothing is pushed after this.
    pub fn close(&self, code: ErrorCode) {
        self.0.send_modify(|state| state.close = Some(code));
    }

    /// Waits for something to do.
    pub async fn next(&self) -> Next {
        self.until(|state| !state.queue.is_empty() || state.close.is_some())
            .await;
        let mut next = Next::Close;
        self.0.send_if_modified(|state| {
            if let Some(bytes) = state.queue.pop_front() {
                next = Next::Write(bytes);
            }
            // The bytes still wait.
            false
        });
        next
    }

    /// So many bytes have been written.
    pub fn written(&self, len: usize) {
        self.0
            .send_modify(|state| state.bytes = state.bytes.saturating_sub(len));
    }

    /// Waits until at most `bytes` wait, or nobody will read them.
    pub async fn room(&self, bytes: usize) {
        self.until(|state| state.bytes <= bytes || state.close.is_some())
            .await;
    }

    /// Waits until the connection is to be closed, and says with what.
    pub async fn closing(&self) -> ErrorCode {
        self.until(|state| state.close.is_some()).await;
        self.0.borrow().close.unwrap_or(ErrorCode::Lost)
    }

    async fn until(&self, condition: impl FnMut(&State) -> bool) {
        // The sender is in `self`, so the channel stays open.
        let _ = self.0.subscribe().wait_for(condition).await;
    }
}
