//! What a helper does.

mod consent;
mod control;
mod exchange;
mod media;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [
        exchange::cases(),
        consent::cases(),
        media::cases(),
        control::cases(),
    ]
    .concat()
}
