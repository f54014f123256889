//! Known devices: the one that waits, and the helper who calls it.

use alongside_state_machine::{
    channel::handshake::{Answering, Offering},
    device::DeviceKey,
};
use alongside_wire::{
    ErrorCode,
    device::DeviceId,
    envelope::Envelope,
    limits::timers,
    rendezvous::{Call, Gone, Joined, Message, Wait, Waiting},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    cards::anchored,
    exchange::said_in_clear,
    shown::{Shown, shows_right},
};
use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done, Item, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [both(), sharers(), helpers()].concat();
    all.into_iter().map(|case| case.needs("devices")).collect()
}

const ID: [u8; 16] = [0x1D; 16];
const SECRET: [u8; 32] = [0x5E; 32];
const OTHER_SECRET: [u8; 32] = [0x5F; 32];
const TOKEN: [u8; 32] = [0x70; 32];

fn key(secret: [u8; 32]) -> DeviceKey {
    DeviceKey::new(DeviceId(ID), secret)
}

/// `open` for the device.
pub(super) fn device(role: Role, without_card: bool) -> Value {
    let (id, secret) = (hex::encode(ID), hex::encode(SECRET));
    match role {
        Role::Helper => json!({ "device": { "id": id, "secret": secret } }),
        Role::Sharer => json!({ "device": {
            "id": id,
            "secret": secret,
            "token": hex::encode(TOKEN),
            "without-card": without_card,
        } }),
    }
}

/// The client is opened for the device, and waits or calls.
fn begins(stage: &mut ClientStage<'_>, without_card: bool) -> Done {
    let open = device(stage.role, without_card);
    stage.set_up(&open)?;
    starts(stage)
}

/// A client that was opened for the device waits or calls.
fn starts(stage: &mut ClientStage<'_>) -> Done {
    stage.device = Some(key(SECRET));
    match stage.role {
        Role::Sharer => stage.act("wait"),
        Role::Helper => stage.act("call"),
    }
}

/// A sharer that was opened for the device waits at the relay; what it offers.
pub(super) fn starts_to_wait(stage: &mut ClientStage<'_>) -> Done<Vec<u8>> {
    starts(stage)?;
    waits(stage).map(|wait| wait.offer)
}

/// A helper that was opened for the device connects and calls.
pub(super) fn starts_to_call(stage: &mut ClientStage<'_>) -> Done {
    starts(stage)?;
    connects(stage)?;
    calls(stage)
}

/// A sharer waits on its next connection; what it offers.
fn waits(stage: &mut ClientStage<'_>) -> Done<Wait> {
    stage.accept()?;
    stage.await_("hello", |item| item.is_to_relay("hello"))?;
    stage.greet();
    match stage.await_("wait", |item| item.is_to_relay("wait"))? {
        Item::ToRelay(Message::Wait(wait)) => {
            stage.say(Waiting {});
            stage.told("waiting")?;
            Ok(wait)
        }
        other => Err(Stop::Harness(format!("{other} is no wait"))),
    }
}

/// A helper calls.
pub(super) fn calls(stage: &mut ClientStage<'_>) -> Done {
    let right = Call {
        device: DeviceId(ID),
    };
    let call = stage.await_("call", |item| item.is_to_relay("call"))?;
    match call == Item::ToRelay(right.into()) {
        true => Ok(()),
        false => Err(stage.in_vain("a call of the device")),
    }
}

fn connects(stage: &mut ClientStage<'_>) -> Done {
    stage.accept()?;
    stage.await_("hello", |item| item.is_to_relay("hello"))?;
    stage.greet();
    Ok(())
}

/// Both have the same keys.
fn meets(stage: &mut ClientStage<'_>, without_card: bool) -> Done<Envelope> {
    let open = device(stage.role, without_card);
    stage.set_up(&open)?;
    match stage.role {
        Role::Sharer => {
            let offer = starts_to_wait(stage)?;
            stage.answers(&offer)
        }
        Role::Helper => {
            starts_to_call(stage)?;
            stage.offers()
        }
    }
}

