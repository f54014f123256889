//! What becomes of a request for control before anybody is asked.

use alongside_wire::{
    ErrorCode, Scopes,
    limits::timers,
    session::{ControlDeny, ControlRequest, ControlWithdraw},
};
use serde_json::json;

use crate::{
    case::Case,
    stage::{ClientStage, Done, names},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [
        Case::sharer(
            "sharer/request/asked",
            "a request for control is put to the person, once a frame was shown and time has passed",
            &["CONTROL-6"],
            asked,
        ),
        Case::sharer(
            "sharer/request/same-id",
            "a request with the id of the one before ends the session",
            &["CONTROL-2"],
            |stage| with_id(stage, 1),
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/id-0",
            "a request with the id 0 ends the session, because it is not higher than all before",
            &["CONTROL-2"],
            |stage| with_id(stage, 0),
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/nothing",
            "a request for nothing is denied with beyond-ceiling, and nobody is asked",
            &["CONTROL-3"],
            |stage| denied(stage, "CONTROL-3", Scopes::NONE, ErrorCode::BeyondCeiling),
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/not-supported",
            "a request for what the sharer's system cannot carry out is denied with unsupported, and nobody is asked",
            &["TOOL-24"],
            |stage| {
                let supported = Scopes::CONSENT.union(Scopes::CONTROL);
                ready_with(stage, supported)?;
                let scopes = Scopes::POINTER.union(Scopes::ANNOTATE);
                denied_now(stage, "TOOL-24", scopes, ErrorCode::Unsupported)
            },
        )
        .needs("supported")
        .twin("sharer/request/supported"),
        Case::sharer(
            "sharer/request/supported",
            "a request for what it can carry out is put to the person",
            &["TOOL-24"],
            |stage| {
                let supported = Scopes::CONSENT.union(Scopes::CONTROL).union(Scopes::ANNOTATE);
                ready_with(stage, supported)?;
                stage.requests(Scopes::POINTER.union(Scopes::ANNOTATE))?;
                stage.tells("TOOL-24", "control-asked").map(|_| ())
            },
        )
        .needs("supported"),
        Case::sharer(
            "sharer/request/view",
            "a request that holds view is denied with beyond-ceiling, and nobody is asked",
            &["CONTROL-3"],
            |stage| {
                let scopes = Scopes::POINTER.union(Scopes::VIEW);
                denied(stage, "CONTROL-3", scopes, ErrorCode::BeyondCeiling)
            },
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/chat",
            "a request that holds chat is denied with beyond-ceiling, and nobody is asked",
            &["CONTROL-3"],
            |stage| {
                let scopes = Scopes::POINTER.union(Scopes::CHAT);
                denied(stage, "CONTROL-3", scopes, ErrorCode::BeyondCeiling)
            },
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/beyond-the-helpers-ceiling",
            "a request beyond the ceiling of the helper's own answer is denied with beyond-ceiling",
            &["CONTROL-3"],
            |stage| {
                stage.ceiling = Scopes::CONSENT.union(Scopes::POINTER);
                denied(
                    stage,
                    "CONTROL-3",
                    Scopes::CONTROL,
                    ErrorCode::BeyondCeiling,
                )
            },
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/beyond-the-sharers-ceiling",
            "a request beyond the ceiling of the sharer's offer is denied with beyond-ceiling",
            &["CONTROL-3"],
            beyond_own_ceiling,
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/nothing-shown",
            "a request before a frame was shown is denied with too-early, and nobody is asked",
            &["CONTROL-4"],
            nothing_shown,
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/paused-by-the-helper",
            "a request while the helper has paused is denied with too-early",
            &["CONTROL-4"],
            |stage| {
                stage.ready_for_control()?;
                stage.seal_one(alongside_wire::session::Pause { paused: true })?;
                denied_now(stage, "CONTROL-4", Scopes::CONTROL, ErrorCode::TooEarly)
            },
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/paused-by-the-person",
            "a request while the sharer has paused is denied with too-early",
            &["CONTROL-4"],
            |stage| {
                stage.needs("pause")?;
                stage.ready_for_control()?;
                stage.act("pause")?;
                denied_now(stage, "CONTROL-4", Scopes::CONTROL, ErrorCode::TooEarly)
            },
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/prompt-open",
            "a request while another is put to the person is denied with too-early",
            &["CONTROL-4"],
            |stage| {
                stage.ready_for_control()?;
                stage.prompted(Scopes::CONTROL)?;
                denied_now(stage, "CONTROL-4", Scopes::POINTER, ErrorCode::TooEarly)
            },
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/soon-after-consent",
            "a request is too early until 5 seconds after consent, and not at that moment any more",
            &["CONTROL-5"],
            soon_after_consent,
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/soon-after-denial",
            "a request is too early until 10 seconds after the person denied one, and not then",
            &["CONTROL-5", "CONTROL-7"],
            soon_after_denial,
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/soon-after-silence",
            "a prompt that nobody answers is a denial, and 10 seconds must pass after it",
            &["CONTROL-5", "CONTROL-7"],
            soon_after_silence,
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/soon-after-withdrawal",
            "a withdrawal closes the prompt, and a request is too early until 10 seconds after it",
            &["CONTROL-11", "CONTROL-33"],
            soon_after_withdrawal,
        )
        .twin("sharer/request/asked"),
        Case::sharer(
            "sharer/request/other-withdrawn",
            "a withdrawal of another request leaves the prompt open",
            &["CONTROL-11"],
            other_withdrawn,
        ),
        Case::sharer(
            "sharer/request/denial-without-a-question",
            "a request that was denied unasked does not put off the next one",
            &["CONTROL-5"],
            |stage| {
                stage.ready_for_control()?;
                denied_now(stage, "CONTROL-5", Scopes::VIEW, ErrorCode::BeyondCeiling)?;
                stage.requests(Scopes::CONTROL)?;
                stage.tells("CONTROL-5", "control-asked").map(|_| ())
            },
        ),
    ];
    all.into_iter().map(|case| case.needs("control")).collect()
}

