//! Ids, keywords and sentence ends in a block of text.
//!
//! Everything here takes text whose inline code is masked, and answers with byte offsets.

use serde::Serialize;

/// How strongly a requirement binds: the keywords of BCP 14 that the specification uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Level {
    #[serde(rename = "MUST")]
    Must,
    #[serde(rename = "MUST NOT")]
    MustNot,
    #[serde(rename = "SHOULD")]
    Should,
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    #[serde(rename = "MAY")]
    May,
}

impl Level {
    pub(crate) const ALL: [Self; 5] = [
        Self::Must,
        Self::MustNot,
        Self::Should,
        Self::ShouldNot,
        Self::May,
    ];

    pub(crate) fn keyword(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Should => "SHOULD",
            Self::ShouldNot => "SHOULD NOT",
            Self::May => "MAY",
        }
    }

    /// Whether it has to be implemented and tested.
    pub(crate) fn is_absolute(self) -> bool {
        matches!(self, Self::Must | Self::MustNot)
    }
}

/// A word in capitals that has a meaning in BCP 14.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Level(Level),
    /// One that this specification does not use, and what to write instead.
    Foreign(&'static str, &'static str),
    /// A keyword followed by a `not` that is no part of it.
    LooseNot(Level),
}

/// All keywords in the text.
pub(crate) fn keywords(text: &str) -> Vec<(usize, Keyword)> {
    let words = split(text);
    let mut found = Vec::new();
    for (index, &(at, word)) in words.iter().enumerate() {
        let next = words.get(index + 1);
        let next = next.filter(|(next, _)| only_space(&text[at + word.len()..*next]));
        let next = next.map_or("", |(_, next)| *next);
        let level = match (word, next) {
            ("MUST", "NOT") => Level::MustNot,
            ("MUST", _) => Level::Must,
            ("SHOULD", "NOT") => Level::ShouldNot,
            ("SHOULD", _) => Level::Should,
            ("MAY", _) => Level::May,
            _ => {
                found.extend(foreign(word).map(|keyword| (at, keyword)));
                continue;
            }
        };
        let negative = matches!(level, Level::MustNot | Level::ShouldNot);
        found.push((at, Keyword::Level(level)));
        if !negative && next.eq_ignore_ascii_case("not") {
            found.push((at, Keyword::LooseNot(level)));
        }
    }
    found
}

fn foreign(word: &str) -> Option<Keyword> {
    let (word, instead) = match word {
        "SHALL" => ("SHALL", "MUST"),
        "REQUIRED" => ("REQUIRED", "MUST"),
        "RECOMMENDED" => ("RECOMMENDED", "SHOULD"),
        "OPTIONAL" => ("OPTIONAL", "MAY"),
        _ => return None,
    };
    Some(Keyword::Foreign(word, instead))
}

fn split(text: &str) -> Vec<(usize, &str)> {
    let no_letter = |c: char| !c.is_alphanumeric();
    let mut words = Vec::new();
    let mut at = 0;
    for piece in text.split_inclusive(no_letter) {
        let word = piece.trim_end_matches(no_letter);
        if !word.is_empty() {
            words.push((at, word));
        }
        at += piece.len();
    }
    words
}

/// Space and emphasis: what can stand between the two words of one keyword.
fn only_space(gap: &str) -> bool {
    gap.chars()
        .all(|c| c.is_whitespace() || c == '*' || c == '_')
}

/// `CONSENT-3`: an area of two or more capitals, and a number from 1.
///
/// Two or more, so that `[N-1]` in pseudocode is none.
pub(crate) fn is_id(text: &str) -> bool {
    let Some((area, number)) = text.split_once('-') else {
        return false;
    };
    area.len() >= 2
        && area.bytes().all(|b| b.is_ascii_uppercase())
        && !number.is_empty()
        && !number.starts_with('0')
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// The id in brackets with which the text starts, and what follows it.
pub(crate) fn leading_id(text: &str) -> Option<(&str, &str)> {
    let (id, rest) = text.strip_prefix('[')?.split_once(']')?;
    (is_id(id) && !is_link(rest)).then_some((id, rest))
}

/// What stands in the brackets at the start, if somebody probably meant it as an id.
pub(crate) fn leading_near_id(text: &str) -> Option<&str> {
    let (near, rest) = text.strip_prefix('[')?.split_once(']')?;
    let shaped = near.contains(['-', '_'])
        && near.starts_with(|c: char| c.is_ascii_alphabetic())
        && near.ends_with(|c: char| c.is_ascii_alphanumeric())
        && near.contains(|c: char| c.is_ascii_digit())
        && near
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    (shaped && !is_id(near) && !is_link(rest)).then_some(near)
}

/// All ids in brackets in the text.
pub(crate) fn bracketed_ids(text: &str) -> Vec<(usize, &str)> {
    text.match_indices('[')
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric()))
        .filter_map(|(at, _)| leading_id(&text[at..]).map(|(id, _)| (at, id)))
        .collect()
}

/// `[SHA-256](…)`, `[SHA-256][…]`, `[SHA-256]: …`: the brackets belong to a link.
fn is_link(after: &str) -> bool {
    after.starts_with(['(', '[', ':'])
}

/// Where the first sentence ends, if another follows it.
pub(crate) fn inner_sentence_end(text: &str) -> Option<usize> {
    text.char_indices()
        .filter(|(_, c)| matches!(c, '.' | '?' | '!'))
        .map(|(at, _)| at)
        .find(|&at| {
            let after = text[at + 1..].trim_start_matches([')', '"', '\'', '*', '_', '”', '’']);
            let abbreviation = ["e.g", "i.e", "cf"].iter().any(|a| text[..at].ends_with(a));
            after.starts_with(char::is_whitespace) && !after.trim().is_empty() && !abbreviation
        })
}
