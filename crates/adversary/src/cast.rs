//! An issuer, and those who have cards and devices of it.

use alongside_state_machine::{
    device::Device,
    identity::{
        device::OwnDevice,
        issue,
        keys::SecretKey,
        own::{self, OwnCard},
        trust::Anchor,
    },
};
use alongside_wire::{
    DeviceStatus, Profile, Scopes,
    card::{Card, PictureInfo, Signable as _, Signed, Statement},
    limits::PICTURE_CHUNK,
};

/// When the cards begin to be valid, in seconds of Unix time; and how long they are.
pub(crate) const BEGIN: u64 = 1_800_000_000;
pub(crate) const DAY: u64 = 86_400;

/// The picture of all cards: a PNG of one pixel, as far as anybody looks before it is decoded.
pub(crate) const PICTURE: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0";

/// Keys of consecutive bytes.
pub(crate) fn key(first: u8) -> SecretKey {
    SecretKey::from_seed(&std::array::from_fn(|place| first + place as u8))
}

pub(crate) fn issuer() -> SecretKey {
    key(0x00)
}

pub(crate) fn anchor(runs_relay: bool) -> Anchor {
    Anchor {
        name: "Engines".into(),
        key: issuer().public(),
        runs_relay,
    }
}

/// A full card for one of two people, and its key.
pub(crate) fn card(person: u8) -> Card {
    Card {
        version: 1,
        profile: Profile::Full.to_wire(),
        issuer: issuer().public(),
        serial: [person; 16],
        first_name: ["Ada", "Charles"][usize::from(person & 1)].into(),
        last_name: "Lovelace".into(),
        title: "Engineer".into(),
        organisation: "Analytical Engines".into(),
        domain: "engines.example".into(),
        picture: vec![PictureInfo {
            hash: own::hash(PICTURE),
            size: PICTURE.len() as u32,
        }],
        ceiling: Scopes::ALL,
        card_key: card_key(person).public(),
        receipt_key: vec![receipt_key().public()],
        not_before: BEGIN,
        expires: BEGIN + DAY,
    }
}

/// The same with no more than a first name and an initial.
pub(crate) fn brief(person: u8) -> Card {
    Card {
        profile: Profile::Abbreviated.to_wire(),
        last_name: "L".into(),
        title: String::new(),
        organisation: String::new(),
        domain: String::new(),
        picture: Vec::new(),
        receipt_key: Vec::new(),
        ceiling: Scopes::CONSENT,
        ..card(person)
    }
}

pub(crate) fn card_key(person: u8) -> SecretKey {
    key(0x20 + person)
}

pub(crate) fn receipt_key() -> SecretKey {
    key(0x40)
}

pub(crate) fn device_key() -> SecretKey {
    key(0x60)
}

/// Signed, whatever is in it.
pub(crate) fn signed(card: &Card, by: &SecretKey) -> Vec<u8> {
    Signed::join(card, &by.sign(&card.message()))
}

pub(crate) fn own(card: &Card, person: u8) -> Option<OwnCard> {
    let own = OwnCard::new(&signed(card, &issuer()), card_key(person)).ok()?;
    Some(match card.picture.is_empty() {
        true => own,
        false => own.with_picture(PICTURE.into()).ok()?,
    })
}

/// A card whose picture goes in two pieces.
pub(crate) fn large(person: u8) -> Card {
    let size = large_picture().len() as u32;
    let hash = own::hash(&large_picture());
    Card {
        picture: vec![PictureInfo { hash, size }],
        ..card(person)
    }
}

fn large_picture() -> Vec<u8> {
    let mut picture = PICTURE.to_vec();
    picture.resize(PICTURE_CHUNK + 1, 0);
    picture
}

/// A card of somebody who does not have its picture at hand.
pub(crate) fn own_without_picture(person: u8) -> Option<OwnCard> {
    OwnCard::new(&signed(&card(person), &issuer()), card_key(person)).ok()
}

pub(crate) fn own_large(person: u8) -> Option<OwnCard> {
    let own = OwnCard::new(&signed(&large(person), &issuer()), card_key(person)).ok()?;
    own.with_picture(large_picture()).ok()
}

/// What is said of the sharer's device.
pub(crate) fn statement(status: DeviceStatus) -> Statement {
    Statement {
        version: 1,
        issuer: issuer().public(),
        device_key: device_key().public(),
        status: status.to_wire(),
        issued: BEGIN,
        expires: BEGIN + 3_600,
    }
}

pub(crate) fn own_device(status: DeviceStatus) -> Option<OwnDevice> {
    let said = issue::state(statement(status), &issuer()).ok()?;
    OwnDevice::new(&said, device_key()).ok()
}

/// A device that can be called.
pub(crate) fn device(without_card: bool) -> Device {
    Device {
        without_card,
        ..Device::enrol(&std::array::from_fn(|place| place as u8))
    }
}
