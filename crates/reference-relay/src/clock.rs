//! The clocks of the relay: one for the machine, one for the books.

use std::time::{Duration, Instant, SystemTime};

use alongside_state_machine::time::Timestamp;

/// Time since the relay started, as its machine counts it.
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// How long until `moment`.
    pub(crate) fn until(&self, moment: Timestamp) -> Duration {
        Duration::from_micros(moment.since(self.now()))
    }
}

/// Unix time in seconds, as the operating system has it.
pub(crate) fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
