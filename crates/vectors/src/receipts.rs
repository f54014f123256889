//! Receipts: signed, shown to a helper, and in a file.

use alongside_state_machine::{
    identity::{keys::SecretKey, trust::Anchor},
    receipt::{
        attribution::{self, Attribution},
        is_signed,
        received::Received,
        sign,
        verify::{self, Finding},
    },
};
use alongside_wire::{
    Decision, ErrorCode, Scopes, Suite,
    receipt::{self, Receipt, Statement, append_card, append_receipt},
};
use curve25519_dalek::constants::EIGHT_TORSION;
use serde_json::{Value, json};

use crate::{
    faces::{self, anchors_json},
    fields,
    handshakes::Exchange,
    messages::run,
    spelled::{Key, hex, sha256},
    vector::{File, Refusal},
};

pub(crate) fn files() -> Vec<File> {
    vec![signed(), read(), shown(), in_files()]
}

const NOW: u64 = 1_700_000_000;

fn secret() -> SecretKey {
    SecretKey::from_seed(&run(0))
}

fn statement(decision: Decision, sequence: u32) -> Statement {
    Statement {
        decision,
        code: 0,
        request: 0,
        grant: 0,
        scopes: Scopes::NONE,
        duration_ms: 0,
        time: NOW + u64::from(sequence - 1) * 10,
        sequence,
        transcript: Exchange::of_chapter(&[Suite::ChaChaPoly]).make().finished.h,
        sharer_card: [0; 32],
        helper_card: [0; 32],
        key: secret().public(),
    }
}

/// The receipts of the chapter.
fn story() -> [Statement; 4] {
    [
        Statement {
            scopes: Scopes::CONSENT,
            ..statement(Decision::ConsentAllowed, 1)
        },
        Statement {
            request: 1,
            grant: 1,
            scopes: Scopes::CONTROL,
            duration_ms: 900_000,
            ..statement(Decision::ControlGranted, 2)
        },
        Statement {
            code: ErrorCode::Revoked.to_wire(),
            grant: 1,
            ..statement(Decision::ControlEnded, 3)
        },
        Statement {
            code: ErrorCode::Done.to_wire(),
            ..statement(Decision::SessionEnded, 4)
        },
    ]
}

fn all(statements: &[Statement]) -> Vec<Receipt> {
    statements
        .iter()
        .map(|statement| sign(&secret(), *statement))
        .collect()
}

fn signed() -> File {
    let mut file = File::new("receipt-sign");
    let renewed = Statement {
        grant: 1,
        duration_ms: 1,
        ..statement(Decision::ControlRenewed, 3)
    };
    let declined = Statement {
        code: ErrorCode::Declined.to_wire(),
        ..statement(Decision::ConsentDeclined, 1)
    };
    let denied = Statement {
        code: ErrorCode::Denied.to_wire(),
        request: 7,
        scopes: Scopes::CONTROL,
        ..statement(Decision::ControlDenied, 2)
    };
    for (about, statement) in story()
        .into_iter()
        .map(|one| ("of the chapter", one))
        .chain([
            ("another decision", renewed),
            ("another decision", declined),
            ("another decision", denied),
        ])
    {
        let receipt = sign(&secret(), statement);
        assert!(is_signed(&receipt));
        let input = json!({ "seed": hex(run::<32>(0)), "fields": fields::of(&statement) });
        let output =
            json!({ "signed": hex(statement.signed_text()), "receipt": hex(receipt.to_bytes()) });
        file.taken(
            statement.decision.name(),
            about,
            &["RECEIPT-7"],
            input,
            output,
        );
    }
    file
}

