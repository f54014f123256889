//! The receipts of a sharer whose person lets the helper have them.

use alongside_state_machine::receipt::is_signed;
use alongside_wire::{
    Decision, ErrorCode, Scopes,
    receipt::{Receipt, Statement},
    session::{self, ControlGrant, Message},
};
use serde_json::{Value, json};

use crate::{
    case::Case,
    cases::client::own_with_receipt_key,
    stage::{ClientStage, Done, Item, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [
        Case::sharer(
            "sharer/receipt/consent",
            "consent is signed: its receipt is the first, of this session, without cards, and verifies",
            &["RECEIPT-4", "RECEIPT-5", "RECEIPT-7"],
            |stage| {
                consents(stage)?;
                Ok(())
            },
        ),
        Case::sharer(
            "sharer/receipt/decisions",
            "each decision about control is signed, in its order and under one key, and a denial that the person had no part in is not",
            &["RECEIPT-4", "RECEIPT-5", "RECEIPT-7"],
            decisions,
        )
        .needs("control"),
        Case::sharer(
            "sharer/receipt/fresh-key",
            "without a card with a receipt key, the key is another in each session",
            &["RECEIPT-6"],
            |stage| {
                let first = consents(stage)?;
                stage.act("end")?;
                stage.await_("the end", |item| matches!(item, Item::Closed(_)))?;
                stage.anew()?;
                let second = consents(stage)?;
                let fresh = first.key != second.key;
                stage.check("RECEIPT-6", fresh, "another key", "the same as before")
            },
        ),
        Case::sharer(
            "sharer/receipt/key-of-the-card",
            "the receipt key of the person's card is the key, and the card is named, though it was not shown",
            &["RECEIPT-5", "RECEIPT-6"],
            |stage| {
                let (open, card, key) = own_with_receipt_key();
                let said = consents_as(stage, &open, card)?;
                let right = said.key == key;
                let seen = format!("{said:?}");
                stage.check("RECEIPT-6", right, "the key of the card", seen)
            },
        )
        .needs("cards"),
    ];
    all.into_iter().map(|case| case.needs("receipts")).collect()
}

/// A session with receipts, until consent; what the first says.
fn consents(stage: &mut ClientStage<'_>) -> Done<Statement> {
    consents_as(stage, &json!({ "receipts": true }), [0; 32])
}

/// The same for a client that was opened so, whose card has this hash.
fn consents_as(stage: &mut ClientStage<'_>, open: &Value, card: [u8; 32]) -> Done<Statement> {
    stage.set_up(open)?;
    stage.connects()?;
    stage.asks_and_decides()?;
    stage.views()?;
    let scopes = stage.consented;
    let transcript = stage.transcript_hash()?;
    let said = signs(stage)?;
    let key = said.key;
    let wanted = Statement {
        decision: Decision::ConsentAllowed,
        code: 0,
        request: 0,
        grant: 0,
        scopes,
        duration_ms: 0,
        time: said.time,
        sequence: 1,
        transcript,
        sharer_card: card,
        helper_card: [0; 32],
        key,
    };
    says(stage, said, wanted)?;
    Ok(said)
}

fn decisions(stage: &mut ClientStage<'_>) -> Done {
    let before = consents(stage)?;
    stage.shows()?;
    // Nobody is asked, so that there is no receipt.
    stage.requests(Scopes::CONTROL)?;
    stage.hears("control-deny")?;
    stage.pass(6_000)?;
    stage.fresh()?;

    let request = stage.prompted(Scopes::CONTROL)?;
    stage.act("deny")?;
    let denied = Statement {
        decision: Decision::ControlDenied,
        code: ErrorCode::Denied.to_wire(),
        request,
        scopes: Scopes::CONTROL,
        sequence: 2,
        ..none(&before)
    };
    signs_this(stage, denied)?;
    stage.pass(11_000)?;
    stage.fresh()?;

    let granted = stage.controls(Scopes::CONTROL)?;
    let ControlGrant {
        request,
        grant,
        scopes,
        duration_ms,
        ..
    } = granted;
    let granted = Statement {
        decision: Decision::ControlGranted,
        request,
        grant,
        scopes,
        duration_ms,
        sequence: 3,
        ..none(&before)
    };
    signs_this(stage, granted)?;

    stage.act("revoke")?;
    let ended = Statement {
        decision: Decision::ControlEnded,
        code: ErrorCode::Revoked.to_wire(),
        grant,
        sequence: 4,
        ..none(&before)
    };
    signs_this(stage, ended)
}

/// What all receipts of a session have in common.
const fn none(of: &Statement) -> Statement {
    Statement {
        code: 0,
        request: 0,
        grant: 0,
        scopes: Scopes::NONE,
        duration_ms: 0,
        ..*of
    }
}

/// The next receipt, which verifies.
fn signs(stage: &mut ClientStage<'_>) -> Done<Statement> {
    let said = stage.says("RECEIPT-4", "receipt")?;
    let Message::Receipt(session::Receipt { receipt }) = said else {
        return Err(Stop::Harness("no receipt".to_owned()));
    };
    let signed: Receipt = *receipt;
    let seen = format!("{signed:?}");
    let right = is_signed(&signed);
    stage.check("RECEIPT-7", right, "a signature that verifies", seen)?;
    Ok(signed.statement)
}

fn signs_this(stage: &mut ClientStage<'_>, wanted: Statement) -> Done {
    let said = signs(stage)?;
    says(stage, said, wanted)
}

/// It says this, but for its time, which is the client's.
fn says(stage: &mut ClientStage<'_>, said: Statement, wanted: Statement) -> Done {
    let time = said.time;
    let common = |of: &Statement| (of.transcript, of.sharer_card, of.helper_card, of.key);
    let one = common(&said) == common(&wanted);
    let (expected, seen) = (format!("{wanted:?}"), format!("{said:?}"));
    stage.check("RECEIPT-5", one, &expected, seen.clone())?;
    let right = said == Statement { time, ..wanted };
    stage.check("RECEIPT-4", right, &expected, seen)
}
