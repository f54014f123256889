//! That both ends draw anew for each exchange, as an end sees it that knows the secret.

use alongside_wire::{
    code::Code,
    envelope::{AnswerClear, Envelope, Offer},
    rendezvous::Message,
};
use curve25519_dalek::{EdwardsPoint, Scalar, edwards::CompressedEdwardsY};
use hkdf::Hkdf;
use serde_json::json;
use sha2::Sha256;

use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done, Item, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    vec![Case::client(
        "client/exchange/fresh",
        "what an element hides is another number in each exchange",
        &["KEX-9"],
        |stage| {
            let first = hidden(stage)?;
            again(stage)?;
            let second = hidden(stage)?;
            let seen = "the same number is behind both elements";
            stage.check("KEX-9", first != second, "two numbers", seen)
        },
    )]
}

/// The point x·B, or y·B, of the client's next exchange.
fn hidden(stage: &mut ClientStage<'_>) -> Done<EdwardsPoint> {
    let (element, side) = match stage.role {
        Role::Sharer => (offer(stage)?.element, &M),
        Role::Helper => (answer(stage)?.element, &N),
    };
    let none = || Stop::Harness("there is no code".to_owned());
    let code = stage.code.ok_or_else(none)?;
    let point = |bytes: &[u8; 32]| {
        let none = || stage.in_vain("an element that is a point");
        CompressedEdwardsY(*bytes).decompress().ok_or_else(none)
    };
    Ok(point(&element)? - point(side)? * password(&code)?)
}

fn offer(stage: &mut ClientStage<'_>) -> Done<Offer> {
    stage.set_up(&json!({}))?;
    stage.connects()?;
    let read = match stage.asks()? {
        Message::Join(join) => Envelope::read(&join.offer),
        other => return Err(Stop::Harness(format!("{} is no join", other.name()))),
    };
    match read {
        Ok(Some(Envelope::Offer(offer))) => Ok(offer),
        _ => Err(stage.in_vain("an offer in the join")),
    }
}

fn answer(stage: &mut ClientStage<'_>) -> Done<AnswerClear> {
    if stage.link.is_none() {
        stage.set_up(&json!({}))?;
        stage.connects()?;
        stage.asks()?;
    }
    stage.gets_code()?;
    match stage.offers()? {
        Envelope::Answer(answer) => {
            let clear = AnswerClear::read(&answer.clear);
            clear.map_err(|_| stage.in_vain("an answer that can be read"))
        }
        other => Err(Stop::Harness(format!("{} is no answer", other.name()))),
    }
}

/// The exchange is over, and comes to nothing.
fn again(stage: &mut ClientStage<'_>) -> Done {
    match stage.role {
        Role::Helper => {
            stage.say(alongside_wire::rendezvous::Gone {
                code: alongside_wire::ErrorCode::Lost.to_wire(),
            });
            stage.told("code-ended")?;
            stage.act("create-code")?;
            stage.await_("code-request", |item| item.is_to_relay("code-request"))?;
        }
        Role::Sharer => {
            stage.act("end")?;
            stage.await_("the end", |item| matches!(item, Item::Closed(_)))?;
            stage.act("close")?;
            stage.session.push('x');
        }
    }
    Ok(())
}

/// w of the chapter, from the secret of a code.
fn password(code: &Code) -> Done<Scalar> {
    let mut bytes = [0; 64];
    let (wide, _) = bytes.split_at_mut(48);
    let derived = Hkdf::<Sha256>::new(None, code.secret.as_str().as_bytes());
    derived
        .expand(b"SPAKE2 pw", wide)
        .map_err(|_| Stop::Harness("48 bytes are too many".to_owned()))?;
    wide.reverse();
    Ok(Scalar::from_bytes_mod_order_wide(&bytes))
}

const M: [u8; 32] = [
    0x15, 0xcf, 0xd1, 0x8e, 0x38, 0x59, 0x52, 0x98, 0x2b, 0x6a, 0x8f, 0x8c, 0x78, 0x54, 0x96, 0x3b,
    0x58, 0xe3, 0x43, 0x88, 0xc8, 0xe6, 0xda, 0xe8, 0x91, 0xdb, 0x75, 0x64, 0x81, 0xa0, 0x23, 0x12,
];
const N: [u8; 32] = [
    0xf0, 0x4f, 0x2e, 0x7e, 0xb7, 0x34, 0xb2, 0xa8, 0xf8, 0xb4, 0x72, 0xea, 0xf9, 0xc3, 0xc6, 0x32,
    0x57, 0x6a, 0xc6, 0x4a, 0xea, 0x65, 0x0b, 0x49, 0x6a, 0x8a, 0x20, 0xff, 0x00, 0xe5, 0x83, 0xc3,
];
