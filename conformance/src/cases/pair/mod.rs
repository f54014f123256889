//! What a helper and a sharer do with one another: the same programs that the other cases look at alone,
//! with nobody between them but a relay.

mod beginning;
mod control;
mod ends;
mod frames;
mod tools;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [
        beginning::cases(),
        frames::cases(),
        control::cases(),
        tools::cases(),
        ends::cases(),
    ]
    .concat()
}
