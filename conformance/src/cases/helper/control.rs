//! Control as a helper asks for it, has it, and loses it.

use alongside_wire::{
    ErrorCode, Scopes,
    input::InputEvent,
    limits::timers,
    session::{
        ControlDeny, ControlEnd, ControlGrant, ControlRenew, ControlWithdraw, Message, Pause,
    },
};
use serde_json::json;

use crate::{
    case::Case,
    stage::{ClientStage, Done, Item, Stop, names},
};

pub(super) fn cases() -> Vec<Case> {
    [requests(), grants(), ends(), input()]
        .concat()
        .into_iter()
        .map(|case| case.needs("control"))
        .collect()
}

fn requests() -> Vec<Case> {
    vec![
        Case::helper(
            "helper/request/ids",
            "each request has an id that is higher than all before",
            &["CONTROL-1"],
            |stage| {
                stage.shown()?;
                stage.pass(6_000)?;
                let mut last = 0;
                for _ in 0..3 {
                    let request = asks(stage, Scopes::CONTROL)?;
                    let higher = request > last;
                    stage.check("CONTROL-1", higher, "a higher id", format!("{request}"))?;
                    last = request;
                    let code = ErrorCode::Denied.to_wire();
                    stage.seal_one(ControlDeny { request, code })?;
                    stage.told("denied")?;
                    stage.pass(11_000)?;
                }
                Ok(())
            },
        ),
        Case::helper(
            "helper/request/taken-back",
            "the person takes a request back: it is withdrawn",
            &["CONTROL-12"],
            |stage| {
                stage.shown()?;
                stage.pass(6_000)?;
                let request = asks(stage, Scopes::CONTROL)?;
                stage.act("release-control")?;
                stage.says_this("CONTROL-12", ControlWithdraw { request })
            },
        ),
        Case::helper(
            "helper/request/paused",
            "a helper that pauses withdraws its open request, and then says pause",
            &["CONTROL-12", "PAUSE-1"],
            |stage| {
                stage.needs("pause")?;
                stage.shown()?;
                stage.pass(6_000)?;
                let request = asks(stage, Scopes::CONTROL)?;
                stage.act("pause")?;
                stage.says_this("CONTROL-12", ControlWithdraw { request })?;
                stage.says_this("PAUSE-1", Pause { paused: true })
            },
        ),
        Case::helper(
            "helper/request/granted-after-withdrawal",
            "a grant for a request that was withdrawn is ignored",
            &["CONTROL-17"],
            |stage| {
                stage.shown()?;
                stage.pass(6_000)?;
                let request = asks(stage, Scopes::CONTROL)?;
                stage.act("release-control")?;
                stage.hears("control-withdraw")?;
                let from = stage.fresh()?;
                stage.grants(request, Scopes::CONTROL)?;
                stage.never_tells("CONTROL-17", from, "granted")?;
                stage.pass(100)?;
                stage.never("CONTROL-17", from, "input", is_input)?;
                stage.goes_on("CONTROL-17")
            },
        )
        .twin("helper/grant/taken"),
        Case::helper(
            "helper/request/denial-of-another",
            "a denial of another request than the open one is ignored",
            &["CONTROL-17"],
            |stage| {
                stage.shown()?;
                stage.pass(6_000)?;
                let request = asks(stage, Scopes::CONTROL)?;
                let from = stage.fresh()?;
                let code = ErrorCode::Denied.to_wire();
                stage.seal_one(ControlDeny {
                    request: request + 1,
                    code,
                })?;
                stage.never_tells("CONTROL-17", from, "denied")?;
                stage.grants(request, Scopes::CONTROL)?;
                stage.tells("CONTROL-17", "granted").map(|_| ())
            },
        ),
    ]
}

