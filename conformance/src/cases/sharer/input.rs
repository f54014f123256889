//! What a sharer injects, and what it does not.

use alongside_wire::{
    ErrorCode, Scopes,
    input::InputEvent,
    record::InputHeader,
    session::{ControlEnd, ControlWithdraw, End, Pause},
};
use serde_json::{Value, json};

use super::grants::{over, released};
use crate::{
    case::Case,
    stage::{ClientStage, Done, Item},
};

const A: u16 = 4;
const B: u16 = 5;
const C: u16 = 6;

pub(super) fn cases() -> Vec<Case> {
    let all = [
        Case::sharer(
            "sharer/input/carried-out",
            "each event of input under the live grant is carried out, in order",
            &["INPUT-3"],
            carried_out,
        ),
        Case::sharer(
            "sharer/input/other-key",
            "a record under the id of the live grant that does not open ends the grant with record-failed, and is not carried out",
            &["INPUT-3", "INPUT-5"],
            other_key,
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/repeated",
            "a record that comes again does not open: it ends the grant",
            &["INPUT-5"],
            repeated,
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/other-grant",
            "a record under another grant than the live one is skipped, and nothing comes of it",
            &["INPUT-4"],
            other_grant,
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/after-revocation",
            "what comes under a grant that was taken back is not carried out",
            &["INPUT-8"],
            |stage| dies(stage, "INPUT-8", |stage| stage.act("revoke")),
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/after-release",
            "what comes under a grant that the helper gave up is not carried out",
            &["INPUT-8"],
            |stage| {
                dies(stage, "INPUT-8", |stage| {
                    let (grant, code) = (1, ErrorCode::Released.to_wire());
                    stage.seal_one(ControlEnd { grant, code })
                })
            },
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/after-the-end",
            "nothing is pressed once the session is over",
            &["END-6"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?.grant;
                let stream = stage.open_stream()?;
                stage.presses("END-6", stream, grant, A)?;
                let from = stage.fresh()?;
                let code = ErrorCode::Done.to_wire();
                stage.seal_one(End { code })?;
                stage.told("ended")?;
                stage.never("END-6", from, "a press", |item| {
                    matches!(item, Item::Told(event) if event.name == "injected"
                        && event.fields.get("input").is_some_and(|input| input["down"] == true))
                })
            },
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/after-withdrawal",
            "what comes under a grant whose request was withdrawn is not carried out",
            &["INPUT-8"],
            |stage| {
                dies(stage, "INPUT-8", |stage| {
                    stage.seal_one(ControlWithdraw { request: 1 })
                })
            },
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/after-pause",
            "what comes under a grant that a pause has ended is not carried out",
            &["INPUT-8"],
            |stage| {
                dies(stage, "INPUT-8", |stage| {
                    stage.seal_one(Pause { paused: true })?;
                    stage.told("control-ended")?;
                    stage.seal_one(Pause { paused: false })?;
                    stage.settle()?;
                    // A frame of the new epoch has to be shown before control can be asked for.
                    stage.does("send-frame", json!({ "width": 64, "height": 48, "seed": 2 }))?;
                    stage.await_("a frame", |item| matches!(item, Item::Frame { .. }))?;
                    stage.settle()
                })
            },
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/while-asked",
            "what comes while a prompt is open is discarded, then and for ever",
            &["CONTROL-9", "CONTROL-10"],
            while_asked,
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/beyond-scope-key",
            "a key under a grant of the pointer ends the session, and is not pressed",
            &["INPUT-6"],
            |stage| beyond(stage, Scopes::POINTER, InputEvent::Key { usage: A, down: true }),
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/beyond-scope-pointer",
            "a move of the pointer under a grant of the keyboard ends the session",
            &["INPUT-6"],
            |stage| beyond(stage, Scopes::KEYBOARD, InputEvent::Pointer { display: 0, x: 1, y: 1 }),
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/beyond-scope-button",
            "a button under a grant of the keyboard ends the session",
            &["INPUT-6"],
            |stage| beyond(stage, Scopes::KEYBOARD, InputEvent::Button { button: 1, down: true }),
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/beyond-scope-wheel",
            "a turn of the wheel under a grant of the keyboard ends the session",
            &["INPUT-6"],
            |stage| beyond(stage, Scopes::KEYBOARD, InputEvent::Wheel { dx: 0, dy: 120 }),
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/beyond-scope-whole-record",
            "nothing of a record is carried out of which one event is beyond the scopes",
            &["INPUT-6"],
            whole_record,
        )
        .twin("sharer/input/carried-out"),
        Case::sharer(
            "sharer/input/release-all",
            "release-all releases everything that is held, and needs no scope",
            &["INPUT-9"],
            release_all,
        ),
        Case::sharer(
            "sharer/input/header",
            "a stream with a header that is none of input is stopped, and the session goes on",
            &["MEDIA-9"],
            header,
        )
        .twin("sharer/input/carried-out"),
    ];
    let slots = SLOTS.iter().map(|(name, what, slot)| {
        Case::sharer(
            format!("sharer/input/slot-{name}"),
            format!("an authentic record with {what} ends the session"),
            &["INPUT-7"],
            |stage| bad_slot(stage, slot),
        )
        .twin("sharer/input/carried-out")
    });
    let all = all.into_iter().chain(slots);
    all.map(|case| case.needs("control")).collect()
}

