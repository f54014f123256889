//! How a session ends.

use serde_json::json;

use crate::{
    case::Case,
    driver::Role::{self, Helper, Sharer},
    stage::{Done, PairStage, other},
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for end in [Helper, Sharer] {
        let id = |what: &str| format!("pair/{what}/{end}");
        cases.extend([
            Case::pair(
                id("end"),
                format!("the {end} ends the session: both are told, and by whom"),
                &["END-1", "END-4", "END-7"],
                move |stage| {
                    stage.shown()?;
                    ends(stage, end)
                },
            ),
            Case::pair(
                id("end-while-asked"),
                format!("the {end} ends while the sharer's person is being asked"),
                &["END-1", "END-4", "END-7"],
                move |stage| {
                    stage.deciding()?;
                    ends(stage, end)
                },
            ),
            Case::pair(
                id("end-while-paused"),
                format!("the {end} ends while the session is paused"),
                &["END-1", "END-4", "END-7"],
                move |stage| {
                    stage.viewing()?;
                    stage.act(other(end), "pause")?;
                    stage.both_told("paused")?;
                    ends(stage, end)
                },
            )
            .needs("pause"),
            Case::pair(
                id("report"),
                format!("the {end} ends and reports in one act: the relay answers, and the other end learns nothing"),
                &["REPORT-2", "REPORT-4", "REPORT-11"],
                move |stage| report(stage, end),
            )
            .needs("report"),
        ]);
    }
    cases.push(Case::pair(
        "pair/end/next",
        "after a session the same two have another",
        &["END-1", "END-4", "END-7"],
        next,
    ));
    cases
}

fn ends(stage: &mut PairStage<'_>, end: Role) -> Done {
    stage.must("END-1", |stage| stage.act(end, "end"))?;
    told(stage, end)
}

/// Both are told that this end has ended it.
fn told(stage: &mut PairStage<'_>, end: Role) -> Done {
    for (who, by) in [(end, "own"), (other(end), "other")] {
        let ended = stage.tells("END-4", who, "ended")?;
        let right = ended.text("code") == "done" && ended.text("by") == by;
        let seen = format!("the {who}: {:?}", ended.fields);
        stage.check("END-7", right, &format!("done, by {by}"), seen)?;
    }
    Ok(())
}

fn report(stage: &mut PairStage<'_>, end: Role) -> Done {
    stage.shown()?;
    // It takes few reports of one source.
    stage.spends_relay();
    let scam = json!({ "report": "scam" });
    stage.must("REPORT-2", |stage| stage.does(end, "end", scam))?;
    told(stage, end)?;
    // A relay that keeps no reports says so.
    let from = 0;
    let answered = |stage: &PairStage<'_>| {
        let refused = stage.all(end, from, "refused").into_iter();
        let unsupported = refused.filter(|event| event.text("code") == "unsupported");
        !stage.all(end, from, "reported").is_empty() || unsupported.count() > 0
    };
    stage.until(answered)?;
    let right = answered(stage);
    let seen = stage.since(end, from);
    stage.check("REPORT-4", right, "the answer of the relay", seen)?;
    for event in ["reported", "refused"] {
        stage.never_tells("REPORT-11", other(end), from, event)?;
    }
    Ok(())
}

fn next(stage: &mut PairStage<'_>) -> Done {
    stage.shown()?;
    ends(stage, Helper)?;
    stage.another();
    stage.shown()?;
    ends(stage, Sharer)
}
