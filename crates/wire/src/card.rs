//! Cards: who somebody is, signed by an issuer.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    DecodeError, DeviceStatus, Fault, Profile, Scopes,
    body::{self, Check, within},
    limits::{self, timers},
    mutant,
};

/// Bytes of an Ed25519 signature.
pub const SIGNATURE: usize = 64;

/// What an issuer signs. The text that it vouches for is no longer than its limits and has no
/// characters that move or turn other text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Card {
    /// 1 in this version.
    pub version: u8,
    /// A registered [`Profile`].
    pub profile: u8,
    /// The issuer's Ed25519 key, which is also how the issuer is known.
    pub issuer: [u8; 32],
    /// Different for each card of an issuer.
    pub serial: [u8; 16],
    /// First name, or the only one.
    pub first_name: String,
    /// Last name; its first character at most in an abbreviated card.
    pub last_name: String,
    /// Job title, or empty.
    pub title: String,
    /// Organisation, or empty.
    pub organisation: String,
    /// The organisation's domain that the issuer verified, or empty.
    pub domain: String,
    /// SHA-256 and size of a picture, one at most.
    pub picture: Vec<PictureInfo>,
    /// The most that the person may do as a helper. It has the scope *view*.
    pub ceiling: Scopes,
    /// The Ed25519 key that proves that the card is shown by its owner.
    pub card_key: [u8; 32],
    /// The Ed25519 key that signs receipts, one at most.
    pub receipt_key: Vec<[u8; 32]>,
    /// Valid from here on, in seconds of Unix time.
    pub not_before: u64,
    /// Valid until here, in seconds of Unix time; a day later at most.
    pub expires: u64,
}

/// The picture that belongs to a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PictureInfo {
    /// SHA-256 of the file.
    pub hash: [u8; 32],
    /// Bytes of the file.
    pub size: u32,
}

/// Something with a signature of an issuer after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signed<T> {
    /// What is signed.
    pub body: T,
    /// The issuer's Ed25519 signature over [`Signable::message`].
    pub signature: [u8; SIGNATURE],
}

/// What an issuer signs.
#[expect(private_bounds, reason = "nobody else signs other things")]
pub trait Signable: Serialize + serde::de::DeserializeOwned + Check {
    /// What a signature of this kind begins with, so that it is none of another kind.
    const LABEL: &'static str;
    /// Bytes of it with its signature, at most.
    const LIMIT: usize;
    /// Its name in errors.
    const WHAT: &'static str;

    /// The bytes that are signed: the label, a zero, and the fields.
    fn message(&self) -> Vec<u8> {
        let mut message = Vec::from(Self::LABEL.as_bytes());
        message.push(0);
        message.extend_from_slice(&body::encode(self));
        message
    }
}

/// What an issuer says of a device, by its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Statement {
    /// 1 in this version.
    pub version: u8,
    /// The issuer's Ed25519 key.
    pub issuer: [u8; 32],
    /// The device's Ed25519 key.
    pub device_key: [u8; 32],
    /// A registered [`DeviceStatus`].
    pub status: u8,
    /// When it was said, in seconds of Unix time.
    pub issued: u64,
    /// Until when it holds; an hour later at most.
    pub expires: u64,
}

impl Signable for Statement {
    const LABEL: &'static str = "alongside/1 advisory";
    const LIMIT: usize = limits::ADVISORY;
    const WHAT: &'static str = "a statement about a device";
}

impl Statement {
    /// Whether its fields are ones that a statement may have.
    ///
    /// # Errors
    /// As [`Signed::read`] would say of it.
    pub fn check(&self) -> Result<(), DecodeError> {
        Check::check(self)
    }
}

impl Check for Statement {
    fn check(&self) -> Result<(), DecodeError> {
        //= spec/15-identity.md#advisories [ADVISORY-3] 073ca9b5
        let lives = lasts(self.issued, self.expires, timers::ADVISORY_LIFETIME);
        let lives = lives || mutant::is("ADVISORY-3/lenient");
        let known = DeviceStatus::from_wire(self.status).is_some();
        if self.version == 1 && known && lives {
            Ok(())
        } else {
            Err(DecodeError::new(Fault::InvalidValue, Self::WHAT))
        }
    }
}

/// Whether something ends after it begins, and no later than `most` milliseconds after.
fn lasts(begins: u64, ends: u64, most: u64) -> bool {
    let seconds = ends.checked_sub(begins);
    seconds.is_some_and(|seconds| (1..=most / 1_000).contains(&seconds))
}

