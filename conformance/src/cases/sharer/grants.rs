//! A grant of control: how it is given, how it is narrowed and renewed, and all the ways it ends.

use alongside_wire::{
    ErrorCode, Scopes,
    limits::timers,
    session::{ControlDeny, ControlEnd, ControlGrant, ControlWithdraw, Message, Pause},
};
use serde_json::json;

use crate::{
    case::Case,
    stage::{ClientStage, Done, Item, Stop, names},
};

pub(super) fn cases() -> Vec<Case> {
    [prompts(), given(), ends(), narrowing(), renewal()]
        .concat()
        .into_iter()
        .map(|case| case.needs("control"))
        .collect()
}

fn prompts() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/prompt/after-a-second",
            "an answer that allows control is taken when a second has passed since the prompt opened",
            &["CONTROL-8"],
            |stage| {
                stage.ready_for_control()?;
                stage.prompted(Scopes::CONTROL)?;
                stage.pass(timers::ANSWER_GUARD)?;
                stage.does("grant", json!({ "scopes": names(Scopes::CONTROL) }))?;
                stage.says("CONTROL-8", "control-grant").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/prompt/within-a-second",
            "an answer that allows control is not taken within a second of the opening of the prompt",
            &["CONTROL-8"],
            |stage| {
                stage.ready_for_control()?;
                stage.prompted(Scopes::CONTROL)?;
                let from = stage.fresh()?;
                stage.pass(timers::ANSWER_GUARD - 1)?;
                let scopes = json!({ "scopes": names(Scopes::CONTROL) });
                stage.may_not("CONTROL-8", "grant", scopes)?;
                stage.never("CONTROL-8", from, "grant", is_grant)
            },
        )
        .twin("sharer/prompt/after-a-second"),
        Case::sharer(
            "sharer/prompt/denied-within-a-second",
            "a denial is taken at any time",
            &["CONTROL-7"],
            |stage| {
                stage.ready_for_control()?;
                let request = stage.prompted(Scopes::CONTROL)?;
                stage.act("deny")?;
                let code = ErrorCode::Denied.to_wire();
                stage.says_this("CONTROL-7", ControlDeny { request, code })
            },
        ),
        Case::sharer(
            "sharer/prompt/without-a-question",
            "no command of the person makes a grant that was not asked for",
            &["CONTROL-6"],
            |stage| {
                stage.ready_for_control()?;
                let from = stage.fresh()?;
                let scopes = json!({ "scopes": names(Scopes::CONTROL) });
                stage.may_not("CONTROL-6", "grant", scopes)?;
                stage.never("CONTROL-6", from, "grant", is_grant)
            },
        )
        .twin("sharer/prompt/after-a-second"),
        Case::sharer(
            "sharer/prompt/paused-by-the-helper",
            "a pause closes the prompt, and denies its request with too-early",
            &["PAUSE-9"],
            |stage| {
                stage.ready_for_control()?;
                let request = stage.prompted(Scopes::CONTROL)?;
                stage.seal_one(Pause { paused: true })?;
                let code = ErrorCode::TooEarly.to_wire();
                stage.says_this("PAUSE-9", ControlDeny { request, code })?;
                stage.tells("PAUSE-9", "prompt-closed").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/prompt/paused-by-the-person",
            "a pause of the person's closes the prompt as well",
            &["PAUSE-9"],
            |stage| {
                stage.needs("pause")?;
                stage.ready_for_control()?;
                let request = stage.prompted(Scopes::CONTROL)?;
                stage.act("pause")?;
                let code = ErrorCode::TooEarly.to_wire();
                stage.says_this("PAUSE-9", ControlDeny { request, code })?;
                stage.tells("PAUSE-9", "prompt-closed").map(|_| ())
            },
        ),
    ]
}

