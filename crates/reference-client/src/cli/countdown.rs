//! What is shown while the connection is lost: how long it is tried for again.

use std::time::{Duration, Instant};

/// The line that says that the session goes on.
pub(crate) const BACK: &str = "The connection is back: view only.";

/// The time that a lost connection has to come back.
#[derive(Default)]
pub(crate) struct Countdown(Option<Instant>);

impl Countdown {
    pub(crate) fn begin(&mut self, seconds: u64) {
        self.0 = Some(Instant::now() + Duration::from_secs(seconds));
    }

    pub(crate) fn stop(&mut self) {
        self.0 = None;
    }

    /// What to show now, if the connection is lost.
    pub(crate) fn status(&self) -> Option<String> {
        let left = self.0?.saturating_duration_since(Instant::now());
        // 28.9 seconds are 29 to a person.
        Some(lost(left.as_secs_f64().ceil() as u64))
    }

    /// Comes once a second while there is something to count.
    pub(crate) async fn tick(&self) {
        if self.0.is_some() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        } else {
            std::future::pending::<()>().await;
        }
    }
}

/// The words for a lost connection.
pub(crate) fn lost(seconds: u64) -> String {
    format!("connection lost, trying again ({seconds} s left)")
}
