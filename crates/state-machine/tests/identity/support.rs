//! An issuer, and cards of its making.

use alongside_harness::{Conditions, World};
use alongside_state_machine::{
    endpoint::Config,
    identity::{
        Identity,
        issue::{self, Refused, Request},
        keys::SecretKey,
        own::OwnCard,
        trust::Anchor,
    },
    time::{Calendar, Timestamp},
};
use alongside_wire::{
    Profile, Scopes,
    card::{Card, PictureInfo},
};

/// When the cards of these tests begin to be valid.
pub(crate) const BEGIN: u64 = 1_800_000_000;
pub(crate) const DAY: u64 = 86_400;
const CHALLENGE: [u8; 32] = [0xC4; 32];

/// A key of consecutive bytes, as in the vectors.
pub(crate) fn key(first: u8) -> SecretKey {
    let mut seed = [0; 32];
    for (place, byte) in seed.iter_mut().enumerate() {
        *byte = first + place as u8;
    }
    SecretKey::from_seed(&seed)
}

pub(crate) fn issuer() -> SecretKey {
    key(0x00)
}

pub(crate) fn card_key() -> SecretKey {
    key(0x20)
}

/// The full card of the vectors, before it is signed.
pub(crate) fn full() -> Card {
    let mut serial = [0xA0; 16];
    for (place, byte) in serial.iter_mut().enumerate() {
        *byte += place as u8;
    }
    Card {
        version: 1,
        profile: Profile::Full.to_wire(),
        issuer: issuer().public(),
        serial,
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
        title: "Engineer".into(),
        organisation: "Analytical Engines".into(),
        domain: "engines.example".into(),
        picture: vec![PictureInfo {
            hash: sha256(b"a picture"),
            size: 9,
        }],
        ceiling: Scopes::CONSENT.union(Scopes::CONTROL),
        card_key: card_key().public(),
        receipt_key: vec![key(0x40).public()],
        not_before: BEGIN,
        expires: BEGIN + DAY,
    }
}

/// The abbreviated one.
pub(crate) fn brief() -> Card {
    Card {
        profile: Profile::Abbreviated.to_wire(),
        last_name: "L".into(),
        title: String::new(),
        organisation: String::new(),
        domain: String::new(),
        picture: vec![],
        ceiling: Scopes::CONSENT,
        receipt_key: vec![],
        ..full()
    }
}

/// Signs a card for the key that it names, if that is one of these tests.
pub(crate) fn issued(card: Card) -> Result<Vec<u8>, Refused> {
    let receipt = (!card.receipt_key.is_empty()).then(|| key(0x40));
    let request = Request::new(&card_key(), receipt.as_ref(), &CHALLENGE);
    issue::issue(card, &request, &CHALLENGE, &issuer())
}

pub(crate) fn own(card: Card) -> OwnCard {
    OwnCard::new(&issued(card).unwrap(), card_key()).unwrap()
}

pub(crate) fn anchor(runs_relay: bool) -> Anchor {
    Anchor {
        name: "Engines".into(),
        key: issuer().public(),
        runs_relay,
    }
}

/// Somebody who shows this card.
pub(crate) fn with_card(card: Card) -> Config {
    Config {
        identity: Identity {
            card: Some(own(card)),
            ..Identity::default()
        },
        ..Config::default()
    }
}

/// Somebody who believes the issuer, an hour after the cards began to be valid.
pub(crate) fn trusting() -> Config {
    Config {
        identity: Identity {
            anchors: vec![anchor(false)],
            ..Identity::default()
        },
        calendar: calendar(BEGIN + 3_600),
        ..Config::default()
    }
}

pub(crate) fn calendar(unix: u64) -> Calendar {
    Calendar::showing(unix, Timestamp::from_millis(1_000))
}

pub(crate) fn world(seed: u64, helper: Config, sharer: Config) -> World {
    World::with(seed, Conditions::INSTANT, helper, sharer)
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

const HANDSHAKE: &str = "494617690bfd5f3b6fa1642a24cc1312117249413a0114725369fbea64279320";

pub(crate) fn handshake() -> [u8; 32] {
    hex::decode(HANDSHAKE).unwrap().try_into().unwrap()
}

/// The value with this name in the fence of the chapter's vectors.
pub(crate) fn vector(name: &str, nth: usize) -> String {
    let text = include_str!("../../../../spec/15-identity.md");
    let vectors = text.split_once("{#vectors}").unwrap().1;
    let places: Vec<_> = vectors
        .lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with(name))
        .collect();
    let (at, first) = places[nth];
    let more = vectors
        .lines()
        .skip(at + 1)
        .take_while(|line| line.starts_with(' '));
    let mut hex = first[24..].to_owned();
    more.for_each(|line| hex.push_str(line.trim()));
    hex
}
