//! Types and lengths, on the control stream, in an envelope and under seal.

use alongside_wire::{
    ErrorCode,
    envelope::{Envelope, Sealed},
    framing::{self, GREASE},
    limits,
    rendezvous::Deliver,
    session::{Heartbeat, Message, Probe},
};

use crate::{
    case::Case,
    stage::{ClientStage, Done},
};

pub(super) fn cases() -> Vec<Case> {
    let mut all = taken();
    for plane in [Plane::Control, Plane::Envelope, Plane::Sealed] {
        for (name, what, requirement, code, bytes) in WRONG {
            let id = format!("client/wire/{}/{name}", plane.name());
            let title = format!("{} with {what} is refused", plane.what());
            let case = Case::client(id, title, &[requirement], move |stage| {
                stage.viewing()?;
                plane.send(stage, &bytes())?;
                stage.ends(*requirement, *code)
            });
            all.push(case.twin(plane.twin()));
        }
    }
    for (name, what, requirement, code, bytes) in WHOLE {
        for plane in [Plane::Envelope, Plane::Sealed] {
            let id = format!("client/wire/{}/{name}", plane.name());
            let title = format!("{} {what} is refused", plane.what());
            let case = Case::client(id, title, &[requirement], move |stage| {
                stage.viewing()?;
                plane.send(stage, &bytes())?;
                stage.ends(*requirement, *code)
            });
            all.push(case.twin(plane.twin()));
        }
    }
    all.extend(limits());
    all
}

/// What carries messages that are framed.
#[derive(Clone, Copy)]
enum Plane {
    Control,
    Envelope,
    Sealed,
}

impl Plane {
    const fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Envelope => "envelope",
            Self::Sealed => "sealed",
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Control => "a message of the relay",
            Self::Envelope => "an envelope",
            Self::Sealed => "a sealed plaintext",
        }
    }

    const fn twin(self) -> &'static str {
        match self {
            Self::Control => "client/wire/control/ignorable",
            Self::Envelope => "client/wire/envelope/ignorable",
            Self::Sealed => "client/wire/sealed/ignorable",
        }
    }

    fn send(self, stage: &mut ClientStage<'_>, bytes: &[u8]) -> Done {
        match self {
            Self::Control => stage.say_bytes("bytes", bytes.to_vec()),
            Self::Envelope => {
                let envelope = bytes.to_vec();
                stage.say(Deliver { envelope });
            }
            Self::Sealed => stage.seal_bytes(bytes)?,
        }
        Ok(())
    }
}

