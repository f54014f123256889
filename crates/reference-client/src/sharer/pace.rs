//! How many frames may be on their way: a slow helper sees fewer of them, and none that are old.
//! [Media and input](../../../../spec/06-media-input.md#pace) says how, and why.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How much longer than the least delay is still no queue.
const SLACK: Duration = Duration::from_millis(100);
/// The least delay is that of the present and the last span.
const SPAN: Duration = Duration::from_secs(10);
/// A frame of which nothing is heard for so long is not waited for, unless others took half as long.
const PATIENCE: Duration = Duration::from_secs(2);
/// Frames that are remembered, of a helper that says nothing.
const KEPT: usize = 64;

/// A frame that the helper has not shown yet.
struct Sent {
    frame: u32,
    bytes: usize,
    at: Instant,
}

/// What is on its way, and how much may be.
#[derive(Default)]
pub(super) struct Pace {
    under_way: VecDeque<Sent>,
    /// Bytes that may be on their way if it is more than one frame.
    allowance: usize,
    /// Bytes of the latest frame.
    latest: usize,
    /// Something has waited since a frame was last shown.
    held: bool,
    least: Least,
    longest: Duration,
}

impl Pace {
    /// When a frame may follow at the latest, if it may not yet. It may sooner if one is shown.
    pub(super) fn held_until(&mut self, now: Instant) -> Option<Instant> {
        let patience = PATIENCE.max(self.longest * 2);
        let awaited = |sent: &&Sent| now.duration_since(sent.at) < patience;
        let oldest = self.under_way.iter().find(awaited)?;
        let awaited = self.under_way.iter().filter(awaited);
        let bytes: usize = awaited.map(|sent| sent.bytes).sum();
        let held = bytes + self.latest > self.allowance;
        self.held |= held;
        held.then(|| oldest.at + patience)
    }

    /// A frame was sealed.
    pub(super) fn sent(&mut self, frame: u32, bytes: usize, at: Instant) {
        if self.under_way.len() == KEPT {
            self.under_way.pop_front();
        }
        self.under_way.push_back(Sent { frame, bytes, at });
        self.latest = bytes;
    }

    /// The helper has shown this frame, or did before.
    pub(super) fn shown(&mut self, frame: u32, now: Instant) {
        if let Some(sent) = self.under_way.iter().find(|sent| sent.frame == frame) {
            let delay = now.duration_since(sent.at);
            self.least.add(delay, now);
            self.longest = delay.max(self.longest);
            if delay > self.least.get() + SLACK {
                self.allowance = 0;
            } else if std::mem::take(&mut self.held) {
                self.allowance += sent.bytes / 2;
            }
        }
        self.under_way.retain(|sent| sent.frame > frame);
    }

    /// Nothing of what is on its way will be shown, or matters any more.
    pub(super) fn forget(&mut self) {
        self.under_way.clear();
    }
}

/// The least delay lately.
#[derive(Default)]
struct Least {
    /// Of the present span, and since when it goes.
    present: Option<(Duration, Instant)>,
    last: Option<Duration>,
}

impl Least {
    fn add(&mut self, delay: Duration, now: Instant) {
        match &mut self.present {
            Some((least, since)) if now.duration_since(*since) < SPAN => {
                *least = delay.min(*least);
            }
            present => {
                self.last = present.map(|(least, _)| least);
                *present = Some((delay, now));
            }
        }
    }

    /// Before anything is known, no time at all.
    fn get(&self) -> Duration {
        let present = self.present.map(|(least, _)| least);
        let known = [present, self.last].into_iter().flatten();
        known.min().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames, 30 a second, over a way that takes so many bytes a second after some
    /// time: the delay of each that was sent.
    fn film(
        bytes_a_second: impl Fn(Duration) -> u64,
        way: Duration,
        seconds: u64,
    ) -> Vec<Duration> {
        film_of(|_| 20_000, bytes_a_second, way, seconds)
    }

    fn film_of(
        bytes: impl Fn(Duration) -> usize,
        bytes_a_second: impl Fn(Duration) -> u64,
        way: Duration,
        seconds: u64,
    ) -> Vec<Duration> {
        let (start, mut pace, mut delays) = (Instant::now(), Pace::default(), Vec::new());
        // When the way is free again, and what is shown when.
        let (mut free, mut shown) = (start, VecDeque::new());
        for tick in 0..seconds * 1_000 {
            let now = start + Duration::from_millis(tick);
            while let Some((frame, at)) = shown.front().copied().filter(|(_, at)| *at <= now) {
                pace.shown(frame, at);
                shown.pop_front();
            }
            if tick % 33 == 0 && pace.held_until(now).is_none() {
                let (frame, bytes) = (delays.len() as u32 + 1, bytes(now - start));
                let micros = bytes as u64 * 1_000_000 / bytes_a_second(now - start);
                free = free.max(now) + Duration::from_micros(micros);
                pace.sent(frame, bytes, now);
                shown.push_back((frame, free + way));
                delays.push(free + way - now);
            }
        }
        delays
    }

    const WAY: Duration = Duration::from_millis(20);

    #[test]
    fn a_slow_way_has_fewer_frames_and_no_queue() {
        let delays = film(|_| 250_000, WAY, 60);
        let most = delays.iter().max().copied().unwrap_or_default();
        assert!(most < Duration::from_millis(400), "{most:?}");
        assert!(delays.len() > 500, "{} of 750", delays.len());
    }

    #[test]
    fn a_fast_way_has_all_frames_however_long_it_is() {
        let delays = film(|_| 12_500_000, Duration::from_millis(300), 60);
        assert!(delays.len() > 1_600, "{} of 1,818", delays.len());
        assert_eq!(film(|_| 12_500_000, WAY, 10).len(), 304);
    }

    #[test]
    fn a_way_that_slows_down_has_no_queue_for_long() {
        let change = Duration::from_secs(10);
        let slows = |since| if since < change { 1_250_000 } else { 125_000 };
        let delays = film(slows, WAY, 60);
        let slow = delays
            .iter()
            .filter(|delay| **delay > Duration::from_millis(500));
        let slow = slow.count();
        assert!(slow < 5, "{slow} of {}", delays.len());
    }

    #[test]
    fn frames_that_take_long_do_not_queue_either() {
        let delays = film_of(|_| 1_000_000, |_| 250_000, WAY, 120);
        let most = delays.iter().skip(2).max().copied().unwrap_or_default();
        // Two at a time once and again, because that may be no later.
        assert!(most < Duration::from_secs(9), "{most:?}");
        assert!(delays.len() > 25, "{} of 30", delays.len());
    }

    #[test]
    fn many_small_frames_are_no_leave_for_large_ones() {
        let grow = |since| {
            if since < Duration::from_secs(60) {
                1_000
            } else {
                100_000
            }
        };
        let delays = film_of(grow, |_| 250_000, WAY, 70);
        let most = delays.iter().max().copied().unwrap_or_default();
        assert!(most < Duration::from_secs(1), "{most:?}");
    }

    #[test]
    fn a_helper_that_says_nothing_is_not_waited_for_for_ever() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        assert_eq!(pace.held_until(start), None);
        pace.sent(1, 1, start);
        let until = pace.held_until(start).unwrap_or(start);
        assert_eq!(until - start, PATIENCE);
        assert_eq!(pace.held_until(until), None);
        pace.sent(2, 1, until);
        assert!(pace.held_until(until).is_some());
        pace.forget();
        assert_eq!(pace.held_until(until), None);
    }
}
