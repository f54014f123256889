//! What a sharer does.

mod again;
mod consent;
mod exchange;
mod friction;
mod grants;
mod input;
mod join;
mod media;
mod number;
mod path;
mod pause;
mod receipts;
mod requests;
mod tools;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [
        join::cases(),
        exchange::cases(),
        consent::cases(),
        friction::cases(),
        media::cases(),
        path::cases(),
        pause::cases(),
        requests::cases(),
        grants::cases(),
        input::cases(),
        number::cases(),
        receipts::cases(),
        tools::cases(),
        again::cases(),
    ]
    .concat()
}
