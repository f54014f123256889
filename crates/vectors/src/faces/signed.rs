//! Cards and statements as their issuer signs them.

use alongside_state_machine::identity::{
    issue::{self, Request},
    keys::SecretKey,
};
use alongside_wire::{
    DeviceStatus,
    card::{Card, Signable, Statement},
};
use serde_json::{Value, json};

use super::chapter::{abbreviated, full, secret, sign, unenrolled};
use crate::{
    fields::{self, key_of},
    messages::run,
    spelled::{hex, sha256},
    vector::File,
};

pub(super) fn cards() -> File {
    let mut file = File::new("card-sign");
    for (id, about, card) in [
        (
            "abbreviated",
            "the abbreviated card of the chapter",
            abbreviated(),
        ),
        ("full", "the full card of the chapter", full()),
        (
            "joiners",
            "characters that join letters stay",
            Card {
                last_name: "न\u{200d}".into(),
                ..full()
            },
        ),
    ] {
        let bytes = sign(&card, &secret(0));
        // The same by way of an issuer.
        let receipt = secret(0x40);
        let receipt = (!card.receipt_key.is_empty()).then_some(&receipt);
        let request = Request::new(&secret(0x20), receipt, &[9; 32]);
        assert_eq!(
            issue::issue(card.clone(), &request, &[9; 32], &secret(0)),
            Ok(bytes.clone())
        );
        let input = json!({ "seed": hex(run::<32>(0)), "fields": fields::of(&card) });
        let output = json!({ "signed": hex(card.message()), "card": hex(&bytes), "sha256": hex(sha256(&[&bytes])) });
        file.taken(id, about, &["CARD-1"], input, output);
    }
    file
}

pub(super) fn statements() -> File {
    let mut file = File::new("statement-sign");
    for status in DeviceStatus::ALL {
        let statement = Statement {
            status: status.to_wire(),
            ..unenrolled()
        };
        let bytes = sign(&statement, &secret(0));
        assert_eq!(
            issue::state(statement.clone(), &secret(0)),
            Ok(bytes.clone())
        );
        let input = json!({ "seed": hex(run::<32>(0)), "fields": fields::of(&statement) });
        let output = json!({ "signed": hex(statement.message()), "statement": hex(bytes) });
        file.taken(
            status.name(),
            "an hour of this status",
            &["ADVISORY-4"],
            input,
            output,
        );
    }
    file
}

pub(super) fn card(input: &Value) -> Value {
    let (signed, card) = signed::<Card>(input);
    json!({ "signed": hex(signed), "card": hex(&card), "sha256": hex(sha256(&[&card])) })
}

pub(super) fn statement(input: &Value) -> Value {
    let (signed, statement) = signed::<Statement>(input);
    json!({ "signed": hex(signed), "statement": hex(statement) })
}

/// Signs the fields of a vector.
fn signed<T: Signable>(input: &Value) -> (Vec<u8>, Vec<u8>) {
    let body: T = fields::read(&input["fields"]);
    let bytes = sign(&body, &SecretKey::from_seed(&key_of(input, "seed")));
    (body.message(), bytes)
}
