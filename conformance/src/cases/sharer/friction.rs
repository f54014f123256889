//! Who started the contact, at a sharer.

use alongside_wire::{ErrorCode, limits::timers, session::Pause};
use serde_json::json;

use crate::{
    case::Case,
    stage::{ClientStage, Done, Item},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/friction/unasked",
            "consent is not taken before the person has said who started the contact",
            &["FRICTION-1"],
            |stage| {
                stage.deciding()?;
                stage.may_not("FRICTION-1", "consent", json!({ "allow": true }))?;
                stage.never("FRICTION-1", 0, "word of the screen", Item::shows_the_screen)
            },
        )
        .twin("sharer/consent/given"),
        Case::sharer(
            "sharer/friction/unasked-warned",
            "nor is consent that answers a warning which was not shown",
            &["FRICTION-1"],
            |stage| {
                stage.deciding()?;
                let warned = json!({ "allow": true, "warned": true });
                stage.may_not("FRICTION-1", "consent", warned)?;
                stage.never("FRICTION-1", 0, "word of the screen", Item::shows_the_screen)
            },
        )
        .twin("sharer/consent/given"),
        Case::sharer(
            "sharer/friction/stranger",
            "a warning is shown when the person has not started the contact, and a plain answer is not enough then",
            &["FRICTION-2", "FRICTION-3"],
            stranger,
        )
        .twin("sharer/consent/given"),
        Case::sharer(
            "sharer/friction/after-the-warning",
            "consent that answers the warning is taken",
            &["FRICTION-3"],
            |stage| {
                stage.deciding()?;
                stage.does("contact", json!({ "by": "stranger" }))?;
                stage.told("warned")?;
                stage.does("consent", json!({ "allow": true, "warned": true }))?;
                stage.says("FRICTION-3", "consent").map(|_| ())
            },
        ),
        Case::sharer(
            "sharer/friction/first-answer-stranger",
            "who started the contact is not answered anew: a stranger stays one",
            &["FRICTION-4"],
            |stage| {
                stage.deciding()?;
                stage.does("contact", json!({ "by": "stranger" }))?;
                let _ = stage.ask("contact", json!({ "by": "person" }))?;
                stage.may_not("FRICTION-4", "consent", json!({ "allow": true }))?;
                stage.never("FRICTION-4", 0, "word of the screen", Item::shows_the_screen)
            },
        )
        .twin("sharer/friction/after-the-warning"),
        Case::sharer(
            "sharer/friction/refused-without-the-question",
            "a refusal is taken at any time",
            &["CONSENT-3"],
            |stage| {
                stage.deciding()?;
                stage.does("consent", json!({ "allow": false }))?;
                stage.ends("CONSENT-3", ErrorCode::Declined)
            },
        ),
        Case::sharer(
            "sharer/friction/silence-after-the-warning",
            "silence after the warning is a refusal",
            &["CONSENT-4"],
            |stage| {
                stage.deciding()?;
                stage.does("contact", json!({ "by": "stranger" }))?;
                stage.pass(timers::CONSENT_PROMPT)?;
                stage.ends("CONSENT-4", ErrorCode::Declined)
            },
        ),
        Case::sharer(
            "sharer/friction/report",
            "the person ends the session at the warning and reports it, in one act",
            &["FRICTION-8", "REPORT-2", "REPORT-3"],
            |stage| {
                stage.deciding()?;
                stage.does("contact", json!({ "by": "stranger" }))?;
                stage.told("warned")?;
                crate::cases::client::reports(stage, "FRICTION-8")
            },
        )
        .needs("report"),
        Case::sharer(
            "sharer/consent/name",
            "the name of the helper is shown as it came, and as unverified",
            &["CONSENT-5"],
            |stage| {
                stage.deciding()?;
                stage.told_since(0);
                let asked = stage.tells("CONSENT-5", "consent-asked")?;
                let right = asked.text("name") == crate::stage::NAME
                    && asked.fields.get("verified") == Some(&json!(false));
                stage.check("CONSENT-5", right, "the name, unverified", format!("{asked:?}"))
            },
        ),
        Case::sharer(
            "sharer/consent/scopes-shown",
            "the person is told what the helper may do, when it changes",
            &["CONSENT-8"],
            |stage| {
                stage.viewing()?;
                stage.told_since(0);
                let viewing = stage.tells("CONSENT-8", "viewing")?;
                let consented = json!(crate::stage::names(stage.consented));
                let right = viewing.fields.get("scopes") == Some(&consented);
                stage.check("CONSENT-8", right, "what consent says", format!("{viewing:?}"))
            },
        ),
        Case::sharer(
            "sharer/consent/ceiling",
            "consent is of nothing beyond the effective ceiling",
            &["CONSENT-6"],
            |stage| {
                use alongside_wire::Scopes;
                stage.ceiling = Scopes::VIEW;
                stage.deciding()?;
                stage.agrees()?;
                stage.says_this("CONSENT-6", alongside_wire::session::Consent { scopes: Scopes::VIEW })
            },
        ),
        Case::sharer(
            "sharer/consent/nothing-in-common",
            "with neither view nor chat in common nobody is asked: the session ends with nothing-allowed",
            &["CONSENT-9"],
            |stage| {
                use alongside_wire::Scopes;
                stage.ceiling = Scopes::CONTROL;
                stage.securing()?;
                stage.introduce(crate::stage::NAME)?;
                stage.ends("CONSENT-9", ErrorCode::NothingAllowed)?;
                stage.never_tells("CONSENT-9", 0, "consent-asked")
            },
        )
        .twin("sharer/consent/ceiling"),
        Case::sharer(
            "sharer/consent/chat-alone",
            "a consent without view measures no display",
            &["CONSENT-10"],
            |stage| {
                use alongside_wire::{Scopes, session::{Consent, Displays}};
                stage.ceiling = Scopes::CHAT;
                stage.deciding()?;
                stage.agrees()?;
                stage.says_this("CONSENT-6", Consent { scopes: Scopes::CHAT })?;
                stage.says_this("CONSENT-10", Displays { displays: Vec::new() })
            },
        )
        .twin("sharer/consent/ceiling"),
        Case::sharer(
            "sharer/consent/paused",
            "a pause in deciding is no answer",
            &["CONSENT-2"],
            |stage| {
                stage.deciding()?;
                stage.seal_one(Pause { paused: true })?;
                stage.seal_one(Pause { paused: false })?;
                stage.never("CONSENT-2", 0, "word of the screen", Item::shows_the_screen)?;
                stage.goes_on("CONSENT-2")
            },
        ),
    ]
}

fn stranger(stage: &mut ClientStage<'_>) -> Done {
    stage.deciding()?;
    stage.does("contact", json!({ "by": "stranger" }))?;
    stage.tells("FRICTION-2", "warned")?;
    stage.may_not("FRICTION-3", "consent", json!({ "allow": true }))?;
    stage.never(
        "FRICTION-3",
        0,
        "word of the screen",
        Item::shows_the_screen,
    )
}