impl Signable for Card {
    const LABEL: &'static str = "alongside/1 card";
    const LIMIT: usize = limits::CARD;
    const WHAT: &'static str = "a card";
}

impl<T: Signable> Signed<T> {
    /// Reads what is signed and its signature, and checks everything but the signature.
    ///
    /// # Errors
    /// If it is too long, or not the one encoding of a value that is allowed.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        within(bytes.len(), T::LIMIT, T::WHAT)?;
        let (fields, signature) = bytes
            .split_last_chunk::<SIGNATURE>()
            .ok_or(DecodeError::new(Fault::Truncated, T::WHAT))?;
        let body: T = body::decode(fields, T::WHAT)?;
        body.check()?;
        Ok(Self {
            body,
            signature: *signature,
        })
    }

    /// The fields, then the signature.
    pub fn to_bytes(&self) -> Vec<u8> {
        Self::join(&self.body, &self.signature)
    }

    /// The same of parts.
    pub fn join(body: &T, signature: &[u8; SIGNATURE]) -> Vec<u8> {
        let mut bytes = body::encode(body);
        bytes.extend_from_slice(signature);
        bytes
    }
}

impl Card {
    /// The name as it is shown: first and last, as far as there are any.
    pub fn name(&self) -> String {
        let mut name = self.first_name.clone();
        if !name.is_empty() && !self.last_name.is_empty() {
            name.push(' ');
        }
        name.push_str(&self.last_name);
        name
    }

    /// Whether its fields are ones that a card may have.
    ///
    /// # Errors
    /// As [`Signed::read`] would say of it.
    pub fn check(&self) -> Result<(), DecodeError> {
        Check::check(self)
    }

    /// Whether it carries no more than an abbreviated card may.
    fn is_brief(&self) -> bool {
        let nothing = self.title.is_empty()
            && self.organisation.is_empty()
            && self.domain.is_empty()
            && self.picture.is_empty();
        nothing && self.last_name.chars().count() <= 1
    }
}

impl Check for Card {
    fn check(&self) -> Result<(), DecodeError> {
        let texts = [
            (&self.first_name, limits::NAME),
            (&self.last_name, limits::NAME),
            (&self.title, limits::CARD_TEXT),
            (&self.organisation, limits::CARD_TEXT),
            (&self.domain, limits::DOMAIN),
        ];
        for (text, limit) in texts {
            within(text.len(), limit, "a text of a card")?;
        }
        within(self.picture.len(), 1, "the pictures of a card")?;
        within(self.receipt_key.len(), 1, "the receipt keys of a card")?;
        for picture in &self.picture {
            within(
                picture.size as usize,
                limits::PICTURE,
                "the picture of a card",
            )?;
        }
        //= spec/15-identity.md#cards [CARD-5] fa5e5eff
        let brief = match Profile::from_wire(self.profile) {
            Some(Profile::Abbreviated) => self.is_brief(),
            Some(Profile::Full) => true,
            None => false,
        };
        let brief = brief || mutant::is("CARD-5/lenient");
        //= spec/15-identity.md#cards [CARD-6] ee76f73f
        let inert = texts.iter().all(|(text, _)| is_inert(text)) || mutant::is("CARD-6/lenient");
        //= spec/15-identity.md#cards [CARD-3] 147e3be6
        let lives = lasts(self.not_before, self.expires, timers::CARD_LIFETIME)
            || mutant::is("CARD-3/lenient");
        let allowed = self.version == 1
            && !self.first_name.is_empty()
            && self.picture.iter().all(|picture| picture.size > 0)
            && is_domain(&self.domain)
            && self.ceiling.contains(Scopes::VIEW);
        if brief && inert && lives && allowed {
            Ok(())
        } else {
            Err(DecodeError::new(Fault::InvalidValue, Self::WHAT))
        }
    }
}

/// Whether a text stays where it is put: no control characters, none that change the direction of
/// others, break lines, or are not seen at all.
pub fn is_inert(text: &str) -> bool {
    let moves = |character: char| {
        matches!(character,
            '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    !text
        .chars()
        .any(|character| character.is_control() || moves(character))
}

/// Whether it is a domain as DNS has it, in small letters, or empty.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(known)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.is_empty() || text.split('.').all(label)
}