/// Each is none of the table for one reason.
const SLOTS: &[(&str, &str, [u8; 8])] = &[
    ("kind", "a slot of kind 6", [6, 0, 0, 0, 0, 0, 0, 0]),
    (
        "empty",
        "an empty slot that holds something",
        [0, 0, 0, 0, 0, 0, 0, 1],
    ),
    (
        "key-down",
        "a key that is neither down nor up",
        [1, 2, 0, 4, 0, 0, 0, 0],
    ),
    (
        "key-rest",
        "a key with something after it",
        [1, 1, 0, 4, 0, 0, 0, 1],
    ),
    (
        "pointer-rest",
        "a move with something after it",
        [2, 0, 0, 1, 0, 1, 1, 0],
    ),
    (
        "button-0",
        "a button with the number 0",
        [3, 1, 0, 0, 0, 0, 0, 0],
    ),
    (
        "button-6",
        "a button with the number 6",
        [3, 1, 6, 0, 0, 0, 0, 0],
    ),
    (
        "button-down",
        "a button that is neither down nor up",
        [3, 2, 1, 0, 0, 0, 0, 0],
    ),
    (
        "button-rest",
        "a button with something after it",
        [3, 1, 1, 1, 0, 0, 0, 0],
    ),
    (
        "wheel-byte-1",
        "a turn of the wheel with something in byte 1",
        [4, 1, 0, 1, 0, 0, 0, 0],
    ),
    (
        "wheel-rest",
        "a turn of the wheel with something after it",
        [4, 0, 0, 1, 0, 0, 1, 0],
    ),
    (
        "release-rest",
        "a release with something after it",
        [5, 0, 0, 0, 0, 0, 0, 1],
    ),
];

fn bad_slot(stage: &mut ClientStage<'_>, slot: &[u8; 8]) -> Done {
    let grant = stage.controlled(Scopes::CONTROL)?.grant;
    let stream = stage.open_stream()?;
    stage.presses("INPUT-7", stream, grant, A)?;
    let mut slots = [0; 64];
    slots[..8].copy_from_slice(slot);
    stage.input_slots(stream, grant, &slots)?;
    stage.ends("INPUT-7", ErrorCode::Malformed)
}

fn carried_out(stage: &mut ClientStage<'_>) -> Done {
    let grant = stage.controlled(Scopes::CONTROL)?.grant;
    let stream = stage.open_stream()?;
    let from = stage.fresh()?;
    let events = [
        InputEvent::Key {
            usage: A,
            down: true,
        },
        InputEvent::Key {
            usage: A,
            down: false,
        },
        InputEvent::Pointer {
            display: 0,
            x: 0,
            y: 65_535,
        },
        InputEvent::Button {
            button: 5,
            down: true,
        },
        InputEvent::Button {
            button: 5,
            down: false,
        },
        InputEvent::Wheel {
            dx: -1_200,
            dy: 120,
        },
    ];
    stage.input(stream, grant, &events)?;
    stage.presses("INPUT-3", stream, grant, B)?;
    let injected: Vec<Value> = stage
        .log
        .iter()
        .skip(from)
        .filter_map(|item| match item {
            Item::Told(event) if event.name == "injected" => event.fields.get("input").cloned(),
            _ => None,
        })
        .collect();
    let expected = vec![
        json!({ "key": A, "down": true }),
        json!({ "key": A, "down": false }),
        json!({ "pointer": [0, 65_535], "display": 0 }),
        json!({ "button": 5, "down": true }),
        json!({ "button": 5, "down": false }),
        json!({ "wheel": [-1_200, 120] }),
        json!({ "key": B, "down": true }),
    ];
    let seen = format!("{injected:?}");
    stage.check("INPUT-3", injected == expected, "each, in order", seen)
}

fn other_key(stage: &mut ClientStage<'_>) -> Done {
    let grant = stage.controlled(Scopes::CONTROL)?.grant;
    let stream = stage.open_stream()?;
    let from = stage.fresh()?;
    let mut record = InputHeader { grant }.to_bytes().to_vec();
    record.extend([7; InputHeader::LENGTH]);
    stage.stream_bytes(stream, &record);
    over(stage, "INPUT-5", grant, ErrorCode::RecordFailed)?;
    released(stage, from)?;
    stage.never("INPUT-3", from, "injection", |item| {
        item.is_told("injected")
    })?;
    stage.goes_on("INPUT-5")
}

fn repeated(stage: &mut ClientStage<'_>) -> Done {
    let grant = stage.controlled(Scopes::CONTROL)?.grant;
    let stream = stage.open_stream()?;
    let press = InputEvent::Key {
        usage: A,
        down: true,
    };
    let record = stage.input_record_of(grant, &[press])?;
    stage.stream_bytes(stream, &record);
    stage.told("injected")?;
    let from = stage.fresh()?;
    stage.stream_bytes(stream, &record);
    over(stage, "INPUT-5", grant, ErrorCode::RecordFailed)?;
    stage.never("INPUT-5", from, "injection", |item| {
        item.is_told("injected")
    })
}

