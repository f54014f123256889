//! What a helper's person is told of codes that came to nothing.

use alongside_wire::limits::timers;
use serde_json::json;

use super::exchange::broken_join;
use crate::{
    case::Case,
    stage::{ClientStage, Done},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [
        Case::helper(
            "helper/notices/spent",
            "the person is told of each code that was spent without a session how many were, and is warned at the third",
            &["FRICTION-6", "CODE-12"],
            |stage| {
                stage.has_code()?;
                spends(stage, 1, false)?;
                next_code(stage, 0)?;
                spends(stage, 2, false)?;
                next_code(stage, 0)?;
                spends(stage, 3, true)
            },
        ),
        Case::helper(
            "helper/notices/spent-long-ago",
            "a code that was spent an hour ago does not count any more",
            &["FRICTION-6", "CODE-12"],
            |stage| {
                stage.has_code()?;
                spends(stage, 1, false)?;
                next_code(stage, 0)?;
                spends(stage, 2, false)?;
                next_code(stage, timers::SPENT_WINDOW)?;
                spends(stage, 1, false)
            },
        ),
    ];
    all.into_iter().map(|case| case.needs("notices")).collect()
}

/// Another code, after some time.
fn next_code(stage: &mut ClientStage<'_>, after: u64) -> Done {
    if after > 0 {
        // A connection on which nothing is said is not kept for an hour by a relay; the suite's is.
        stage.pass(after)?;
    }
    stage.act("create-code")?;
    stage.await_("code-request", |item| item.is_to_relay("code-request"))?;
    stage.gets_code().map(|_| ())
}

fn spends(stage: &mut ClientStage<'_>, count: u64, warned: bool) -> Done {
    stage.fresh()?;
    broken_join(stage)?;
    let told = stage.tells("FRICTION-6", "spent")?;
    let seen = format!("{told:?}");
    let right = told.fields.get("count") == Some(&json!(count));
    stage.check(
        "FRICTION-6",
        right,
        &format!("{count} of them"),
        seen.clone(),
    )?;
    let right = told.fields.get("warned") == Some(&json!(warned));
    let expected = if warned {
        "a warning"
    } else {
        "no warning yet"
    };
    stage.check("CODE-12", right, expected, seen)
}
