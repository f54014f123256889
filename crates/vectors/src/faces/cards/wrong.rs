//! Cards that nobody may take.

use alongside_state_machine::error::Fault;
use alongside_wire::{
    Direction, ErrorCode, Scopes,
    card::{Card, PictureInfo, Signable, Signed},
};
use curve25519_dalek::constants::EIGHT_TORSION;

use super::{
    super::chapter::{DAY, NOW, abbreviated, full, secret},
    Shown,
};
use crate::{
    messages::run,
    vector::{File, Refusal},
};

pub(super) fn add(file: &mut File) {
    of_others(file);
    proven_wrong(file);
    with_a_wrong_field(file);
    too_large(file);
    no_encoding(file);
}

fn refused(
    file: &mut File,
    id: &str,
    about: &str,
    shown: &Shown,
    code: ErrorCode,
    requirement: &'static str,
) {
    let said = shown.judge().expect_err(id);
    assert_eq!(said.code(), code, "{id}: {said}");
    let named = match said {
        Fault::Decode(error) => {
            requirement == error.clause()
                || error.clause() == "WIRE-7" && !requirement.starts_with("WIRE")
        }
        _ => said.clause() == requirement,
    };
    assert!(named, "{id}: {said}");
    let refusal = Refusal::reported(code, requirement);
    file.refused(id, about, shown.json(), refusal);
}

fn sound() -> Shown {
    Shown::of(&full())
}

fn long(letters: usize) -> String {
    "x".repeat(letters)
}

fn of_others(file: &mut File) {
    let mut flipped = sound();
    let last = flipped.card.len() - 1;
    flipped.card[last] ^= 1;
    refused(
        file,
        "signature",
        "a bit of the issuer's signature was changed",
        &flipped,
        ErrorCode::BadCard,
        "CARD-7",
    );
    let mut forged = sound();
    let signature = secret(1).sign(&full().message());
    forged.card = Signed::join(&full(), &signature);
    refused(
        file,
        "issuer",
        "signed by another than it names",
        &forged,
        ErrorCode::BadCard,
        "CARD-7",
    );
    let torsion = EIGHT_TORSION[1].compress().to_bytes();
    refused(
        file,
        "card-key",
        "a card key of small order",
        &Shown::of(&Card {
            card_key: torsion,
            ..full()
        }),
        ErrorCode::BadCard,
        "CARD-7",
    );
    refused(
        file,
        "receipt-key",
        "a receipt key of small order",
        &Shown::of(&Card {
            receipt_key: vec![torsion],
            ..full()
        }),
        ErrorCode::BadCard,
        "CARD-7",
    );
}

fn proven_wrong(file: &mut File) {
    let bad = ErrorCode::BadProof;
    refused(
        file,
        "direction",
        "a proof of the other direction",
        &Shown {
            direction: Direction::ToHelper,
            ..sound()
        },
        bad,
        "CARD-9",
    );
    refused(
        file,
        "session",
        "a proof of another session",
        &Shown {
            h: run(0),
            ..sound()
        },
        bad,
        "CARD-9",
    );
    let stranger = Shown {
        proof: secret(0x21).sign(b"anything").into(),
        ..sound()
    };
    refused(
        file,
        "stranger",
        "a proof by another key",
        &stranger,
        bad,
        "CARD-9",
    );
    refused(
        file,
        "other-card",
        "a proof for another card of the same key",
        &Shown {
            proof: Shown::of(&abbreviated()).proof,
            ..sound()
        },
        bad,
        "CARD-9",
    );
}

