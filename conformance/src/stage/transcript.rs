//! What was said and heard in a case, for whoever has to find out why it failed.

use alongside_state_machine::channel::keys::Keys;
use serde::{Deserialize, Serialize};

use crate::quic::Qlog;

/// One thing of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds of the clock of what is under test.
    pub at: u64,
    /// `>` the suite did it, `<` it was heard.
    pub way: char,
    /// Which of the suite's clients, if a relay is under test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<usize>,
    /// Where the bytes went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<On>,
    /// What, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// The bytes, in hex, where there are some.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bytes: String,
    /// There were more bytes than are kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl Entry {
    /// Whether its bytes cannot be read.
    pub(crate) fn is_spoilt(&self) -> bool {
        hex::decode(&self.bytes).is_err()
    }
}

/// A stream of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// The control stream.
    Control,
    /// A frame stream. Each side counts its own from 0.
    Stream(u64),
}

/// The secret that everything sealed in a part of a session can be opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Master {
    /// Of the cipher.
    pub suite: u8,
    /// How often it was made anew.
    pub generation: u32,
    /// Itself.
    pub master: [u8; 32],
}

/// All of it, in order.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Every secret that there was.
    pub keys: Vec<Master>,
    /// What QUIC did at each end of the suite's, by its name.
    pub qlogs: Vec<(String, Qlog)>,
    kept: usize,
}

/// Entries of one case that are kept: more come only of floods.
const MOST: usize = 4_000;
/// Bytes of all entries that are kept.
const MOST_BYTES: usize = 4_194_304;

impl Transcript {
    /// Something that has no bytes.
    pub(super) fn note(&mut self, at: u64, way: char, who: Option<usize>, what: impl Into<String>) {
        self.push(Entry {
            at,
            way,
            who,
            on: None,
            what: what.into(),
            bytes: String::new(),
            cut: false,
        });
    }

    /// Bytes of a stream. Of a message, `what` is its name.
    pub(super) fn bytes(
        &mut self,
        (at, way, who): (u64, char, Option<usize>),
        on: On,
        what: &str,
        bytes: &[u8],
    ) {
        let room = MOST_BYTES - self.kept;
        let held = bytes.get(..room).unwrap_or(bytes);
        self.kept += held.len();
        self.push(Entry {
            at,
            way,
            who,
            on: Some(on),
            what: what.to_owned(),
            bytes: hex::encode(held),
            cut: held.len() < bytes.len(),
        });
    }

    /// From here on it is sealed with these.
    pub(super) fn secret(&mut self, keys: &Keys) {
        self.keys.push(Master {
            suite: keys.suite().to_wire(),
            generation: keys.generation(),
            master: keys.master(),
        });
    }

    fn push(&mut self, entry: Entry) {
        match self.entries.len() {
            ..MOST => self.entries.push(entry),
            MOST => self.entries.push(Entry {
                what: format!("there is more, and the first {MOST} are kept"),
                on: None,
                bytes: String::new(),
                cut: false,
                ..entry
            }),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_is_told_of() {
        let mut transcript = Transcript::default();
        for number in 0..=MOST {
            assert!(
                transcript
                    .entries
                    .last()
                    .is_none_or(|last| last.what == "a")
            );
            assert_eq!(transcript.entries.len(), number);
            transcript.note(0, '<', None, "a");
        }
        transcript.note(0, '<', None, "a");
        let last = transcript.entries.last().unwrap();
        assert_eq!(last.what, "there is more, and the first 4000 are kept");
        assert_eq!(transcript.entries.len(), MOST + 1);
    }
}
