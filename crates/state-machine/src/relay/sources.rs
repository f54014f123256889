//! How long the joins of a source are held back.

use alloc::collections::{BTreeMap, BTreeSet};
use core::net::{IpAddr, Ipv4Addr};

use super::RelayConfig;
use crate::{mutant, time::Timestamp};

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(pub IpAddr);

/// How many times as much as a /64 a whole /48 has.
const SITE_FREE: usize = 8;

/// What joins are counted for, and whatever else a source has a limit of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    Address(Ipv4Addr),
    /// The first four groups of an IPv6 address, a /64.
    Network([u16; 4]),
    /// The first three, a /48.
    Site([u16; 3]),
}

/// The keys under which a join was counted, to take it back if it succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Counted([Option<Key>; 2]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Count {
    /// Joins that failed, or are not answered yet.
    failed: u32,
    last: Timestamp,
}

/// The sources with failed joins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Sources {
    counts: BTreeMap<Key, Count>,
    /// The same ones by the time of their last join.
    by_age: BTreeSet<(Timestamp, Key)>,
}

impl Sources {
    /// How long a join of `source` is to wait now, in milliseconds.
    pub(super) fn delay(&mut self, source: Source, config: &RelayConfig, now: Timestamp) -> u64 {
        self.forget(config, now);
        let keys = keys(source).into_iter().flatten();
        let delays = keys.map(|key| self.delay_of(key, config));
        delays.max().unwrap_or_default()
    }

    //= spec/03-rendezvous.md#joins [RDV-24] cbefb522
    /// Counts a join as failed until it succeeded.
    pub(super) fn count(
        &mut self,
        source: Source,
        config: &RelayConfig,
        now: Timestamp,
    ) -> Counted {
        Counted(keys(source).map(|key| key.filter(|key| self.raise(*key, config, now))))
    }

    /// Takes a join that succeeded out of the count.
    pub(super) fn succeeded(&mut self, counted: Counted) {
        for key in counted.0.into_iter().flatten() {
            let Some(count) = self.counts.get_mut(&key) else {
                continue;
            };
            count.failed = count.failed.saturating_sub(1);
            if count.failed == 0 {
                let last = count.last;
                self.counts.remove(&key);
                self.by_age.remove(&(last, key));
            }
        }
    }

    fn delay_of(&self, key: Key, config: &RelayConfig) -> u64 {
        let free = key.share(config.free_joins);
        let count = self.counts.get(&key);
        //= spec/03-rendezvous.md#joins [RDV-27] ba7004f8
        let is_full = self.counts.len() >= config.sources && !mutant::is("RDV-27/lets");
        if count.is_none() && is_full {
            // Once the table is full, nobody can be told from somebody who failed before.
            return config.join_delay_most_ms;
        }
        let failed = count.map_or(0, |count| count.failed as usize);
        //= spec/03-rendezvous.md#joins [RDV-23] 9b8c25df
        let Some(doublings) = failed.checked_sub(free) else {
            return 0;
        };
        let factor = 1_u64 << doublings.min(32);
        let delay = config.join_delay_first_ms.saturating_mul(factor);
        delay.min(config.join_delay_most_ms)
    }

    /// One more failed join, unless the table has no room.
    fn raise(&mut self, key: Key, config: &RelayConfig, now: Timestamp) -> bool {
        let known = self.counts.get(&key).copied();
        if known.is_none() && self.counts.len() >= config.sources {
            return false;
        }
        if let Some(count) = known {
            self.by_age.remove(&(count.last, key));
        }
        let failed = known.map_or(0, |count| count.failed).saturating_add(1);
        self.counts.insert(key, Count { failed, last: now });
        self.by_age.insert((now, key));
        true
    }

    //= spec/03-rendezvous.md#joins [RDV-28] 08e5a7d3
    fn forget(&mut self, config: &RelayConfig, now: Timestamp) {
        while let Some((last, key)) = self.by_age.first().copied() {
            if last.plus_ms(config.join_delay_decay_ms) > now {
                break;
            }
            self.by_age.pop_first();
            self.counts.remove(&key);
        }
    }
}

impl Key {
    //= spec/03-rendezvous.md#joins [RDV-26] 8e95d587
    /// What one of these has of something of which a source has `of_one`.
    pub(super) const fn share(self, of_one: usize) -> usize {
        match self {
            Self::Address(_) | Self::Network(_) => of_one,
            Self::Site(_) => of_one.saturating_mul(SITE_FREE),
        }
    }
}

//= spec/03-rendezvous.md#joins [RDV-25] f38b64ab
pub(super) fn keys(source: Source) -> [Option<Key>; 2] {
    // An IPv4 client of a socket for both families has an IPv6 address that maps it.
    match source.0.to_canonical() {
        IpAddr::V4(_) if mutant::is("RDV-25/one") => {
            [Some(Key::Address(Ipv4Addr::UNSPECIFIED)), None]
        }
        IpAddr::V4(address) => [Some(Key::Address(address)), None],
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            [Some(Key::Network([a, b, c, d])), Some(Key::Site([a, b, c]))]
        }
    }
}