fn both() -> Vec<Case> {
    vec![
        Case::client(
            "client/device/session",
            "the exchange of a known device stands on its secret and its id, and its person is asked",
            &["DEVICE-12", "DEVICE-14"],
            |stage| {
                stage.must("DEVICE-12", |stage| {
                    let envelope = meets(stage, true)?;
                    stage.decides(envelope)
                })?;
                if stage.role == Role::Sharer {
                    stage.never("DEVICE-14", 0, "word of the screen", Item::shows_the_screen)?;
                }
                stage.must("DEVICE-14", ClientStage::views)
            },
        ),
        Case::client(
            "client/device/secret-stays",
            "nothing that goes to the relay holds the secret, or a hash of it",
            &["DEVICE-2"],
            |stage| {
                let envelope = meets(stage, true)?;
                stage.decides(envelope)?;
                stage.settle()?;
                let said = said_in_clear(stage);
                let hash: [u8; 32] = Sha256::digest(SECRET).into();
                let holds = |secret: &[u8]| said.windows(secret.len()).any(|part| part == secret);
                let told = [SECRET, hash].iter().any(|secret| holds(secret));
                stage.check("DEVICE-2", !told, "nothing of it", "it is in what was said")
            },
        ),
    ]
}

fn sharers() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/device/card-needed",
            "a session of a known device needs a card of the helper",
            &["DEVICE-18"],
            |stage| {
                meets(stage, false)?;
                stage.introduce("Ada")?;
                stage.never_tells("DEVICE-18", 0, "consent-asked")?;
                stage.ends("DEVICE-18", ErrorCode::CardNeeded)
            },
        )
        .twin("sharer/device/no-card-needed"),
        Case::sharer(
            "sharer/device/no-card-needed",
            "unless whoever enrolled the device has set that none is needed",
            &["DEVICE-18"],
            |stage| {
                meets(stage, true)?;
                stage.introduce("Ada")?;
                stage.tells("DEVICE-18", "consent-asked").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/device/card",
            "a card that an anchor vouches for is enough",
            &["DEVICE-18"],
            |stage| {
                stage.device = Some(key(SECRET));
                let mut open = device(Role::Sharer, false);
                open["anchors"] = anchored(false)["anchors"].clone();
                stage.set_up(&open)?;
                stage.act("wait")?;
                let offer = waits(stage)?.offer;
                stage.answers(&offer)?;
                shows_right(stage, &Shown::valid_now())?;
                stage.tells("DEVICE-18", "consent-asked").map(|_| ())
            },
        )
        .needs("cards"),
        Case::sharer(
            "sharer/device/failed",
            "the person is told of an exchange that failed, and the device waits again after a second, two, and so on, with an offer of its own each time",
            &["DEVICE-13", "DEVICE-15", "DEVICE-17"],
            retries,
        ),
        Case::sharer(
            "sharer/device/most",
            "the pause before it waits again grows to a minute and no further",
            &["DEVICE-15"],
            |stage| {
                begins(stage, true)?;
                for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
                    fails(stage)?;
                    comes_after(stage, pause * 1_000)?;
                }
                Ok(())
            },
        ),
        Case::sharer(
            "sharer/device/forgotten",
            "a channel that stood makes the pauses short again, and after its session the device waits at once",
            &["DEVICE-15"],
            |stage| {
                begins(stage, true)?;
                for pause in [1_000, 2_000] {
                    fails(stage)?;
                    comes_after(stage, pause)?;
                }
                let offer = waits(stage)?.offer;
                let envelope = stage.answers(&offer)?;
                stage.decides(envelope)?;
                let code = ErrorCode::Done.to_wire();
                stage.say(Gone { code });
                stage.told("ended")?;
                stage.drops_after_the_end()?;
                fails(stage)?;
                comes_after(stage, timers::DEVICE_RETRY_FIRST)
            },
        ),
        Case::sharer(
            "sharer/device/second-answer",
            "an offer takes one answer: a right one after a wrong one is not confirmed",
            &["DEVICE-13"],
            |stage| {
                begins(stage, true)?;
                let offer = waits(stage)?.offer;
                let from = stage.here();
                let (_, right) = stage.answer_to(&offer)?;
                let wrong = wrong_answer(stage, &offer)?;
                stage.place();
                stage.deliver(wrong);
                stage.deliver(right);
                stage.told("device-failed")?;
                stage.never("DEVICE-13", from, "confirm", |item| {
                    item.is_envelope("confirm")
                })
            },
        )
        .twin("client/device/session"),
    ]
}