fn other_grant(stage: &mut ClientStage<'_>) -> Done {
    let grant = stage.controlled(Scopes::CONTROL)?.grant;
    let stream = stage.open_stream()?;
    let from = stage.fresh()?;
    for other in [0, grant + 1] {
        let mut record = InputHeader { grant: other }.to_bytes().to_vec();
        record.extend([7; InputHeader::LENGTH]);
        stage.stream_bytes(stream, &record);
    }
    stage.presses("INPUT-4", stream, grant, B)?;
    stage.never("INPUT-4", from, "control-end", |item| {
        item.is_sealed("control-end")
    })
}

/// Input under a grant that something has ended is not carried out, and that of the next one is.
fn dies(
    stage: &mut ClientStage<'_>,
    requirement: &'static str,
    how: impl Fn(&mut ClientStage<'_>) -> Done,
) -> Done {
    let old = stage.controlled(Scopes::CONTROL)?.grant;
    let stream = stage.open_stream()?;
    stage.presses(requirement, stream, old, A)?;
    how(stage)?;
    let from = stage.fresh()?;
    stage.input(
        stream,
        old,
        &[InputEvent::Key {
            usage: C,
            down: true,
        }],
    )?;
    stage.pass(11_000)?;
    let new = stage.controls(Scopes::CONTROL)?.grant;
    stage.presses(requirement, stream, new, B)?;
    let pressed = stage.was_pressed(from, C);
    let seen = stage.since(from);
    stage.check(
        requirement,
        !pressed,
        "no injection under the dead grant",
        seen,
    )
}

fn while_asked(stage: &mut ClientStage<'_>) -> Done {
    let grant = stage.controlled(Scopes::KEYBOARD)?.grant;
    let stream = stage.open_stream()?;
    stage.presses("CONTROL-9", stream, grant, A)?;
    let from = stage.fresh()?;
    stage.prompted(Scopes::CONTROL)?;
    stage.told_since(from);
    stage.tells("CONTROL-10", "released")?;
    stage.never_earlier("CONTROL-10", from, "released", "control-asked")?;
    stage.input(
        stream,
        grant,
        &[InputEvent::Key {
            usage: C,
            down: true,
        }],
    )?;
    // What is beyond the scopes ends the session all the same, so that this one was read.
    stage.input(
        stream,
        grant,
        &[InputEvent::Key {
            usage: C,
            down: false,
        }],
    )?;
    stage.moment(30)?;
    stage.act("deny")?;
    stage.presses("CONTROL-9", stream, grant, B)?;
    let pressed = stage.was_pressed(from, C);
    let seen = stage.since(from);
    stage.check("CONTROL-9", !pressed, "no injection while asked", seen)
}

fn beyond(stage: &mut ClientStage<'_>, scopes: Scopes, event: InputEvent) -> Done {
    let grant = stage.controlled(scopes)?.grant;
    let stream = stage.open_stream()?;
    let from = stage.fresh()?;
    stage.input(stream, grant, &[event])?;
    stage.ends("INPUT-6", ErrorCode::ScopeExceeded)?;
    stage.never("INPUT-6", from, "injection", |item| {
        item.is_told("injected")
    })
}

fn whole_record(stage: &mut ClientStage<'_>) -> Done {
    let grant = stage.controlled(Scopes::POINTER)?.grant;
    let stream = stage.open_stream()?;
    let from = stage.fresh()?;
    let events = [
        InputEvent::Button {
            button: 1,
            down: true,
        },
        InputEvent::Key {
            usage: A,
            down: true,
        },
    ];
    stage.input(stream, grant, &events)?;
    stage.ends("INPUT-6", ErrorCode::ScopeExceeded)?;
    stage.never("INPUT-6", from, "injection", |item| {
        item.is_told("injected")
    })
}

fn release_all(stage: &mut ClientStage<'_>) -> Done {
    let grant = stage.controlled(Scopes::POINTER)?.grant;
    let stream = stage.open_stream()?;
    stage.fresh()?;
    stage.input(stream, grant, &[InputEvent::ReleaseAll])?;
    stage.tells("INPUT-9", "released")?;
    stage.goes_on("INPUT-9")
}

fn header(stage: &mut ClientStage<'_>) -> Done {
    let grant = stage.controlled(Scopes::CONTROL)?.grant;
    for (place, byte) in [(0, 0x40), (1, 1), (3, 79)] {
        let stream = stage.open_stream()?;
        let mut record = stage.input_record_of(grant + 1, &[])?;
        if let Some(wrong) = record.get_mut(place) {
            *wrong = byte;
        }
        stage.stream_bytes(stream, &record);
        stage.stops("MEDIA-9", stream)?;
    }
    let stream = stage.open_stream()?;
    stage.presses("MEDIA-9", stream, grant, A)
}
