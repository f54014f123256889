//! The cards and the statement of the chapter, and what they hang on.

use alongside_state_machine::identity::keys::SecretKey;
use alongside_wire::{
    DeviceStatus, Scopes, Suite,
    card::{Card, PictureInfo, Signable, Signed, Statement},
};

use crate::{
    handshakes::Exchange,
    messages::run,
    spelled::{Key, sha256},
};

pub(super) const NOW: u64 = 1_800_000_000;
pub(super) const DAY: u64 = 86_400;

pub(super) fn secret(first: u8) -> SecretKey {
    SecretKey::from_seed(&run(first))
}

/// h of the first handshake of the chapter.
pub(super) fn transcript() -> Key {
    Exchange::of_chapter(&[Suite::ChaChaPoly]).make().finished.h
}

/// The cards of the chapter, before they are signed.
pub(super) fn abbreviated() -> Card {
    Card {
        version: 1,
        profile: 1,
        issuer: secret(0).public(),
        serial: run(0xA0),
        first_name: "Ada".into(),
        last_name: "L".into(),
        title: String::new(),
        organisation: String::new(),
        domain: String::new(),
        picture: vec![],
        ceiling: Scopes::CONSENT,
        card_key: secret(0x20).public(),
        receipt_key: vec![],
        not_before: NOW,
        expires: NOW + DAY,
    }
}

pub(crate) fn full() -> Card {
    Card {
        profile: 2,
        last_name: "Lovelace".into(),
        title: "Engineer".into(),
        organisation: "Analytical Engines".into(),
        domain: "engines.example".into(),
        picture: vec![PictureInfo {
            hash: sha256(&[b"a picture"]),
            size: 9,
        }],
        ceiling: Scopes::CONSENT.union(Scopes::CONTROL),
        receipt_key: vec![secret(0x40).public()],
        ..abbreviated()
    }
}

pub(super) fn unenrolled() -> Statement {
    Statement {
        version: 1,
        issuer: secret(0).public(),
        device_key: secret(0x60).public(),
        status: DeviceStatus::Unenrolled.to_wire(),
        issued: NOW,
        expires: NOW + 3_600,
    }
}

pub(crate) fn sign<T: Signable>(body: &T, issuer: &SecretKey) -> Vec<u8> {
    Signed::join(body, &issuer.sign(&body.message()))
}