type Bytes = fn() -> Vec<u8>;
type Wrong = (&'static str, &'static str, &'static str, ErrorCode, Bytes);

/// Wrong on every plane. 0x7C is not registered anywhere.
const WRONG: &[Wrong] = &[
    (
        "type-long",
        "a type that is longer than it needs",
        "WIRE-2",
        ErrorCode::Malformed,
        || vec![0xBB, 0x80, 0x00, 0x00],
    ),
    (
        "type-beyond",
        "a type beyond 0xFFFF",
        "WIRE-1",
        ErrorCode::Malformed,
        || vec![0x81, 0x80, 0x04, 0x00],
    ),
    (
        "length-long",
        "a length that is longer than it needs",
        "WIRE-2",
        ErrorCode::Malformed,
        || vec![0xBB, 0x01, 0x80, 0x00],
    ),
    (
        "length-beyond",
        "a length beyond 32 bits",
        "WIRE-1",
        ErrorCode::Malformed,
        || vec![0xBB, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F],
    ),
    (
        "unknown-critical",
        "a critical type that nobody knows",
        "WIRE-8",
        ErrorCode::UnknownMessage,
        || vec![0x7C, 0x00],
    ),
    (
        "unknown-critical-high",
        "a critical type beyond one byte",
        "WIRE-8",
        ErrorCode::UnknownMessage,
        || vec![0xFE, 0xFF, 0x03, 0x00],
    ),
    (
        "too-long",
        "a length over the limit",
        "WIRE-5",
        ErrorCode::TooLarge,
        || {
            // 65,537 bytes to come.
            vec![0xBB, 0x01, 0x81, 0x80, 0x04]
        },
    ),
];

/// Wrong where bytes come to an end.
const WHOLE: &[Wrong] = &[
    (
        "empty",
        "of nothing",
        "WIRE-3",
        ErrorCode::Malformed,
        Vec::new,
    ),
    (
        "cut-short",
        "that ends within a message",
        "WIRE-3",
        ErrorCode::Malformed,
        || vec![0xBB, 0x01, 0x02, 0x00],
    ),
    (
        "cut-at-length",
        "that ends before the length",
        "WIRE-3",
        ErrorCode::Malformed,
        || vec![0xBB, 0x01],
    ),
];

fn taken() -> Vec<Case> {
    let mut all = vec![
        Case::client(
            "client/wire/control/in-pieces",
            "a message of the relay that comes byte by byte is taken",
            &["WIRE-3"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                let mut bytes = Vec::new();
                let envelope = probe(stage)?;
                alongside_wire::rendezvous::Message::from(Deliver { envelope }).encode(&mut bytes);
                for byte in bytes {
                    stage.say_bytes("a byte", vec![byte]);
                }
                stage.says("WIRE-3", "probe-answer").map(|_| ())
            },
        ),
        Case::client(
            "client/wire/several",
            "several messages in one record are taken, in order",
            &["WIRE-4"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                stage.seal(&[
                    Heartbeat {}.into(),
                    Probe { probe: 5 }.into(),
                    Heartbeat {}.into(),
                ])?;
                stage.says("WIRE-4", "probe-answer").map(|_| ())
            },
        ),
        Case::client(
            "client/wire/envelope/two",
            "two envelopes in one deliver are one too many",
            &["WIRE-4"],
            |stage| {
                stage.viewing()?;
                let envelope = [vec![0xBB, 0x01, 0x00], vec![0xBB, 0x01, 0x00]].concat();
                stage.deliver(envelope);
                stage.ends("WIRE-4", ErrorCode::Malformed)
            },
        )
        .twin("client/wire/envelope/ignorable"),
    ];
    for plane in [Plane::Control, Plane::Envelope, Plane::Sealed] {
        let id = format!("client/wire/{}/ignorable", plane.name());
        let title = format!(
            "{} of an ignorable type that nobody knows is skipped",
            plane.what()
        );
        all.push(Case::client(id, title, &["WIRE-9"], move |stage| {
            stage.viewing()?;
            stage.fresh()?;
            for message_type in GREASE.into_iter().chain([0x7D, 0xFFFF]) {
                for body in [vec![], vec![7; 300]] {
                    let mut bytes = Vec::new();
                    framing::encode(message_type, &body, &mut bytes);
                    plane.send(stage, &bytes)?;
                }
            }
            stage.seal_one(Probe { probe: 5 })?;
            stage.says("WIRE-9", "probe-answer").map(|_| ())
        }));
    }
    all
}

/// A sealed probe, as an envelope.
fn probe(stage: &mut ClientStage<'_>) -> Done<Vec<u8>> {
    let none = || crate::stage::Stop::Harness("there is no channel".to_owned());
    let channel = stage.channel.as_mut().ok_or_else(none)?;
    Ok(channel.seal(&[Message::from(Probe { probe: 5 })]))
}

fn limits() -> Vec<Case> {
    vec![
        Case::client(
            "client/wire/control/longest",
            "a message of the relay of 65,536 bytes is taken",
            &["WIRE-5"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                stage.say_raw(GREASE[0], &vec![7; limits::CONTROL_MESSAGE]);
                stage.seal_one(Probe { probe: 5 })?;
                stage.says("WIRE-5", "probe-answer").map(|_| ())
            },
        ),
        Case::client(
            "client/wire/sealed/longest",
            "a plaintext of 16,384 bytes is taken",
            &["WIRE-5"],
            |stage| {
                stage.viewing()?;
                stage.fresh()?;
                let mut plaintext = Vec::new();
                // Its header takes 4 bytes.
                framing::encode(0x01, &vec![7; limits::RECORD_PLAINTEXT - 4], &mut plaintext);
                stage.seal_bytes(&plaintext)?;
                stage.seal_one(Probe { probe: 5 })?;
                stage.says("WIRE-5", "probe-answer").map(|_| ())
            },
        ),
        Case::client(
            "client/wire/envelope/sealed-too-long",
            "a sealed envelope of 16,401 bytes is too large",
            &["WIRE-5"],
            |stage| {
                stage.viewing()?;
                let ciphertext = vec![0; 16_401];
                stage.deliver(Envelope::from(Sealed { ciphertext }).to_bytes());
                stage.ends("WIRE-5", ErrorCode::TooLarge)
            },
        )
        .twin("client/wire/sealed/longest"),
        Case::client(
            "client/wire/envelope/sealed-too-short",
            "a sealed envelope shorter than a tag is malformed",
            &["WIRE-3"],
            |stage| {
                stage.viewing()?;
                let ciphertext = vec![0; 15];
                stage.deliver(Envelope::from(Sealed { ciphertext }).to_bytes());
                stage.ends("WIRE-3", ErrorCode::Malformed)
            },
        )
        .twin("client/wire/sealed/longest"),
    ]
}
