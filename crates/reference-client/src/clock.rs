//! The clock of a session, as its machine counts.

use std::time::{Duration, Instant};

use alongside_state_machine::time::Timestamp;

/// Time since the session's program started it.
#[derive(Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Timestamp {
        Timestamp::from_micros(u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// How long until `moment`; no time if it has passed.
    pub(crate) fn until(self, moment: Timestamp) -> Duration {
        Duration::from_micros(moment.since(self.now()))
    }
}

/// Sleeps until a deadline, or for ever without one.
pub(crate) async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}
