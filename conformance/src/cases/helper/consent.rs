//! What a helper takes for consent.

use alongside_wire::{ErrorCode, Scopes, session::Consent};

use crate::{
    case::Case,
    stage::{ClientStage, Done},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::helper(
            "helper/consent/view-and-chat",
            "a helper takes consent of view and chat, and answers epoch 1",
            &["CONSENT-7", "PAUSE-4"],
            |stage| of(stage, Scopes::CONSENT),
        ),
        Case::helper(
            "helper/consent/empty",
            "a helper ends the session at a consent of nothing",
            &["CONSENT-7"],
            |stage| refuses(stage, Scopes::NONE),
        )
        .twin("helper/consent/view-and-chat"),
        Case::helper(
            "helper/consent/control",
            "a helper ends the session at a consent that gives control",
            &["CONSENT-7"],
            |stage| refuses(stage, Scopes::VIEW.union(Scopes::POINTER)),
        )
        .twin("helper/consent/view-and-chat"),
    ]
}

fn of(stage: &mut ClientStage<'_>, scopes: Scopes) -> Done {
    stage.deciding()?;
    stage.consents(scopes)?;
    stage.sees("PAUSE-4", "epoch-seen", |item| item.is_sealed("epoch-seen"))?;
    stage.goes_on("CONSENT-7")
}

fn refuses(stage: &mut ClientStage<'_>, scopes: Scopes) -> Done {
    stage.deciding()?;
    stage.seal_one(Consent { scopes })?;
    stage.ends("CONSENT-7", ErrorCode::UnexpectedMessage)
}
