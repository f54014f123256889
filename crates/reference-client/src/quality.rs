//! How well it goes, for people to see: how long an answer takes, and what passes.

use std::{fmt, time::Instant};

use alongside_wire::media::Frame;

use crate::way::Way;

/// How well it went since the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Milliseconds from a question to the other end's answer.
    pub delay_ms: u32,
    /// Frames in a second.
    pub frames: u32,
    /// Bytes of pictures in a second.
    pub bytes: u64,
    /// Which way pictures go now.
    pub way: Way,
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            delay_ms,
            frames,
            bytes,
            way,
        } = self;
        write!(
            f,
            "{delay_ms} ms, {frames}/s, {} kB/s, {way}",
            bytes / 1_000
        )
    }
}

/// Counts what passes.
pub(crate) struct Meter {
    since: Instant,
    frames: u64,
    bytes: u64,
}

impl Default for Meter {
    fn default() -> Self {
        Self::start()
    }
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self {
            since: Instant::now(),
            frames: 0,
            bytes: 0,
        }
    }

    pub(crate) fn count(&mut self, frame: &Frame) {
        self.frames += 1;
        self.bytes += frame.tiles.iter().map(|t| t.data.len() as u64).sum::<u64>();
    }

    /// What passed since the last time, with the delay that is known now.
    pub(crate) fn take(&mut self, delay_ms: u32, way: Way) -> Quality {
        let ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let rate = |count: u64| count.saturating_mul(1_000) / ms.max(1);
        let quality = Quality {
            delay_ms,
            frames: u32::try_from(rate(self.frames)).unwrap_or(u32::MAX),
            bytes: rate(self.bytes),
            way,
        };
        *self = Self::start();
        quality
    }
}
