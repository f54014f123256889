//! What a client is set up with for some of the states, besides the usual.

use alongside_wire::Scopes;
use serde_json::{Value, json};

use super::player::CEILING;
use crate::{
    cases::client::{
        cards::{anchored, own},
        devices::device,
        pictures,
        shown::Shown,
    },
    driver::Role,
    stage::{Done, names, png},
};

pub(super) const CARD: &str = "with a card";
pub(super) const ANCHORS: &str = "with anchors";
pub(super) const DEVICE: &str = "with a known device";
/// What the sharer's system can carry out leaves something out that the ceiling has.
pub(super) const FEWER: &str = "with fewer scopes";
/// All but drawing.
pub(super) const SUPPORTED: Scopes = CEILING.without(Scopes::ANNOTATE);

/// Whether a path begins with this.
pub(super) fn is(path: &[String], what: &str) -> bool {
    path.first().is_some_and(|first| first == what)
}

/// The fields of `open`, if there is such a step.
///
/// # Errors
/// If the suite cannot make a picture.
pub(super) fn open(role: Role, step: &str) -> Done<Option<Value>> {
    Ok(Some(match step {
        CARD => own(&shown()?, Some(&picture()?)),
        ANCHORS => anchored(false),
        DEVICE => device(role, true),
        FEWER => json!({ "supported": names(SUPPORTED) }),
        _ => return Ok(None),
    }))
}

/// A card with a picture.
pub(super) fn shown() -> Done<Shown> {
    Ok(pictures::with(&picture()?))
}

pub(super) fn picture() -> Done<Vec<u8>> {
    png(4, 4, 1)
}

/// What a driver has to have for it.
pub(super) fn needs(step: &str) -> &'static [&'static str] {
    match step {
        CARD | ANCHORS => &["cards"],
        DEVICE => &["devices"],
        FEWER => &["supported"],
        _ => &[],
    }
}
