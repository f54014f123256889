//! The screen, on a thread of its own, and the pace at which its pictures are sent. What the helper
//! draws is drawn there too, so that no picture is taken of it.

use std::{
    sync::mpsc::{self, RecvTimeoutError, TrySendError},
    thread,
    time::{Duration, Instant},
};

use alongside_state_machine::{endpoint::sharer::SharerEndpoint, time::Timestamp};
use alongside_wire::{media::Frame, session::DisplayInfo};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{STALE, pace::Pace};
use crate::{
    marks::{Mark, Marks},
    quality::Meter,
    screen::{Screen, ScreenError},
};

/// A picture, if anything changed.
type Taken = Result<Option<Frame>, ScreenError>;

/// What the thread is told to do.
enum Order {
    /// Take a picture, a complete one or not, of this showing.
    Take(bool, u64),
    /// Draw something, or wipe it out.
    Mark(Mark),
}

/// What the thread tells.
pub(super) enum Told {
    /// The picture that was asked for, and of which showing it is.
    Taken(Taken, u64),
    /// Something could not be drawn.
    NotDrawn(ScreenError),
}

pub(super) struct Filming {
    displays: Vec<DisplayInfo>,
    orders: mpsc::SyncSender<Order>,
    /// All that is drawn is to be wiped out as soon as there is room for the order.
    wipe: bool,
    told: UnboundedReceiver<Told>,
    /// A picture was asked for and has not come.
    busy: bool,
    /// Counts the times that something could be seen: what was taken in one is not shown in the next.
    showing: u64,
    /// What was taken when consent was given, until it may be sent, and when it came.
    first: Option<(Frame, Instant)>,
    pace: Duration,
    /// No picture is asked for before this.
    next: Instant,
    /// When the latest frame was sent.
    sent: Timestamp,
    /// What is on its way.
    way: Pace,
}

impl Filming {
    pub(super) fn start(screen: Box<dyn Screen>) -> Self {
        let (displays, pace) = (screen.displays(), screen.pace());
        let (orders, ordered) = mpsc::sync_channel(ORDERS);
        let (sender, told) = unbounded_channel();
        thread::spawn(move || film(screen, &ordered, &sender));
        Self {
            displays,
            pace,
            orders,
            told,
            wipe: false,
            busy: false,
            showing: 0,
            first: None,
            next: Instant::now(),
            sent: Timestamp::default(),
            way: Pace::default(),
        }
    }

    /// The displays as of the latest picture.
    pub(super) fn displays(&self) -> Vec<DisplayInfo> {
        self.displays.clone()
    }

    /// How long until [`Filming::take`] is due, if frames may be sent. Its pace is not the session's
    /// time: nothing is decided by it.
    pub(super) fn due(&mut self, endpoint: &SharerEndpoint, waiting: usize) -> Option<Duration> {
        let now = Instant::now();
        if let Some(seen) = endpoint.machine().frame_seen() {
            self.way.shown(seen, now);
        }
        if !endpoint.may_send_frame() || endpoint.wants_complete() {
            self.way.forget();
        }
        let idle = endpoint.may_send_frame() && !self.busy && waiting == 0;
        let held = self.way.held_until(now);
        let next = held.map_or(self.next, |until| until.max(self.next));
        idle.then(|| next.saturating_duration_since(now))
    }

    /// When what the network has not taken of the latest frame is stale.
    pub(super) fn stale_at(&self, endpoint: &SharerEndpoint, waiting: usize) -> Option<Timestamp> {
        let waits = endpoint.may_send_frame() && !self.busy && waiting > 0;
        waits.then(|| self.sent.plus_ms(STALE))
    }

    /// Asks for a picture.
    pub(super) fn take(&mut self, complete: bool) {
        self.busy = true;
        self.next = Instant::now() + self.pace;
        // It fails if the thread has panicked, or hangs; then no picture comes, and the rest goes on.
        let _ = self.orders.try_send(Order::Take(complete, self.showing));
    }

    /// The person has just agreed that the helper sees the screen. While the helper is told, the first picture is
    /// taken, so that it is there when it may be sent.
    pub(super) fn begin(&mut self) {
        if !self.busy {
            self.take(true);
        }
    }

