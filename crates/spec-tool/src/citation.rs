//! The comment that ties a piece of code or a test to a requirement.
//!
//! In full: the marker, `test` if it is one, the section, the id in brackets and the hash of the
//! sentence. To write it by hand there is a short form, the marker and one or more ids, which
//! `cargo spec cite` completes.

use crate::requirement::Requirement;
use crate::words;

/// What the cited code does for the requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Implementation,
    Test,
}

/// A citation and where it stands.
#[derive(Debug)]
pub(crate) struct Citation {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) citing: Citing,
}

/// What a citation says.
#[derive(Debug)]
pub(crate) struct Citing {
    pub(crate) purpose: Purpose,
    pub(crate) id: String,
    /// None in the short form.
    pub(crate) seen: Option<Seen>,
}

/// What was cited, when somebody last looked.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) section: String,
    pub(crate) hash: String,
}

/// How the citation relates to the text of today.
#[derive(Debug)]
pub(crate) enum Standing<'a> {
    Current,
    Short,
    /// The sentence is the same and stands elsewhere.
    Moved(&'a Seen),
    /// The sentence has changed.
    Stale(&'a Seen),
}

impl Citing {
    /// Compares with the requirement that it names.
    pub(crate) fn standing(&self, requirement: &Requirement) -> Standing<'_> {
        match &self.seen {
            None => Standing::Short,
            Some(seen) if seen.hash != requirement.hash => Standing::Stale(seen),
            Some(seen) if seen.section != requirement.section() => Standing::Moved(seen),
            Some(_) => Standing::Current,
        }
    }

    /// The full form, without indentation.
    pub(crate) fn render(&self, marker: &str, requirement: &Requirement) -> String {
        let purpose = match self.purpose {
            Purpose::Implementation => "",
            Purpose::Test => "test ",
        };
        let section = requirement.section();
        let Requirement { id, hash, .. } = requirement;
        format!("{marker} {purpose}{section} [{id}] {hash}")
    }
}

/// What a line of a source is.
#[derive(Debug)]
pub(crate) enum Line {
    Other,
    Citing(Vec<Citing>),
    Malformed(String),
}

/// Reads a line. Only one whose first characters are the marker is a citation, so that strings
/// and documentation can talk of citations.
pub(crate) fn parse(line: &str, marker: &str) -> Line {
    let Some(rest) = line.trim().strip_prefix(marker) else {
        return Line::Other;
    };
    // A ruler of equals signs.
    if rest.starts_with('=') {
        return Line::Other;
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    let (purpose, words) = match words.as_slice() {
        ["test", words @ ..] => (Purpose::Test, words),
        words => (Purpose::Implementation, words),
    };
    let spaced = rest.starts_with(' ');
    match (short(purpose, words), full(purpose, words)) {
        (Some(all), _) if spaced => Line::Citing(all),
        (_, Some(one)) if spaced => Line::Citing(vec![one]),
        _ => Line::Malformed(format!(
            "malformed citation: write `{marker} CONSENT-3` or `{marker} test CONSENT-3`, then run `cargo spec cite`"
        )),
    }
}

fn short(purpose: Purpose, words: &[&str]) -> Option<Vec<Citing>> {
    let all = !words.is_empty() && words.iter().all(|word| words::is_id(word));
    let citing = |id: &&str| Citing {
        purpose,
        id: (*id).to_owned(),
        seen: None,
    };
    all.then(|| words.iter().map(citing).collect())
}

fn full(purpose: Purpose, words: &[&str]) -> Option<Citing> {
    let [section, id, hash] = words else {
        return None;
    };
    let id = id.strip_prefix('[')?.strip_suffix(']')?;
    let is_hash = hash.len() == 8
        && hash
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
    (section.contains('#') && words::is_id(id) && is_hash).then(|| Citing {
        purpose,
        id: id.to_owned(),
        seen: Some(Seen {
            section: (*section).to_owned(),
            hash: (*hash).to_owned(),
        }),
    })
}
