//! What a helper does.

mod again;
mod consent;
mod control;
mod exchange;
mod media;
mod notices;
mod path;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [
        exchange::cases(),
        consent::cases(),
        media::cases(),
        path::cases(),
        control::cases(),
        again::cases(),
        notices::cases(),
    ]
    .concat()
}
