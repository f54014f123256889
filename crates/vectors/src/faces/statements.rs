//! Statements of devices that are shown, and what they are worth.

use alongside_state_machine::identity::{
    device::{self, Device, Why},
    trust::Anchor,
};
use alongside_wire::{
    Direction, ErrorCode,
    card::{Signable, Signed, Statement},
};
use curve25519_dalek::{Scalar, constants::EIGHT_TORSION};
use serde_json::{Value, json};

use super::{
    anchor, anchors_json, anchors_of,
    chapter::{NOW, secret, sign, transcript, unenrolled},
    proofs, refused,
};
use crate::{
    fields::{bytes_of, key_of},
    messages::run,
    spelled::{Key, hex},
    vector::{File, Refusal},
};

pub(super) fn file() -> File {
    let mut file = File::new("statement");
    right(&mut file);
    wrong(&mut file);
    file
}

fn right(file: &mut File) {
    let (h, known, now) = (transcript(), known(), Some(NOW + 1));
    let compliant = compliant();
    let cannot_tell = Statement {
        status: 4,
        ..unenrolled()
    };
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
        assert_eq!(self::status(&device), (status, why), "{id}");
        let input = input(&bytes, &shown, anchors, now);
        file.taken(id, about, &["ADVISORY-6"], input, device_json(&device));
    }
}

fn wrong(file: &mut File) {
    let (h, known, now) = (transcript(), known(), Some(NOW + 1));
    let compliant = compliant();
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
}

/// The anchors of who sees the statement.
fn known() -> Vec<Anchor> {
    vec![anchor("Engines", secret(0).public(), false)]
}

fn compliant() -> Statement {
    Statement {
        status: 1,
        ..unenrolled()
    }
}

fn proof(statement: &[u8], device: u8, h: &Key) -> Vec<u8> {
    let signed = proofs::message(proofs::DEVICE, Direction::ToHelper, h, statement);
    secret(device).sign(&signed).to_vec()
}

/// A statement that is shown in the session of the chapter.
fn input(statement: &[u8], proof: &[u8], anchors: &[Anchor], now: Option<u64>) -> Value {
    json!({
        "statement": hex(statement), "proof": hex(proof), "h": hex(transcript()),
        "anchors": anchors_json(anchors), "now": now,
    })
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

fn device_json(device: &Device) -> Value {
    let (status, why) = status(device);
    let mut output = json!({ "status": status });
    if let Some(why) = why {
        output["why"] = json!(why);
    }
    output
}

pub(super) fn compute(input: &Value) -> Result<Value, Refusal> {
    let device = device::judge(
        &bytes_of(input, "statement"),
        &bytes_of(input, "proof"),
        &key_of(input, "h"),
        &anchors_of(input),
        input["now"].as_u64(),
    );
    Ok(device_json(&device.map_err(refused)?))
}
