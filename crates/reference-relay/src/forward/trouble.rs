//! A socket that fails to receive: it is tried again, until it has failed for too long.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use tokio::time::{Sleep, sleep};

/// How long a socket that failed is left alone.
const PAUSE: Duration = Duration::from_millis(10);

/// Errors of one socket, one after the other.
pub(super) struct Trouble {
    patience: Duration,
    /// The first error after which nothing else has been.
    since: Option<Instant>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Trouble {
    /// There is none; a socket may fail for so long.
    pub(super) const fn new(patience: Duration) -> Self {
        Self {
            patience,
            since: None,
            pause: None,
        }
    }

    /// The socket has failed. The error comes back if it is not to be tried again.
    pub(super) fn fails(&mut self, error: io::Error, now: Instant) -> io::Result<()> {
        let since = match self.since {
            Some(since) => since,
            None => {
                tracing::warn!(%error, "the relay cannot receive; it tries again");
                *self.since.insert(now)
            }
        };
        if now.saturating_duration_since(since) >= self.patience {
            return Err(error);
        }
        self.pause = Some(Box::pin(sleep(PAUSE)));
        Ok(())
    }

    /// The socket has not failed.
    pub(super) const fn works(&mut self) {
        self.since = None;
    }

    /// Waits until the socket may be tried again.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn errors_in_a_row_have_an_end_and_others_do_not() {
        let second = Duration::from_secs(1);
        let mut trouble = Trouble::new(5 * second);
        let mut now = Instant::now();
        let error = || io::Error::from_raw_os_error(5);
        for _ in 0..10 {
            now += 4 * second;
            assert!(trouble.fails(error(), now).is_ok());
            now += 4 * second;
            assert!(trouble.fails(error(), now).is_ok());
            trouble.works();
        }
        assert!(trouble.fails(error(), now).is_ok());
        now += 5 * second;
        let told = trouble.fails(error(), now).unwrap_err();
        assert_eq!(told.raw_os_error(), Some(5));
    }
}
