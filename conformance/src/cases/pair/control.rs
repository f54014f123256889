//! Control: who asks, who allows, what is done with it, and how it ends.

use alongside_wire::Scopes;
use serde_json::{Value, json};

use crate::{
    case::Case,
    driver::{
        Event,
        Role::{Helper, Sharer},
    },
    stage::{Done, PairStage, names},
};

const BOTH: Scopes = Scopes::POINTER.union(Scopes::KEYBOARD);

pub(super) fn cases() -> Vec<Case> {
    let cases = [granting(), using(), ending()].concat();
    let needing = cases.into_iter().map(|case| case.needs("control"));
    needing.collect()
}

fn granting() -> Vec<Case> {
    vec![
        Case::pair(
            "pair/control/granted",
            "control is asked for, asked about and granted: both know the same of it",
            &["CONTROL-6", "CONTROL-15"],
            granted,
        ),
        Case::pair(
            "pair/control/denied",
            "control is denied, and the helper's person is told",
            &["CONTROL-7"],
            |stage| {
                stage.ready_for_control()?;
                stage.prompted(BOTH)?;
                stage.act(Sharer, "deny")?;
                let denied = json!({ "code": "denied" });
                stage.tells_that("CONTROL-7", Helper, "denied", &denied)?;
                stage.never_tells("CONTROL-7", Helper, 0, "granted")
            },
        )
        .twin("pair/control/granted"),
        Case::pair(
            "pair/control/too-early",
            "right after consent nobody is asked about control",
            &["CONTROL-5"],
            |stage| {
                stage.shown()?;
                // A helper that knows may say at once that it may not.
                let scopes = json!({ "scopes": names(BOTH) });
                if stage.ask(Helper, "request-control", scopes)?.is_ok() {
                    let denied = json!({ "code": "too-early" });
                    stage.tells_that("CONTROL-5", Helper, "denied", &denied)?;
                }
                stage.never_tells("CONTROL-5", Sharer, 0, "control-asked")
            },
        )
        .twin("pair/control/granted"),
        Case::pair(
            "pair/control/beyond-ceiling",
            "a sharer that allows only the pointer is not asked about the keyboard",
            &["CONTROL-3"],
            beyond_ceiling,
        )
        .twin("pair/control/granted"),
        Case::pair(
            "pair/control/withdrawn",
            "the helper takes its request back, and the question is gone",
            &["CONTROL-11", "CONTROL-12"],
            |stage| {
                stage.ready_for_control()?;
                stage.prompted(BOTH)?;
                stage.act(Helper, "release-control")?;
                stage.tells(["CONTROL-11", "CONTROL-12"], Sharer, "prompt-closed")?;
                let scopes = json!({ "scopes": names(BOTH) });
                stage.may_not("CONTROL-11", Sharer, "grant", scopes)
            },
        ),
        Case::pair(
            "pair/control/again",
            "control is given up and granted once more, after there was input",
            &["CONTROL-13", "CONTROL-27"],
            again,
        ),
        Case::pair(
            "pair/control/renewed",
            "a grant is made longer by another answer, and the same input goes on",
            &["TOOL-5", "INPUT-3"],
            renewed,
        ),
        Case::pair(
            "pair/control/narrowed",
            "a part of control is taken back, and the rest goes on",
            &["CONTROL-29", "INPUT-3"],
            narrowed,
        ),
    ]
}

fn using() -> Vec<Case> {
    vec![Case::pair(
        "pair/input/same",
        "what the helper does is what is done at the sharer, in the same order",
        &["INPUT-1", "INPUT-3"],
        input,
    )]
}

fn ending() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, title, end, op, code, requirement) in [
        (
            "revoked",
            "the sharer takes control back",
            Sharer,
            "revoke",
            "revoked",
            "CONTROL-19",
        ),
        (
            "released",
            "the helper gives control up",
            Helper,
            "release-control",
            "released",
            "CONTROL-20",
        ),
    ] {
        cases.push(Case::pair(
            format!("pair/control/{name}"),
            format!("{title}: both are told, what was held is let go, and nothing more is done"),
            &[requirement, "CONTROL-24"],
            move |stage| ends(stage, [requirement; 2], code, |stage| stage.act(end, op)),
        ));
    }
    cases.push(
        Case::pair(
            "pair/control/paused",
            "a pause ends control",
            &["PAUSE-8", "PAUSE-10", "CONTROL-24"],
            |stage| {
                ends(stage, ["PAUSE-10", "PAUSE-8"], "paused", |stage| {
                    stage.act(Sharer, "pause")
                })
            },
        )
        .needs("pause"),
    );
    cases.push(
        Case::pair(
            "pair/control/lost",
            "a lost connection ends control",
            &["RECON-2", "RECON-3", "CONTROL-24"],
            |stage| {
                ends(stage, ["RECON-3", "RECON-2"], "lost", |stage| {
                    stage.act(Helper, "reconnect")
                })
            },
        )
        .needs("reconnect"),
    );
    cases
}

fn granted(stage: &mut PairStage<'_>) -> Done {
    stage.ready_for_control()?;
    let asked = stage.prompted(BOTH)?;
    stage.never_tells("CONTROL-6", Helper, 0, "granted")?;
    same_scopes(stage, "CONTROL-6", &asked, BOTH)?;
    for grant in stage.allows(BOTH)? {
        same_scopes(stage, "CONTROL-15", &grant, BOTH)?;
        let seconds = grant.fields.get("seconds").and_then(Value::as_u64);
        let right = seconds.is_some_and(|seconds| (1..=900).contains(&seconds));
        let seen = format!("{:?}", grant.fields);
        stage.check("CONTROL-15", right, "15 minutes at the most", seen)?;
    }
    Ok(())
}