fn asked(stage: &mut ClientStage<'_>) -> Done {
    stage.ready_for_control()?;
    stage.requests(Scopes::CONTROL)?;
    let asked = stage.tells("CONTROL-6", "control-asked")?;
    let right = asked.fields.get("scopes") == Some(&json!(names(Scopes::CONTROL)));
    stage.check(
        "CONTROL-6",
        right,
        "pointer and keyboard",
        format!("{asked:?}"),
    )?;
    stage.never("CONTROL-6", 0, "grant", |item| {
        item.is_sealed("control-grant")
    })
}

/// Control may be asked for at a system that can carry out so much.
fn ready_with(stage: &mut ClientStage<'_>, supported: Scopes) -> Done {
    stage.set_up(&json!({ "supported": names(supported) }))?;
    stage.connects()?;
    stage.asks_and_decides()?;
    stage.views()?;
    stage.shows()?;
    stage.pass(6_000)?;
    stage.fresh().map(|_| ())
}

fn with_id(stage: &mut ClientStage<'_>, request: u32) -> Done {
    stage.ready_for_control()?;
    stage.prompted(Scopes::CONTROL)?;
    let scopes = Scopes::CONTROL;
    stage.seal_one(ControlRequest { request, scopes })?;
    stage.ends("CONTROL-2", ErrorCode::UnexpectedMessage)
}

fn denied(
    stage: &mut ClientStage<'_>,
    requirement: &'static str,
    scopes: Scopes,
    code: ErrorCode,
) -> Done {
    stage.ready_for_control()?;
    denied_now(stage, requirement, scopes, code)
}

/// A request now is denied with this code, without a question.
pub(super) fn denied_now(
    stage: &mut ClientStage<'_>,
    requirement: &'static str,
    scopes: Scopes,
    code: ErrorCode,
) -> Done {
    let from = stage.fresh()?;
    let request = stage.requests(scopes)?;
    let code = code.to_wire();
    stage.says_this(requirement, ControlDeny { request, code })?;
    stage.never_tells(requirement, from, "control-asked")
}

