//! What a session counts time by: the computer's clock, or one that a test moves by hand.

use std::{
    future::Future,
    sync::OnceLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use alongside_state_machine::{
    endpoint::Config,
    time::{Calendar, Timestamp},
};
use tokio::sync::{mpsc, oneshot};

/// What a session counts time by.
#[derive(Debug)]
pub struct Clock(Source);

#[derive(Debug)]
enum Source {
    Computer(Instant),
    Manual(Manual),
}

/// Time that stands still but for the orders of a [`Hand`].
#[derive(Debug)]
struct Manual {
    now: Timestamp,
    /// Unix time at the first moment.
    began: u64,
    orders: mpsc::UnboundedReceiver<Order>,
    order: Option<Order>,
}

#[derive(Debug)]
struct Order {
    to: Timestamp,
    /// Bytes of the control stream that are handled first.
    read: u64,
    done: oneshot::Sender<u64>,
}

/// Moves a manual clock.
#[derive(Clone, Debug)]
pub struct Hand(mpsc::UnboundedSender<Order>);

impl Default for Clock {
    fn default() -> Self {
        Self::computer()
    }
}

/// The control stream of the present connection, and what waits to be handed to the transport.
pub(crate) struct Stream<F> {
    /// Bytes that came on it, and were handled.
    pub(crate) read: u64,
    /// Bytes that were said on it, or are to be.
    pub(crate) said: u64,
    /// Waits until the transport has all of them.
    pub(crate) handed_over: F,
}

impl Clock {
    /// Time since the program first wanted to know it: what one session remembers of codes means the
    /// same to the next.
    pub fn computer() -> Self {
        static BEGAN: OnceLock<Instant> = OnceLock::new();
        Self(Source::Computer(*BEGAN.get_or_init(Instant::now)))
    }

    /// Time that stands at `now`, and moves only by this hand. At the first moment it was `began`
    /// seconds of Unix time.
    pub fn manual(now: Timestamp, began: u64) -> (Self, Hand) {
        let (hand, orders) = mpsc::unbounded_channel();
        let manual = Manual {
            now,
            began,
            orders,
            order: None,
        };
        (Self(Source::Manual(manual)), Hand(hand))
    }

    pub(crate) fn now(&self) -> Timestamp {
        match &self.0 {
            Source::Computer(began) => {
                let since = u64::try_from(began.elapsed().as_micros());
                Timestamp::from_micros(since.unwrap_or(u64::MAX))
            }
            Source::Manual(manual) => manual.now,
        }
    }

    /// Seconds of Unix time.
    pub(crate) fn unix_now(&self) -> u64 {
        match &self.0 {
            Source::Computer(_) => unix_now(),
            Source::Manual(manual) => manual.began + manual.now.as_micros() / 1_000_000,
        }
    }

    /// Whole seconds until `moment`, the one that has begun included.
    pub(crate) fn seconds_until(&self, moment: Timestamp) -> u64 {
        u64::try_from(self.until(moment).as_millis().div_ceil(1_000)).unwrap_or(u64::MAX)
    }

    /// Sets a configuration's calendar, if it has none yet.
    pub(crate) fn date(&self, config: &mut Config) {
        if config.calendar == Calendar::UNKNOWN {
            config.calendar = Calendar::showing(self.unix_now(), self.now());
        }
    }

    /// How long until `moment`; no time if it has passed.
    pub(crate) fn until(&self, moment: Timestamp) -> Duration {
        Duration::from_micros(moment.since(self.now()))
    }

    /// Waits until a moment, or for ever without one. A manual clock moves meanwhile as far as it was
    /// ordered to, no further than the moment, and when it has come there this returns too.
    pub(crate) async fn reach<F: Future>(&mut self, moment: Option<Timestamp>, stream: Stream<F>) {
        match (&mut self.0, moment) {
            (Source::Computer(_), None) => std::future::pending().await,
            (Source::Computer(_), Some(moment)) => tokio::time::sleep(self.until(moment)).await,
            (Source::Manual(manual), moment) => manual.reach(moment, stream).await,
        }
    }
}

/// How long a transport that takes nothing is waited for.
const HAND_OVER: Duration = Duration::from_secs(1);

impl Manual {
    async fn reach<F: Future>(&mut self, moment: Option<Timestamp>, stream: Stream<F>) {
        let Stream {
            read,
            said,
            handed_over,
        } = stream;
        if moment.is_some_and(|moment| moment <= self.now) {
            return;
        }
        if self.order.is_none() {
            self.order = self.orders.recv().await;
            // What was commanded before it may have come since commands were looked for, and goes first.
            tokio::task::yield_now().await;
        }
        let Some(order) = self.order.as_ref().filter(|order| order.read <= read) else {
            // Nobody moves it any more, or more is to be read; then this is asked again.
            return std::future::pending().await;
        };
        if let Some(moment) = moment.filter(|moment| *moment <= order.to) {
            self.now = moment;
            return;
        }
        self.now = self.now.max(order.to);
        // What the transport has no room for is the other end's to take.
        let _ = tokio::time::timeout(HAND_OVER, handed_over).await;
        if let Some(order) = self.order.take() {
            // Nobody may wait for it any more.
            let _ = order.done.send(said);
        }
    }
}

impl Hand {
    /// Moves the clock to a moment, once so many bytes of the control stream of the session's present
    /// connection were handled. Every timer that runs out by then is handled at its own time, and what it
    /// wants sent is handed to the transport. Returns how many bytes the session has said on that
    /// stream; `None` if it is over.
    pub fn advance(&self, to: Timestamp, read: u64) -> impl Future<Output = Option<u64>> + use<> {
        let (done, answer) = oneshot::channel();
        // It fails if the session is over; then there is no answer.
        let _ = self.0.send(Order { to, read, done });
        async move { answer.await.ok() }
    }
}

/// Seconds of Unix time, by this computer's calendar; 0 if that is before it began.
pub fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Sleeps for a while, or for ever.
pub(crate) async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::{future::ready, time::Duration};

    use super::*;

    fn stream(read: u64) -> Stream<impl Future<Output = ()>> {
        Stream {
            read,
            said: 7,
            handed_over: ready(()),
        }
    }

    #[tokio::test]
    async fn a_manual_clock_moves_from_timer_to_timer_once_enough_was_read() {
        let ms = Timestamp::from_millis;
        let (mut clock, hand) = Clock::manual(ms(10), 100);
        let moved = hand.advance(ms(3_010), 5);
        // Real time: it is shown that nothing passes before that.
        let waiting = clock.reach(Some(ms(20)), stream(4));
        let waited = tokio::time::timeout(Duration::from_millis(50), waiting).await;
        assert!(waited.is_err());
        assert_eq!(clock.now(), ms(10));
        for due in [20, 30] {
            clock.reach(Some(ms(due)), stream(5)).await;
            assert_eq!(clock.now(), ms(due));
        }
        clock.reach(Some(ms(3_011)), stream(5)).await;
        assert_eq!((clock.now(), clock.unix_now()), (ms(3_010), 103));
        assert_eq!(moved.await, Some(7));
        // Whoever is over moves no more.
        let late = hand.advance(ms(4_000), 0);
        drop(clock);
        assert_eq!(late.await, None);
    }
}
