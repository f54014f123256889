//! What the keys of a card-request sign.

use alongside_state_machine::identity::issue::Request;
use alongside_wire::ErrorCode;
use serde_json::{Value, json};

use super::chapter::secret;
use crate::{
    fields::{bytes_of, key_of},
    messages::run,
    spelled::{Key, hex},
    vector::{File, Refusal},
};

pub(super) fn file() -> File {
    let mut file = File::new("possession");
    let challenge: Key = run(0xC0);
    let input = |request: &Request, challenge: &Key| {
        json!({
            "card_key": hex(request.card_key), "receipt_key": request.receipt_key.iter().map(hex).collect::<Vec<_>>(),
            "challenge": hex(challenge), "proof": hex(&request.proof),
        })
    };
    let both = Request::new(&secret(0x20), Some(&secret(0x40)), &challenge);
    let one = Request::new(&secret(0x20), None, &challenge);
    for (id, about, request) in [
        ("both", "a card key and a receipt key", &both),
        ("one", "a card key alone", &one),
    ] {
        assert!(request.is_proven(&challenge));
        let signed = message(request, &challenge);
        file.taken(
            id,
            about,
            &["CARD-2"],
            input(request, &challenge),
            json!({ "signed": hex(signed) }),
        );
    }
    let swapped = [&both.proof[64..], &both.proof[..64]].concat();
    for (id, about, request, challenge) in [
        ("challenge", "another challenge", both.clone(), run(0)),
        (
            "first-only",
            "the signature of one key of two",
            Request {
                proof: both.proof[..64].into(),
                ..both.clone()
            },
            challenge,
        ),
        (
            "swapped",
            "both signatures, in the other order",
            Request {
                proof: swapped,
                ..both.clone()
            },
            challenge,
        ),
        (
            "more",
            "a byte more",
            Request {
                proof: [&one.proof[..], &[0]].concat(),
                ..one.clone()
            },
            challenge,
        ),
        (
            "none",
            "no signature",
            Request {
                proof: vec![],
                ..one.clone()
            },
            challenge,
        ),
        (
            "other-key",
            "a card key that did not sign",
            Request {
                card_key: secret(0x21).public(),
                ..one
            },
            challenge,
        ),
    ] {
        assert!(!request.is_proven(&challenge), "{id}");
        file.refused(
            id,
            about,
            input(&request, &challenge),
            Refusal::reported(ErrorCode::Denied, "CARD-24"),
        );
    }
    file
}

fn message(request: &Request, challenge: &Key) -> Vec<u8> {
    let label = b"alongside/1 card request\0";
    let count = [request.receipt_key.len() as u8];
    let receipt = request.receipt_key.concat();
    [&label[..], challenge, &request.card_key, &count, &receipt].concat()
}

pub(super) fn compute(input: &Value) -> Result<Value, Refusal> {
    let receipt_key: Vec<Key> = serde_json::from_value::<Vec<String>>(input["receipt_key"].clone())
        .expect("keys")
        .iter()
        .map(|key| key_of(&json!({ "key": key }), "key"))
        .collect();
    let challenge: Key = key_of(input, "challenge");
    let request = Request {
        card_key: key_of(input, "card_key"),
        receipt_key,
        proof: bytes_of(input, "proof"),
    };
    let proven = request.is_proven(&challenge);
    proven
        .then(|| json!({ "signed": hex(message(&request, &challenge)) }))
        .ok_or(Refusal::reported(ErrorCode::Denied, "CARD-24"))
}
