//! How a path is over, and what goes on.

use alongside_wire::{ErrorCode, limits::timers};

use super::{by_the_path, is_over, spliced};
use crate::{
    case::Case,
    stage::{ClientStage, Done},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::client(
            "client/path/not-given",
            "a path that the relay does not give is given up after path-attempt, and the session goes on",
            &["PATH-30"],
            |stage| {
                stage.paths = Some(1);
                stage.shown()?;
                stage.asks_for_a_path()?;
                is_given_up(stage, timers::PATH_ATTEMPT)
            },
        )
        .twin("client/path/stands"),
        Case::client(
            "client/path/not-met",
            "a path on which no connection comes about is given up after path-attempt, and the session goes on",
            &["PATH-30"],
            |stage| {
                stage.paths = Some(1);
                stage.shown()?;
                stage.has_a_path()?;
                let manner = stage.manner()?;
                stage.opens_the_path(&manner)?;
                is_given_up(stage, timers::PATH_ATTEMPT)
            },
        )
        .twin("client/path/stands"),
        Case::client(
            "client/path/silent",
            "a path on which nothing comes for path-silence is given up, and the session goes on",
            &["PATH-30"],
            |stage| {
                stage.viewing_with_a_path()?;
                by_the_path(stage, 2)?;
                stage.silences_the_path()?;
                is_given_up(stage, timers::PATH_SILENCE)
            },
        )
        .twin("client/path/stands"),
        Case::client(
            "client/path/over",
            "the connection of a path is closed when the relay says path-over, and the session goes on",
            &["PATH-31", "PATH-30"],
            |stage| {
                stage.viewing_with_a_path()?;
                by_the_path(stage, 2)?;
                stage.ends_the_path(ErrorCode::Idle);
                stage.closes_the_path("PATH-31", None)?;
                spliced(stage, "PATH-30", 3)
            },
        )
        .twin("client/path/stands"),
        Case::client(
            "client/path/closed",
            "a path that the other end closes ends nothing else",
            &["PATH-30"],
            |stage| {
                stage.viewing_with_a_path()?;
                by_the_path(stage, 2)?;
                let done = ErrorCode::Done.to_wire();
                stage.path_link()?.close(done);
                stage.moment(50)?;
                spliced(stage, "PATH-30", 3)
            },
        )
        .twin("client/path/stands"),
        Case::client(
            "client/path/frozen",
            "the connection of a path is closed with lost when the session freezes",
            &["PATH-31"],
            |stage| {
                stage.viewing_with_a_path()?;
                by_the_path(stage, 2)?;
                stage.says_peer_lost();
                stage.closes_the_path("PATH-31", Some(ErrorCode::Lost))
            },
        )
        .twin("client/path/stands"),
        Case::client(
            "client/path/ended",
            "the connection of a path is closed with the code of the end when the session ends",
            &["PATH-31"],
            |stage| {
                stage.viewing_with_a_path()?;
                by_the_path(stage, 2)?;
                stage.act("end")?;
                stage.closes_the_path("PATH-31", Some(ErrorCode::Done))
            },
        )
        .twin("client/path/stands"),
    ]
}

/// It is over for the relay within this time, and media goes on.
fn is_given_up(stage: &mut ClientStage<'_>, ms: u64) -> Done {
    stage.pass(ms + 100)?;
    stage.sees("PATH-30", "path-over", is_over)?;
    spliced(stage, "PATH-30", 3)
}