fn read() -> File {
    let mut file = File::new("receipt");
    let receipt = sign(&secret(), story()[0]);
    let input = |receipt: &Receipt| json!({ "bytes": hex(receipt.to_bytes()) });
    file.taken(
        "right",
        "a receipt",
        &["RECEIPT-9"],
        input(&receipt),
        json!({ "fields": fields::receipt_fields(&receipt) }),
    );
    let with = |change: &dyn Fn(&mut Receipt)| {
        let mut other = receipt.clone();
        change(&mut other);
        other
    };
    let torsion = EIGHT_TORSION[1].compress().to_bytes();
    for (id, about, receipt) in [
        (
            "r",
            "a bit of R was changed",
            with(&|receipt| receipt.signature[0][0] ^= 1),
        ),
        (
            "s",
            "a bit of S was changed",
            with(&|receipt| receipt.signature[1][0] ^= 1),
        ),
        (
            "s-beyond",
            "S is not below L",
            with(&|receipt| receipt.signature[1] = faces::plus_order(&receipt.signature[1])),
        ),
        (
            "key",
            "another key",
            with(&|receipt| receipt.statement.key = SecretKey::from_seed(&run(1)).public()),
        ),
        (
            "key-small",
            "a key of small order",
            with(&|receipt| receipt.statement.key = torsion),
        ),
        (
            "r-small",
            "R of small order",
            with(&|receipt| receipt.signature[0] = torsion),
        ),
        (
            "time",
            "the time was changed",
            with(&|receipt| receipt.statement.time += 1),
        ),
        (
            "scopes",
            "the scopes were changed",
            with(&|receipt| receipt.statement.scopes = Scopes::VIEW),
        ),
    ] {
        assert!(
            Receipt::read(&receipt.to_bytes()).is_ok_and(|receipt| !is_signed(&receipt)),
            "{id}"
        );
        file.refused(id, about, input(&receipt), Refusal::silent("RECEIPT-9"));
    }
    file
}

/// What a helper is shown.
fn shown() -> File {
    let mut file = File::new("receipt-shown");
    let statements = story();
    let transcript = statements[0].transcript;
    let input = |receipts: &[Receipt], card: &Key| {
        json!({
            "h": hex(transcript), "helper_card": hex(card),
            "receipts": receipts.iter().map(|receipt| hex(receipt.to_bytes())).collect::<Vec<_>>(),
        })
    };
    let take = |receipts: &[Receipt], card: &Key| {
        let mut received = Received::default();
        receipts
            .iter()
            .map(|receipt| received.take(receipt, &transcript, card))
            .collect::<Vec<_>>()
    };
    let right = all(&statements[..3]);
    let gap = [right[0].clone(), right[2].clone()];
    let carded = |mut statement: Statement| {
        statement.helper_card = run(0x50);
        sign(&secret(), statement)
    };
    let card: Key = run(0x50);
    let carded = [carded(statements[0])];
    for (id, about, receipts, card) in [
        ("order", "receipts in their order", &right[..], &[0; 32]),
        (
            "gap",
            "one was under way when the link was lost",
            &gap,
            &[0; 32],
        ),
        ("card", "a helper that showed a card", &carded, &card),
    ] {
        assert!(take(receipts, card).iter().all(Result::is_ok), "{id}");
        file.taken(id, about, &["RECEIPT-10"], input(receipts, card), json!({}));
    }
    let second = |change: &dyn Fn(&mut Statement)| {
        let mut other = statements[1];
        change(&mut other);
        vec![right[0].clone(), sign(&secret(), other)]
    };
    let other_key = SecretKey::from_seed(&run(1));
    let unsigned = {
        let mut other = right[1].clone();
        other.signature[1][0] ^= 1;
        vec![right[0].clone(), other]
    };
    for (id, about, receipts) in [
        ("signature", "it does not verify", unsigned),
        (
            "transcript",
            "of another session",
            second(&|other| other.transcript = run(0)),
        ),
        (
            "helper-card",
            "it names a card that the helper has not",
            second(&|other| other.helper_card = run(0x50)),
        ),
        (
            "sharer-card",
            "it names another card than the one before",
            second(&|other| other.sharer_card = run(0x50)),
        ),
        (
            "key",
            "by another key than the one before",
            vec![
                right[0].clone(),
                sign(
                    &other_key,
                    Statement {
                        key: other_key.public(),
                        ..statements[1]
                    },
                ),
            ],
        ),
        (
            "again",
            "the same once more",
            vec![right[0].clone(), right[0].clone()],
        ),
        (
            "back",
            "one before the last",
            vec![right[1].clone(), right[0].clone()],
        ),
    ] {
        let said = take(&receipts, &[0; 32]);
        let (last, before) = said.split_last().expect("receipts");
        assert!(before.iter().all(Result::is_ok), "{id}");
        let fault = last.expect_err(id);
        assert_eq!(
            (fault.code(), fault.clause()),
            (ErrorCode::BadReceipt, "RECEIPT-10")
        );
        file.refused(
            id,
            about,
            input(&receipts, &[0; 32]),
            Refusal::reported(ErrorCode::BadReceipt, "RECEIPT-10"),
        );
    }
    file
}

