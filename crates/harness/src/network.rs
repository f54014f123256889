//! The network: four ways, in each of which streams keep their order and nothing else does.

use std::collections::{BTreeMap, BTreeSet};

use alongside_state_machine::time::Timestamp;
use alongside_wire::ErrorCode;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

/// From whom to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// Helper to relay.
    HelperUp,
    /// Relay to helper.
    HelperDown,
    /// Sharer to relay.
    SharerUp,
    /// Relay to sharer.
    SharerDown,
}

impl Way {
    /// All four.
    pub const ALL: [Self; 4] = [
        Self::HelperUp,
        Self::HelperDown,
        Self::SharerUp,
        Self::SharerDown,
    ];
}

/// What is carried at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// Bytes of the control stream.
    Control(Vec<u8>),
    /// Bytes of a frame stream.
    Stream {
        /// Its sender's name for it.
        id: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A frame stream was given up.
    Reset {
        /// Its sender's name for it.
        id: u64,
    },
    /// The relay closes the connection; it comes after what was written before.
    Close(ErrorCode),
}

impl Packet {
    /// What keeps its order: the control stream, or one frame stream.
    fn stream(&self) -> Option<u64> {
        match self {
            Self::Control(_) | Self::Close(_) => None,
            Self::Stream { id, .. } | Self::Reset { id } => Some(*id),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Self::Control(bytes) | Self::Stream { bytes, .. } => bytes.len() as u64,
            Self::Reset { .. } | Self::Close(_) => 0,
        }
    }
}

/// What a way is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// Milliseconds that every packet takes.
    pub delay_ms: u64,
    /// Milliseconds that it takes at most beyond that.
    pub jitter_ms: u64,
    /// Packets of 1,000 that are lost, and sent again after another 100 ms.
    pub lost: u32,
    /// Packets of 1,000 with pictures whose stream breaks: it is reset, and its sender learns it.
    pub broken: u32,
    /// Bytes that leave in a millisecond; 0 is no limit.
    pub bytes_per_ms: u64,
}

impl Conditions {
    /// Nothing takes time.
    pub const INSTANT: Self = Self {
        delay_ms: 0,
        jitter_ms: 0,
        lost: 0,
        broken: 0,
        bytes_per_ms: 0,
    };
    /// A poor mobile network.
    pub const POOR: Self = Self {
        delay_ms: 60,
        jitter_ms: 80,
        lost: 50,
        ..Self::INSTANT
    };
    /// A poor network that is narrow too, and breaks streams.
    pub const WORSE: Self = Self {
        broken: 50,
        bytes_per_ms: 500,
        ..Self::POOR
    };

    /// Nothing but a delay.
    pub const fn delay(delay_ms: u64) -> Self {
        Self {
            delay_ms,
            ..Self::INSTANT
        }
    }
}

const RETRANSMISSION_MS: u64 = 100;

type Place = (Timestamp, u64);

/// Packets under way.
pub(crate) struct Network {
    rng: ChaCha20Rng,
    conditions: BTreeMap<Way, Conditions>,
    under_way: BTreeMap<Place, (Way, Packet)>,
    /// When the latest packet of each stream arrives.
    latest: BTreeMap<(Way, Option<u64>), Timestamp>,
    /// When the latest packet of each way has left.
    left: BTreeMap<Way, Timestamp>,
    broken: BTreeSet<(Way, u64)>,
    count: u64,
}

impl Network {
    pub(crate) fn new(seed: u64, conditions: Conditions) -> Self {
        Self {
            rng: ChaCha20Rng::seed_from_u64(seed),
            conditions: Way::ALL.map(|way| (way, conditions)).into(),
            under_way: BTreeMap::new(),
            latest: BTreeMap::new(),
            left: BTreeMap::new(),
            broken: BTreeSet::new(),
            count: 0,
        }
    }

    pub(crate) fn set(&mut self, way: Way, conditions: Conditions) {
        self.conditions.insert(way, conditions);
    }

    fn one_in(&mut self, thousandths: u32) -> bool {
        self.rng.next_u32() % 1_000 < thousandths
    }

    /// Takes a packet. False if its stream broke just now: the sender is to learn it.
    pub(crate) fn send(&mut self, way: Way, mut packet: Packet, now: Timestamp) -> bool {
        let conditions = self.conditions.get(&way).copied();
        let conditions = conditions.unwrap_or(Conditions::INSTANT);
        let mut whole = true;
        if let Packet::Stream { id, .. } = packet {
            if self.broken.contains(&(way, id)) {
                return true;
            }
            let pictures = matches!(way, Way::SharerUp | Way::HelperDown);
            if pictures && self.one_in(conditions.broken) {
                self.broken.insert((way, id));
                packet = Packet::Reset { id };
                whole = false;
            }
        }
        let leaves = self.leaves(way, packet.len(), conditions.bytes_per_ms, now);
        let jitter = u64::from(self.rng.next_u32()) % (conditions.jitter_ms + 1);
        let mut delay = conditions.delay_ms + jitter;
        while self.one_in(conditions.lost) {
            delay += RETRANSMISSION_MS;
        }
        let key = (way, packet.stream());
        let before = self.latest.get(&key).copied().unwrap_or_default();
        let at = leaves.plus_ms(delay).max(before);
        self.latest.insert(key, at);
        self.count += 1;
        self.under_way.insert((at, self.count), (way, packet));
        whole
    }

    /// When the last byte has left.
    fn leaves(&mut self, way: Way, len: u64, bytes_per_ms: u64, now: Timestamp) -> Timestamp {
        if bytes_per_ms == 0 {
            return now;
        }
        let free = self.left.get(&way).copied().unwrap_or_default().max(now);
        let left = Timestamp::from_micros(free.as_micros() + len * 1_000 / bytes_per_ms);
        self.left.insert(way, left);
        left
    }

    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.under_way.keys().next().map(|(at, _)| *at)
    }

    pub(crate) fn arrive(&mut self, now: Timestamp) -> Option<(Way, Packet)> {
        let entry = self.under_way.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// Whatever is under way in these ways is gone; what comes is another connection's.
    pub(crate) fn drop_ways(&mut self, ways: &[Way]) {
        self.under_way.retain(|_, (way, _)| !ways.contains(way));
        self.latest.retain(|(way, _), _| !ways.contains(way));
        self.broken.retain(|(way, _)| !ways.contains(way));
    }
}
