//! Nothing is seen before the sharer's person has agreed.

use alongside_wire::{
    ErrorCode, Scopes,
    limits::timers,
    session::{Consent, Message},
};
use serde_json::json;

use crate::{
    case::Case,
    stage::{ClientStage, Done, Item},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::sharer(
            "sharer/consent/given",
            "consent, displays and epoch 1 come after the person agreed, and not before",
            &["CONSENT-1", "CONSENT-2", "PAUSE-3"],
            given,
        ),
        Case::sharer(
            "sharer/consent/scopes",
            "consent is of view and chat, and of nothing else",
            &["CONSENT-6"],
            scopes,
        ),
        Case::sharer(
            "sharer/consent/refused",
            "the person refuses: the session ends with declined",
            &["CONSENT-2", "CONSENT-3"],
            refused,
        )
        .twin("sharer/consent/given"),
        Case::sharer(
            "sharer/consent/silence",
            "the person says nothing: the session ends with declined when the time is over, not before",
            &["CONSENT-2", "CONSENT-4"],
            silence,
        )
        .twin("sharer/consent/given"),
    ]
}

fn given(stage: &mut ClientStage<'_>) -> Done {
    stage.securing()?;
    stage.introduce(crate::stage::NAME)?;
    stage.tells("CONSENT-1", "consent-asked")?;
    stage.pass(3_000)?;
    stage.never("CONSENT-2", 0, "word of the screen", Item::shows_the_screen)?;
    stage.agrees()?;
    stage.sees("CONSENT-2", "consent", |item| item.is_sealed("consent"))?;
    stage.await_("displays", |item| item.is_sealed("displays"))?;
    let epoch = stage.sees("PAUSE-3", "epoch", |item| item.is_sealed("epoch"))?;
    let right =
        matches!(epoch.sealed(), Some(Message::Epoch(epoch)) if epoch.epoch == 1 && !epoch.paused);
    stage.check("PAUSE-3", right, "epoch 1, running", format!("{epoch:?}"))
}

fn scopes(stage: &mut ClientStage<'_>) -> Done {
    stage.deciding()?;
    stage.agrees()?;
    let consent = stage.await_("consent", |item| item.is_sealed("consent"))?;
    let right = matches!(
        consent.sealed(),
        Some(Message::Consent(Consent { scopes }))
            if scopes.contains(Scopes::VIEW) && Scopes::CONSENT.contains(*scopes)
    );
    stage.check(
        "CONSENT-6",
        right,
        "view, and chat at the most",
        format!("{consent:?}"),
    )
}

fn refused(stage: &mut ClientStage<'_>) -> Done {
    stage.deciding()?;
    stage.does("consent", json!({ "allow": false }))?;
    stage.ends("CONSENT-3", ErrorCode::Declined)?;
    stage.never("CONSENT-2", 0, "word of the screen", Item::shows_the_screen)
}

fn silence(stage: &mut ClientStage<'_>) -> Done {
    stage.deciding()?;
    let prompt = timers::CONSENT_PROMPT;
    stage.pass(prompt - 1_000)?;
    stage.goes_on("CONSENT-4")?;
    stage.pass(1_000)?;
    stage.ends("CONSENT-4", ErrorCode::Declined)?;
    stage.never("CONSENT-2", 0, "word of the screen", Item::shows_the_screen)
}
