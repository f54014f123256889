//! Receipts that a helper gets.

use alongside_state_machine::{identity::keys::SecretKey, receipt};
use alongside_wire::{
    Decision, ErrorCode, Scopes,
    receipt::{Receipt as Signed, Statement},
    session::Receipt,
};

use super::shown::{BEGIN, ISSUER, OWNER};
use crate::{
    case::Case,
    stage::{ClientStage, Done, Item},
};

pub(super) fn cases() -> Vec<Case> {
    type Change = fn(&mut Statement);
    let wrong: [(&str, &str, &str, ErrorCode, Change); 6] = [
        (
            "transcript",
            "of another session",
            "RECEIPT-10",
            ErrorCode::BadReceipt,
            |said| said.transcript[0] ^= 1,
        ),
        (
            "helper-card",
            "for another helper's card",
            "RECEIPT-10",
            ErrorCode::BadReceipt,
            |said| said.helper_card = [7; 32],
        ),
        (
            "sequence-0",
            "without a place in the order",
            "RECEIPT-8",
            ErrorCode::Malformed,
            |said| said.sequence = 0,
        ),
        (
            "fields",
            "with a grant that its decision does not have",
            "RECEIPT-8",
            ErrorCode::Malformed,
            |said| said.grant = 1,
        ),
        (
            "no-scopes",
            "without the scopes that its decision has",
            "RECEIPT-8",
            ErrorCode::Malformed,
            |said| said.scopes = Scopes::NONE,
        ),
        (
            "duration",
            "with a duration that its decision does not have",
            "RECEIPT-8",
            ErrorCode::Malformed,
            |said| said.duration_ms = 1,
        ),
    ];
    let mut all: Vec<_> = wrong
        .into_iter()
        .map(|(name, what, requirement, code, how)| {
            Case::helper(
                format!("helper/receipt/{name}"),
                format!("a receipt {what} ends the session"),
                &[requirement],
                move |stage| {
                    stage.viewing()?;
                    let mut said = said(stage)?;
                    how(&mut said);
                    gives(stage, said, false)?;
                    stage.ends(requirement, code)
                },
            )
            .twin("helper/receipt/right")
        })
        .collect();
    all.push(Case::helper(
        "helper/receipt/right",
        "receipts that hold are taken, and a gap between them is no fault",
        &["RECEIPT-9", "RECEIPT-10"],
        |stage| {
            stage.viewing()?;
            let first = said(stage)?;
            gives(stage, first, false)?;
            stage.goes_on("RECEIPT-9")?;
            gives(
                stage,
                Statement {
                    sequence: 5,
                    ..first
                },
                false,
            )?;
            stage.goes_on("RECEIPT-10")
        },
    ));
    all.push(
        Case::helper(
            "helper/receipt/forged",
            "a receipt whose signature does not verify ends the session",
            &["RECEIPT-9", "RECEIPT-10"],
            |stage| {
                stage.viewing()?;
                let first = said(stage)?;
                gives(stage, first, true)?;
                stage.ends_with("RECEIPT-9", "RECEIPT-10", ErrorCode::BadReceipt)
            },
        )
        .twin("helper/receipt/right"),
    );
    for (name, what, how) in [
        (
            "again",
            "that is not higher in sequence than the one before",
            1,
        ),
        ("other-key", "of another key than the one before", 2),
    ] {
        all.push(
            Case::helper(
                format!("helper/receipt/{name}"),
                format!("a receipt {what} ends the session"),
                &["RECEIPT-10"],
                move |stage| {
                    stage.viewing()?;
                    let first = said(stage)?;
                    gives(stage, first, false)?;
                    let mut second = Statement {
                        sequence: how,
                        ..first
                    };
                    if how == 2 {
                        second.key = SecretKey::from_seed(&ISSUER).public();
                    }
                    gives(stage, second, false)?;
                    stage.ends("RECEIPT-10", ErrorCode::BadReceipt)
                },
            )
            .twin("helper/receipt/right"),
        );
    }
    all.push(Case::sharer(
        "sharer/receipt/none-unasked",
        "no receipt is sent to the helper unless the person agreed to that before",
        &["RECEIPT-2"],
        |stage| {
            stage.viewing()?;
            stage.pass(3_000)?;
            stage.never("RECEIPT-2", 0, "receipt", |item: &Item| {
                item.is_sealed("receipt")
            })
        },
    ));
    all
}

/// What a sharer says who has consented.
pub(super) fn said(stage: &ClientStage<'_>) -> Done<Statement> {
    Ok(Statement {
        decision: Decision::ConsentAllowed,
        code: 0,
        request: 0,
        grant: 0,
        scopes: stage.consented,
        duration_ms: 0,
        time: BEGIN,
        sequence: 1,
        transcript: stage.transcript_hash()?,
        sharer_card: [0; 32],
        helper_card: [0; 32],
        key: SecretKey::from_seed(&OWNER).public(),
    })
}

/// Gives the client a receipt of it.
pub(super) fn gives(stage: &mut ClientStage<'_>, said: Statement, forged: bool) -> Done {
    let seed = match said.key == SecretKey::from_seed(&ISSUER).public() {
        true => ISSUER,
        false => OWNER,
    };
    let mut signed: Signed = receipt::sign(&SecretKey::from_seed(&seed), said);
    if forged {
        signed.signature[1][0] ^= 1;
    }
    let receipt = Box::new(signed);
    stage.seal_one(Receipt { receipt })
}
