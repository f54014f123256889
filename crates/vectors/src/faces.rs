//! Signatures, cards, what is said of devices, and their proofs.

use alongside_state_machine::{
    device::token_hash,
    error::Fault,
    identity::{
        device::{self, Device, OwnDevice, Why},
        issue::{self, Request},
        keys::{self, SecretKey},
        own::OwnCard,
        picture,
        trust::{self, Anchor, Doubt, Standing},
    },
};
use alongside_wire::{
    DeviceStatus, Direction, ErrorCode, Scopes, Suite,
    card::{Card, PictureInfo, Signable, Signed, Statement},
    device::{DeviceId, DeviceToken},
};
use curve25519_dalek::{Scalar, constants::EIGHT_TORSION, edwards::CompressedEdwardsY};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use crate::{
    fields::{self, bytes_of, key_of},
    handshakes::Exchange,
    messages::run,
    spelled::{Key, hex, sha256},
    vector::{File, Refusal},
};

pub(crate) fn files() -> Vec<File> {
    vec![
        signatures(),
        signed_cards(),
        proofs(),
        cards(),
        possessions(),
        signed_statements(),
        statements(),
        devices(),
        pictures(),
    ]
}

const NOW: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

fn secret(first: u8) -> SecretKey {
    SecretKey::from_seed(&run(first))
}

/// h of the first handshake of the chapter.
fn transcript() -> Key {
    Exchange::of_chapter(&[Suite::ChaChaPoly]).make().finished.h
}

fn signatures() -> File {
    let mut file = File::new("signature");
    let seed: Key = run(0);
    let public = secret(0).public();
    let message = b"alongside/1 test\0a message".to_vec();
    let signature = secret(0).sign(&message);
    let input = |key: &Key, message: &[u8], signature: &[u8]| json!({ "key": hex(key), "message": hex(message), "signature": hex(signature) });
    file.taken(
        "right",
        "a signature",
        &["CARD-8"],
        input(&public, &message, &signature),
        json!({}),
    );
    file.taken(
        "empty",
        "of an empty message",
        &["CARD-8"],
        input(&public, b"", &secret(0).sign(b"")),
        json!({}),
    );
    let mut refused =
        |id: &str, about: &str, key: &Key, message: &[u8], signature: &[u8; 64], requirement| {
            assert!(!keys::verify(key, message, signature), "{id}");
            assert_eq!(keys::check(key).is_err(), requirement == "CARD-4", "{id}");
            file.refused(
                id,
                about,
                input(key, message, signature),
                Refusal::silent(requirement),
            );
        };
    for (id, about, at) in [
        ("r", "a bit of R was changed", 0),
        ("s", "a bit of S was changed", 32),
    ] {
        let mut other = signature;
        other[at] ^= 1;
        refused(id, about, &public, &message, &other, "CARD-8");
    }
    refused(
        "message",
        "of another message",
        &public,
        b"another",
        &signature,
        "CARD-8",
    );
    refused(
        "key",
        "by another key",
        &secret(1).public(),
        &message,
        &signature,
        "CARD-8",
    );
    let mut beyond = signature;
    beyond[32..].copy_from_slice(&plus_order(&signature[32..]));
    refused(
        "s-beyond",
        "S is not below L: the same number and L",
        &public,
        &message,
        &beyond,
        "CARD-8",
    );

    // What only keeps the equation, made with the secret scalar.
    let hashed: [u8; 64] = Sha512::digest(seed).into();
    let a = Scalar::from_bytes_mod_order(curve25519_dalek::scalar::clamp_integer(
        hashed[..32].try_into().expect("32 bytes"),
    ));
    let k = |r: &Key, key: &Key, message: &[u8]| {
        let hash: [u8; 64] = Sha512::digest([&r[..], key, message].concat()).into();
        Scalar::from_bytes_mod_order_wide(&hash)
    };
    let join = |r: &Key, s: Scalar| -> [u8; 64] {
        [*r, s.to_bytes()].concat().try_into().expect("64 bytes")
    };
    let torsion = EIGHT_TORSION.map(|point| point.compress().to_bytes());
    let small = join(&torsion[0], k(&torsion[0], &public, &message) * a);
    refused(
        "r-small",
        "R is the identity, and the equation holds",
        &public,
        &message,
        &small,
        "CARD-8",
    );
    let r = Scalar::from_bytes_mod_order(run(0x77));
    let big_r = curve25519_dalek::EdwardsPoint::mul_base(&r)
        .compress()
        .to_bytes();
    for (id, about, key) in [
        (
            "key-identity",
            "the key is the identity, and the equation holds",
            torsion[0],
        ),
        ("key-order-4", "the key has order 4", torsion[2]),
    ] {
        refused(id, about, &key, &message, &join(&big_r, r), "CARD-4");
    }
    let mut noncanonical = [0xFF; 32];
    (noncanonical[0], noncanonical[31]) = (0xEE, 0x7F);
    refused(
        "key-beyond",
        "the key is another encoding of the identity, and the equation holds",
        &noncanonical,
        &message,
        &join(&big_r, r),
        "CARD-4",
    );
    let mut none = [0; 32];
    none[0] = 2;
    while CompressedEdwardsY(none).decompress().is_some() {
        none[0] += 1;
    }
    refused(
        "key-none",
        "the key decodes to no point",
        &none,
        &message,
        &signature,
        "CARD-4",
    );
    let point = CompressedEdwardsY(public).decompress().expect("a key") + EIGHT_TORSION[1];
    let mixed = point.compress().to_bytes();
    // With a k that is a multiple of 8 the part of small order falls away.
    let (message, k) = (0_u8..=255)
        .map(|last| [&message[..], &[last]].concat())
        .map(|message| (k(&big_r, &mixed, &message), message))
        .map(|(k, message)| (message, k))
        .find(|(_, k)| k.to_bytes()[0] % 8 == 0)
        .expect("one of eight");
    refused(
        "key-mixed",
        "a key with a part of small order, and the equation holds",
        &mixed,
        &message,
        &join(&big_r, r + k * a),
        "CARD-4",
    );
    file
}

