//! The screen, on a thread of its own, and the pace at which its pictures are sent.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use alongside_state_machine::endpoint::sharer::SharerEndpoint;
use alongside_wire::{media::Frame, session::DisplayInfo};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{PICTURE_INTERVAL, STALE};
use crate::screen::{Screen, ScreenError};

/// A picture, if anything changed.
pub(super) type Taken = Result<Option<Frame>, ScreenError>;

pub(super) struct Filming {
    displays: Vec<DisplayInfo>,
    orders: mpsc::Sender<bool>,
    taken: UnboundedReceiver<Taken>,
    /// A picture was asked for and has not come.
    busy: bool,
    /// No picture is asked for before this.
    next: Instant,
    /// When the latest frame was sent.
    sent: Instant,
}

impl Filming {
    pub(super) fn start(mut screen: Box<dyn Screen>) -> Self {
        let displays = screen.displays();
        let (orders, ordered) = mpsc::channel();
        let (sender, taken) = unbounded_channel();
        thread::spawn(move || {
            for complete in ordered {
                if sender.send(screen.capture(complete)).is_err() {
                    return;
                }
            }
        });
        Self {
            displays,
            orders,
            taken,
            busy: false,
            next: Instant::now(),
            sent: Instant::now(),
        }
    }

    /// The displays as of the latest picture.
    pub(super) fn displays(&self) -> Vec<DisplayInfo> {
        self.displays.clone()
    }

    /// How long until [`Filming::take`] or a look at staleness is due, if frames may be sent.
    pub(super) fn due(&self, endpoint: &SharerEndpoint, waiting: usize) -> Option<Duration> {
        if !endpoint.may_send_frame() || self.busy {
            return None;
        }
        let due = if waiting > 0 {
            self.sent + STALE
        } else {
            self.next
        };
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// Whether the network has not taken the latest frame for too long.
    pub(super) fn is_stale(&self, waiting: usize) -> bool {
        waiting > 0 && self.sent.elapsed() >= STALE
    }

    /// Asks for a picture.
    pub(super) fn take(&mut self, complete: bool) {
        self.busy = true;
        self.next = Instant::now() + PICTURE_INTERVAL;
        // It fails if the thread has panicked; then no picture comes, and the rest goes on.
        let _ = self.orders.send(complete);
    }

    /// The picture that was asked for.
    pub(super) async fn taken(&mut self) -> Taken {
        match self.taken.recv().await {
            Some(taken) => taken,
            None => std::future::pending().await,
        }
    }

    /// Sends a picture, if it may still be seen.
    pub(super) fn filmed(
        &mut self,
        taken: Taken,
        endpoint: &mut SharerEndpoint,
    ) -> Result<(), String> {
        self.busy = false;
        let frame = match taken {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(()),
            Err(error) => {
                // A display that went away may come back; once a second is often enough to look.
                self.next = Instant::now() + Duration::from_secs(1);
                return Err(error.to_string());
            }
        };
        // What was taken before a pause, or does not fit any more, is not sent.
        if !endpoint.may_send_frame() || (endpoint.wants_complete() && !frame.complete) {
            return Ok(());
        }
        self.announce(&frame, endpoint);
        self.sent = Instant::now();
        endpoint
            .send_frame(&frame)
            .map(|_| ())
            .map_err(|misuse| misuse.to_string())
    }

    /// Tells the helper if the display has another size than was said.
    fn announce(&mut self, frame: &Frame, endpoint: &mut SharerEndpoint) {
        let now = DisplayInfo {
            id: frame.display,
            width: frame.width,
            height: frame.height,
        };
        if self.displays != [now] {
            self.displays = vec![now];
            // It fails only if nothing may be seen, and then nothing is sent.
            let _ = endpoint.displays(self.displays.clone());
        }
    }
}
