//! A recorded session, and reading one without the network.
//!
//! A capture is the transcript of a case: JSON, with each thing that was done or heard in order, and
//! the bytes of every stream. Its keys are in a file of their own, the key log.

mod clauses;
mod decode;
mod fields;
mod keys;
mod planes;

pub use decode::{Decoded, decode};
pub use keys::{KeyLog, text as key_log};

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    case::Target,
    run::Outcome,
    stage::{Entry, Transcript},
};

/// The form of this version.
const FORMAT: u32 = 1;

/// What to do about a file that is none.
const WHOLE: &str =
    "`--captures FOLDER` of a test, or the transcript.json of a bundle, gives a whole one";

/// A recorded session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Capture {
    /// The form of what follows.
    pub format: u32,
    /// The case that made it.
    pub case: String,
    /// What that is about.
    pub title: String,
    /// What was under test: `<` is what came of it.
    pub target: Target,
    /// What was done and heard, in order.
    pub entries: Vec<Entry>,
}

impl Capture {
    /// Of a case that was run.
    pub fn new(outcome: &Outcome, transcript: &Transcript) -> Self {
        Self {
            format: FORMAT,
            case: outcome.case.clone(),
            title: outcome.title.clone(),
            target: outcome.target,
            entries: transcript.entries.clone(),
        }
    }

    /// Reads a file of one.
    ///
    /// # Errors
    /// If it is none; in words.
    pub fn read(path: &Path) -> Result<Self, String> {
        let wrong = |why: String| format!("{}: {why}; {WHOLE}", path.display());
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let capture: Self = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(format!("it is no capture, or a part of one: {error}")))?;
        if capture.format != FORMAT {
            return Err(wrong(format!("it is a capture of form {}", capture.format)));
        }
        let spoilt = capture.entries.iter().position(Entry::is_spoilt);
        match spoilt {
            Some(place) => Err(wrong(format!(
                "the bytes of entry {} are no hex",
                place + 1
            ))),
            None => Ok(capture),
        }
    }

    /// The file, a line for each entry.
    ///
    /// # Errors
    /// As serde_json.
    pub fn text(&self) -> serde_json::Result<String> {
        let head = Self {
            entries: Vec::new(),
            ..self.clone()
        };
        let head = serde_json::to_string(&head)?;
        let entries = self.entries.iter().map(serde_json::to_string);
        let entries = entries.collect::<Result<Vec<_>, _>>()?.join(",\n");
        let open = head.trim_end_matches("]}");
        Ok(format!("{open}\n{entries}\n]}}\n"))
    }
}