fn same_scopes(
    stage: &mut PairStage<'_>,
    requirement: &'static str,
    event: &Event,
    scopes: Scopes,
) -> Done {
    let right = event.fields.get("scopes") == Some(&json!(names(scopes)));
    let expected = format!("{:?} of {:?}", event.name, names(scopes));
    stage.check(requirement, right, &expected, format!("{:?}", event.fields))
}

fn beyond_ceiling(stage: &mut PairStage<'_>) -> Done {
    stage.set_up(Helper, &json!({}))?;
    let ceiling = json!({ "ceiling": ["view", "chat", "pointer"] });
    stage.set_up(Sharer, &ceiling)?;
    let code = stage.gets_code()?;
    stage.joins(&code)?;
    stage.agrees()?;
    stage.both_told("viewing")?;
    stage.shows("MEDIA-13", (64, 48), 1)?;
    stage.pass(6_000)?;
    let from = stage.fresh();
    // A helper that knows may say at once that it may not.
    let scopes = json!({ "scopes": names(BOTH) });
    if stage.ask(Helper, "request-control", scopes)?.is_ok() {
        let denied = json!({ "code": "beyond-ceiling" });
        stage.tells_that("CONTROL-3", Helper, "denied", &denied)?;
    }
    stage.never_tells("CONTROL-3", Sharer, from, "control-asked")
}

/// The helper does this, and the sharer carries it out.
fn does(stage: &mut PairStage<'_>, requirement: &'static str, input: &[Value]) -> Done {
    stage.does(Helper, "send-input", json!({ "input": input }))?;
    for one in input {
        let done = json!({ "input": one });
        stage.tells_that(requirement, Sharer, "injected", &done)?;
    }
    Ok(())
}

fn again(stage: &mut PairStage<'_>) -> Done {
    stage.controlled(BOTH)?;
    does(stage, "CONTROL-13", &[json!({ "key": 4, "down": true })])?;
    stage.act(Helper, "release-control")?;
    stage.both_told("control-ended")?;
    stage.pass(2_000)?;
    stage.prompted(BOTH)?;
    stage.must("CONTROL-27", |stage| stage.allows(BOTH))?;
    does(stage, "CONTROL-13", &[json!({ "key": 5, "down": true })])
}

fn renewed(stage: &mut PairStage<'_>) -> Done {
    stage.controlled(BOTH)?;
    stage.pass(2_000)?;
    let asked = stage.prompted(BOTH)?;
    let renewal = asked.fields.get("renewal") == Some(&json!(true));
    let seen = format!("{:?}", asked.fields);
    stage.check("TOOL-5", renewal, "a question about a renewal", seen)?;
    stage.pass(1_500)?;
    stage.does(Sharer, "grant", json!({ "scopes": names(BOTH) }))?;
    for end in [Helper, Sharer] {
        stage.tells("TOOL-5", end, "renewed")?;
    }
    does(stage, "INPUT-3", &[json!({ "key": 6, "down": true })])
}

fn narrowed(stage: &mut PairStage<'_>) -> Done {
    stage.controlled(BOTH)?;
    let left = json!({ "scopes": names(Scopes::POINTER) });
    stage.does(Sharer, "narrow", left.clone())?;
    stage.tells_that("CONTROL-29", Helper, "granted", &left)?;
    stage.may_not(
        "INPUT-3",
        Helper,
        "send-input",
        json!({ "input": [{ "key": 4, "down": true }] }),
    )?;
    does(stage, "CONTROL-29", &[json!({ "button": 1, "down": true })])
}

fn input(stage: &mut PairStage<'_>) -> Done {
    stage.controlled(BOTH)?;
    let from = stage.fresh();
    let all = [
        json!({ "pointer": [0, 65_535], "display": 0 }),
        json!({ "button": 1, "down": true }),
        json!({ "pointer": [32_768, 1], "display": 0 }),
        json!({ "button": 1, "down": false }),
        json!({ "wheel": [0, 120] }),
        json!({ "key": 225, "down": true }),
        json!({ "key": 4, "down": true }),
        json!({ "key": 4, "down": false }),
        json!({ "key": 225, "down": false }),
    ];
    does(stage, "INPUT-3", &all)?;
    stage.settle()?;
    let done = stage.all(Sharer, from, "injected").into_iter();
    let done: Vec<_> = done.filter_map(|event| event.fields.get("input")).collect();
    let right = done.iter().copied().eq(&all);
    let seen = format!("{done:?}");
    stage.check("INPUT-1", right, "the same, and no more", seen)
}

/// Control ends in this way, while a key is held.
/// Control ends at both, as the first requirement says of the helper and the second of the sharer.
fn ends(
    stage: &mut PairStage<'_>,
    requirements: [&'static str; 2],
    code: &str,
    how: impl Fn(&mut PairStage<'_>) -> Done,
) -> Done {
    stage.controlled(BOTH)?;
    let key = json!({ "input": [{ "key": 4, "down": true }] });
    does(stage, requirements[1], &[json!({ "key": 4, "down": true })])?;
    stage.fresh();
    how(stage)?;
    for (requirement, end) in requirements.into_iter().zip([Helper, Sharer]) {
        let ended = json!({ "code": code });
        stage.tells_that(requirement, end, "control-ended", &ended)?;
    }
    stage.tells("CONTROL-24", Sharer, "released")?;
    let from = stage.fresh();
    stage.may_not(requirements[0], Helper, "send-input", key)?;
    stage.never_tells("CONTROL-24", Sharer, from, "injected")
}
