//! What a person is told of time, by both ends and by one.

use alongside_wire::{
    ErrorCode, Scopes,
    limits::timers,
    rendezvous::RelayHello,
    session::{ControlDeny, ControlRequest, ControlWithdraw, Laser, Message},
};
use serde_json::json;

use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done, Stop, names},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [
        Case::client(
            "client/notices/after-consent",
            "the person is told after consent for how long control cannot be asked for",
            &["FRICTION-5"],
            |stage| {
                stage.viewing()?;
                rests(stage, 0, timers::CONTROL_AFTER_CONSENT)
            },
        )
        .needs("control"),
        Case::client(
            "client/notices/after-a-denial",
            "the person is told after a denial for how long control cannot be asked for",
            &["FRICTION-5"],
            |stage| {
                stage.ready_for_control()?;
                let request = asks(stage)?;
                let from = stage.fresh()?;
                match stage.role {
                    Role::Sharer => stage.act("deny")?,
                    Role::Helper => {
                        let code = ErrorCode::Denied.to_wire();
                        stage.seal_one(ControlDeny { request, code })?;
                    }
                }
                rests(stage, from, timers::CONTROL_AFTER_DENIAL)
            },
        )
        .needs("control"),
        Case::client(
            "client/notices/after-a-withdrawal",
            "the person is told after a withdrawal that closed a prompt for how long control cannot be asked for",
            &["FRICTION-5"],
            |stage| {
                stage.ready_for_control()?;
                let request = asks(stage)?;
                let from = stage.fresh()?;
                match stage.role {
                    Role::Sharer => stage.seal_one(ControlWithdraw { request })?,
                    Role::Helper => stage.act("release-control")?,
                }
                rests(stage, from, timers::CONTROL_AFTER_DENIAL)
            },
        )
        .needs("control"),
        Case::sharer(
            "sharer/notices/held-back",
            "the person is told, when a join has had no answer for 2 seconds, that the relay may hold it back, and for how long by the timer that it stated",
            &["FRICTION-7"],
            |stage| held_back(stage, 30_000),
        ),
        Case::sharer(
            "sharer/notices/held-back-unstated",
            "a relay that states no other timer holds a join back for 60 seconds at the most",
            &["FRICTION-7"],
            |stage| held_back(stage, 60_000),
        ),
        Case::sharer(
            "sharer/notices/laser",
            "the laser pointer is shown no longer than 2 seconds",
            &["TOOL-20"],
            |stage| {
                points(stage)?;
                let from = stage.fresh()?;
                stage.pass(timers::LASER - 1)?;
                stage.never_tells("TOOL-20", from, "laser-gone")?;
                stage.pass(1)?;
                stage.tells("TOOL-20", "laser-gone").map(|_| ())
            },
        )
        .needs("control")
        .needs("drawing"),
        Case::sharer(
            "sharer/notices/laser-again",
            "the time of the laser pointer begins anew with the next word of it",
            &["TOOL-20"],
            |stage| {
                let laser = points(stage)?;
                stage.pass(timers::LASER - 500)?;
                stage.seal_one(laser)?;
                let from = stage.fresh()?;
                stage.pass(timers::LASER - 1)?;
                stage.never_tells("TOOL-20", from, "laser-gone")?;
                stage.pass(1)?;
                stage.tells("TOOL-20", "laser-gone").map(|_| ())
            },
        )
        .needs("control")
        .needs("drawing"),
    ];
    all.into_iter().map(|case| case.needs("notices")).collect()
}

/// Control is asked for; the number of the request.
fn asks(stage: &mut ClientStage<'_>) -> Done<u32> {
    match stage.role {
        Role::Sharer => stage.prompted(Scopes::CONTROL),
        Role::Helper => {
            let scopes = names(Scopes::CONTROL);
            stage.does("request-control", json!({ "scopes": scopes }))?;
            match stage.hears("control-request")? {
                Message::ControlRequest(ControlRequest { request, .. }) => Ok(request),
                other => Err(Stop::Harness(format!("{} is no request", other.name()))),
            }
        }
    }
}

/// The person was told since `from` that control rests for so long.
fn rests(stage: &mut ClientStage<'_>, from: usize, ms: u64) -> Done {
    stage.told_since(from);
    let told = stage.tells("FRICTION-5", "no-control")?;
    let seconds = ms / 1_000;
    // By the computer's clock some of it may be over.
    let right = [seconds, seconds - 1].contains(&number(&told.fields, "seconds"));
    let expected = format!("{seconds} seconds");
    stage.check("FRICTION-5", right, &expected, format!("{told:?}"))
}

fn number(fields: &serde_json::Map<String, serde_json::Value>, name: &str) -> u64 {
    let value = fields.get(name).and_then(serde_json::Value::as_u64);
    value.unwrap_or(u64::MAX)
}

fn held_back(stage: &mut ClientStage<'_>, most: u64) -> Done {
    const JOIN_DELAY_MOST: u16 = 5;
    stage.connected()?;
    let timers = match most {
        60_000 => Vec::new(),
        most => vec![(JOIN_DELAY_MOST, most)],
    };
    let limits = Vec::new();
    stage.say(RelayHello { timers, limits });
    stage.await_("join", |item| item.is_to_relay("join"))?;
    let from = stage.fresh()?;
    stage.pass(timers::JOIN_NOTICE - 1)?;
    stage.never_tells("FRICTION-7", from, "held-back")?;
    stage.pass(1)?;
    let told = stage.tells("FRICTION-7", "held-back")?;
    let right = number(&told.fields, "seconds") == most / 1_000;
    let expected = format!("{} seconds at the most", most / 1_000);
    stage.check("FRICTION-7", right, &expected, format!("{told:?}"))
}

/// The laser pointer is shown; what says so.
fn points(stage: &mut ClientStage<'_>) -> Done<Laser> {
    let grant = stage.controlled(Scopes::ANNOTATE)?.grant;
    let laser = Laser {
        grant,
        display: 0,
        x: 7,
        y: 9,
    };
    stage.seal_one(laser.clone())?;
    stage.told("pointed")?;
    Ok(laser)
}
