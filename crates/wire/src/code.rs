//! Codes: a locator that the relay allocates and a secret that the relay never sees.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    limits::{LOCATOR_LEAST, LOCATOR_MOST, SECRET},
    mutant,
};

/// Crockford's base 32: no i, l, o, u.
pub const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The relay's half of a code: 4 to 8 characters of the alphabet, normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Locator {
    characters: [u8; LOCATOR_MOST],
    len: u8,
}

/// The end-to-end half of a code: exactly 4 characters of the alphabet, normalised. It is not
/// shown by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; SECRET]);

/// A whole code, as a helper passes it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The relay's half.
    pub locator: Locator,
    /// The half that the relay never sees.
    pub secret: Secret,
}

/// Why a text is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// A character that is neither in the alphabet, nor one of its aliases, nor ignored.
    Character(char),
    /// Too few or too many characters, without spaces and hyphens.
    Length(usize),
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(character) => {
                write!(
                    f,
                    "a code has no {character:?} in it: digits and letters only, without u [CODE-3]"
                )
            }
            Self::Length(length) => write!(
                f,
                "a code has {} to {} characters, this has {length} [CODE-4]",
                LOCATOR_LEAST + SECRET,
                LOCATOR_MOST + SECRET
            ),
        }
    }
}

impl core::error::Error for CodeError {}

//= spec/02-codes.md#form [CODE-1] 1e06dc70
/// A character in its normal form, or `None` if it is one that is ignored.
fn normalise(character: char) -> Result<Option<u8>, CodeError> {
    let lower = match character.to_ascii_lowercase() {
        ' ' | '-' => return Ok(None),
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    //= spec/02-codes.md#form [CODE-3] 08ddb24d
    u8::try_from(lower)
        .ok()
        .filter(|byte| ALPHABET.contains(byte))
        .map(Some)
        .ok_or(CodeError::Character(character))
}

impl Code {
    /// Reads what a person typed.
    ///
    /// # Errors
    /// [`CodeError`], which says what to correct.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let mut all = [0u8; LOCATOR_MOST + SECRET];
        let mut len = 0;
        for character in text.trim().chars() {
            if let Some(byte) = normalise(character)? {
                if let Some(slot) = all.get_mut(len) {
                    *slot = byte;
                }
                len += 1;
            }
        }
        //= spec/02-codes.md#form [CODE-2] 46aeccd6
        //= spec/02-codes.md#form [CODE-4] 904a3877
        let split = len.checked_sub(SECRET).ok_or(CodeError::Length(len))?;
        let head = text.split('-').next().unwrap_or_default();
        let typed = head.chars().filter(char::is_ascii_alphanumeric).count();
        let split = match typed != split && mutant::is("CODE-2/hyphen") {
            true => typed,
            false => split,
        };
        let (locator, secret) = all
            .get(..len)
            .and_then(|all| all.split_at_checked(split))
            .ok_or(CodeError::Length(len))?;
        let locator = Locator::from_bytes(locator).ok_or(CodeError::Length(len))?;
        let secret = secret
            .try_into()
            .map(Secret)
            .map_err(|_| CodeError::Length(len))?;
        Ok(Self { locator, secret })
    }
}

impl fmt::Display for Code {
    /// As it is shown to people: `4060-r0gx`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.locator, self.secret.as_str())
    }
}

impl Locator {
    /// A locator of `len` characters from random numbers, five bits of each byte.
    pub fn from_random(random: &[u8; LOCATOR_MOST], len: usize) -> Self {
        let mut characters = [0; LOCATOR_MOST];
        let len = len.clamp(LOCATOR_LEAST, LOCATOR_MOST);
        for (slot, byte) in characters.iter_mut().zip(random).take(len) {
            *slot = ALPHABET[usize::from(byte & 31)];
        }
        Self {
            characters,
            len: len as u8,
        }
    }

    /// The normalised characters.
    pub fn as_str(&self) -> &str {
        self.characters
            .get(..usize::from(self.len))
            .and_then(|bytes| core::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    /// Normalised characters, nothing else.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut characters = [0; LOCATOR_MOST];
        if bytes.len() < LOCATOR_LEAST || !bytes.iter().all(|byte| ALPHABET.contains(byte)) {
            return None;
        }
        characters.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self {
            characters,
            len: bytes.len() as u8,
        })
    }
}

impl TryFrom<String> for Locator {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_bytes(text.as_bytes()).ok_or("a locator that is not normalised")
    }
}

impl From<Locator> for String {
    fn from(locator: Locator) -> Self {
        locator.as_str().into()
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Secret {
    /// A secret from random numbers, five bits of each byte.
    pub fn from_random(random: &[u8; SECRET]) -> Self {
        Self(random.map(|byte| ALPHABET[usize::from(byte & 31)]))
    }

    /// The normalised characters.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
