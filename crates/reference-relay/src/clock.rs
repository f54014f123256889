//! The clocks of the relay: one for the machine, one for the books.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime},
};

use alongside_state_machine::time::Timestamp;

/// What a relay counts time by, as its machine counts it: from its start.
#[derive(Debug)]
pub struct Clock(Source);

#[derive(Debug)]
enum Source {
    Computer(Instant),
    Manual {
        micros: AtomicU64,
        /// Unix time at the first moment.
        began: u64,
    },
}

impl Default for Clock {
    fn default() -> Self {
        Self(Source::Computer(Instant::now()))
    }
}

impl Clock {
    /// Time that stands still but for [`Relay::advance`](crate::Relay::advance), from this Unix time
    /// on, or that of the computer.
    pub fn manual(began: Option<u64>) -> Self {
        Self(Source::Manual {
            micros: AtomicU64::new(0),
            began: began.unwrap_or_else(unix_now),
        })
    }

    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual { .. })
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(match &self.0 {
            Source::Computer(began) => {
                u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
            }
            Source::Manual { micros, .. } => micros.load(Ordering::SeqCst),
        })
    }

    /// Unix time in seconds.
    pub(crate) fn unix_now(&self) -> u64 {
        match &self.0 {
            Source::Computer(_) => unix_now(),
            Source::Manual { began, .. } => began + self.now().as_micros() / 1_000_000,
        }
    }

    /// Waits until `moment`, which does not come by itself if the clock is manual.
    pub(crate) async fn sleep_until(&self, moment: Timestamp) {
        match &self.0 {
            Source::Computer(_) => {
                let left = Duration::from_micros(moment.since(self.now()));
                tokio::time::sleep(left).await;
            }
            Source::Manual { .. } => std::future::pending().await,
        }
    }

    /// Moves a manual clock.
    pub(crate) fn set(&self, moment: Timestamp) {
        if let Source::Manual { micros, .. } = &self.0 {
            micros.fetch_max(moment.as_micros(), Ordering::SeqCst);
        }
    }
}

/// Unix time in seconds, as the operating system has it.
pub(crate) fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
