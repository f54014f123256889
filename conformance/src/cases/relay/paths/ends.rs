//! What ends a path.

use alongside_wire::{
    ErrorCode,
    rendezvous::{PathOver, PathProof, PathRequest, Rejoin},
};

use super::{goes, over, stands};
use crate::{
    case::Case,
    cases::relay::{hold::token_of, words::gone},
    stage::{Done, OpenPath, RelayStage},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/path/over",
            "an end that wants its path no more ends it for the other as well, with its code, whatever that is",
            &["PATH-18", "PATH-19"],
            is_over,
        ),
        Case::relay(
            "relay/path/over-alone",
            "the other end hears nothing of a path for which it has not asked",
            &["PATH-19"],
            over_alone,
        )
        .twin("relay/path/over"),
        Case::relay(
            "relay/path/crossed",
            "tokens and ends that come when there is no path any more mean nothing",
            &["PATH-9", "PATH-19"],
            crossed,
        ),
        Case::relay(
            "relay/path/leave",
            "a path ends with its session",
            &["PATH-18"],
            leave,
        ),
        Case::relay(
            "relay/path/lost",
            "a path ends when an end is lost, and when its place is taken",
            &["PATH-18"],
            lost,
        ),
        Case::relay(
            "relay/path/again",
            "an end that asks again ends the path that there is for both, and begins another",
            &["PATH-6", "PATH-18"],
            again,
        ),
        Case::relay(
            "relay/path/idle",
            "a path on which nothing goes is over for both after a while, and one that is used is not",
            &["PATH-12", "PATH-17", "PATH-18"],
            idle,
        ),
    ]
}

fn is_over(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair_by_ways()?;
    // One that is registered, and one that is not.
    for code in [ErrorCode::Done.to_wire(), 0x7777] {
        let path = stage.opens_path(helper, sharer)?;
        stage.say(sharer, PathOver { code });
        stage.only("PATH-19", helper, &[PathOver { code }.into()])?;
        stands(stage, "PATH-18", &path)?;
        stage.silent("PATH-18", sharer)?;
    }
    Ok(())
}

fn over_alone(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair_by_ways()?;
    stage.asks_for_path(helper)?;
    let code = ErrorCode::Done.to_wire();
    stage.say(helper, PathOver { code });
    stage.silent("PATH-19", sharer)?;
    stage.silent("PATH-19", helper)
}

fn crossed(stage: &mut RelayStage<'_>) -> Done {
    let path = stage.open_path()?;
    let OpenPath { helper, sharer, .. } = path;
    let code = ErrorCode::Done.to_wire();
    let token = stage.check_of(sharer, 1)?;
    stage.say(helper, PathOver { code });
    stage.await_(sharer, "path-over", |heard| heard.is("path-over"))?;
    stage.say(sharer, PathOver { code });
    stage.say(sharer, PathProof { token });
    stage.silent(["PATH-19", "PATH-9"], helper)?;
    stage.silent(["PATH-9", "PATH-19"], sharer)?;
    // It was no fault either.
    stage.deliver(sharer, b"still there");
    stage
        .sees(["PATH-9", "PATH-19"], helper, "deliver", |heard| {
            heard.is("deliver")
        })
        .map(|_| ())
}

fn leave(stage: &mut RelayStage<'_>) -> Done {
    let path = stage.open_path()?;
    let done = ErrorCode::Done;
    stage.leave(path.helper, done.to_wire());
    stage.only("PATH-18", path.sharer, &[gone(done)])?;
    stands(stage, "PATH-18", &path)?;
    // What was on its way then is no fault.
    stage.say(path.sharer, PathRequest {});
    stage.silent("PATH-18", path.sharer)
}

fn lost(stage: &mut RelayStage<'_>) -> Done {
    let path = stage.open_path()?;
    stage.close(path.sharer, ErrorCode::Lost.to_wire());
    stage.await_(path.helper, "peer-lost", |heard| heard.is("peer-lost"))?;
    stands(stage, "PATH-18", &path)?;
    stage.silent("PATH-18", path.helper)?;
    let other = stage.open_path()?;
    let token = token_of(stage, other.sharer)?;
    let takes = stage.client()?;
    stage.say(takes, Rejoin { token });
    stage.await_(takes, "rejoined", |heard| heard.is("rejoined"))?;
    stands(stage, "PATH-18", &other)
}

fn again(stage: &mut RelayStage<'_>) -> Done {
    let path = stage.open_path()?;
    let OpenPath { helper, sharer, .. } = path;
    stage.say(helper, PathRequest {});
    let done = over(ErrorCode::Done);
    stage.next("PATH-18", helper, &done)?;
    let heard = stage.sees("PATH-6", helper, "path", |heard| heard.is("path"))?;
    let same = format!("{heard:?}").contains(&format!("{:?}", path.to_helper));
    stage.check("PATH-6", !same, "another routing id", "it is the same")?;
    stage.only("PATH-18", sharer, &[done])?;
    stands(stage, "PATH-18", &path)
}

fn idle(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair_by_ways()?;
    let path = stage.opens_path(helper, sharer)?;
    let idle = stage.timer("path-idle")?;
    for _ in 0..2 {
        stage.pass(idle.saturating_sub(3_000).max(1))?;
        goes(stage, "PATH-12", &path)?;
    }
    // It was looked at within a check after the last packet.
    stage.pass_a_check()?;
    stage.silent("PATH-17", helper)?;
    stage.pass(idle)?;
    stage.pass_a_check()?;
    for who in [helper, sharer] {
        stage.only("PATH-17", who, &[over(ErrorCode::Idle)])?;
    }
    stands(stage, "PATH-18", &path)
}
