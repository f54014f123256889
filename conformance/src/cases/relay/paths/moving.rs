//! An end whose address changes.

use alongside_wire::{ErrorCode, limits::timers};

use super::{goes, over, stands};
use crate::{
    case::Case,
    stage::{Done, OpenPath, RelayStage, Who},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/path/moves",
            "when the address of an end has changed nothing goes to it or from it until it has shown the new one",
            &["PATH-8", "PATH-12", "PATH-15"],
            moves,
        ),
        Case::relay(
            "relay/path/moves-away",
            "a path is over for both ends when one has moved and does not show where to",
            &["PATH-15", "PATH-16"],
            moves_away,
        )
        .twin("relay/path/moves"),
    ]
}

/// An end goes on from another address, and the relay has had the time to see it.
fn goes_elsewhere(stage: &mut RelayStage<'_>, who: Who, other: Who, source: u8) -> Done {
    stage.moves(who, source)?;
    stage.deliver(who, b"from another address");
    stage.await_(other, "deliver", |heard| heard.is("deliver"))?;
    stage.pass_a_check()
}

fn moves(stage: &mut RelayStage<'_>) -> Done {
    let path = stage.open_path()?;
    goes(stage, "PATH-12", &path)?;
    let OpenPath { helper, sharer, .. } = path;
    for (who, other) in [(helper, sharer), (sharer, helper)] {
        goes_elsewhere(stage, who, other, 1)?;
        stands(stage, "PATH-15", &path)?;
        stage.must("PATH-8", |stage| stage.check_of(who, 2).map(|_| ()))?;
        stage.shows_address(who)?;
        goes(stage, "PATH-15", &path)?;
        stage.silent("PATH-15", helper)?;
        stage.silent("PATH-15", sharer)?;
    }
    Ok(())
}

fn moves_away(stage: &mut RelayStage<'_>) -> Done {
    let path = stage.open_path()?;
    let OpenPath { helper, sharer, .. } = path;
    goes_elsewhere(stage, sharer, helper, 1)?;
    stands(stage, "PATH-15", &path)?;
    stage.pass(timers::PATH_ATTEMPT)?;
    for who in [helper, sharer] {
        stage.only("PATH-16", who, &[over(ErrorCode::Lost)])?;
    }
    stands(stage, "PATH-16", &path)
}
