//! Frames on their way: made, cut into packets where a path has packets, and counted when they come.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::sealed::{Opens, Seals};
use crate::Failure;

/// Bytes before the rest of a packet: frame, how many packets it is, two of nothing, time.
pub(super) const HEADER: usize = 16;
/// Frames of which packets are missing, and that may still become whole.
const INCOMPLETE: usize = 16;

/// A frame of `size` bytes that says when it was made, in nanoseconds since `base`. It has 8 bytes at
/// least.
pub(super) fn frame(size: usize, base: Instant) -> Bytes {
    let mut frame = vec![0x5A; size];
    if let Some(stamp) = frame.first_chunk_mut() {
        *stamp = since(base).to_be_bytes();
    }
    frame.into()
}

fn since(base: Instant) -> u64 {
    u64::try_from(base.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// One frame after the other, as long as they are taken.
pub(super) enum Frames {
    Plain(Bytes),
    Sealed(Box<Seals>),
}

impl Frames {
    pub(super) fn next(&mut self) -> Bytes {
        match self {
            Self::Plain(frame) => frame.clone(),
            Self::Sealed(seals) => seals.next(),
        }
    }
}

/// Cuts frames into packets, each with a header, that together have as many bytes as the frame.
pub(super) struct Packets {
    most: usize,
    next: u32,
}

impl Packets {
    /// For packets of at most `most` bytes.
    pub(super) const fn of(most: usize) -> Self {
        Self { most, next: 0 }
    }

    /// How many packets a frame of `size` bytes becomes.
    pub(super) const fn count(&self, size: usize) -> usize {
        size.div_ceil(self.most)
    }

    /// Begins another frame: its packets, each as header and rest.
    pub(super) fn cut(
        &mut self,
        frame: &Bytes,
    ) -> impl Iterator<Item = ([u8; HEADER], Bytes)> + use<> {
        let count = self.count(frame.len());
        let each = frame.len().div_ceil(count.max(1));
        let mut header = [0; HEADER];
        header[..4].copy_from_slice(&self.next.to_be_bytes());
        header[4..6].copy_from_slice(&(count as u16).to_be_bytes());
        header[8..].copy_from_slice(frame.get(..8).unwrap_or(&[0; 8]));
        self.next = self.next.wrapping_add(1);
        let frame = frame.clone();
        (0..count).map(move |index| {
            let end = (each * (index + 1)).min(frame.len());
            (header, frame.slice((each * index + HEADER).min(end)..end))
        })
    }
}

/// What has arrived, for whoever looks on.
#[derive(Default)]
pub(super) struct Arrived {
    bytes: AtomicU64,
    packets: AtomicU64,
    frames: AtomicU64,
    /// That there is more; whoever sends packets waits for it.
    pub(super) more: Notify,
}

impl Arrived {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn packets(&self) -> u64 {
        self.packets.load(Ordering::Relaxed)
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }
}

/// Takes what arrives, and finds whole frames in it.
pub(super) struct Counter {
    arrived: Arc<Arrived>,
    /// Bytes of each frame.
    size: usize,
    /// Bytes of the frame that is arriving on a stream.
    begun: usize,
    stamp: [u8; 8],
    /// Packets that are missing of frames.
    missing: BTreeMap<u32, u16>,
    base: Option<Instant>,
    /// What opens the frames, if they are sealed.
    opens: Option<Opens>,
    /// Nanoseconds that each whole frame was under way.
    pub(super) ages: Vec<u64>,
}

impl Counter {
    /// For frames of `size` bytes, of which each says its time after `base`. Without it bytes and
    /// packets alone are counted, which costs less.
    pub(super) const fn new(arrived: Arc<Arrived>, size: usize, base: Option<Instant>) -> Self {
        Self {
            arrived,
            size,
            begun: 0,
            stamp: [0; 8],
            missing: BTreeMap::new(),
            base,
            opens: None,
            ages: Vec::new(),
        }
    }

    /// For sealed frames, of which bytes alone are counted.
    pub(super) fn sealed(arrived: Arc<Arrived>, opens: Opens) -> Self {
        Self {
            opens: Some(opens),
            ..Self::new(arrived, 0, None)
        }
    }

    /// Takes the next bytes of a stream of frames.
    ///
    /// # Errors
    /// If they are sealed, and do not open.
    pub(super) fn stream(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        if let Some(opens) = &mut self.opens {
            let opened = opens.take(bytes)?;
            self.count(opened);
            return Ok(());
        }
        self.count(bytes.len());
        while self.base.is_some() && !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(self.size - self.begun));
            let stamp = self.stamp.iter_mut().skip(self.begun);
            stamp.zip(now).for_each(|(to, from)| *to = *from);
            self.begun += now.len();
            if self.begun == self.size {
                self.begun = 0;
                self.whole(self.stamp);
            }
            bytes = later;
        }
        Ok(())
    }

    /// Takes a packet that [`Packets`] made.
    pub(super) fn packet(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.arrived.packets.fetch_add(1, Ordering::Relaxed);
        self.arrived.more.notify_one();
        if self.base.is_none() {
            return;
        }
        let Some(&[a, b, c, d, e, f, _, _, ref stamp @ ..]) = bytes.first_chunk::<HEADER>() else {
            return;
        };
        let id = u32::from_be_bytes([a, b, c, d]);
        let missing = self.missing.entry(id).or_insert(u16::from_be_bytes([e, f]));
        *missing = missing.saturating_sub(1);
        if *missing == 0 {
            self.missing.remove(&id);
            self.whole(*stamp);
        }
        if self.missing.len() > INCOMPLETE {
            self.missing.pop_first();
        }
    }

    fn count(&self, bytes: usize) {
        let bytes = bytes as u64;
        self.arrived.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn whole(&mut self, stamp: [u8; 8]) {
        let now = self.base.map_or(0, since);
        self.ages
            .push(now.saturating_sub(u64::from_be_bytes(stamp)));
        self.arrived.frames.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(size: usize, base: Instant) -> Vec<Vec<u8>> {
        let cut = Packets::of(1_200).cut(&frame(size, base));
        cut.map(|(header, rest)| [&header[..], &rest].concat())
            .collect()
    }

    #[test]
    fn packets_of_a_frame_have_its_bytes() {
        for size in [16, 64, 1_200, 1_201, 20_000, 65_536] {
            let packets = packets(size, Instant::now());
            assert_eq!(packets.len(), Packets::of(1_200).count(size));
            assert!(packets.iter().all(|packet| packet.len() <= 1_200));
            assert_eq!(packets.iter().map(Vec::len).sum::<usize>(), size);
        }
    }

    #[test]
    fn a_frame_is_whole_with_its_last_packet() {
        let (arrived, base) = (Arc::new(Arrived::default()), Instant::now());
        let mut counter = Counter::new(arrived.clone(), 2_000, Some(base));
        let packets = packets(2_000, base);
        counter.packet(&packets[0]);
        assert_eq!((arrived.frames(), arrived.packets()), (0, 1));
        counter.packet(&packets[1]);
        assert_eq!((arrived.frames(), arrived.bytes()), (1, 2_000));
        assert_eq!(counter.ages.len(), 1);
    }

    #[test]
    fn frames_with_lost_packets_are_forgotten() {
        let (arrived, base) = (Arc::new(Arrived::default()), Instant::now());
        let mut counter = Counter::new(arrived.clone(), 2_000, Some(base));
        let (mut cut, frame) = (Packets::of(1_200), frame(2_000, base));
        for _ in 0..100 {
            let (header, rest) = cut.cut(&frame).next().unwrap();
            counter.packet(&[&header[..], &rest].concat());
        }
        assert_eq!(arrived.frames(), 0);
        assert_eq!(counter.missing.len(), INCOMPLETE);
    }

    #[test]
    fn frames_on_a_stream_may_come_in_any_pieces() {
        let (arrived, base) = (Arc::new(Arrived::default()), Instant::now());
        let mut counter = Counter::new(arrived.clone(), 64, Some(base));
        let stream = [frame(64, base), frame(64, base), frame(64, base)].concat();
        for bytes in stream.chunks(5) {
            counter.stream(bytes).unwrap();
        }
        assert_eq!((arrived.frames(), arrived.bytes()), (3, 192));
        // An age from a wrong place would be that of the base, or of the filling.
        let most = since(base);
        assert!(
            counter.ages.iter().all(|age| (1..=most).contains(age)),
            "{:?}",
            counter.ages
        );
    }
}
