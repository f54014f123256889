//! One requirement, and the rules that its sentence follows.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::observability::Observability;
use crate::registry::{self, Registry};
use crate::words::{self, Keyword, Level};

/// A sentence that somebody must obey.
#[derive(Debug)]
pub(crate) struct Requirement {
    pub(crate) id: String,
    pub(crate) level: Level,
    pub(crate) role: String,
    /// The first eight hexadecimal digits of SHA-256 over the text.
    pub(crate) hash: String,
    /// Its file, relative to the project's root.
    pub(crate) path: String,
    pub(crate) line: usize,
    /// The anchor of the heading above it.
    pub(crate) anchor: String,
    /// The sentence without its id, words separated by one space.
    pub(crate) text: String,
}

/// A requirement as `spec/requirements.json` holds it.
#[derive(Serialize)]
pub(crate) struct Record<'a> {
    id: &'a str,
    level: Level,
    role: &'a str,
    hash: &'a str,
    section: String,
    #[serde(flatten)]
    observability: Option<&'a Observability>,
    text: &'a str,
}

impl Requirement {
    /// The place that citations name, such as `spec/session.md#consent`.
    pub(crate) fn section(&self) -> String {
        format!("{}#{}", self.path, self.anchor)
    }

    /// The part of the id before its number.
    pub(crate) fn area(&self) -> &str {
        self.id.split('-').next().unwrap_or(&self.id)
    }

    pub(crate) fn record<'a>(&'a self, observability: Option<&'a Observability>) -> Record<'a> {
        Record {
            id: &self.id,
            level: self.level,
            role: &self.role,
            hash: &self.hash,
            section: self.section(),
            observability,
            text: &self.text,
        }
    }
}

/// What a sentence says, before it is known where it stands.
pub(crate) struct Sentence {
    pub(crate) level: Level,
    pub(crate) role: String,
    pub(crate) hash: String,
    pub(crate) text: String,
}

/// Reads the text after an id, with its inline code plain and masked, or lists what is wrong.
pub(crate) fn read(
    plain: &str,
    masked: &str,
    registry: &Registry,
) -> Result<Sentence, Vec<String>> {
    let text = normalise(plain);
    let mut wrong = Vec::new();
    if !plain.starts_with(' ') {
        wrong.push("the id must be followed by a space and the sentence".to_owned());
    }
    if !masked.trim_end().ends_with('.') {
        let message =
            "a requirement is one whole sentence in one paragraph and ends with a full stop";
        wrong.push(message.to_owned());
    }
    if let Some(at) = words::inner_sentence_end(masked.trim()) {
        let first = &plain.trim()[..=at];
        let tail = words_tail(first);
        wrong.push(format!(
            "a requirement is one sentence, but another follows \"{tail}\": move it to a paragraph or an id of its own"
        ));
    }
    let role = role(&text, registry);
    if role.is_none() {
        wrong.push(format!(
            "a requirement starts with \"A\", \"An\", \"The\", \"Each\" or \"Every\" and a role of {}, not \"{}\"",
            registry::PATH,
            text.split(' ').take(3).collect::<Vec<_>>().join(" ")
        ));
    }
    let level = level(masked, &mut wrong);
    match (role, level) {
        (Some(role), Some(level)) if wrong.is_empty() => Ok(Sentence {
            level,
            role,
            hash: hash(&text),
            text,
        }),
        _ => Err(wrong),
    }
}

/// The one keyword of the sentence. Foreign ones are reported where all text is looked at.
fn level(masked: &str, wrong: &mut Vec<String>) -> Option<Level> {
    let levels: Vec<Level> = words::keywords(masked)
        .into_iter()
        .filter_map(|(_, keyword)| match keyword {
            Keyword::Level(level) => Some(level),
            Keyword::Foreign(..) | Keyword::LooseNot(_) => None,
        })
        .collect();
    match levels.as_slice() {
        [] => wrong.push(
            "a requirement needs one of MUST, MUST NOT, SHOULD, SHOULD NOT or MAY".to_owned(),
        ),
        [level] => return Some(*level),
        several => {
            let several: Vec<_> = several.iter().map(|level| level.keyword()).collect();
            wrong.push(format!(
                "a requirement has exactly one keyword, not {} ({}): split it, each with its own id",
                several.len(),
                several.join(", ")
            ));
        }
    }
    None
}

fn role(text: &str, registry: &Registry) -> Option<String> {
    let (article, subject) = text.split_once(' ')?;
    if !["A", "An", "The", "Each", "Every"].contains(&article) {
        return None;
    }
    let is_subject = |role: &&String| {
        let after = subject.strip_prefix(role.as_str());
        after.is_some_and(|after| after.starts_with([' ', ',']))
    };
    registry.roles.iter().find(is_subject).cloned()
}

fn normalise(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The last few words, to show a place in a sentence.
fn words_tail(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words[words.len().saturating_sub(3)..].join(" ")
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..4].iter().map(|b| format!("{b:02x}")).collect()
}
