//! What the operating system, or whoever runs the relay, wants of it.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};

/// What is wanted.
pub(crate) enum Signal {
    /// To end now.
    Stop,
    /// To end when that hurts nobody.
    Drain,
    /// To read the certificate again.
    Reload,
}

#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.terminate.recv() => Signal::Drain,
            _ = self.hangup.recv() => Signal::Reload,
        }
    }

    /// Either of those that end it.
    pub(crate) async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
