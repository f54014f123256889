//! The network: four ways, in each of which streams keep their order and nothing else does.

use std::collections::BTreeMap;

use alongside_state_machine::time::Timestamp;
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
}

impl Packet {
    /// What keeps its order: the control stream, or one frame stream.
    fn stream(&self) -> Option<u64> {
        match self {
            Self::Control(_) => None,
            Self::Stream { id, .. } | Self::Reset { id } => Some(*id),
        }
    }
}

/// What each way is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// Milliseconds that every packet takes.
    pub delay_ms: u64,
    /// Milliseconds that it takes at most beyond that.
    pub jitter_ms: u64,
    /// Packets of 1,000 that are lost, and sent again after another 100 ms.
    pub lost: u32,
}

impl Conditions {
    /// Nothing takes time.
    pub const INSTANT: Self = Self {
        delay_ms: 0,
        jitter_ms: 0,
        lost: 0,
    };
    /// A poor mobile network.
    pub const POOR: Self = Self {
        delay_ms: 60,
        jitter_ms: 80,
        lost: 50,
    };
}

const RETRANSMISSION_MS: u64 = 100;

type Place = (Timestamp, u64);

/// Packets under way.
pub(crate) struct Network {
    rng: ChaCha20Rng,
    pub(crate) conditions: Conditions,
    under_way: BTreeMap<Place, (Way, Packet)>,
    /// When the latest packet of each stream arrives.
    latest: BTreeMap<(Way, Option<u64>), Timestamp>,
    count: u64,
}

impl Network {
    pub(crate) fn new(seed: u64, conditions: Conditions) -> Self {
        Self {
            rng: ChaCha20Rng::seed_from_u64(seed),
            conditions,
            under_way: BTreeMap::new(),
            latest: BTreeMap::new(),
            count: 0,
        }
    }

    pub(crate) fn send(&mut self, way: Way, packet: Packet, now: Timestamp) {
        let Conditions {
            delay_ms,
            jitter_ms,
            lost,
        } = self.conditions;
        let mut delay = delay_ms + u64::from(self.rng.next_u32()) % (jitter_ms + 1);
        while self.rng.next_u32() % 1_000 < lost {
            delay += RETRANSMISSION_MS;
        }
        let key = (way, packet.stream());
        let before = self.latest.get(&key).copied().unwrap_or_default();
        let at = now.plus_ms(delay).max(before);
        self.latest.insert(key, at);
        self.count += 1;
        self.under_way.insert((at, self.count), (way, packet));
    }

    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.under_way.keys().next().map(|(at, _)| *at)
    }

    pub(crate) fn arrive(&mut self, now: Timestamp) -> Option<(Way, Packet)> {
        let entry = self.under_way.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// Whatever is under way in these ways is gone.
    pub(crate) fn drop_ways(&mut self, ways: &[Way]) {
        self.under_way.retain(|_, (way, _)| !ways.contains(way));
    }
}