fn file_of(receipts: &[Receipt], cards: &[&[u8]]) -> Vec<u8> {
    let mut file = receipt::FILE_START.to_vec();
    receipts
        .iter()
        .for_each(|receipt| append_receipt(receipt, &mut file));
    cards.iter().for_each(|card| append_card(card, &mut file));
    file
}

fn in_files() -> File {
    let mut file = File::new("receipt-file");
    whole(&mut file);
    wrong(&mut file);
    no_files(&mut file);
    attributed(&mut file);
    file
}

fn report(
    file: &mut File,
    id: &str,
    about: &str,
    shows: &str,
    bytes: &[u8],
    anchors: &[Anchor],
    expected: Value,
) {
    let output = told(&verify::verify(bytes).expect(id), anchors);
    for (name, value) in expected.as_object().expect("what is expected") {
        assert_eq!(output[name], *value, "{id}: {name}");
    }
    let mut input = json!({ "file": hex(bytes), "anchors": anchors_json(anchors) });
    if bytes.len() < 4_000 {
        input["sha256"] = hex(sha256(&[bytes]));
    }
    file.taken(id, about, &[shows], input, output);
}

fn whole(file: &mut File) {
    let statements = story();
    let bytes = file_of(&all(&statements), &[]);
    let sound = json!({ "findings": [], "complete": true, "integrity_only": "no-card" });
    report(
        file,
        "chapter",
        "the file of the chapter",
        "RECEIPT-12",
        &bytes,
        &[],
        sound.clone(),
    );
    let open = json!({ "findings": [], "complete": false });
    let bytes = file_of(&all(&statements[..3]), &[]);
    report(
        file,
        "open",
        "the last receipt may be missing",
        "RECEIPT-15",
        &bytes,
        &[],
        open,
    );
    let declined = Statement {
        code: ErrorCode::Declined.to_wire(),
        ..statement(Decision::ConsentDeclined, 1)
    };
    report(
        file,
        "declined",
        "consent was refused",
        "RECEIPT-14",
        &file_of(&all(&[declined]), &[]),
        &[],
        sound.clone(),
    );
    let long = [
        statements[0],
        Statement {
            request: 4,
            scopes: Scopes::ALL,
            code: ErrorCode::Denied.to_wire(),
            ..statement(Decision::ControlDenied, 2)
        },
        Statement {
            sequence: 3,
            request: 5,
            grant: 2,
            ..statements[1]
        },
        Statement {
            grant: 2,
            duration_ms: 900_000,
            ..statement(Decision::ControlRenewed, 4)
        },
        Statement {
            sequence: 5,
            grant: 2,
            code: ErrorCode::Replaced.to_wire(),
            ..statements[2]
        },
        Statement {
            sequence: 6,
            request: 0,
            grant: 3,
            scopes: Scopes::POINTER,
            ..statements[1]
        },
        Statement {
            sequence: 7,
            grant: 3,
            ..statements[2]
        },
        Statement {
            sequence: 8,
            ..statements[3]
        },
    ];
    report(
        file,
        "long",
        "a denial, a renewal, a grant that was narrowed; requests and grants with gaps",
        "RECEIPT-14",
        &file_of(&all(&long), &[]),
        &[],
        sound,
    );
}

