//! What the sharer shows, and the helper sees.

use serde_json::json;

use crate::{
    case::Case,
    driver::Role::{self, Helper, Sharer},
    stage::{Done, PairStage, hash, other},
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::pair(
            "pair/frames/same",
            "the helper shows pixel for pixel what the sharer's screen has, of whatever size it is",
            &["MEDIA-13", "MEDIA-2"],
            same,
        ),
        Case::pair(
            "pair/frames/many",
            "of many pictures the helper shows none that the sharer did not, and the last one",
            &["MEDIA-13", "MEDIA-15"],
            many,
        ),
        Case::pair(
            "pair/frames/before-consent",
            "what the screen had before consent is seen after it, and not before",
            &["CONSENT-2", "MEDIA-12"],
            before_consent,
        ),
    ];
    for end in [Helper, Sharer] {
        let id = |what: &str| format!("pair/{what}/{end}");
        cases.extend([
            Case::pair(
                id("pause"),
                format!("the {end} pauses: both are told, and nothing is seen until it goes on"),
                &["PAUSE-1", "PAUSE-5", "MEDIA-12"],
                move |stage| pause(stage, end),
            )
            .needs("pause"),
            Case::pair(
                id("reconnect"),
                format!(
                    "the {end} loses its connection: both are told, are back, and see the screen"
                ),
                &["RECON-4", "RECON-27"],
                move |stage| reconnect(stage, end),
            )
            .needs("reconnect"),
        ]);
    }
    cases.extend([
        Case::pair(
            "pair/pause/both",
            "a session that both have paused goes on when both let it",
            &["PAUSE-1", "PAUSE-5"],
            both_pause,
        )
        .needs("pause"),
        Case::pair(
            "pair/reconnect/again",
            "a connection is lost once more, now of one end and now of the other",
            &["RECON-4", "RECON-12"],
            |stage| {
                stage.shown()?;
                for end in [Helper, Sharer, Helper] {
                    stage.must("RECON-12", |stage| loses(stage, end))?;
                }
                stage.shows("RECON-12", (32, 32), 9)
            },
        )
        .needs("reconnect"),
        Case::pair(
            "pair/secure-desktop",
            "while the sharer's system asks something nothing is seen, and the helper knows why",
            &["TOOL-21", "TOOL-22", "TOOL-23"],
            secure_desktop,
        )
        .needs("secure-desktop"),
    ]);
    cases
}

fn same(stage: &mut PairStage<'_>) -> Done {
    stage.viewing()?;
    for (seed, size) in [(64, 48), (64, 48), (7, 256), (256, 256), (1, 1), (255, 3)]
        .into_iter()
        .enumerate()
    {
        stage.shows(["MEDIA-13", "MEDIA-2"], size, seed as u32)?;
    }
    Ok(())
}

fn many(stage: &mut PairStage<'_>) -> Done {
    stage.viewing()?;
    let from = stage.fresh();
    let size = (128, 96);
    for seed in 0..40 {
        let picture = json!({ "width": size.0, "height": size.1, "seed": seed });
        stage.does(Sharer, "send-frame", picture)?;
    }
    stage.shows("MEDIA-15", size, 40)?;
    let known: Vec<_> = (0..=40).map(|seed| hash(size, seed)).collect();
    let shown = stage.all(Helper, from, "frame").into_iter();
    let of_size = shown.filter(|frame| frame.fields.get("width") == Some(&json!(size.0)));
    let strange: Vec<_> = of_size
        .map(|frame| frame.text("sha256").to_owned())
        .filter(|hash| !known.contains(hash))
        .collect();
    let none = strange.is_empty();
    let expected = "no picture that the sharer did not show";
    stage.check("MEDIA-13", none, expected, format!("{strange:?}"))
}

fn before_consent(stage: &mut PairStage<'_>) -> Done {
    stage.deciding()?;
    let picture = json!({ "width": 60, "height": 40, "seed": 3 });
    stage.does(Sharer, "send-frame", picture)?;
    stage.never_tells("CONSENT-2", Helper, 0, "frame")?;
    stage.agrees()?;
    sees(stage, "MEDIA-12", (60, 40), 3)
}

/// The helper sees the test picture.
fn sees(stage: &mut PairStage<'_>, requirement: &'static str, size: (u16, u16), seed: u32) -> Done {
    let frame = json!({ "sha256": hash(size, seed) });
    stage.tells_that(requirement, Helper, "frame", &frame)?;
    Ok(())
}

/// One end sets its flag or unsets it, and both know.
fn flags(stage: &mut PairStage<'_>, end: Role, op: &str, flags: (bool, bool)) -> Done {
    stage.act(end, op)?;
    let (own, theirs) = flags;
    let here = json!({ "own": own, "other": theirs });
    stage.tells_that("PAUSE-1", end, "paused", &here)?;
    let there = json!({ "own": theirs, "other": own });
    stage.tells_that("PAUSE-1", other(end), "paused", &there)?;
    Ok(())
}

/// What the screen gets while nothing may be seen is not seen.
fn hidden(stage: &mut PairStage<'_>, requirement: &'static str, seed: u32) -> Done {
    stage.settle()?;
    let from = stage.fresh();
    let picture = json!({ "width": 48, "height": 48, "seed": seed });
    stage.does(Sharer, "send-frame", picture)?;
    stage.never_tells(requirement, Helper, from, "frame")
}

fn pause(stage: &mut PairStage<'_>, end: Role) -> Done {
    stage.shown()?;
    flags(stage, end, "pause", (true, false))?;
    hidden(stage, "PAUSE-5", 5)?;
    flags(stage, end, "unpause", (false, false))?;
    sees(stage, "MEDIA-12", (48, 48), 5)
}

fn both_pause(stage: &mut PairStage<'_>) -> Done {
    stage.shown()?;
    flags(stage, Helper, "pause", (true, false))?;
    flags(stage, Sharer, "pause", (true, true))?;
    flags(stage, Helper, "unpause", (false, true))?;
    hidden(stage, "PAUSE-5", 6)?;
    flags(stage, Sharer, "unpause", (false, false))?;
    sees(stage, "PAUSE-5", (48, 48), 6)
}

/// One end loses its connection, and the session goes on by another.
fn loses(stage: &mut PairStage<'_>, end: Role) -> Done {
    stage.act(end, "reconnect")?;
    for name in ["frozen", "back"] {
        for end in [Helper, Sharer] {
            stage.tells("RECON-4", end, name)?;
        }
    }
    Ok(())
}

fn reconnect(stage: &mut PairStage<'_>, end: Role) -> Done {
    stage.shown()?;
    loses(stage, end)?;
    // The first frame of the new epoch is the screen as it is.
    sees(stage, "RECON-27", (64, 48), 1)?;
    stage.shows("RECON-27", (80, 60), 2)
}

fn secure_desktop(stage: &mut PairStage<'_>) -> Done {
    stage.shown()?;
    stage.does(Sharer, "secure-desktop", json!({ "active": true }))?;
    let there = json!({ "active": true });
    stage.tells_that("TOOL-22", Helper, "secure-desktop", &there)?;
    hidden(stage, "TOOL-21", 7)?;
    stage.does(Sharer, "secure-desktop", json!({ "active": false }))?;
    let gone = json!({ "active": false });
    stage.tells_that("TOOL-22", Helper, "secure-desktop", &gone)?;
    sees(stage, "TOOL-23", (48, 48), 7)
}
