//! What was said and heard in a case, for whoever has to find out why it failed.

use serde::{Deserialize, Serialize};

/// One thing of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds of the clock of what is under test.
    pub at: u64,
    /// `>` the suite did it, `<` it was heard.
    pub way: char,
    /// What, in words.
    pub what: String,
    /// The bytes, in hex, where there are some.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bytes: String,
}

/// All of it, in order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Transcript {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Suite, generation and master of each set of keys, so that what was sealed can be read.
    pub keys: Vec<(u8, u32, String)>,
}

/// Entries of one case that are kept: more come only of floods.
const MOST: usize = 4_000;
/// Bytes of an entry that are kept.
const MOST_BYTES: usize = 4_096;

impl Transcript {
    pub(super) fn add(&mut self, at: u64, way: char, what: impl Into<String>, bytes: &[u8]) {
        if self.entries.len() < MOST {
            let bytes = bytes.get(..MOST_BYTES).unwrap_or(bytes);
            self.entries.push(Entry {
                at,
                way,
                what: what.into(),
                bytes: hex::encode(bytes),
            });
        }
    }
}
