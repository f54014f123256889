//! The clock of a session, as its machine counts.

use std::{
    sync::OnceLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use alongside_state_machine::{
    endpoint::Config,
    time::{Calendar, Timestamp},
};

/// Time since the program first wanted to know it: what one session remembers of codes means the same
/// to the next.
#[derive(Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        static BEGAN: OnceLock<Instant> = OnceLock::new();
        Self(*BEGAN.get_or_init(Instant::now))
    }

    pub(crate) fn now(self) -> Timestamp {
        Timestamp::from_micros(u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// Whole seconds until `moment`, the one that has begun included.
    pub(crate) fn seconds_until(self, moment: Timestamp) -> u64 {
        u64::try_from(self.until(moment).as_millis().div_ceil(1_000)).unwrap_or(u64::MAX)
    }

    /// Sets a configuration's calendar by this computer's, if it has none yet.
    pub(crate) fn date(self, config: &mut Config) {
        if config.calendar == Calendar::UNKNOWN {
            config.calendar = Calendar::showing(unix_now(), self.now());
        }
    }

    /// How long until `moment`; no time if it has passed.
    pub(crate) fn until(self, moment: Timestamp) -> Duration {
        Duration::from_micros(moment.since(self.now()))
    }
}

/// Seconds of Unix time, by this computer's calendar; 0 if that is before it began.
pub fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Sleeps until a deadline, or for ever without one.
pub(crate) async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}
