//! Live codes, and the locators that are not given out again yet.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use alongside_wire::code::Locator;
use rand_chacha::ChaCha20Rng;
use rand_core::RngCore as _;

use super::{ConnId, RelayConfig, draw::Use};
use crate::{mutant, time::Timestamp};

/// The codes of a relay. A locator is live, in quarantine, or free.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Codes {
    rng: ChaCha20Rng,
    live: BTreeMap<Locator, ConnId>,
    quarantined: BTreeSet<Locator>,
    /// The quarantined ones again, the oldest first, with the time of their death.
    deaths: VecDeque<(Timestamp, Locator)>,
}

impl Codes {
    pub(super) fn new(seed: &[u8; 32]) -> Self {
        Self {
            rng: Use::Locators.generator(seed),
            live: BTreeMap::new(),
            quarantined: BTreeSet::new(),
            deaths: VecDeque::new(),
        }
    }

    /// A new code that belongs to `owner`, or `None` at the limit.
    pub(super) fn issue(
        &mut self,
        owner: ConnId,
        config: &RelayConfig,
        now: Timestamp,
    ) -> Option<Locator> {
        //= spec/03-rendezvous.md#allocation [RDV-19] 5b8f930a
        //= spec/03-rendezvous.md#allocation [RDV-20] 487415b5
        if self.live.len() >= config.codes {
            if mutant::is("RDV-20/ends-one") {
                self.live.pop_first();
            }
            return None;
        }
        self.release(config, now);
        let locator = self.allocate(config)?;
        self.live.insert(locator, owner);
        Some(locator)
    }

    /// Whether this is the locator of a live code.
    pub(super) fn is_live(&self, locator: &Locator) -> bool {
        self.live.contains_key(locator)
    }

    /// Whether this locator is not given out again yet.
    pub(super) fn is_quarantined(&self, locator: &Locator) -> bool {
        self.quarantined.contains(locator)
    }

    /// How many codes live.
    pub(super) fn live(&self) -> usize {
        self.live.len()
    }

    /// Spends a live code: who owned it, or `None` for unknown, expired and spent alike.
    pub(super) fn spend(
        &mut self,
        locator: &Locator,
        config: &RelayConfig,
        now: Timestamp,
    ) -> Option<ConnId> {
        //= spec/02-codes.md#spent [CODE-7] 7578368a
        let owner = if mutant::is("CODE-7/lives") {
            *self.live.get(locator)?
        } else {
            self.live.remove(locator)?
        };
        self.release(config, now);
        //= spec/03-rendezvous.md#allocation [RDV-18] 0967de0d
        self.quarantined.insert(*locator);
        self.deaths.push_back((now, *locator));
        Some(owner)
    }

    //= spec/03-rendezvous.md#allocation [RDV-16] 5c434e99
    fn allocate(&mut self, config: &RelayConfig) -> Option<Locator> {
        let len = locator_length(self.live.len(), config);
        // One locator of 15 is taken at worst, unless the bounds are set otherwise than usual.
        for _ in 0..64 {
            let mut random = [0; 8];
            self.rng.fill_bytes(&mut random);
            if mutant::is("RDV-16/few") {
                random = random.map(|byte| byte & 0x07);
            }
            let locator = Locator::from_random(&random, len);
            if !self.live.contains_key(&locator) && !self.quarantined.contains(&locator) {
                return Some(locator);
            }
        }
        None
    }

    /// Frees locators whose quarantine is over, and the oldest while there are too many for one
    /// more.
    fn release(&mut self, config: &RelayConfig, now: Timestamp) {
        while let Some((died, locator)) = self.deaths.front() {
            let over = died.plus_ms(config.locator_quarantine_ms) <= now;
            if !over && self.deaths.len() < config.quarantined.max(1) {
                break;
            }
            self.quarantined.remove(locator);
            self.deaths.pop_front();
        }
    }
}

//= spec/03-rendezvous.md#allocation [RDV-17] e5e0fcb0
/// The least length that leaves `code_density` locators for each code with one more alive.
fn locator_length(live: usize, config: &RelayConfig) -> usize {
    let wanted = (config.code_density as u64).saturating_mul(live as u64 + 1);
    (config.locator_least..config.locator_most)
        .find(|len| 1_u64 << (5 * *len).min(63) >= wanted)
        .unwrap_or(config.locator_most)
}