fn given() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/grant/given",
            "a grant answers its request, is the first, and holds what was asked for, for 15 minutes at the most",
            &["CONTROL-13", "CONTROL-15", "CONTROL-6"],
            first,
        ),
        Case::sharer(
            "sharer/grant/fewer",
            "the person allows a part of what was asked for",
            &["CONTROL-15"],
            |stage| {
                stage.ready_for_control()?;
                stage.prompted(Scopes::CONTROL)?;
                stage.pass(1_500)?;
                stage.does("grant", json!({ "scopes": names(Scopes::POINTER) }))?;
                let grant = grant_of(stage.says("CONTROL-15", "control-grant")?)?;
                let right = grant.scopes == Scopes::POINTER;
                stage.check("CONTROL-15", right, "pointer", format!("{grant:?}"))
            },
        ),
        Case::sharer(
            "sharer/grant/more",
            "a grant never holds more than was asked for",
            &["CONTROL-15"],
            |stage| {
                stage.ready_for_control()?;
                stage.prompted(Scopes::POINTER)?;
                stage.pass(1_500)?;
                // Whether the person can say so at all is the client's affair.
                let _ = stage.ask("grant", json!({ "scopes": names(Scopes::CONTROL) }))?;
                stage.settle()?;
                let all = stage.log.iter().filter_map(Item::sealed);
                let more = all.filter(|message| {
                    matches!(message, Message::ControlGrant(grant) if grant.scopes != Scopes::POINTER)
                });
                let more = more.count();
                let seen = stage.since(0);
                stage.check("CONTROL-15", more == 0, "no grant of more", seen)
            },
        )
        .twin("sharer/grant/fewer"),
        Case::sharer(
            "sharer/grant/secrets",
            "each grant has another id, which is higher, and another secret",
            &["CONTROL-13", "CONTROL-14"],
            |stage| {
                let first = stage.controlled(Scopes::POINTER)?;
                let second = stage.controls(Scopes::CONTROL)?;
                let seen = format!("{first:?}, {second:?}");
                let higher = second.grant > first.grant;
                stage.check("CONTROL-13", higher, "a higher id", seen.clone())?;
                let fresh = second.secret != first.secret
                    && [first.secret, second.secret].iter().all(|secret| *secret != [0; 32]);
                stage.check("CONTROL-14", fresh, "secrets that differ", seen)
            },
        ),
        Case::sharer(
            "sharer/grant/replaced",
            "the live grant ends with replaced before another is made",
            &["CONTROL-21", "CONTROL-24", "CONTROL-25"],
            |stage| {
                let first = stage.controlled(Scopes::POINTER)?;
                stage.prompted(Scopes::CONTROL)?;
                let from = stage.fresh()?;
                stage.pass(1_500)?;
                stage.does("grant", json!({ "scopes": names(Scopes::CONTROL) }))?;
                over(stage, "CONTROL-21", first.grant, ErrorCode::Replaced)?;
                stage.says("CONTROL-21", "control-grant")?;
                stage.never_earlier("CONTROL-24", from, "released", "granted")
            },
        ),
    ]
}

fn first(stage: &mut ClientStage<'_>) -> Done {
    stage.ready_for_control()?;
    let request = stage.prompted(Scopes::CONTROL)?;
    stage.never("CONTROL-6", 0, "grant", is_grant)?;
    stage.pass(1_500)?;
    stage.does("grant", json!({ "scopes": names(Scopes::CONTROL) }))?;
    let grant = grant_of(stage.says("CONTROL-13", "control-grant")?)?;
    let seen = format!("{grant:?}");
    stage.check("CONTROL-13", grant.grant == 1, "grant 1", seen.clone())?;
    let right = grant.request == request
        && grant.scopes == Scopes::CONTROL
        && (1..=timers::GRANT).contains(&u64::from(grant.duration_ms));
    stage.check("CONTROL-15", right, "what was asked for", seen)
}

