//! Packets on a path that loses what it has no room for.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::frames::{Arrived, HEADER, Packets};

/// Cuts frames into packets, and holds them back while too many are under way.
pub(super) struct Paced {
    packets: Packets,
    window: Window,
}

impl Paced {
    /// Packets of at most `bytes`, at most so many under way.
    pub(super) const fn of(bytes: usize, under_way: u64) -> Self {
        Self {
            packets: Packets::of(bytes),
            window: Window::of(under_way),
        }
    }

    /// The packets of a frame, each as header and rest, when they may be sent.
    pub(super) async fn cut(
        &mut self,
        frame: &Bytes,
        arrived: &Arrived,
    ) -> impl Iterator<Item = ([u8; HEADER], Bytes)> + use<> {
        let count = self.packets.count(frame.len());
        self.window.take(count, arrived).await;
        self.packets.cut(frame)
    }
}

/// How much may be under way on a path that loses what it has no room for.
struct Window {
    most: u64,
    sent: u64,
}

/// What has not come after this time is taken for lost.
const LOST: Duration = Duration::from_millis(20);

impl Window {
    /// At most so many packets.
    const fn of(most: u64) -> Self {
        Self { most, sent: 0 }
    }

    /// Waits until `packets` more may be sent, and counts them as sent.
    async fn take(&mut self, packets: usize, arrived: &Arrived) {
        let packets = packets as u64;
        while (self.sent + packets).saturating_sub(arrived.packets()) > self.most {
            if timeout(LOST, arrived.more.notified()).await.is_err() {
                self.sent = arrived.packets();
                break;
            }
        }
        self.sent += packets;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::peers::frames::Counter;

    #[tokio::test]
    async fn a_window_opens_with_what_arrives() {
        let arrived = Arc::new(Arrived::default());
        let mut counter = Counter::new(arrived.clone(), 64, None);
        let mut window = Window::of(3);
        window.take(3, &arrived).await;
        counter.packet(&[0; 64]);
        window.take(1, &arrived).await;
        // After a loss it would have begun to count anew.
        assert_eq!(window.sent, 4);
    }

    #[tokio::test]
    async fn what_is_lost_is_not_waited_for_twice() {
        let arrived = Arrived::default();
        let mut window = Window::of(3);
        window.take(3, &arrived).await;
        // The time is real, and short.
        let before = std::time::Instant::now();
        window.take(3, &arrived).await;
        assert!(before.elapsed() >= LOST);
        assert_eq!(window.sent, 3);
    }
}
