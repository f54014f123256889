//! How many of something each source has now.

use alloc::collections::BTreeMap;

use super::sources::{Key, Source, keys};

/// Counts by source; it holds no more than what is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Tally(BTreeMap<Key, usize>);

impl Tally {
    /// Whether a source may have one more, if one may have `most`.
    pub(super) fn fits(&self, source: Source, most: usize) -> bool {
        let keys = keys(source).into_iter().flatten();
        let mut counts = keys.map(|key| (key, self.0.get(&key).copied().unwrap_or_default()));
        counts.all(|(key, count)| count < key.share(most))
    }

    pub(super) fn add(&mut self, source: Source) {
        for key in keys(source).into_iter().flatten() {
            *self.0.entry(key).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, source: Source) {
        for key in keys(source).into_iter().flatten() {
            if let Some(count) = self.0.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    self.0.remove(&key);
                }
            }
        }
    }
}