/// An answer of somebody with another secret.
fn wrong_answer(stage: &mut ClientStage<'_>, offer: &[u8]) -> Done<Vec<u8>> {
    let (suites, ceiling) = (stage.suites.clone(), stage.ceiling);
    let answered = Answering::new(&key(OTHER_SECRET), offer, &suites, ceiling, stage.rng());
    let answered = answered.map_err(|_| stage.in_vain("an offer that can be answered"));
    answered.map(|(_, answer)| answer)
}

/// The device waits, and is called with another secret; what it had offered.
fn fails(stage: &mut ClientStage<'_>) -> Done<Wait> {
    let wait = waits(stage)?;
    let answer = wrong_answer(stage, &wait.offer)?;
    stage.place();
    stage.deliver(answer);
    stage.told("device-failed")?;
    stage.drops_after_the_end()?;
    Ok(wait)
}

/// It connects again when that time is over, and not before.
fn comes_after(stage: &mut ClientStage<'_>, ms: u64) -> Done {
    stage.leap_unread(ms - 1)?;
    stage.stays_away("DEVICE-15")?;
    stage.leap_unread(1)?;
    stage.comes("DEVICE-15")
}

fn retries(stage: &mut ClientStage<'_>) -> Done {
    begins(stage, true)?;
    let first = waits(stage)?;
    let answer = wrong_answer(stage, &first.offer)?;
    stage.place();
    stage.deliver(answer);
    let told = stage.tells("DEVICE-17", "device-failed")?;
    let right = told.text("code") == "handshake-failed";
    stage.check("DEVICE-17", right, "handshake-failed", format!("{told:?}"))?;
    stage.drops_after_the_end()?;
    comes_after(stage, 1_000)?;
    let second = fails(stage)?;
    let fresh = first.offer != second.offer;
    stage.check("DEVICE-13", fresh, "another offer", "the same as before")?;
    comes_after(stage, 2_000)
}

fn helpers() -> Vec<Case> {
    vec![
        Case::helper(
            "helper/device/failed",
            "the person is told of a call whose exchange failed",
            &["DEVICE-17"],
            |stage| {
                begins(stage, true)?;
                connects(stage)?;
                calls(stage)?;
                fails_call(stage)?;
                let told = stage.tells("DEVICE-17", "device-failed")?;
                let right = told.text("code") == "no-common-version";
                stage.check("DEVICE-17", right, "no-common-version", format!("{told:?}"))
            },
        ),
        Case::helper(
            "helper/device/counts",
            "a call whose exchange failed counts as a code that was spent: at the third there is a warning, and the next call waits 60 seconds",
            &["DEVICE-16"],
            |stage| {
                begins(stage, true)?;
                connects(stage)?;
                let asked = |item: &Item| item.is_to_relay("call");
                for count in 1..=3 {
                    calls(stage)?;
                    stage.fresh()?;
                    fails_call(stage)?;
                    let told = stage.tells("DEVICE-16", "spent")?;
                    let right = told.fields.get("count") == Some(&json!(count))
                        && told.fields.get("warned") == Some(&json!(count == 3));
                    let expected = format!("{count} of them");
                    stage.check("DEVICE-16", right, &expected, format!("{told:?}"))?;
                    if count < 3 {
                        stage.act("call")?;
                    }
                }
                let from = stage.fresh()?;
                let _ = stage.ask("call", json!({}))?;
                stage.pass(timers::SPENT_DELAY - 1_000)?;
                stage.never("DEVICE-16", from, "call", asked)?;
                stage.pass(1_000)?;
                stage.settle()?;
                if !stage.has_come(from, asked) {
                    stage.act("call")?;
                }
                stage.sees("DEVICE-16", "call", asked).map(|_| ())
            },
        )
        .needs("notices"),
    ]
}

/// The device's offer cannot be answered.
fn fails_call(stage: &mut ClientStage<'_>) -> Done {
    let (suites, ceiling) = (stage.suites.clone(), stage.ceiling);
    let offering = Offering::new(&key(SECRET), &suites, ceiling, stage.rng());
    let Ok(Some(Envelope::Offer(mut offer))) = Envelope::read(offering.offer()) else {
        return Err(Stop::Harness("the suite makes no offer".to_owned()));
    };
    offer.versions = vec![2];
    let offer = Envelope::from(offer).to_bytes();
    stage.say(Joined { offer });
    stage.place();
    Ok(())
}