fn ends() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/grant/revoked",
            "the person takes control back: the grant ends with revoked, and everything is released",
            &["CONTROL-19", "CONTROL-24", "CONTROL-25"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?;
                let from = stage.fresh()?;
                stage.act("revoke")?;
                stage.settle()?;
                let told = stage.has_come(from, is_end);
                let seen = stage.since(from);
                stage.check("CONTROL-25", told, "control-end", seen)?;
                over(stage, "CONTROL-19", grant.grant, ErrorCode::Revoked)?;
                released(stage, from)
            },
        ),
        Case::sharer(
            "sharer/grant/expired",
            "a grant ends with expired when its time is over, and not before",
            &["CONTROL-18", "CONTROL-24"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?;
                let from = stage.fresh()?;
                stage.pass(u64::from(grant.duration_ms) - 1)?;
                stage.never("CONTROL-18", from, "end of it yet", is_end)?;
                stage.pass(1)?;
                over(stage, "CONTROL-18", grant.grant, ErrorCode::Expired)?;
                released(stage, from)
            },
        ),
        Case::sharer(
            "sharer/grant/given-up",
            "the helper gives control up: the grant ends, and the helper is not told what it knows",
            &["CONTROL-20", "CONTROL-24", "CONTROL-25"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?.grant;
                let from = stage.fresh()?;
                let code = ErrorCode::Released.to_wire();
                stage.seal_one(ControlEnd { grant, code })?;
                let ended = stage.tells("CONTROL-20", "control-ended")?;
                let right = ended.text("code") == ErrorCode::Released.name();
                stage.check("CONTROL-20", right, "released", format!("{ended:?}"))?;
                stage.never("CONTROL-25", from, "control-end", is_end)?;
                released(stage, from)
            },
        ),
        Case::sharer(
            "sharer/grant/withdrawn",
            "the helper withdraws the request of a grant: it ends with released, and the helper is told",
            &["CONTROL-20", "CONTROL-24", "CONTROL-25"],
            |stage| {
                let ControlGrant { request, grant, .. } = stage.controlled(Scopes::CONTROL)?;
                let from = stage.fresh()?;
                stage.seal_one(ControlWithdraw { request })?;
                over(stage, "CONTROL-20", grant, ErrorCode::Released)?;
                released(stage, from)
            },
        ),
        Case::sharer(
            "sharer/grant/ended-twice",
            "a control-end for a grant that has ended is ignored",
            &["CONTROL-23"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?.grant;
                stage.act("revoke")?;
                let from = stage.fresh()?;
                let code = ErrorCode::Released.to_wire();
                stage.seal_one(ControlEnd { grant, code })?;
                stage.goes_on("CONTROL-23")?;
                stage.never_tells("CONTROL-23", from, "control-ended")
            },
        ),
        Case::sharer(
            "sharer/grant/never-made",
            "a control-end for a grant that was never made ends the session",
            &["CONTROL-22"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?.grant + 1;
                let code = ErrorCode::Released.to_wire();
                stage.seal_one(ControlEnd { grant, code })?;
                stage.ends("CONTROL-22", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("sharer/grant/ended-twice"),
        Case::sharer(
            "sharer/grant/number-0",
            "a control-end for grant 0, which no grant has, ends the session",
            &["CONTROL-22"],
            |stage| {
                stage.controlled(Scopes::CONTROL)?;
                let code = ErrorCode::Released.to_wire();
                stage.seal_one(ControlEnd { grant: 0, code })?;
                stage.ends("CONTROL-22", ErrorCode::UnexpectedMessage)
            },
        )
        .twin("sharer/grant/ended-twice"),
        Case::sharer(
            "sharer/grant/paused-by-the-helper",
            "a pause of the helper's ends the grant with paused",
            &["PAUSE-8", "CONTROL-24"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?.grant;
                let from = stage.fresh()?;
                stage.seal_one(Pause { paused: true })?;
                over(stage, "PAUSE-8", grant, ErrorCode::Paused)?;
                released(stage, from)
            },
        ),
        Case::sharer(
            "sharer/grant/paused-by-the-person",
            "a pause of the person's ends the grant with paused",
            &["PAUSE-8", "CONTROL-24"],
            |stage| {
                stage.needs("pause")?;
                let grant = stage.controlled(Scopes::CONTROL)?.grant;
                let from = stage.fresh()?;
                stage.act("pause")?;
                over(stage, "PAUSE-8", grant, ErrorCode::Paused)?;
                released(stage, from)
            },
        ),
        Case::sharer(
            "sharer/grant/session-over",
            "the end of the session releases everything, and says nothing of the grant",
            &["CONTROL-24", "CONTROL-25"],
            |stage| {
                stage.controlled(Scopes::CONTROL)?;
                let from = stage.fresh()?;
                stage.act("end")?;
                stage.ends("CONTROL-24", ErrorCode::Done)?;
                stage.never("CONTROL-25", from, "control-end", is_end)?;
                released(stage, from)
            },
        ),
    ]
}

fn narrowing() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/grant/narrowed",
            "a part is taken back: replaced, then a grant of the rest with request 0, another secret, and no more time than was left",
            &["CONTROL-29", "CONTROL-13", "CONTROL-24"],
            narrowed,
        ),
        Case::sharer(
            "sharer/grant/narrowed-to-nothing",
            "a grant that is narrowed to nothing ends with revoked",
            &["CONTROL-32"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?.grant;
                let from = stage.fresh()?;
                stage.does("narrow", json!({ "scopes": [] }))?;
                over(stage, "CONTROL-32", grant, ErrorCode::Revoked)?;
                stage.never("CONTROL-32", from, "grant", is_grant)
            },
        ),
    ]
}