fn wrong(file: &mut File) {
    let [first, granted, ended, over] = story();
    let later = |statement: Statement, sequence| Statement {
        sequence,
        ..statement
    };
    let finding = |receipt: usize, requirement: &str| json!({ "findings": [{ "receipt": receipt, "requirement": requirement }] });
    let mut one =
        |id: &str, about: &str, requirement: &str, statements: &[Statement], at: usize| {
            report(
                file,
                id,
                about,
                requirement,
                &file_of(&all(statements), &[]),
                &[],
                finding(at, requirement),
            );
        };
    let c = "RECEIPT-14";
    one(
        "begins-with-grant",
        "it begins with a grant",
        c,
        &[later(granted, 1)],
        1,
    );
    one(
        "consent-twice",
        "consent twice",
        c,
        &[first, later(first, 2)],
        2,
    );
    one(
        "after-end",
        "something follows the end",
        c,
        &[first, later(over, 2), later(granted, 3)],
        3,
    );
    one(
        "two-grants",
        "a grant while one is alive",
        c,
        &[
            first,
            granted,
            later(
                Statement {
                    request: 2,
                    grant: 2,
                    ..granted
                },
                3,
            ),
        ],
        3,
    );
    one(
        "grant-again",
        "a grant with the id of an earlier one",
        c,
        &[
            first,
            granted,
            ended,
            later(
                Statement {
                    request: 2,
                    ..granted
                },
                4,
            ),
        ],
        4,
    );
    one(
        "request-again",
        "a grant for a request that was answered",
        c,
        &[
            first,
            granted,
            ended,
            later(
                Statement {
                    grant: 2,
                    ..granted
                },
                4,
            ),
        ],
        4,
    );
    one(
        "ended-nothing",
        "the end of a grant that is not alive",
        c,
        &[first, later(ended, 2)],
        2,
    );
    one(
        "ended-with-grant",
        "the session ends while a grant is alive",
        c,
        &[first, granted, later(over, 3)],
        3,
    );
    one(
        "repeated",
        "a receipt comes again",
        "RECEIPT-12",
        &[first, granted, granted],
        3,
    );
    one(
        "transcript",
        "of another session than the first",
        "RECEIPT-13",
        &[
            first,
            Statement {
                transcript: run(0),
                ..granted
            },
        ],
        2,
    );
    one(
        "card",
        "of another card than the first",
        "RECEIPT-13",
        &[
            first,
            Statement {
                sharer_card: run(0),
                ..granted
            },
        ],
        2,
    );
    let missing =
        json!({ "findings": [{ "receipt": 2, "requirement": "RECEIPT-12", "missing": [2, 3] }] });
    report(
        file,
        "missing",
        "two receipts are missing, and nothing is held against what follows",
        "RECEIPT-12",
        &file_of(&all(&[first, over]), &[]),
        &[],
        missing,
    );
    let mut unsigned = all(&story());
    unsigned[3].signature[1][0] ^= 1;
    report(
        file,
        "signature",
        "the last signature is wrong",
        "RECEIPT-9",
        &file_of(&unsigned, &[]),
        &[],
        finding(4, "RECEIPT-9"),
    );
    let misfit = sign(&secret(), Statement { code: 1, ..first });
    report(
        file,
        "misfit",
        "fields that do not fit the decision",
        "RECEIPT-8",
        &file_of(&[misfit], &[]),
        &[],
        finding(1, "RECEIPT-8"),
    );
    report(
        file,
        "stray-card",
        "a card that no receipt names",
        "RECEIPT-16",
        &file_of(&all(&story()), &[b"a card"]),
        &[],
        finding(4, "RECEIPT-16"),
    );
    report(
        file,
        "empty",
        "a file without a receipt",
        "RECEIPT-11",
        receipt::FILE_START,
        &[],
        finding(0, "RECEIPT-11"),
    );
}

fn no_files(file: &mut File) {
    let right = file_of(&all(&story()), &[]);
    let mut item = right.clone();
    alongside_wire::framing::encode(0x03, b"", &mut item);
    for (id, about, bytes) in [
        ("nothing", "an empty file", vec![]),
        (
            "start",
            "another beginning",
            b"alongside/2 receipts\n".to_vec(),
        ),
        ("item", "an item of another type, though it is odd", item),
        (
            "cut",
            "an item that is cut",
            right[..right.len() - 1].to_vec(),
        ),
    ] {
        assert!(verify::verify(&bytes).is_err(), "{id}");
        let input = json!({ "file": hex(bytes), "anchors": [] });
        file.refused(id, about, input, Refusal::silent("RECEIPT-11"));
    }
}

