//! What is said of a sharer's device, to a helper without an anchor for it.

use alongside_state_machine::identity::{keys::SecretKey, own};
use alongside_wire::{
    ErrorCode, Scopes, card,
    session::{Advisory, Consent, DisplayInfo, Displays, Epoch, Message},
};

use super::{
    cards::anchored,
    shown::{BEGIN, ISSUER, OWNER, ready_with},
};
use crate::{
    case::Case,
    stage::{ClientStage, Done},
};

pub(super) fn cases() -> Vec<Case> {
    type Change = fn(&mut card::Statement);
    let none: Change = |_| {};
    let wrong: [(&str, &str, &str, ErrorCode, Change, bool, bool); 6] = [
        (
            "backwards",
            "that expires before it is issued",
            "ADVISORY-3",
            ErrorCode::Malformed,
            |said| said.expires = BEGIN - 1,
            false,
            false,
        ),
        (
            "long-lived",
            "that holds longer than an hour",
            "ADVISORY-3",
            ErrorCode::Malformed,
            |said| said.expires = BEGIN + 3_601,
            false,
            false,
        ),
        (
            "status",
            "with a status that is not registered",
            "WIRE-7",
            ErrorCode::Malformed,
            |said| said.status = 9,
            false,
            false,
        ),
        (
            "forged",
            "whose signature is not its issuer's",
            "ADVISORY-4",
            ErrorCode::BadAdvisory,
            none,
            true,
            false,
        ),
        (
            "proof",
            "whose proof is of another session",
            "ADVISORY-5",
            ErrorCode::BadProof,
            none,
            false,
            true,
        ),
        (
            "device-key",
            "whose device key is none",
            "ADVISORY-5",
            ErrorCode::BadProof,
            |said| {
                said.device_key = [0; 32];
                said.device_key[0] = 1;
            },
            false,
            false,
        ),
    ];
    let mut all: Vec<_> = wrong
        .into_iter()
        .map(|(name, what, requirement, code, how, forged, other)| {
            Case::helper(
                format!("helper/advisory/{name}"),
                format!("a statement {what} ends the session"),
                &[requirement],
                move |stage| {
                    stage.deciding()?;
                    let advisory = statement(stage, how, forged, other)?;
                    advises_now(stage, advisory)?;
                    stage.ends(requirement, code)
                },
            )
            .twin("helper/advisory/not-known-here")
        })
        .collect();
    all.push(
        Case::helper(
            "helper/advisory/again",
            "a second advisory ends the session",
            &["CARD-21"],
            |stage| {
                stage.viewing()?;
                stage.seal_one(Advisory::default())?;
                stage.ends("CARD-21", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/advisory/nothing-said"),
    );
    all.push(Case::helper(
        "helper/advisory/nothing-said",
        "an advisory without a statement is taken for unknown, acknowledged by a helper without anchors, and ends nothing",
        &["ADVISORY-6", "ADVISORY-7", "ADVISORY-8", "ADVISORY-9"],
        |stage| {
            advises(stage, Advisory::default())?;
            unknown(stage)
        },
    ));
    all.push(
        Case::helper(
            "helper/advisory/not-before-its-person",
            "a helper with anchors acknowledges what is said of the device when its person has, and not before",
            &["ADVISORY-8"],
            |stage| {
                ready_with(stage, &anchored(false))?;
                advises_now(stage, Advisory::default())?;
                stage.told("device")?;
                stage.pass(5_000)?;
                stage.never("ADVISORY-8", 0, "advisory-ack", |item| {
                    item.is_sealed("advisory-ack")
                })?;
                stage.act("acknowledge")?;
                stage.says("ADVISORY-8", "advisory-ack").map(|_| ())
            },
        )
        .needs("cards")
        .twin("helper/advisory/nothing-said"),
    );
    all.push(Case::helper(
        "helper/advisory/not-known-here",
        "what an issuer says that is no anchor here is taken for unknown",
        &["ADVISORY-6", "ADVISORY-7", "ADVISORY-8", "ADVISORY-9"],
        |stage| {
            stage.deciding()?;
            let advisory = statement(stage, |_| {}, false, false)?;
            advises_now(stage, advisory)?;
            unknown(stage)
        },
    ));
    all
}

fn statement(
    stage: &ClientStage<'_>,
    how: impl Fn(&mut card::Statement),
    forged: bool,
    other: bool,
) -> Done<Advisory> {
    use alongside_wire::card::Signable as _;
    let (issuer, device) = (SecretKey::from_seed(&ISSUER), SecretKey::from_seed(&OWNER));
    let mut said = card::Statement {
        version: 1,
        issuer: issuer.public(),
        device_key: device.public(),
        status: 3,
        issued: BEGIN,
        expires: BEGIN + 3_600,
    };
    how(&mut said);
    let mut signature = issuer.sign(&said.message());
    if forged {
        signature[40] ^= 1;
    }
    let statement = card::Signed::join(&said, &signature);
    let mut message = b"alongside/1 device proof\0\0".to_vec();
    let mut transcript = stage.transcript_hash()?;
    if other {
        transcript[0] ^= 1;
    }
    message.extend_from_slice(&transcript);
    message.extend_from_slice(&own::hash(&statement));
    let proof = device.sign(&message).to_vec();
    Ok(Advisory { statement, proof })
}

/// Consents, with displays and this advisory, and begins to show.
fn advises(stage: &mut ClientStage<'_>, advisory: Advisory) -> Done {
    stage.deciding()?;
    stage.fresh()?;
    let begins = Epoch {
        epoch: 1,
        paused: false,
    };
    stage.seal(&[&consents(advisory)[..], &[begins.into()]].concat())
}

/// Consents, with displays and this advisory.
fn advises_now(stage: &mut ClientStage<'_>, advisory: Advisory) -> Done {
    stage.fresh()?;
    stage.seal(&consents(advisory))
}

fn consents(advisory: Advisory) -> [Message; 3] {
    let display = DisplayInfo {
        id: 0,
        width: 64,
        height: 48,
    };
    let displays = vec![display];
    let scopes = Scopes::CONSENT;
    [
        Consent { scopes }.into(),
        Displays { displays }.into(),
        advisory.into(),
    ]
}

fn unknown(stage: &mut ClientStage<'_>) -> Done {
    stage.goes_on("ADVISORY-9")?;
    let device = stage.tells("ADVISORY-6", "device")?;
    let standing = device.text("standing");
    let said = standing == "unenrolled";
    stage.check("ADVISORY-7", !said, "unknown", format!("{device:?}"))?;
    let unknown = standing == "unknown";
    stage.check("ADVISORY-6", unknown, "unknown", format!("{device:?}"))?;
    stage.says("ADVISORY-8", "advisory-ack")?;
    stage.goes_on("ADVISORY-9")
}