fn narrowed(stage: &mut ClientStage<'_>) -> Done {
    let old = stage.controlled(Scopes::CONTROL)?;
    stage.pass(10_000)?;
    let from = stage.fresh()?;
    stage.does("narrow", json!({ "scopes": names(Scopes::POINTER) }))?;
    over(stage, "CONTROL-29", old.grant, ErrorCode::Replaced)?;
    let new = grant_of(stage.says("CONTROL-29", "control-grant")?)?;
    let seen = format!("{new:?} after {old:?}");
    stage.check(
        "CONTROL-13",
        new.grant > old.grant,
        "a higher id",
        seen.clone(),
    )?;
    let right = new.request == 0
        && new.scopes == Scopes::POINTER
        && new.secret != old.secret
        && new.duration_ms <= old.duration_ms - 10_000;
    stage.check("CONTROL-29", right, "the rest of it", seen)?;
    released(stage, from)
}

fn renewal() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/renewal/asked",
            "a request for exactly the scopes of the grant is put to the person, and answered by control-renew",
            &["TOOL-5", "TOOL-6", "CONTROL-10"],
            renewed,
        ),
        Case::sharer(
            "sharer/renewal/own",
            "the person begins: the prompt opens, and the renewal has request 0",
            &["TOOL-5", "TOOL-6"],
            |stage| {
                let grant = stage.controlled(Scopes::CONTROL)?.grant;
                let from = stage.fresh()?;
                stage.act("renew")?;
                stage.tells("TOOL-6", "control-asked")?;
                stage.never("TOOL-6", from, "renewal", is_renewal)?;
                stage.pass(1_500)?;
                stage.does("grant", json!({ "scopes": names(Scopes::CONTROL) }))?;
                renews(stage, 0, grant)
            },
        ),
        Case::sharer(
            "sharer/renewal/within-a-second",
            "a renewal has the guard of a first answer: a second since the prompt opened",
            &["TOOL-6", "CONTROL-8"],
            |stage| {
                stage.controlled(Scopes::CONTROL)?;
                let from = stage.fresh()?;
                stage.prompted(Scopes::CONTROL)?;
                stage.pass(timers::ANSWER_GUARD - 1)?;
                let scopes = json!({ "scopes": names(Scopes::CONTROL) });
                stage.may_not("CONTROL-8", "grant", scopes)?;
                stage.never("TOOL-6", from, "renewal", is_renewal)
            },
        )
        .twin("sharer/renewal/asked"),
        Case::sharer(
            "sharer/renewal/not-without-a-prompt",
            "no command of the person renews a grant that no prompt is open for",
            &["TOOL-6"],
            |stage| {
                stage.controlled(Scopes::CONTROL)?;
                let from = stage.fresh()?;
                stage.pass(5_000)?;
                let scopes = json!({ "scopes": names(Scopes::CONTROL) });
                stage.may_not("TOOL-6", "grant", scopes)?;
                stage.never("TOOL-6", from, "renewal", is_renewal)
            },
        )
        .twin("sharer/renewal/asked"),
        Case::sharer(
            "sharer/renewal/time",
            "the duration runs anew from the renewal",
            &["TOOL-5", "CONTROL-18"],
            |stage| {
                let ControlGrant {
                    grant, duration_ms, ..
                } = stage.controlled(Scopes::CONTROL)?;
                stage.pass(60_000)?;
                let request = stage.prompted(Scopes::CONTROL)?;
                stage.pass(1_500)?;
                stage.does("grant", json!({ "scopes": names(Scopes::CONTROL) }))?;
                renews(stage, request, grant)?;
                let from = stage.fresh()?;
                stage.pass(u64::from(duration_ms) - 1)?;
                stage.never("TOOL-5", from, "end of it yet", is_end)?;
                stage.pass(1)?;
                over(stage, "CONTROL-18", grant, ErrorCode::Expired)
            },
        ),
    ]
}