fn attributed(file: &mut File) {
    let card = |receipt_key: Key| {
        let card = alongside_wire::card::Card {
            receipt_key: vec![receipt_key],
            not_before: NOW,
            expires: NOW + 3_600,
            ..faces::full()
        };
        faces::sign(&card, &SecretKey::from_seed(&run(0)))
    };
    let right = card(secret().public());
    let named = |bytes: &[u8], times: u64| {
        let hash = sha256(&[bytes]);
        let of = |mut statement: Statement| {
            (statement.sharer_card, statement.time) = (hash, statement.time + times);
            statement
        };
        all(&story().map(of))
    };
    let known = [faces::anchor("Engines", secret().public(), false)];
    let relay = [faces::anchor("Relay", secret().public(), true)];
    let receipts = named(&right, 0);
    let (with, without) = (file_of(&receipts, &[&right]), file_of(&receipts, &[]));
    let other = card(SecretKey::from_seed(&run(1)).public());
    let other = file_of(&named(&other, 0), &[&other]);
    let mut forged = right.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let forged = file_of(&named(&forged, 0), &[&forged]);
    let late = file_of(&named(&right, 3_600 + 300), &[&right]);
    for (id, about, bytes, anchors, expected) in [
        (
            "attributed",
            "the card's issuer is an anchor",
            &with,
            &known[..],
            json!({ "attributed": "Engines" }),
        ),
        (
            "attributed-relay",
            "an anchor that also runs the relay",
            &with,
            &relay,
            json!({ "attributed": "Relay" }),
        ),
        (
            "unknown-issuer",
            "no anchor",
            &with,
            &[],
            json!({ "integrity_only": "unknown-issuer" }),
        ),
        (
            "card-missing",
            "the card is not in the file",
            &without,
            &known,
            json!({ "integrity_only": "card-missing" }),
        ),
        (
            "other-key",
            "the card has another receipt key",
            &other,
            &known,
            json!({ "integrity_only": "other-key" }),
        ),
        (
            "bad-card",
            "the issuer did not sign the card",
            &forged,
            &known,
            json!({ "integrity_only": "bad-card" }),
        ),
        (
            "time",
            "a receipt of a time when the card was not valid",
            &late,
            &known,
            json!({ "integrity_only": "time" }),
        ),
    ] {
        report(file, id, about, "RECEIPT-17", bytes, anchors, expected);
    }
}

/// What a verifier says of a file.
fn told(report: &verify::Report, anchors: &[Anchor]) -> Value {
    let finding = |(receipt, finding): &(usize, Finding)| {
        let requirement = match finding {
            Finding::Unreadable(_) => "RECEIPT-8",
            other => other.clause(),
        };
        let mut json = json!({ "receipt": receipt, "requirement": requirement });
        if let Finding::Missing { from, to } = finding {
            json["missing"] = json!([from, to]);
        }
        json
    };
    let mut output = json!({
        "receipts": report.receipts.len(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "complete": report.complete,
    });
    match attribution::attribute(report, anchors) {
        Attribution::To { issuer, .. } => output["attributed"] = json!(issuer),
        Attribution::IntegrityOnly(why) => {
            use attribution::Why;
            let why = match why {
                Why::Wrong => "wrong",
                Why::NoCard => "no-card",
                Why::CardMissing => "card-missing",
                Why::BadCard => "bad-card",
                Why::OtherKey => "other-key",
                Why::UnknownIssuer => "unknown-issuer",
                Why::Time => "time",
            };
            output["integrity_only"] = json!(why);
        }
    }
    output
}

/// What comes of an input of one of these kinds.
pub(crate) fn compute(kind: &str, input: &Value) -> Result<Value, Refusal> {
    match kind {
        "receipt-sign" => {
            let statement: Statement = fields::read(&input["fields"]);
            let receipt = sign(
                &SecretKey::from_seed(&fields::key_of(input, "seed")),
                statement,
            );
            Ok(
                json!({ "signed": hex(statement.signed_text()), "receipt": hex(receipt.to_bytes()) }),
            )
        }
        "receipt" => {
            let receipt = Receipt::read(&fields::bytes_of(input, "bytes"));
            let receipt =
                receipt.map_err(|error| Refusal::reported(error.code(), error.clause()))?;
            let signed = is_signed(&receipt);
            signed
                .then(|| json!({ "fields": fields::receipt_fields(&receipt) }))
                .ok_or(Refusal::silent("RECEIPT-9"))
        }
        "receipt-shown" => {
            let (h, card) = (
                fields::key_of(input, "h"),
                fields::key_of(input, "helper_card"),
            );
            let mut received = Received::default();
            for receipt in input["receipts"].as_array().expect("receipts") {
                let bytes = hex::decode(receipt.as_str().expect("text")).expect("hexadecimal");
                let receipt = Receipt::read(&bytes).expect("a receipt");
                let taken = received.take(&receipt, &h, &card);
                taken.map_err(|fault| Refusal::reported(fault.code(), fault.clause()))?;
            }
            Ok(json!({}))
        }
        _ => {
            let report = verify::verify(&fields::bytes_of(input, "file"));
            let report = report.map_err(|_| Refusal::silent("RECEIPT-11"))?;
            Ok(told(&report, &faces::anchors_of(input)))
        }
    }
}
