//! Keys, cards and anchors as lines of text: a word, bytes in hexadecimal, and for an anchor its name.
//! Empty lines and those that begin with `#` mean nothing.

use alloc::{string::String, vec::Vec};
use core::fmt;

use zeroize::Zeroizing;

use super::trust::Anchor;

/// A line that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Counted from 1; 0 if something is missing.
    pub line: usize,
    /// What is wrong.
    pub why: &'static str,
}

/// A word and its bytes, which may be secret.
pub type Field<'a> = (&'a str, Zeroizing<Vec<u8>>);

/// Reads lines of a word and bytes.
///
/// # Errors
/// [`Wrong`] at the first line that is something else.
pub fn fields(text: &str) -> Result<Vec<Field<'_>>, Wrong> {
    lines(text).map(field).collect()
}

fn field((line, text): (usize, &str)) -> Result<Field<'_>, Wrong> {
    let wrong = |why| Wrong { line, why };
    let (word, digits) = text
        .split_once(' ')
        .ok_or(wrong("there is no word with a value"))?;
    let bytes = unhex(digits.trim()).ok_or(wrong("the value is not hexadecimal"))?;
    Ok((word, Zeroizing::new(bytes)))
}

/// The bytes of the one field with this word, if it has so many.
///
/// # Errors
/// [`Wrong`] if there is none or another, or it has other bytes.
pub fn only<const N: usize>(
    fields: &[Field<'_>],
    word: &'static str,
) -> Result<Option<[u8; N]>, Wrong> {
    let mut found = fields.iter().filter(|(known, _)| *known == word);
    let wrong = |why| Wrong { line: 0, why };
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some((_, bytes)), None) => {
            let bytes: &[u8] = bytes;
            bytes
                .try_into()
                .map(Some)
                .map_err(|_| wrong("a value has the wrong length"))
        }
        (Some(_), Some(_)) => Err(wrong("a word is there twice")),
    }
}

/// Reads anchors: `issuer KEY NAME`, or `relay-operator KEY NAME` for an issuer that also runs the
/// relay.
///
/// # Errors
/// [`Wrong`] at the first line that is something else, or repeats a key.
pub fn anchors(text: &str) -> Result<Vec<Anchor>, Wrong> {
    let mut anchors: Vec<Anchor> = Vec::new();
    for (line, text) in lines(text) {
        let wrong = |why| Wrong { line, why };
        let mut parts = text.splitn(3, ' ');
        let (word, digits, name) = (parts.next(), parts.next(), parts.next());
        let runs_relay = match word {
            Some("issuer") => false,
            Some("relay-operator") => true,
            _ => return Err(wrong("a line begins with issuer or relay-operator")),
        };
        let key = digits
            .and_then(unhex)
            .and_then(|bytes| bytes.try_into().ok());
        let key: [u8; 32] = key.ok_or(wrong("a key has 64 hexadecimal digits"))?;
        super::keys::check(&key).map_err(|_| wrong("this is no key that can sign"))?;
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        let name = name.ok_or(wrong("an issuer needs a name"))?;
        if anchors.iter().any(|anchor| anchor.key == key) {
            return Err(wrong("a key is there twice"));
        }
        anchors.push(Anchor {
            name: String::from(name),
            key,
            runs_relay,
        });
    }
    Ok(anchors)
}

/// Bytes as small hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Bytes of hexadecimal digits, if that is what they are.
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    let values: Option<Zeroizing<Vec<u8>>> = digits
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        })
        .collect::<Option<Vec<u8>>>()
        .map(Zeroizing::new);
    let values = values?;
    let (pairs, rest) = values.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// The lines that mean something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text
        .lines()
        .enumerate()
        .map(|(place, line)| (place + 1, line.trim()));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(self.why),
            line => write!(f, "line {line}: {}", self.why),
        }
    }
}

impl core::error::Error for Wrong {}
