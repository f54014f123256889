//! From a code to the screen.

use serde_json::{Value, json};

use crate::{
    case::Case,
    driver::Role::{Helper, Sharer},
    stage::{Done, NAME, PairStage},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::pair(
            "pair/join/phrase",
            "a sharer joins by the code that the helper shows, and both people have the same phrase",
            &["KEX-19", "CONSENT-1"],
            phrase,
        ),
        Case::pair(
            "pair/join/as-typed",
            "a code is taken as people type it: capitals, other hyphens, o for 0 and l for 1",
            &["CODE-1", "CODE-2"],
            as_typed,
        ),
        Case::pair(
            "pair/join/wrong-secret",
            "a code with another secret spends the code, and neither person comes to a question",
            &["CODE-8", "KEX-13"],
            wrong_secret,
        )
        .twin("pair/join/phrase"),
        Case::pair(
            "pair/join/unknown",
            "a join by a code that there is not is refused, and its person is told why",
            &["RDV-21"],
            unknown,
        )
        .twin("pair/join/phrase"),
        Case::pair(
            "pair/join/link",
            "whoever joins by a link shows the screen, and can allow nothing more",
            &["LINK-4", "CONTROL-3"],
            link,
        )
        .needs("control"),
        Case::pair(
            "pair/consent/given",
            "consent is known to both, with the same scopes: view, and chat at the most",
            &["CONSENT-6"],
            given,
        ),
        Case::pair(
            "pair/consent/refused",
            "consent is refused: both people are told, and by whom",
            &["CONSENT-3", "END-7"],
            refused,
        )
        .twin("pair/consent/given"),
        Case::pair(
            "pair/consent/stranger",
            "a person who was called by a stranger is warned, and consents by a further act",
            &["FRICTION-2", "FRICTION-3"],
            stranger,
        ),
    ]
}

fn phrase(stage: &mut PairStage<'_>) -> Done {
    let code = stage.has_code()?;
    stage.does(Sharer, "join", json!({ "code": code }))?;
    let asked = stage.tells("CONSENT-1", Sharer, "consent-asked")?;
    let name = asked.text("name");
    stage.check("CONSENT-1", name == NAME, "the name of the helper", name)?;
    for unasked in ["viewing", "displays", "frame"] {
        stage.never_tells("CONSENT-1", Helper, 0, unasked)?;
    }
    let [helper, sharer] = stage.both_told("phrase")?;
    let words = |event: &crate::driver::Event| event.fields.get("words").cloned();
    let three = |words: &Option<Value>| {
        let words = words.as_ref().and_then(Value::as_array);
        words.is_some_and(|words| words.len() == 3)
    };
    let (one, two) = (words(&helper), words(&sharer));
    let seen = format!("{one:?} at the helper, {two:?} at the sharer");
    let same = one == two && three(&one);
    stage.check("KEX-19", same, "the same three words at both ends", seen)
}

fn as_typed(stage: &mut PairStage<'_>) -> Done {
    let code = stage.has_code()?;
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut typed = String::from(" ");
    for character in plain.to_ascii_uppercase().chars() {
        typed.push(match character {
            '0' => 'o',
            '1' => 'L',
            other => other,
        });
        typed.push('-');
    }
    stage.does(Sharer, "join", json!({ "code": typed }))?;
    let either = ["CODE-1", "CODE-2"];
    stage.tells(either, Sharer, "consent-asked").map(|_| ())
}

fn wrong_secret(stage: &mut PairStage<'_>) -> Done {
    let code = stage.has_code()?;
    let mut wrong = code;
    let last = if wrong.ends_with('7') { "8" } else { "7" };
    wrong.truncate(wrong.len() - 1);
    wrong += last;
    stage.does(Sharer, "join", json!({ "code": wrong }))?;
    stage.tells("CODE-8", Helper, "code-ended")?;
    let ended = stage.tells("KEX-13", Sharer, "ended")?;
    let code = ended.text("code");
    let right = code != "done";
    stage.check("KEX-13", right, "an end for a reason", code)?;
    stage.never_tells("KEX-13", Sharer, 0, "consent-asked")
}

fn unknown(stage: &mut PairStage<'_>) -> Done {
    stage.set_up(Sharer, &json!({}))?;
    let code = stage.unknown_code();
    stage.does(Sharer, "join", json!({ "code": code }))?;
    let refused = json!({ "code": "not-found" });
    stage.tells_that("RDV-21", Sharer, "refused", &refused)?;
    Ok(())
}

fn link(stage: &mut PairStage<'_>) -> Done {
    let code = stage.has_code()?;
    stage.does(Sharer, "join", json!({ "code": code, "link": true }))?;
    stage.told(Sharer, "consent-asked")?;
    stage.agrees()?;
    let view = json!({ "scopes": ["view"] });
    for end in [Helper, Sharer] {
        stage.tells_that("LINK-4", end, "viewing", &view)?;
    }
    stage.shows("MEDIA-13", (64, 48), 1)?;
    stage.pass(6_000)?;
    let from = stage.fresh();
    // A helper that knows may say at once that it may not.
    let asked = stage.ask(Helper, "request-control", json!({ "scopes": ["pointer"] }))?;
    if asked.is_ok() {
        let denied = json!({ "code": "beyond-ceiling" });
        stage.tells_that("CONTROL-3", Helper, "denied", &denied)?;
    }
    stage.never_tells("CONTROL-3", Sharer, from, "control-asked")
}

fn given(stage: &mut PairStage<'_>) -> Done {
    stage.deciding()?;
    stage.agrees()?;
    let [helper, sharer] = stage.both_told("viewing")?;
    let scopes = |event: &crate::driver::Event| event.fields.get("scopes").cloned();
    let (one, two) = (scopes(&helper), scopes(&sharer));
    let right = one == two
        && [json!(["view"]), json!(["view", "chat"])]
            .map(Some)
            .contains(&one);
    let seen = format!("{one:?} at the helper, {two:?} at the sharer");
    let expected = "view, and chat at the most, at both ends";
    stage.check("CONSENT-6", right, expected, seen)
}

fn refused(stage: &mut PairStage<'_>) -> Done {
    stage.deciding()?;
    stage.does(Sharer, "consent", json!({ "allow": false }))?;
    for (end, by) in [(Sharer, "own"), (Helper, "other")] {
        let ended = stage.tells("CONSENT-3", end, "ended")?;
        let right = ended.text("code") == "declined" && ended.text("by") == by;
        let seen = format!("the {end}: {:?}", ended.fields);
        stage.check("END-7", right, &format!("declined, by {by}"), seen)?;
    }
    Ok(())
}

fn stranger(stage: &mut PairStage<'_>) -> Done {
    stage.deciding()?;
    stage.does(Sharer, "contact", json!({ "by": "stranger" }))?;
    stage.tells("FRICTION-2", Sharer, "warned")?;
    stage.may_not("FRICTION-3", Sharer, "consent", json!({ "allow": true }))?;
    stage.never_tells("FRICTION-3", Helper, 0, "viewing")?;
    let warned = json!({ "allow": true, "warned": true });
    stage.does(Sharer, "consent", warned)?;
    stage.both_told("viewing").map(|_| ())
}
