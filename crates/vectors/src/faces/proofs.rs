//! What a card key and a device sign in a session.

use alongside_state_machine::identity::{device::OwnDevice, keys::SecretKey, own::OwnCard};
use alongside_wire::Direction;
use serde_json::{Value, json};

use super::{
    chapter::{abbreviated, full, secret, sign, transcript, unenrolled},
    direction_of,
};
use crate::{
    fields::{bytes_of, key_of},
    messages::run,
    spelled::{Key, hex, sha256},
    vector::File,
};

pub(super) const CARD: &str = "alongside/1 card proof\0";
pub(super) const DEVICE: &str = "alongside/1 device proof\0";

pub(super) fn file() -> File {
    let mut file = File::new("proof");
    let h = transcript();
    let (brief, full) = (sign(&abbreviated(), &secret(0)), sign(&full(), &secret(0)));
    for (id, about, card, direction) in [
        (
            "helper",
            "a helper's, of the chapter",
            &brief,
            Direction::ToSharer,
        ),
        (
            "sharer",
            "a sharer's, of the chapter",
            &full,
            Direction::ToHelper,
        ),
    ] {
        let own = OwnCard::new(card, secret(0x20)).expect("an own card");
        let signed = message(CARD, direction, &h, card);
        let proof = own.prove(direction, &h);
        assert_eq!(proof, secret(0x20).sign(&signed));
        let input = json!({ "of": "card", "seed": hex(run::<32>(0x20)), "direction": direction.name(), "h": hex(h), "bytes": hex(card) });
        file.taken(
            id,
            about,
            &["CARD-9"],
            input,
            json!({ "signed": hex(signed), "proof": hex(proof) }),
        );
    }
    let statement = sign(&unenrolled(), &secret(0));
    let own = OwnDevice::new(&statement, secret(0x60)).expect("an own device");
    let signed = message(DEVICE, Direction::ToHelper, &h, &statement);
    let proof = own.prove(&h);
    assert_eq!(proof, secret(0x60).sign(&signed));
    let input = json!({ "of": "statement", "seed": hex(run::<32>(0x60)), "direction": "to-helper", "h": hex(h), "bytes": hex(statement) });
    file.taken(
        "device",
        "a device's, of the chapter",
        &["ADVISORY-5"],
        input,
        json!({ "signed": hex(signed), "proof": hex(proof) }),
    );
    file
}

/// What is signed for a card or a statement that is shown.
pub(super) fn message(label: &str, direction: Direction, h: &Key, shown: &[u8]) -> Vec<u8> {
    let parts = [
        label.as_bytes(),
        &[direction.to_wire()],
        h,
        &sha256(&[shown]),
    ];
    parts.concat()
}

pub(super) fn compute(input: &Value) -> Value {
    let key = SecretKey::from_seed(&key_of(input, "seed"));
    let (h, shown): (Key, _) = (key_of(input, "h"), bytes_of(input, "bytes"));
    let direction = direction_of(input);
    let (label, proof) = if input["of"] == "card" {
        let own = OwnCard::new(&shown, key).expect("an own card");
        (CARD, own.prove(direction, &h))
    } else {
        let own = OwnDevice::new(&shown, key).expect("an own device");
        (DEVICE, own.prove(&h))
    };
    json!({ "signed": hex(message(label, direction, &h, &shown)), "proof": hex(proof) })
}