fn renewed(stage: &mut ClientStage<'_>) -> Done {
    let grant = stage.controlled(Scopes::CONTROL)?.grant;
    let from = stage.fresh()?;
    let request = stage.requests(Scopes::CONTROL)?;
    let asked = stage.told("control-asked")?;
    let renewal = asked.fields.get("renewal") == Some(&json!(true));
    stage.check("TOOL-5", renewal, "a renewal", format!("{asked:?}"))?;
    stage.told_since(from);
    stage.tells("CONTROL-10", "released")?;
    stage.never("TOOL-6", from, "renewal", is_renewal)?;
    stage.pass(1_500)?;
    stage.does("grant", json!({ "scopes": names(Scopes::CONTROL) }))?;
    renews(stage, request, grant)?;
    stage.never("TOOL-5", from, "end or other grant", |item| {
        is_end(item) || is_grant(item)
    })
}

fn renews(stage: &mut ClientStage<'_>, request: u32, grant: u32) -> Done {
    let said = stage.says("TOOL-5", "control-renew")?;
    let right = matches!(
        &said,
        Message::ControlRenew(renew) if renew.request == request
            && renew.grant == grant
            && (1..=timers::GRANT).contains(&u64::from(renew.duration_ms))
    );
    stage.check(
        "TOOL-5",
        right,
        "the grant, and the request",
        format!("{said:?}"),
    )
}

fn is_grant(item: &Item) -> bool {
    item.is_sealed("control-grant")
}

fn is_end(item: &Item) -> bool {
    item.is_sealed("control-end")
}

fn is_renewal(item: &Item) -> bool {
    item.is_sealed("control-renew")
}

pub(super) fn grant_of(message: Message) -> Done<ControlGrant> {
    match message {
        Message::ControlGrant(grant) => Ok(grant),
        other => Err(Stop::Harness(format!("{} is no grant", other.name()))),
    }
}

/// The helper is told that the grant is over, and why.
pub(super) fn over(
    stage: &mut ClientStage<'_>,
    requirement: &'static str,
    grant: u32,
    code: ErrorCode,
) -> Done {
    let code = code.to_wire();
    stage.says_this([requirement, "CONTROL-25"], ControlEnd { grant, code })
}

/// Everything that was held has been let go.
pub(super) fn released(stage: &mut ClientStage<'_>, from: usize) -> Done {
    stage.told_since(from);
    stage.tells("CONTROL-24", "released").map(|_| ())
}
