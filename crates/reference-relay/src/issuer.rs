//! The relay as an issuer of cards, for those who sign in to it.

use std::{fs, path::Path};

use alongside_state_machine::{
    identity::{issue, keys::SecretKey, text},
    relay::CardWanted,
};
use alongside_wire::{
    ErrorCode, Profile,
    card::{Card, is_inert},
    limits::{CARD_TEXT, NAME, timers},
};
use zeroize::{Zeroize as _, Zeroizing};

/// A key that signs cards.
#[derive(Debug)]
pub struct Issuer(SecretKey);

impl Issuer {
    /// The key that `alongside card issuer-key` wrote.
    ///
    /// # Errors
    /// In words, if the file cannot be read or has no such key.
    pub fn open(path: &Path) -> Result<Self, String> {
        let wrong = |why: String| format!("{}: {why}", path.display());
        let file = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let file = Zeroizing::new(file);
        let fields = text::fields(&file).map_err(|error| wrong(error.to_string()))?;
        let seed = text::only(&fields, "issuer").map_err(|error| wrong(error.to_string()))?;
        let seed = seed.ok_or_else(|| wrong("it has no issuer key".to_owned()))?;
        Ok(Self::from_seed(&Zeroizing::new(seed)))
    }

    /// The key of 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SecretKey::from_seed(seed))
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        self.0.public()
    }

    /// Signs a card for an account, at this time in seconds since 1970. The copies of its names that
    /// are made for that are wiped.
    pub(crate) fn issue(&self, mut wanted: CardWanted, now: u64) -> Result<Vec<u8>, ErrorCode> {
        let card = self.card(&wanted, now);
        let account = &mut wanted.account;
        for name in [
            &mut account.name,
            &mut account.title,
            &mut account.organisation,
            &mut account.domain,
        ] {
            name.zeroize();
        }
        let card = card?;
        issue::issue(card, &wanted.request, &wanted.challenge, &self.0)
            .map_err(|_| ErrorCode::Denied)
    }

    //= spec/15-identity.md#issuing [CARD-25] e32699bd
    fn card(&self, wanted: &CardWanted, now: u64) -> Result<Card, ErrorCode> {
        let account = &wanted.account;
        let mut serial = [0; 16];
        getrandom::fill(&mut serial).map_err(|_| ErrorCode::Busy)?;
        let full = wanted.profile == Profile::Full.to_wire();
        let name = account.name.trim();
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        let last = if full {
            fitting(last, NAME)
        } else {
            fitting(last, NAME).chars().take(1).collect()
        };
        let only_full = |text: &str| {
            if full {
                fitting(text, CARD_TEXT)
            } else {
                String::new()
            }
        };
        let lasts = wanted.lasts_ms.min(timers::CARD_LIFETIME) / 1_000;
        let expires = account.expires.min(now.saturating_add(lasts));
        Ok(Card {
            version: 1,
            profile: wanted.profile,
            issuer: self.public(),
            serial,
            first_name: fitting(first, NAME),
            last_name: last,
            title: only_full(&account.title),
            organisation: only_full(&account.organisation),
            domain: only_full(&account.domain).to_ascii_lowercase(),
            picture: Vec::new(),
            ceiling: wanted.ceiling,
            card_key: wanted.request.card_key,
            receipt_key: wanted.request.receipt_key.clone(),
            not_before: now,
            expires: expires.max(now + 1),
        })
    }
}

/// As much of a text as a card takes, without what a card may not have.
fn fitting(text: &str, most: usize) -> String {
    let mut fits = String::new();
    let mut letter = [0; 4];
    for character in text.trim().chars() {
        let piece = character.encode_utf8(&mut letter);
        if is_inert(piece) && fits.len() + piece.len() <= most {
            fits.push_str(piece);
        }
    }
    fits
}
