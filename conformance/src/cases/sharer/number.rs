//! The number that an answer which allows control repeats, at a sharer.

use alongside_wire::{ErrorCode, Scopes, session::ControlDeny};
use serde_json::json;

use crate::{
    case::Case,
    stage::{ClientStage, Done, names},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [
        Case::sharer(
            "sharer/number/repeated",
            "after input was injected, an answer that repeats the number is taken",
            &["CONTROL-27"],
            |stage| {
                asked_again(stage, true)?;
                allows(stage, "right")?;
                stage.says("CONTROL-27", "control-grant").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/number/not-repeated",
            "after input was injected, an answer without the number is not taken, and the question stays",
            &["CONTROL-27"],
            |stage| {
                asked_again(stage, true)?;
                let from = stage.fresh()?;
                let answer = json!({ "scopes": names(Scopes::POINTER), "repeat": "nothing" });
                stage.may_not("CONTROL-27", "grant", answer)?;
                stage.never("CONTROL-27", from, "grant", |item| item.is_sealed("control-grant"))?;
                stage.never("CONTROL-27", from, "denial", |item| item.is_sealed("control-deny"))
            },
        )
        .twin("sharer/number/repeated"),
        Case::sharer(
            "sharer/number/nothing-injected",
            "before input was injected there is no number to repeat",
            &["CONTROL-27"],
            |stage| {
                asked_again(stage, false)?;
                allows(stage, "nothing")?;
                stage.says("CONTROL-27", "control-grant").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/number/wrong",
            "an answer that repeats a wrong number denies the request",
            &["CONTROL-28"],
            |stage| {
                let request = asked_again(stage, true)?;
                let from = stage.fresh()?;
                // Whether it is called a misuse is the client's.
                let answer = json!({ "scopes": names(Scopes::POINTER), "repeat": "wrong" });
                let _ = stage.ask("grant", answer)?;
                let code = ErrorCode::Denied.to_wire();
                stage.says_this("CONTROL-28", ControlDeny { request, code })?;
                stage.never("CONTROL-28", from, "grant", |item| item.is_sealed("control-grant"))
            },
        )
        .twin("sharer/number/repeated"),
    ];
    let needs = |case: Case| case.needs("control").needs("number");
    all.into_iter().map(needs).collect()
}

/// The helper has had control, and asks for it once more; the number of the request.
fn asked_again(stage: &mut ClientStage<'_>, injected: bool) -> Done<u32> {
    let grant = stage.controlled(Scopes::CONTROL)?.grant;
    if injected {
        let stream = stage.open_stream()?;
        stage.presses("CONTROL-27", stream, grant, 4)?;
    }
    stage.fresh()?;
    let request = stage.prompted(Scopes::POINTER)?;
    stage.pass(1_500)?;
    Ok(request)
}

fn allows(stage: &mut ClientStage<'_>, repeat: &str) -> Done {
    let answer = json!({ "scopes": names(Scopes::POINTER), "repeat": repeat });
    stage.does("grant", answer).map(|_| ())
}