/// A number of 32 bytes, little-endian, and L.
pub(crate) fn plus_order(number: &[u8]) -> Key {
    let mut order = (-Scalar::ONE).to_bytes();
    order[0] += 1;
    let mut carry = 0;
    for (a, b) in number.iter().zip(&mut order) {
        let sum = u16::from(*a) + u16::from(*b) + carry;
        carry = sum >> 8;
        *b = sum as u8;
    }
    order
}

/// The cards of the chapter, before they are signed.
fn abbreviated() -> Card {
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

pub(crate) fn sign<T: Signable>(body: &T, issuer: &SecretKey) -> Vec<u8> {
    Signed::join(body, &issuer.sign(&body.message()))
}

fn signed_cards() -> File {
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

fn proofs() -> File {
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
        let signed = [
            &b"alongside/1 card proof\0"[..],
            &[direction.to_wire()],
            &h,
            &sha256(&[card]),
        ]
        .concat();
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
    let signed = [
        &b"alongside/1 device proof\0"[..],
        &[0],
        &h,
        &sha256(&[&statement]),
    ]
    .concat();
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

pub(crate) fn anchor(name: &str, key: Key, runs_relay: bool) -> Anchor {
    Anchor {
        name: name.into(),
        key,
        runs_relay,
    }
}

pub(crate) fn anchors_json(anchors: &[Anchor]) -> Value {
    let one = |anchor: &Anchor| json!({ "name": anchor.name, "key": hex(anchor.key), "runs_relay": anchor.runs_relay });
    anchors.iter().map(one).collect()
}

/// One card that is shown.
struct Shown {
    card: Vec<u8>,
    proof: Vec<u8>,
    direction: Direction,
    h: Key,
    anchors: Vec<Anchor>,
    now: Option<u64>,
}

impl Shown {
    fn of(card: &Card) -> Self {
        let bytes = sign(card, &secret(0));
        let h = transcript();
        let direction = Direction::ToSharer;
        let signed = [
            &b"alongside/1 card proof\0"[..],
            &[1],
            &h,
            &sha256(&[&bytes]),
        ]
        .concat();
        Self {
            card: bytes,
            proof: secret(0x20).sign(&signed).into(),
            direction,
            h,
            anchors: vec![anchor("Engines", secret(0).public(), false)],
            now: Some(NOW + 1),
        }
    }

    fn json(&self) -> Value {
        json!({
            "card": hex(&self.card), "proof": hex(&self.proof), "direction": self.direction.name(),
            "h": hex(self.h), "anchors": anchors_json(&self.anchors), "now": self.now,
        })
    }

    fn judge(&self) -> Result<trust::Who, Fault> {
        let card = trust::authenticate(&self.card, &self.proof, self.direction, &self.h)?;
        Ok(trust::judge(card, &self.anchors, self.now))
    }
}

fn cards() -> File {
    let mut file = File::new("card");
    shown_cards(&mut file);
    wrong_cards(&mut file);
    file
}

fn shown_cards(file: &mut File) {
    let sound = || Shown::of(&full());
    let relay = vec![anchor("Relay", secret(0).public(), true)];
    let other = vec![anchor("Other", secret(1).public(), false)];
    let tolerated = 300;
    for (id, about, shows, shown, result) in [
        (
            "verified",
            "the issuer is an anchor",
            "CARD-13",
            sound(),
            "verified",
        ),
        (
            "abbreviated",
            "an abbreviated card",
            "CARD-13",
            Shown::of(&abbreviated()),
            "verified",
        ),
        (
            "relay",
            "the issuer also runs the relay",
            "CARD-15",
            Shown {
                anchors: relay,
                ..sound()
            },
            "vouched-by-relay",
        ),
        (
            "unknown",
            "the issuer is another than the anchor",
            "CARD-14",
            Shown {
                anchors: other,
                ..sound()
            },
            "unknown-issuer",
        ),
        (
            "no-anchors",
            "no anchors",
            "CARD-14",
            Shown {
                anchors: vec![],
                ..sound()
            },
            "unknown-issuer",
        ),
        (
            "no-clock",
            "the time is not known",
            "CARD-14",
            Shown {
                now: None,
                ..sound()
            },
            "clock",
        ),
        (
            "just-begun",
            "five minutes before it begins",
            "CARD-13",
            Shown {
                now: Some(NOW - tolerated),
                ..sound()
            },
            "verified",
        ),
        (
            "early",
            "a second earlier",
            "CARD-14",
            Shown {
                now: Some(NOW - tolerated - 1),
                ..sound()
            },
            "clock",
        ),
        (
            "just-ended",
            "five minutes after it expires",
            "CARD-13",
            Shown {
                now: Some(NOW + DAY + tolerated),
                ..sound()
            },
            "verified",
        ),
        (
            "late",
            "a second later",
            "CARD-14",
            Shown {
                now: Some(NOW + DAY + tolerated + 1),
                ..sound()
            },
            "clock",
        ),
        (
            "none",
            "no card",
            "CARD-14",
            Shown {
                card: vec![],
                proof: vec![],
                ..sound()
            },
            "no-card",
        ),
    ] {
        let who = shown.judge().expect(id);
        let output = who_json(&who);
        assert_eq!(output["result"], result, "{id}");
        file.taken(id, about, &[shows], shown.json(), output);
    }
}

fn who_json(who: &trust::Who) -> Value {
    let (result, issuer) = match &who.standing {
        Standing::Verified { issuer } => ("verified", Some(issuer)),
        Standing::VouchedByRelay { issuer } => ("vouched-by-relay", Some(issuer)),
        Standing::Unverified(Doubt::NoCard) => ("no-card", None),
        Standing::Unverified(Doubt::UnknownIssuer) => ("unknown-issuer", None),
        Standing::Unverified(Doubt::Clock) => ("clock", None),
    };
    let mut output = json!({ "result": result });
    if let Some(issuer) = issuer {
        output["issuer"] = json!(issuer);
    }
    if let Some(card) = &who.card {
        output["fields"] = fields::of(card);
    }
    output
}

fn wrong_cards(file: &mut File) {
    let mut refused =
        |id: &str, about: &str, shown: &Shown, code: ErrorCode, requirement: &'static str| {
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
            file.refused(
                id,
                about,
                shown.json(),
                Refusal::reported(code, requirement),
            );
        };
    let sound = || Shown::of(&full());
    let mut flipped = sound();
    let last = flipped.card.len() - 1;
    flipped.card[last] ^= 1;
    refused(
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
        "issuer",
        "signed by another than it names",
        &forged,
        ErrorCode::BadCard,
        "CARD-7",
    );
    let torsion = EIGHT_TORSION[1].compress().to_bytes();
    refused(
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
        "receipt-key",
        "a receipt key of small order",
        &Shown::of(&Card {
            receipt_key: vec![torsion],
            ..full()
        }),
        ErrorCode::BadCard,
        "CARD-7",
    );
    let bad = ErrorCode::BadProof;
    refused(
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
        "stranger",
        "a proof by another key",
        &stranger,
        bad,
        "CARD-9",
    );
    refused(
        "other-card",
        "a proof for another card of the same key",
        &Shown {
            proof: Shown::of(&abbreviated()).proof,
            ..sound()
        },
        bad,
        "CARD-9",
    );

    let malformed = ErrorCode::Malformed;
    let long = |letters: usize| "x".repeat(letters);
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
        refused(id, about, &Shown::of(&card), malformed, requirement);
    }
    let large = ErrorCode::TooLarge;
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
        refused(id, about, &Shown::of(&card), large, "WIRE-5");
    }
    let whole = sound().card;
    refused(
        "short",
        "less than a signature",
        &Shown {
            card: whole[..63].into(),
            ..sound()
        },
        malformed,
        "WIRE-3",
    );
    refused(
        "long",
        "1,025 bytes",
        &Shown {
            card: vec![1; 1_025],
            ..sound()
        },
        large,
        "WIRE-5",
    );
    let more = [&whole[..whole.len() - 64], &[0], &whole[whole.len() - 64..]].concat();
    refused(
        "more",
        "a byte after the fields",
        &Shown {
            card: more,
            ..sound()
        },
        malformed,
        "WIRE-4",
    );
}

