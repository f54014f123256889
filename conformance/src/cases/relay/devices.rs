//! Devices that wait, and who calls them.

use alongside_wire::{
    ErrorCode,
    device::{DeviceId, DeviceToken},
    rendezvous::{Joined, Wait},
};
use serde_json::json;

use super::{
    people::{ADA, CYN, DEVICE, EVE, call, client_of, signs_in, staffed, wait},
    words::refused,
};
use crate::{
    case::Case,
    stage::{Done, RelayStage, Who},
};

pub(super) fn cases() -> Vec<Case> {
    let few = staffed().with("limits", json!({ "device-waits": 2 }));
    let case = |id, title, checks: &[&'static str], run: fn(&mut RelayStage<'_>) -> Done| {
        Case::relay(id, title, checks, run)
            .set_up(&staffed())
            .needs("devices")
    };
    vec![
        case(
            "relay/device/called",
            "a call that finds its device gets the offer as it came, once",
            &["DEVICE-5", "DEVICE-7"],
            called,
        )
        .needs("sign-in"),
        case(
            "relay/device/not-found",
            "a call that may not be, or finds nobody, is answered by the same bytes whatever the reason",
            &["DEVICE-6"],
            not_found,
        )
        .needs("sign-in")
        .twin("relay/device/called"),
        case(
            "relay/device/not-registered",
            "who waits as a device that is not registered, or without its token, is answered by the same bytes",
            &["DEVICE-4"],
            not_registered,
        )
        .twin("relay/device/called"),
        case(
            "relay/device/full",
            "a wait is refused with busy when as many devices wait as may, and those that do go on",
            &["DEVICE-9"],
            full,
        )
        .needs("sign-in")
        .set_up(&few)
        .twin("relay/device/called"),
    ]
}

fn waits(stage: &mut RelayStage<'_>, device: u8) -> Done<Who> {
    let who = stage.client_from(device)?;
    stage.say(who, wait(device));
    stage.tick(who)?;
    stage.must("DEVICE-4", |stage| {
        stage.await_(who, "waiting", |heard| heard.is("waiting"))
    })?;
    Ok(who)
}

fn finds(stage: &mut RelayStage<'_>, requirement: &'static str, device: (Who, u8)) -> Done<Who> {
    let (waits, number) = device;
    let caller = client_of(stage, ADA)?;
    stage.say(caller, call(number));
    stage.tick(caller)?;
    let offer = b"an offer".to_vec();
    stage.next(requirement, caller, &Joined { offer }.into())?;
    stage.sees(requirement, waits, "place", |heard| heard.is("place"))?;
    Ok(caller)
}

fn called(stage: &mut RelayStage<'_>) -> Done {
    let device = waits(stage, DEVICE)?;
    let caller = finds(stage, "DEVICE-5", (device, DEVICE))?;
    stage.await_(caller, "place", |heard| heard.is("place"))?;
    let second = client_of(stage, ADA)?;
    stage.say(second, call(DEVICE));
    stage.tick(second)?;
    stage.next("DEVICE-7", second, &refused(ErrorCode::NotFound))?;
    stage.silent("DEVICE-7", caller)
}

fn not_found(stage: &mut RelayStage<'_>) -> Done {
    let device = waits(stage, DEVICE)?;
    let mut answers = Vec::new();
    let others = [
        (Some(CYN), DEVICE),
        (Some(EVE), DEVICE),
        (None, DEVICE),
        (Some(ADA), DEVICE + 1),
        (Some(ADA), 0x77),
    ];
    for (source, (person, called)) in (11..).zip(others) {
        let who = stage.client_from(source)?;
        if let Some(person) = person {
            signs_in(stage, who, person)?;
        }
        let before = stage.client_of(who).said.len();
        stage.say(who, call(called));
        stage.tick(who)?;
        stage.next("DEVICE-6", who, &refused(ErrorCode::NotFound))?;
        let said = stage.client_of(who).said.get(before..).unwrap_or_default();
        answers.push(said.to_vec());
    }
    answers.dedup();
    let seen = format!("{answers:02x?}");
    stage.check("DEVICE-6", answers.len() == 1, "the same bytes", seen)?;
    stage.silent("DEVICE-6", device)
}

fn not_registered(stage: &mut RelayStage<'_>) -> Done {
    let mut answers = Vec::new();
    for (source, (device, token)) in (1..).zip([(DEVICE, 0x77), (0x77, 0x77), (DEVICE + 1, DEVICE)])
    {
        let who = stage.client_from(source)?;
        let before = stage.client_of(who).said.len();
        let wait = Wait {
            device: DeviceId([device; 16]),
            token: DeviceToken([token; 32]),
            offer: b"an offer".to_vec(),
        };
        stage.say(who, wait);
        stage.tick(who)?;
        stage.next("DEVICE-4", who, &refused(ErrorCode::NotFound))?;
        let said = stage.client_of(who).said.get(before..).unwrap_or_default();
        answers.push(said.to_vec());
    }
    answers.dedup();
    let seen = format!("{answers:02x?}");
    stage.check("DEVICE-4", answers.len() == 1, "the same bytes", seen)
}

fn full(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.limit_within("device-waits", 3)?;
    let numbers = (DEVICE..).take(most);
    let mut there = Vec::new();
    for number in numbers {
        there.push((waits(stage, number)?, number));
    }
    let last = DEVICE + u8::try_from(most).unwrap_or_default();
    let one_more = stage.client_from(last)?;
    stage.say(one_more, wait(last));
    stage.tick(one_more)?;
    stage.next("DEVICE-9", one_more, &refused(ErrorCode::Busy))?;
    for device in there {
        stage.silent("DEVICE-9", device.0)?;
        finds(stage, "DEVICE-9", device)?;
    }
    Ok(())
}