fn with_a_wrong_field(file: &mut File) {
    for (id, about, card, requirement) in [
        (
            "ends-first",
            "it expires when it begins",
            Card {
                expires: NOW,
                ..full()
            },
            "CARD-3",
        ),
        (
            "long-life",
            "a second more than a day",
            Card {
                expires: NOW + DAY + 1,
                ..full()
            },
            "CARD-3",
        ),
        (
            "brief-title",
            "an abbreviated card with a title",
            Card {
                title: "Engineer".into(),
                ..abbreviated()
            },
            "CARD-5",
        ),
        (
            "brief-organisation",
            "one with an organisation",
            Card {
                organisation: "Engines".into(),
                ..abbreviated()
            },
            "CARD-5",
        ),
        (
            "brief-domain",
            "one with a domain",
            Card {
                domain: "engines.example".into(),
                ..abbreviated()
            },
            "CARD-5",
        ),
        (
            "brief-picture",
            "one with a picture",
            Card {
                picture: full().picture,
                ..abbreviated()
            },
            "CARD-5",
        ),
        (
            "brief-name",
            "one with two characters of a last name",
            Card {
                last_name: "Lo".into(),
                ..abbreviated()
            },
            "CARD-5",
        ),
        (
            "control",
            "a control character",
            Card {
                title: "Engineer\u{7}".into(),
                ..full()
            },
            "CARD-6",
        ),
        (
            "override",
            "a mark that turns text around",
            Card {
                first_name: "A\u{202e}da".into(),
                ..full()
            },
            "CARD-6",
        ),
        (
            "isolate",
            "an isolate",
            Card {
                organisation: "\u{2066}Engines".into(),
                ..full()
            },
            "CARD-6",
        ),
        (
            "zero-width",
            "a space without width",
            Card {
                last_name: "Love\u{200b}lace".into(),
                ..full()
            },
            "CARD-6",
        ),
        (
            "byte-order",
            "a byte order mark",
            Card {
                title: "\u{feff}Engineer".into(),
                ..full()
            },
            "CARD-6",
        ),
        (
            "arabic-mark",
            "an Arabic letter mark",
            Card {
                title: "\u{61c}Engineer".into(),
                ..full()
            },
            "CARD-6",
        ),
        (
            "version",
            "another version",
            Card {
                version: 2,
                ..full()
            },
            "WIRE-7",
        ),
        (
            "profile",
            "another profile",
            Card {
                profile: 3,
                ..full()
            },
            "WIRE-7",
        ),
        (
            "no-name",
            "no first name",
            Card {
                first_name: String::new(),
                ..full()
            },
            "WIRE-7",
        ),
        (
            "no-view",
            "a ceiling without view",
            Card {
                ceiling: Scopes::CONTROL,
                ..full()
            },
            "WIRE-7",
        ),
        (
            "empty-picture",
            "a picture of no bytes",
            Card {
                picture: vec![PictureInfo {
                    hash: run(0),
                    size: 0,
                }],
                ..full()
            },
            "WIRE-7",
        ),
        (
            "domain-capital",
            "a domain with a capital letter",
            Card {
                domain: "Engines.example".into(),
                ..full()
            },
            "WIRE-7",
        ),
        (
            "domain-hyphen",
            "a label that ends in a hyphen",
            Card {
                domain: "engines-.example".into(),
                ..full()
            },
            "WIRE-7",
        ),
        (
            "domain-dot",
            "a domain with a full stop at the end",
            Card {
                domain: "engines.example.".into(),
                ..full()
            },
            "WIRE-7",
        ),
        (
            "domain-label",
            "a label of 64 letters",
            Card {
                domain: format!("{}.example", long(64)),
                ..full()
            },
            "WIRE-7",
        ),
    ] {
        refused(
            file,
            id,
            about,
            &Shown::of(&card),
            ErrorCode::Malformed,
            requirement,
        );
    }
}

fn too_large(file: &mut File) {
    for (id, about, card) in [
        (
            "long-first",
            "a first name of 65 bytes",
            Card {
                first_name: long(65),
                ..full()
            },
        ),
        (
            "long-last",
            "a last name of 65 bytes",
            Card {
                last_name: long(65),
                ..full()
            },
        ),
        (
            "long-title",
            "a title of 129 bytes",
            Card {
                title: long(129),
                ..full()
            },
        ),
        (
            "long-organisation",
            "an organisation of 129 bytes",
            Card {
                organisation: long(129),
                ..full()
            },
        ),
        (
            "long-domain",
            "a domain of 254 bytes",
            Card {
                domain: [long(63), long(63), long(63), long(62)].join("."),
                ..full()
            },
        ),
        (
            "two-pictures",
            "two pictures",
            Card {
                picture: [full().picture, full().picture].concat(),
                ..full()
            },
        ),
        (
            "large-picture",
            "a picture of 65,537 bytes",
            Card {
                picture: vec![PictureInfo {
                    hash: run(0),
                    size: 65_537,
                }],
                ..full()
            },
        ),
        (
            "two-receipt-keys",
            "two receipt keys",
            Card {
                receipt_key: vec![secret(0x40).public(); 2],
                ..full()
            },
        ),
    ] {
        refused(
            file,
            id,
            about,
            &Shown::of(&card),
            ErrorCode::TooLarge,
            "WIRE-5",
        );
    }
}

fn no_encoding(file: &mut File) {
    let whole = sound().card;
    refused(
        file,
        "short",
        "less than a signature",
        &Shown {
            card: whole[..63].into(),
            ..sound()
        },
        ErrorCode::Malformed,
        "WIRE-3",
    );
    refused(
        file,
        "long",
        "1,025 bytes",
        &Shown {
            card: vec![1; 1_025],
            ..sound()
        },
        ErrorCode::TooLarge,
        "WIRE-5",
    );
    let more = [&whole[..whole.len() - 64], &[0], &whole[whole.len() - 64..]].concat();
    refused(
        file,
        "more",
        "a byte after the fields",
        &Shown {
            card: more,
            ..sound()
        },
        ErrorCode::Malformed,
        "WIRE-4",
    );
}