fn grants() -> Vec<Case> {
    type Change = fn(&mut ControlGrant);
    let wrong: [(&str, &str, Change); 6] = [
        ("nothing", "that holds nothing", |grant| {
            grant.scopes = Scopes::NONE
        }),
        ("more", "beyond its request", |grant| {
            grant.scopes = Scopes::CONTROL
        }),
        ("view", "that holds view", |grant| {
            grant.scopes = Scopes::POINTER.union(Scopes::VIEW)
        }),
        ("long", "for longer than 15 minutes", |grant| {
            grant.duration_ms = timers::GRANT as u32 + 1;
        }),
        ("id-0", "with the id 0", |grant| grant.grant = 0),
        (
            "other-long",
            "for longer than 15 minutes, of another request",
            |grant| {
                grant.request += 1;
                grant.duration_ms = timers::GRANT as u32 + 1;
            },
        ),
    ];
    let wrong = wrong.into_iter().map(|(name, what, how)| {
        Case::helper(
            format!("helper/grant/{name}"),
            format!("a grant {what} ends the session"),
            &["CONTROL-16"],
            move |stage| {
                stage.shown()?;
                stage.pass(6_000)?;
                let request = asks(stage, Scopes::POINTER)?;
                let mut grant = stage.next_grant(request, Scopes::POINTER);
                how(&mut grant);
                stage.seal_one(grant)?;
                stage.ends("CONTROL-16", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/grant/taken")
    });
    let all = vec![
        Case::helper(
            "helper/grant/taken",
            "a grant that answers the request is taken, and told with how long it lives",
            &["CONTROL-16", "CONTROL-17"],
            |stage| {
                stage.shown()?;
                stage.pass(6_000)?;
                let request = asks(stage, Scopes::POINTER)?;
                stage.grants_for(request, Scopes::POINTER, timers::GRANT as u32)?;
                let told = stage.tells("CONTROL-17", "granted")?;
                let right = told.fields.get("scopes") == Some(&json!(names(Scopes::POINTER)));
                stage.check("CONTROL-16", right, "pointer", format!("{told:?}"))
            },
        ),
        Case::helper(
            "helper/grant/old-id",
            "a grant with an id that was there before ends the session",
            &["CONTROL-16"],
            |stage| {
                stage.controlled(Scopes::POINTER)?;
                let request = asks(stage, Scopes::CONTROL)?;
                let mut grant = stage.next_grant(request, Scopes::CONTROL);
                grant.grant = stage.grant;
                stage.seal_one(grant)?;
                stage.ends("CONTROL-16", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/grant/taken"),
        Case::helper(
            "helper/grant/unasked",
            "a grant that nobody asked for is ignored, but its id counts",
            &["CONTROL-17", "CONTROL-16"],
            |stage| {
                stage.shown()?;
                let from = stage.fresh()?;
                let grant = stage.grants(9, Scopes::POINTER)?;
                stage.never_tells("CONTROL-17", from, "granted")?;
                stage.seal_one(ControlGrant {
                    request: 10,
                    ..grant
                })?;
                stage.ends("CONTROL-16", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/grant/taken"),
        Case::helper(
            "helper/grant/narrowed",
            "a grant with request 0 that follows a replaced one is taken, if it holds no more",
            &["CONTROL-30", "CONTROL-31"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?.grant;
                let code = ErrorCode::Replaced.to_wire();
                stage.seal_one(ControlEnd { grant, code })?;
                stage.fresh()?;
                let from = stage.here();
                stage.grants(0, Scopes::POINTER)?;
                stage.tells("CONTROL-30", "granted")?;
                stage.never("CONTROL-31", from, "control-end", is_end)
            },
        ),
        Case::helper(
            "helper/grant/widened",
            "a grant with request 0 that holds more than the replaced one ends the session",
            &["CONTROL-30"],
            |stage| {
                let grant = stage.controlled(Scopes::POINTER)?.grant;
                let code = ErrorCode::Replaced.to_wire();
                stage.seal_one(ControlEnd { grant, code })?;
                stage.settle()?;
                let grant = stage.next_grant(0, Scopes::CONTROL);
                stage.seal_one(grant)?;
                stage.ends("CONTROL-30", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/grant/narrowed"),
        Case::helper(
            "helper/grant/given-back",
            "a grant with request 0 that follows none of its own is given back",
            &["CONTROL-31"],
            |stage| {
                stage.shown()?;
                stage.fresh()?;
                let from = stage.here();
                let grant = stage.grants(0, Scopes::POINTER)?.grant;
                gives_back(stage, grant)?;
                stage.never_tells("CONTROL-31", from, "granted")
            },
        )
        .twin("helper/grant/narrowed"),
        Case::helper(
            "helper/grant/given-back-after-revocation",
            "a grant with request 0 that follows one which was taken back is given back",
            &["CONTROL-31"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?.grant;
                let code = ErrorCode::Revoked.to_wire();
                stage.seal_one(ControlEnd { grant, code })?;
                let from = stage.fresh()?;
                let grant = stage.grants(0, Scopes::POINTER)?.grant;
                gives_back(stage, grant)?;
                stage.never_tells("CONTROL-31", from, "granted")
            },
        )
        .twin("helper/grant/narrowed"),
        Case::helper(
            "helper/grant/renewed",
            "a renewal of the live grant is told, and the grant lives on",
            &["TOOL-8"],
            |stage| {
                let request = control_for(stage, Scopes::CONTROL, 3_000)?;
                let grant = stage.grant;
                let _ = request;
                stage.seal_one(ControlRenew {
                    request: 0,
                    grant,
                    duration_ms: 60_000,
                })?;
                stage.tells("TOOL-8", "renewed")?;
                let from = stage.fresh()?;
                stage.pass(5_000)?;
                let alive = stage.until_there_are(400, from, is_input)? >= 400;
                let seen = stage.since(from);
                stage.check("TOOL-8", alive, "input under it", seen)
            },
        ),
        Case::helper(
            "helper/grant/renewed-too-long",
            "a renewal for longer than 15 minutes ends the session",
            &["TOOL-7"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?.grant;
                let duration_ms = timers::GRANT as u32 + 1;
                stage.seal_one(ControlRenew {
                    request: 0,
                    grant,
                    duration_ms,
                })?;
                stage.ends("TOOL-7", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("helper/grant/renewed"),
        Case::helper(
            "helper/grant/renewed-another",
            "a renewal of another grant, or for a request that is not open, is ignored",
            &["TOOL-8"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?.grant;
                let from = stage.fresh()?;
                for (request, grant) in [(0, grant + 1), (77, grant)] {
                    let duration_ms = 60_000;
                    stage.seal_one(ControlRenew {
                        request,
                        grant,
                        duration_ms,
                    })?;
                }
                stage.never_tells("TOOL-8", from, "renewed")?;
                stage.goes_on("TOOL-8")
            },
        )
        .twin("helper/grant/renewed"),
    ];
    all.into_iter().chain(wrong).collect()
}

/// A request that was granted for so long.
fn control_for(stage: &mut ClientStage<'_>, scopes: Scopes, ms: u32) -> Done<u32> {
    stage.shown()?;
    stage.pass(6_000)?;
    let request = asks(stage, scopes)?;
    stage.grants_for(request, scopes, ms)?;
    stage.told("granted")?;
    stage.fresh()?;
    Ok(request)
}

fn gives_back(stage: &mut ClientStage<'_>, grant: u32) -> Done {
    let back = stage.says("CONTROL-31", "control-end")?;
    let right = matches!(&back, Message::ControlEnd(end) if end.grant == grant);
    stage.check("CONTROL-31", right, "that grant", format!("{back:?}"))
}

fn ends() -> Vec<Case> {
    type How = fn(&mut ClientStage<'_>) -> Done;
    let ends: [(&str, &str, &str, How); 7] = [
        (
            "revoked",
            "CONTROL-26",
            "the sharer takes it back",
            |stage| {
                let (grant, code) = (stage.grant, ErrorCode::Revoked.to_wire());
                stage.seal_one(ControlEnd { grant, code })
            },
        ),
        (
            "paused-by-the-sharer",
            "PAUSE-10",
            "the sharer pauses",
            |stage| stage.seal_one(Pause { paused: true }),
        ),
        (
            "paused-by-the-person",
            "PAUSE-10",
            "the person pauses",
            |stage| stage.act("pause"),
        ),
        (
            "given-up",
            "CONTROL-26",
            "the person gives it up",
            |stage| stage.act("release-control"),
        ),
        ("expired", "CONTROL-26", "its time is over", |stage| {
            stage.pass(9_000)
        }),
        ("frozen", "RECON-3", "the session freezes", |stage| {
            stage.says_peer_lost();
            Ok(())
        }),
        ("end", "CONTROL-26", "the session ends", |stage| {
            stage.act("end")
        }),
    ];
    ends.into_iter()
        .map(|(name, requirement, what, how)| {
            Case::helper(
                format!("helper/grant/over-{name}"),
                format!("no input is sent any more when {what}"),
                &[requirement, "INPUT-2"],
                move |stage| {
                    control_for(stage, Scopes::CONTROL, 8_000)?;
                    stage.pass(100)?;
                    let had = stage.until_there_are(9, 0, is_input)?;
                    let seen = stage.since(0);
                    stage.check("INPUT-2", had >= 9, "a record each 10 ms", seen)?;
                    how(stage)?;
                    // Everything that was sent is here when its stream or its connection is over.
                    let over =
                        |item: &Item| matches!(item, Item::StreamOver { .. } | Item::Closed(_));
                    stage.until_there_are(1, 0, over)?;
                    let from = stage.here();
                    stage.leap(500)?;
                    stage.moment(20)?;
                    stage.never(requirement, from, "input", is_input)
                },
            )
            .twin("helper/input/ticks")
        })
        .collect()
}

fn input() -> Vec<Case> {
    vec![
        Case::helper(
            "helper/input/ticks",
            "while a grant lives one record leaves at each tick of 10 ms, on one stream that carries nothing else",
            &["INPUT-1", "INPUT-2"],
            ticks,
        ),
        Case::helper(
            "helper/input/events",
            "what the person does is sent, in order",
            &["INPUT-2"],
            |stage| {
                stage.controlled(Scopes::CONTROL)?;
                let from = stage.fresh()?;
                let input = json!([
                    { "key": 4, "down": true },
                    { "key": 4, "down": false },
                    { "pointer": [10, 65_535], "display": 0 },
                    { "button": 1, "down": true },
                    { "button": 1, "down": false },
                    { "wheel": [0, -120] },
                ]);
                stage.does("send-input", json!({ "input": input }))?;
                stage.pass(100)?;
                let expected = [
                    InputEvent::Key {
                        usage: 4,
                        down: true,
                    },
                    InputEvent::Key {
                        usage: 4,
                        down: false,
                    },
                    InputEvent::Pointer {
                        display: 0,
                        x: 10,
                        y: 65_535,
                    },
                    InputEvent::Button {
                        button: 1,
                        down: true,
                    },
                    InputEvent::Button {
                        button: 1,
                        down: false,
                    },
                    InputEvent::Wheel { dx: 0, dy: -120 },
                ];
                stage.await_("the last of it", |item| {
                    matches!(item, Item::Input { events: Some(events), .. }
                        if events.contains(&expected[5]))
                })?;
                let events = events_since(stage, from);
                let seen = format!("{events:?}");
                stage.check("INPUT-2", events == expected, "all of it", seen)
            },
        ),
        Case::helper(
            "helper/input/without-grant",
            "no input is taken from the person without a grant",
            &["CONTROL-26"],
            |stage| {
                stage.shown()?;
                let input = json!([{ "key": 4, "down": true }]);
                stage.may_not("CONTROL-26", "send-input", json!({ "input": input }))?;
                stage.pass(200)?;
                stage.never("CONTROL-26", 0, "input", is_input)
            },
        )
        .twin("helper/input/events"),
        Case::helper(
            "helper/input/wheel",
            "a turn of the wheel beyond what a slot takes is sent in more slots, or cut",
            &["INPUT-2"],
            |stage| {
                stage.controlled(Scopes::CONTROL)?;
                let from = stage.fresh()?;
                let input = json!([{ "wheel": [0, 30_000] }]);
                stage.does("send-input", json!({ "input": input }))?;
                stage.pass(500)?;
                let right = events_since(stage, from).iter().all(|event| match event {
                    InputEvent::Wheel { dy, .. } => (1..=1_200).contains(dy),
                    _ => true,
                });
                let broken = stage.count(from, |item| {
                    matches!(item, Item::Input { events: None, .. })
                });
                let seen = stage.since(from);
                stage.check(
                    "INPUT-2",
                    right && broken == 0,
                    "slots within the limit",
                    seen,
                )
            },
        ),
    ]
}

fn events_since(stage: &ClientStage<'_>, from: usize) -> Vec<InputEvent> {
    let all = stage.log.iter().skip(from);
    let events = all.filter_map(|item| match item {
        Item::Input { events, .. } => events.clone(),
        _ => None,
    });
    events.flatten().collect()
}

fn ticks(stage: &mut ClientStage<'_>) -> Done {
    control_for(stage, Scopes::CONTROL, 300_000)?;
    let from = stage.here();
    stage.pass(1_000)?;
    stage.until_there_are(99, from, is_input)?;
    stage.moment(20)?;
    let mut streams: Vec<u64> = stage
        .log
        .iter()
        .filter_map(|item| match item {
            Item::Input { stream, .. } => Some(*stream),
            _ => None,
        })
        .collect();
    streams.dedup();
    let broken = stage.count(0, |item| matches!(item, Item::Broken(..)));
    let right = streams.len() <= 1 && broken == 0;
    stage.check(
        "INPUT-1",
        right,
        "one stream, of input alone",
        format!("{streams:?}"),
    )?;
    let records = stage.count(from, is_input);
    let seen = stage.since(from);
    stage.check(
        "INPUT-2",
        (99..=101).contains(&records),
        "100 records in a second",
        seen,
    )?;
    let opened = stage.count(from, |item| {
        matches!(
            item,
            Item::Input {
                events: Some(_),
                ..
            }
        )
    });
    stage.check(
        "INPUT-2",
        opened == records,
        "records that open",
        opened.to_string(),
    )
}

fn is_input(item: &Item) -> bool {
    matches!(item, Item::Input { .. })
}

fn is_end(item: &Item) -> bool {
    item.is_sealed("control-end")
}

/// The person asks for control; the number of the request.
fn asks(stage: &mut ClientStage<'_>, scopes: Scopes) -> Done<u32> {
    stage.does("request-control", json!({ "scopes": names(scopes) }))?;
    match stage.hears("control-request")? {
        Message::ControlRequest(asked) => Ok(asked.request),
        other => Err(Stop::Harness(format!("{} is no request", other.name()))),
    }
}
