//! Drawing, and the system's own questions, at a sharer. What both ends do alike is elsewhere.

use alongside_wire::{
    ErrorCode, Scopes,
    input::InputEvent,
    limits,
    session::{Clear, Laser, Message, Pause, Probe, SecureDesktop, Stroke},
};
use serde_json::json;

use super::media::is_frame;
use crate::{
    case::Case,
    stage::{ClientStage, Done, Item},
};

pub(super) fn cases() -> Vec<Case> {
    [drawing(), secure()].concat()
}

fn stroke(grant: u32, stroke: u32, points: usize) -> Stroke {
    Stroke {
        grant,
        stroke,
        display: 0,
        colour: 0,
        width: 4,
        points: vec![(1, 1); points],
    }
}

const fn laser(grant: u32) -> Laser {
    Laser {
        grant,
        display: 0,
        x: 7,
        y: 9,
    }
}

fn drawing() -> Vec<Case> {
    let all = [
        Case::sharer(
            "sharer/drawing/shown",
            "strokes and the laser pointer are shown while their grant lives",
            &["TOOL-15"],
            |stage| {
                let grant = stage.controlled(Scopes::ANNOTATE)?.grant;
                stage.fresh()?;
                stage.seal_one(stroke(grant, 1, 2))?;
                stage.tells("TOOL-15", "drawn")?;
                stage.seal_one(laser(grant))?;
                let pointed = stage.tells("TOOL-15", "pointed")?;
                let right = pointed.fields.get("x") == Some(&json!(7));
                stage.check("TOOL-15", right, "the place", format!("{pointed:?}"))
            },
        ),
        Case::sharer(
            "sharer/drawing/cleared-by-the-end",
            "everything that was drawn is cleared when the grant ends",
            &["TOOL-15"],
            |stage| {
                let grant = drawn(stage)?;
                let _ = grant;
                stage.act("revoke")?;
                stage.tells("TOOL-15", "cleared").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/drawing/cleared-by-a-pause",
            "everything that was drawn is cleared when a pause ends the grant",
            &["TOOL-15"],
            |stage| {
                drawn(stage)?;
                stage.seal_one(Pause { paused: true })?;
                stage.tells("TOOL-15", "cleared").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/drawing/cleared-by-a-prompt",
            "everything that was drawn is cleared when a prompt opens, and what comes then is discarded",
            &["TOOL-16"],
            |stage| {
                let grant = drawn(stage)?;
                stage.prompted(Scopes::CONTROL)?;
                stage.tells("TOOL-16", "cleared")?;
                let from = stage.fresh()?;
                stage.seal_one(stroke(grant, 2, 2))?;
                stage.seal_one(laser(grant))?;
                stage.never("TOOL-16", from, "drawing", is_drawing)
            },
        ),
        Case::sharer(
            "sharer/drawing/points",
            "strokes beyond 16,384 points are discarded until they are cleared",
            &["TOOL-19"],
            points,
        ),
        Case::sharer(
            "sharer/drawing/ended-grant",
            "drawing under a grant that has ended is ignored",
            &["TOOL-1", "TOOL-15"],
            |stage| {
                let grant = stage.controlled(Scopes::ANNOTATE)?.grant;
                stage.act("revoke")?;
                let from = stage.fresh()?;
                stage.seal_one(stroke(grant, 1, 2))?;
                stage.seal_one(laser(grant))?;
                stage.seal_one(Clear { grant })?;
                stage.never("TOOL-1", from, "drawing", is_drawing)?;
                stage.never("TOOL-15", from, "drawing", is_drawing)?;
                stage.goes_on("TOOL-1")
            },
        ),
    ];
    type Drawing = fn(u32) -> Message;
    let messages: [(&str, Drawing); 3] = [
        ("stroke", |grant| stroke(grant, 1, 2).into()),
        ("laser", |grant| laser(grant).into()),
        ("clear", |grant| Clear { grant }.into()),
    ];
    let wrong = messages.into_iter().flat_map(|(name, message)| {
        [
            Case::sharer(
                format!("sharer/drawing/{name}-without-grant"),
                format!("a {name} under a grant that was never made ends the session"),
                &["TOOL-2"],
                move |stage| {
                    let grant = stage.controlled(Scopes::ANNOTATE)?.grant;
                    stage.seal(&[message(grant + 1)])?;
                    stage.ends("TOOL-2", ErrorCode::UnexpectedMessage)
                },
            )
            .twin("sharer/drawing/ended-grant"),
            Case::sharer(
                format!("sharer/drawing/{name}-of-grant-0"),
                format!("a {name} under grant 0, which no grant has, ends the session"),
                &["TOOL-2"],
                move |stage| {
                    stage.controlled(Scopes::ANNOTATE)?;
                    stage.seal(&[message(0)])?;
                    stage.ends("TOOL-2", ErrorCode::UnexpectedMessage)
                },
            )
            .twin("sharer/drawing/ended-grant"),
            Case::sharer(
                format!("sharer/drawing/{name}-without-scope"),
                format!("a {name} under a live grant without annotate ends the session"),
                &["TOOL-3"],
                move |stage| {
                    let grant = stage.controlled(Scopes::CONTROL)?.grant;
                    stage.seal(&[message(grant)])?;
                    stage.ends("TOOL-3", ErrorCode::ScopeExceeded)
                },
            )
            .twin("sharer/drawing/shown"),
        ]
    });
    let all = all.into_iter().chain(wrong);
    all.map(|case| case.needs("control").needs("drawing"))
        .collect()
}

fn is_drawing(item: &Item) -> bool {
    item.is_told("drawn") || item.is_told("pointed")
}

fn drawn(stage: &mut ClientStage<'_>) -> Done<u32> {
    let grant = stage.controlled(Scopes::ANNOTATE)?.grant;
    stage.seal_one(stroke(grant, 1, 2))?;
    stage.told("drawn")?;
    stage.fresh()?;
    Ok(grant)
}

fn points(stage: &mut ClientStage<'_>) -> Done {
    let grant = stage.controlled(Scopes::ANNOTATE)?.grant;
    let from = stage.fresh()?;
    let strokes = (limits::DRAWING_POINTS / limits::STROKE_POINTS) as u32;
    for number in 1..=strokes {
        stage.seal_one(stroke(grant, number, limits::STROKE_POINTS))?;
    }
    stage.settle()?;
    let shown = stage.count(from, |item| item.is_told("drawn"));
    let all = shown == strokes as usize;
    stage.check(
        "TOOL-19",
        all,
        "all strokes of 16,384 points",
        shown.to_string(),
    )?;
    let from = stage.fresh()?;
    stage.seal_one(stroke(grant, strokes + 1, 1))?;
    stage.never_tells("TOOL-19", from, "drawn")?;
    stage.seal_one(Clear { grant })?;
    stage.seal_one(stroke(grant, strokes + 2, 1))?;
    stage.tells("TOOL-19", "drawn").map(|_| ())
}

fn secure() -> Vec<Case> {
    let all = [
        Case::sharer(
            "sharer/secure-desktop/told",
            "the helper is told when the system asks something, and when that is gone",
            &["TOOL-22"],
            |stage| {
                stage.shown()?;
                stage.fresh()?;
                secure_desktop(stage, true)?;
                stage.says_this("TOOL-22", SecureDesktop { active: true })?;
                secure_desktop(stage, false)?;
                stage.says_this("TOOL-22", SecureDesktop { active: false })
            },
        ),
        Case::sharer(
            "sharer/secure-desktop/media",
            "no media is sent while the system asks, and the first frame after it is complete",
            &["TOOL-21", "TOOL-23"],
            |stage| {
                stage.shown()?;
                secure_desktop(stage, true)?;
                let from = stage.fresh()?;
                stage.does(
                    "send-frame",
                    json!({ "width": 64, "height": 48, "seed": 2 }),
                )?;
                stage.moment(60)?;
                stage.never("TOOL-21", from, "frame", is_frame)?;
                secure_desktop(stage, false)?;
                let frame = stage.sees("TOOL-23", "a frame", is_frame)?;
                let complete = matches!(
                    &frame,
                    Item::Frame { frame: Ok(frame), .. } if frame.complete
                );
                stage.check("TOOL-23", complete, "a complete frame", frame.to_string())
            },
        ),
        Case::sharer(
            "sharer/secure-desktop/input",
            "nothing is injected while the system asks, and everything is released",
            &["TOOL-21"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?.grant;
                let stream = stage.open_stream()?;
                stage.presses("TOOL-21", stream, grant, 4)?;
                let from = stage.fresh()?;
                secure_desktop(stage, true)?;
                stage.told_since(from);
                stage.tells("TOOL-21", "released")?;
                stage.input(
                    stream,
                    grant,
                    &[InputEvent::Key {
                        usage: 6,
                        down: true,
                    }],
                )?;
                stage.moment(30)?;
                stage.settle()?;
                secure_desktop(stage, false)?;
                stage.presses("TOOL-21", stream, grant, 5)?;
                let pressed = stage.was_pressed(from, 6);
                stage.check(
                    "TOOL-21",
                    !pressed,
                    "no injection meanwhile",
                    stage.since(from),
                )
            },
        )
        .needs("control"),
        Case::sharer(
            "sharer/secure-desktop/probe",
            "the session goes on while the system asks",
            &["TOOL-25"],
            |stage| {
                stage.shown()?;
                secure_desktop(stage, true)?;
                stage.fresh()?;
                stage.seal_one(Probe { probe: 77 })?;
                stage.says("TOOL-25", "probe-answer").map(|_| ())
            },
        ),
    ];
    all.into_iter()
        .map(|case| case.needs("secure-desktop"))
        .collect()
}

fn secure_desktop(stage: &mut ClientStage<'_>, active: bool) -> Done {
    stage.does("secure-desktop", json!({ "active": active }))?;
    Ok(())
}