/// What the keys of a card-request sign.
fn possessions() -> File {
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
        let count = [request.receipt_key.len() as u8];
        let receipt = request.receipt_key.concat();
        let signed = [
            &b"alongside/1 card request\0"[..],
            &challenge,
            &request.card_key,
            &count,
            &receipt,
        ]
        .concat();
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

fn unenrolled() -> Statement {
    Statement {
        version: 1,
        issuer: secret(0).public(),
        device_key: secret(0x60).public(),
        status: DeviceStatus::Unenrolled.to_wire(),
        issued: NOW,
        expires: NOW + 3_600,
    }
}

fn signed_statements() -> File {
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

fn statements() -> File {
    let mut file = File::new("statement");
    let h = transcript();
    let known = vec![anchor("Engines", secret(0).public(), false)];
    let proof = |bytes: &[u8], key: u8, h: &Key| {
        let signed = [
            &b"alongside/1 device proof\0"[..],
            &[0],
            h,
            &sha256(&[bytes]),
        ]
        .concat();
        secret(key).sign(&signed).to_vec()
    };
    let input = |bytes: &[u8], proof: &[u8], anchors: &[Anchor], now: Option<u64>| json!({ "statement": hex(bytes), "proof": hex(proof), "h": hex(h), "anchors": anchors_json(anchors), "now": now });
    let compliant = Statement {
        status: 1,
        ..unenrolled()
    };
    let cannot_tell = Statement {
        status: 4,
        ..unenrolled()
    };
    let now = Some(NOW + 1);
    for (id, about, statement, anchors, now, status, why) in [
        (
            "compliant",
            "an anchor says so",
            Some(&compliant),
            &known[..],
            now,
            "compliant",
            None,
        ),
        (
            "unenrolled",
            "an anchor says so",
            Some(&unenrolled()),
            &known,
            now,
            "unenrolled",
            None,
        ),
        (
            "cannot-tell",
            "the issuer does not know",
            Some(&cannot_tell),
            &known,
            now,
            "unknown",
            Some("issuer-cannot-tell"),
        ),
        (
            "issuer",
            "no anchor",
            Some(&compliant),
            &[],
            now,
            "unknown",
            Some("unknown-issuer"),
        ),
        (
            "late",
            "it holds no more",
            Some(&compliant),
            &known,
            Some(NOW + 3_901),
            "unknown",
            Some("clock"),
        ),
        (
            "just-ended",
            "five minutes after it expires",
            Some(&compliant),
            &known,
            Some(NOW + 3_900),
            "compliant",
            None,
        ),
        (
            "no-clock",
            "the time is not known",
            Some(&compliant),
            &known,
            None,
            "unknown",
            Some("clock"),
        ),
        (
            "none",
            "no statement",
            None,
            &known,
            now,
            "unknown",
            Some("no-statement"),
        ),
    ] {
        let bytes = statement
            .map(|statement| sign(statement, &secret(0)))
            .unwrap_or_default();
        let shown = if bytes.is_empty() {
            vec![]
        } else {
            proof(&bytes, 0x60, &h)
        };
        let device = device::judge(&bytes, &shown, &h, anchors, now).expect(id);
        let said = self::status(&device);
        assert_eq!(said, (status, why), "{id}");
        let mut output = json!({ "status": status });
        if let Some(why) = why {
            output["why"] = json!(why);
        }
        file.taken(
            id,
            about,
            &["ADVISORY-6"],
            input(&bytes, &shown, anchors, now),
            output,
        );
    }
    let right = sign(&compliant, &secret(0));
    let forged = Signed::join(&compliant, &secret(1).sign(&compliant.message()));
    let device = ErrorCode::BadProof;
    let lives = |issued: u64, expires| {
        sign(
            &Statement {
                issued,
                expires,
                ..compliant.clone()
            },
            &secret(0),
        )
    };
    let of = |status| {
        sign(
            &Statement {
                status,
                ..compliant.clone()
            },
            &secret(0),
        )
    };
    let no_device = sign(
        &Statement {
            device_key: EIGHT_TORSION[0].compress().to_bytes(),
            ..compliant.clone()
        },
        &secret(0),
    );
    let s = Scalar::from_bytes_mod_order(run(0x77));
    let r = curve25519_dalek::EdwardsPoint::mul_base(&s);
    let any_proof = [r.compress().to_bytes(), s.to_bytes()];
    for (id, about, bytes, shown, code, requirement) in [
        (
            "issuer",
            "signed by another than it names",
            forged.clone(),
            proof(&forged, 0x60, &h),
            ErrorCode::BadAdvisory,
            "ADVISORY-4",
        ),
        (
            "device",
            "shown by another device",
            right.clone(),
            proof(&right, 0x61, &h),
            device,
            "ADVISORY-5",
        ),
        (
            "device-key",
            "the device key is the identity, and the equation of the proof holds",
            no_device,
            any_proof.concat(),
            device,
            "ADVISORY-5",
        ),
        (
            "session",
            "shown in another session",
            right.clone(),
            proof(&right, 0x60, &run(0)),
            device,
            "ADVISORY-5",
        ),
        (
            "ends-first",
            "it expires when it is issued",
            lives(NOW, NOW),
            vec![0; 64],
            ErrorCode::Malformed,
            "ADVISORY-3",
        ),
        (
            "long-life",
            "a second more than an hour",
            lives(NOW, NOW + 3_601),
            vec![0; 64],
            ErrorCode::Malformed,
            "ADVISORY-3",
        ),
        (
            "status-0",
            "a status that is not registered",
            of(0),
            vec![0; 64],
            ErrorCode::Malformed,
            "WIRE-7",
        ),
        (
            "status-5",
            "another one",
            of(5),
            vec![0; 64],
            ErrorCode::Malformed,
            "WIRE-7",
        ),
        (
            "short",
            "less than a signature",
            right[..63].into(),
            vec![0; 64],
            ErrorCode::Malformed,
            "WIRE-3",
        ),
    ] {
        let said = device::judge(&bytes, &shown, &h, &known, now).expect_err(id);
        assert_eq!(said.code(), code, "{id}: {said}");
        let named = said.clause() == requirement || said.clause() == "WIRE-7";
        assert!(named, "{id}: {said}");
        file.refused(
            id,
            about,
            input(&bytes, &shown, &known, now),
            Refusal::reported(code, requirement),
        );
    }
    file
}

fn status(device: &Device) -> (&'static str, Option<&'static str>) {
    match device {
        Device::Said { status, .. } => (status.name(), None),
        Device::Unknown(Why::NoStatement) => ("unknown", Some("no-statement")),
        Device::Unknown(Why::UnknownIssuer) => ("unknown", Some("unknown-issuer")),
        Device::Unknown(Why::Stale) => ("unknown", Some("clock")),
        Device::Unknown(Why::IssuerCannotTell) => ("unknown", Some("issuer-cannot-tell")),
    }
}

fn devices() -> File {
    let mut file = File::new("device");
    for (id, about, device, token) in [
        ("chapter", "the numbers of the chapter", run(0), run(0xC0)),
        ("other", "another device", [0xFF; 16], [0; 32]),
    ] {
        let (device, token) = (DeviceId(device), DeviceToken(token));
        let hash = token_hash(&token);
        assert_eq!(hash, sha256(&[b"alongside/1 device token\0", &token.0]));
        let input = json!({ "id": hex(device.0), "token": hex(token.0) });
        let output =
            json!({ "text": device.to_string(), "place": device.place(), "token_hash": hex(hash) });
        file.taken(id, about, &["DEVICE-4", "DEVICE-12"], input, output);
    }
    file
}

/// Files of pictures, whole or as far as their heads.
fn pictures() -> File {
    let mut file = File::new("picture");
    let png = |width: u32, height: u32| {
        let head = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
        [
            &head[..],
            &width.to_be_bytes(),
            &height.to_be_bytes(),
            &[8, 2, 0, 0, 0],
        ]
        .concat()
    };
    let jpeg = |width: u16, height: u16| {
        let start = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 1, 0xFF, 0xC0, 0, 8, 8];
        [
            &start[..],
            &height.to_be_bytes(),
            &width.to_be_bytes(),
            &[0],
        ]
        .concat()
    };
    let input = |info: &PictureInfo, bytes: &[u8]| json!({ "hash": hex(info.hash), "size": info.size, "file": hex(bytes) });
    let named = |bytes: &[u8]| PictureInfo {
        hash: sha256(&[bytes]),
        size: bytes.len() as u32,
    };
    for (id, about, bytes, head) in [
        (
            "chapter",
            "the picture of the chapter is none that may be decoded",
            b"a picture".to_vec(),
            None,
        ),
        ("png", "a PNG file", png(2, 3), Some((1, 2, 3))),
        ("jpeg", "a JPEG file", jpeg(2, 3), Some((2, 2, 3))),
        (
            "largest",
            "sides of 1,024 pixels",
            png(1_024, 1_024),
            Some((1, 1_024, 1_024)),
        ),
        ("wide", "a side of 1,025 pixels", png(1_025, 1), None),
        (
            "high",
            "the other side of 1,025 pixels",
            png(1, 1_025),
            None,
        ),
        ("no-width", "a side of 0", jpeg(0, 3), None),
        (
            "other",
            "another kind of file",
            b"GIF89a\x02\0\x03\0".to_vec(),
            None,
        ),
        ("empty", "an empty file", vec![], None),
    ] {
        let info = named(&bytes);
        assert!(picture::is_named(&info, &bytes), "{id}");
        let said =
            picture::head(&bytes).map(|head| (head.codec.to_wire(), head.width, head.height));
        assert_eq!(said, head, "{id}");
        let head = head.map(
            |(codec, width, height)| json!({ "codec": codec, "width": width, "height": height }),
        );
        file.taken(
            id,
            about,
            &["PICTURE-4", "PICTURE-5"],
            input(&info, &bytes),
            json!({ "head": head }),
        );
    }
    let right = png(2, 3);
    let mut other = right.clone();
    other[20] ^= 1;
    for (id, about, info, bytes) in [
        (
            "hash",
            "a bit of the file was changed",
            named(&right),
            &other,
        ),
        (
            "named",
            "a card that names another hash",
            PictureInfo {
                hash: run(0),
                ..named(&right)
            },
            &right,
        ),
    ] {
        assert!(!picture::is_named(&info, bytes), "{id}");
        file.refused(
            id,
            about,
            input(&info, bytes),
            Refusal::reported(ErrorCode::BadPicture, "PICTURE-4"),
        );
    }
    file
}

/// The anchors of a vector.
pub(crate) fn anchors_of(input: &Value) -> Vec<Anchor> {
    let all = input["anchors"].as_array().expect("anchors").iter();
    let one = |one: &Value| Anchor {
        name: one["name"].as_str().expect("a name").into(),
        key: key_of(one, "key"),
        runs_relay: one["runs_relay"].as_bool().expect("a bool"),
    };
    all.map(one).collect()
}

fn refused(said: Fault) -> Refusal {
    Refusal::reported(said.code(), said.clause())
}

/// Signs the fields of a vector.
fn signed<T: Signable>(input: &Value) -> (Vec<u8>, Vec<u8>) {
    let body: T = fields::read(&input["fields"]);
    let bytes = sign(&body, &SecretKey::from_seed(&key_of(input, "seed")));
    (body.message(), bytes)
}

/// What comes of an input of one of these kinds.
pub(crate) fn compute(kind: &str, input: &Value) -> Result<Value, Refusal> {
    let direction = if input["direction"] == "to-helper" {
        Direction::ToHelper
    } else {
        Direction::ToSharer
    };
    let bytes = |name| bytes_of(input, name);
    match kind {
        "signature" => {
            let (key, signature) = (key_of(input, "key"), key_of(input, "signature"));
            keys::check(&key).map_err(|_| Refusal::silent("CARD-4"))?;
            let right = keys::verify(&key, &bytes("message"), &signature);
            right.then(|| json!({})).ok_or(Refusal::silent("CARD-8"))
        }
        "card-sign" => {
            let (signed, card) = signed::<Card>(input);
            Ok(
                json!({ "signed": hex(signed), "card": hex(&card), "sha256": hex(sha256(&[&card])) }),
            )
        }
        "statement-sign" => {
            let (signed, statement) = signed::<Statement>(input);
            Ok(json!({ "signed": hex(signed), "statement": hex(statement) }))
        }
        "proof" => {
            let key = SecretKey::from_seed(&key_of(input, "seed"));
            let (h, shown): (Key, _) = (key_of(input, "h"), bytes("bytes"));
            let label = if input["of"] == "card" {
                "alongside/1 card proof\0"
            } else {
                "alongside/1 device proof\0"
            };
            let signed = [
                label.as_bytes(),
                &[direction.to_wire()],
                &h,
                &sha256(&[&shown]),
            ]
            .concat();
            let proof = if input["of"] == "card" {
                OwnCard::new(&shown, key)
                    .expect("an own card")
                    .prove(direction, &h)
            } else {
                OwnDevice::new(&shown, key)
                    .expect("an own device")
                    .prove(&h)
            };
            Ok(json!({ "signed": hex(signed), "proof": hex(proof) }))
        }
        "card" => {
            let shown = Shown {
                card: bytes("card"),
                proof: bytes("proof"),
                direction,
                h: key_of(input, "h"),
                anchors: anchors_of(input),
                now: input["now"].as_u64(),
            };
            Ok(who_json(&shown.judge().map_err(refused)?))
        }
        "possession" => {
            let receipt_key: Vec<Key> =
                serde_json::from_value::<Vec<String>>(input["receipt_key"].clone())
                    .expect("keys")
                    .iter()
                    .map(|key| key_of(&json!({ "key": key }), "key"))
                    .collect();
            let challenge: Key = key_of(input, "challenge");
            let request = Request {
                card_key: key_of(input, "card_key"),
                receipt_key,
                proof: bytes("proof"),
            };
            let count = [request.receipt_key.len() as u8];
            let keys = request.receipt_key.concat();
            let signed = [
                &b"alongside/1 card request\0"[..],
                &challenge,
                &request.card_key,
                &count,
                &keys,
            ]
            .concat();
            let proven = request.is_proven(&challenge);
            proven
                .then(|| json!({ "signed": hex(signed) }))
                .ok_or(Refusal::reported(ErrorCode::Denied, "CARD-24"))
        }
        "statement" => {
            let device = device::judge(
                &bytes("statement"),
                &bytes("proof"),
                &key_of(input, "h"),
                &anchors_of(input),
                input["now"].as_u64(),
            );
            let (status, why) = status(&device.map_err(refused)?);
            let mut output = json!({ "status": status });
            if let Some(why) = why {
                output["why"] = json!(why);
            }
            Ok(output)
        }
        "picture" => {
            let info = PictureInfo {
                hash: key_of(input, "hash"),
                size: input["size"]
                    .as_u64()
                    .and_then(|size| u32::try_from(size).ok())
                    .expect("a size"),
            };
            if !picture::is_named(&info, &bytes("file")) {
                return Err(Refusal::reported(ErrorCode::BadPicture, "PICTURE-4"));
            }
            let head = picture::head(&bytes("file"));
            let head = head.map(|head| json!({ "codec": head.codec.to_wire(), "width": head.width, "height": head.height }));
            Ok(json!({ "head": head }))
        }
        _ => {
            let (device, token) = (
                DeviceId(key_of(input, "id")),
                DeviceToken(key_of(input, "token")),
            );
            let hash = token_hash(&token);
            Ok(
                json!({ "text": device.to_string(), "place": device.place(), "token_hash": hex(hash) }),
            )
        }
    }
}