    /// Whether the first picture has waited until it may be sent.
    pub(super) fn first_is_due(&self, endpoint: &SharerEndpoint, waiting: usize) -> bool {
        self.first.is_some() && endpoint.may_send_frame() && waiting == 0
    }

    /// The first picture, if it has not waited for too long.
    pub(super) fn first(&mut self) -> Option<Told> {
        let (frame, came) = self.first.take()?;
        let fresh = came.elapsed() < FRESH;
        fresh.then_some(Told::Taken(Ok(Some(frame)), self.showing))
    }

    /// Nothing may be seen for now. What is being taken, or was, will not be shown later.
    pub(super) fn stop(&mut self) {
        self.showing += 1;
        self.first = None;
    }

    /// Draws something on the screen, or wipes it out. While the thread hangs no more than so much
    /// waits for it, and then all is wiped out.
    pub(super) fn mark(&mut self, mark: Mark) {
        self.wipe |= matches!(mark, Mark::Clear);
        if self.wipe {
            let mark = Order::Mark(Mark::Clear);
            self.wipe = matches!(self.orders.try_send(mark), Err(TrySendError::Full(_)));
        }
        if !self.wipe && !matches!(mark, Mark::Clear) {
            let full = self.orders.try_send(Order::Mark(mark));
            self.wipe = matches!(full, Err(TrySendError::Full(_)));
        }
    }

    /// The next thing that the thread tells.
    pub(super) async fn told(&mut self) -> Told {
        match self.told.recv().await {
            Some(told) => told,
            None => std::future::pending().await,
        }
    }

    /// Sends a picture, if it may still be seen.
    pub(super) fn filmed(
        &mut self,
        told: Told,
        endpoint: &mut SharerEndpoint,
        meter: &mut Meter,
        now: Timestamp,
    ) -> Result<(), String> {
        if self.wipe {
            self.mark(Mark::Clear);
        }
        let (taken, showing) = match told {
            Told::Taken(taken, showing) => (taken, showing),
            Told::NotDrawn(error) => return Err(error.to_string()),
        };
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
        if showing == self.showing && !endpoint.may_send_frame() {
            self.first = Some((frame, Instant::now()));
            return Ok(());
        }
        // What was taken before or in a pause, or does not fit any more, is not sent.
        if showing != self.showing
            || !endpoint.may_send_frame()
            || (endpoint.wants_complete() && !frame.complete)
        {
            return Ok(());
        }
        self.announce(&frame, endpoint);
        self.sent = now;
        let id = endpoint
            .send_frame(&frame)
            .map_err(|misuse| misuse.to_string())?;
        self.way.sent(id, frame.encoded_len(), Instant::now());
        meter.count(&frame);
        Ok(())
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

/// How long the first picture may wait until the helper knows of the consent; one that is older is taken again.
const FRESH: Duration = Duration::from_millis(500);
/// What may wait for the thread.
const ORDERS: usize = 256;
/// How often it is looked whether what is drawn is still above everything.
const TEND: Duration = Duration::from_millis(50);

/// Does what is ordered until nobody orders anything any more; then the screen goes, and with it
/// what is drawn on it.
fn film(mut screen: Box<dyn Screen>, orders: &mpsc::Receiver<Order>, told: &UnboundedSender<Told>) {
    let mut marks = Marks::default();
    loop {
        let order = if marks.is_empty() {
            orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            orders.recv_timeout(TEND)
        };
        let mut take = None;
        let mut drawn = Ok(());
        match order {
            Ok(order) => {
                let mut marked = false;
                // Whatever else waits is done with it: what was wiped out meanwhile is never seen.
                for order in std::iter::once(order).chain(orders.try_iter()) {
                    match order {
                        Order::Take(complete, showing) => take = Some((complete, showing)),
                        Order::Mark(mark) => {
                            marks.add(mark);
                            marked = true;
                        }
                    }
                }
                if marked {
                    drawn = screen.annotate(&marks);
                }
            }
            Err(RecvTimeoutError::Timeout) => drawn = screen.tend(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if let Err(error) = drawn {
            // What cannot be drawn now is not tried again with every picture.
            marks = Marks::default();
            let _ = told.send(Told::NotDrawn(error));
        }
        if let Some((complete, showing)) = take
            && told
                .send(Told::Taken(screen.capture(complete), showing))
                .is_err()
        {
            return;
        }
    }
}