fn beyond_own_ceiling(stage: &mut ClientStage<'_>) -> Done {
    let ceiling = Scopes::CONSENT.union(Scopes::POINTER);
    stage.set_up(&json!({ "ceiling": names(ceiling) }))?;
    stage.connects()?;
    stage.asks_and_decides()?;
    stage.views()?;
    stage.shows()?;
    stage.pass(6_000)?;
    denied_now(
        stage,
        "CONTROL-3",
        Scopes::CONTROL,
        ErrorCode::BeyondCeiling,
    )
}

fn nothing_shown(stage: &mut ClientStage<'_>) -> Done {
    stage.manners.shown = false;
    stage.viewing()?;
    stage.pass(6_000)?;
    denied_now(stage, "CONTROL-4", Scopes::CONTROL, ErrorCode::TooEarly)
}

fn soon_after_consent(stage: &mut ClientStage<'_>) -> Done {
    stage.shown()?;
    let early = ErrorCode::TooEarly;
    denied_now(stage, "CONTROL-5", Scopes::CONTROL, early)?;
    stage.pass(timers::CONTROL_AFTER_CONSENT - 1)?;
    denied_now(stage, "CONTROL-5", Scopes::CONTROL, early)?;
    stage.pass(1)?;
    stage.requests(Scopes::CONTROL)?;
    stage.tells("CONTROL-5", "control-asked").map(|_| ())
}

/// Control can be asked for again after 10 seconds, and not before.
fn rests(stage: &mut ClientStage<'_>, requirement: &'static str) -> Done {
    let early = ErrorCode::TooEarly;
    denied_now(stage, requirement, Scopes::CONTROL, early)?;
    stage.pass(timers::CONTROL_AFTER_DENIAL - 1)?;
    denied_now(stage, requirement, Scopes::CONTROL, early)?;
    stage.pass(1)?;
    stage.requests(Scopes::CONTROL)?;
    stage.tells(requirement, "control-asked").map(|_| ())
}

fn soon_after_denial(stage: &mut ClientStage<'_>) -> Done {
    stage.ready_for_control()?;
    let request = stage.prompted(Scopes::CONTROL)?;
    stage.act("deny")?;
    let code = ErrorCode::Denied.to_wire();
    stage.says_this("CONTROL-7", ControlDeny { request, code })?;
    rests(stage, "CONTROL-5")
}

fn soon_after_silence(stage: &mut ClientStage<'_>) -> Done {
    stage.ready_for_control()?;
    let request = stage.prompted(Scopes::CONTROL)?;
    let from = stage.fresh()?;
    stage.pass(timers::CONTROL_PROMPT - 1)?;
    stage.never("CONTROL-7", from, "denial yet", |item| {
        item.is_sealed("control-deny")
    })?;
    stage.pass(1)?;
    let code = ErrorCode::Denied.to_wire();
    stage.says_this("CONTROL-7", ControlDeny { request, code })?;
    rests(stage, "CONTROL-5")
}

fn soon_after_withdrawal(stage: &mut ClientStage<'_>) -> Done {
    stage.ready_for_control()?;
    let request = stage.prompted(Scopes::CONTROL)?;
    let from = stage.fresh()?;
    stage.seal_one(ControlWithdraw { request })?;
    stage.tells("CONTROL-11", "prompt-closed")?;
    stage.never("CONTROL-11", from, "denial", |item| {
        item.is_sealed("control-deny")
    })?;
    rests(stage, "CONTROL-33")
}

fn other_withdrawn(stage: &mut ClientStage<'_>) -> Done {
    stage.ready_for_control()?;
    let request = stage.prompted(Scopes::CONTROL)?;
    let from = stage.fresh()?;
    for request in [request - 1, request + 1] {
        stage.seal_one(ControlWithdraw { request })?;
    }
    stage.never_tells("CONTROL-11", from, "prompt-closed")
}
