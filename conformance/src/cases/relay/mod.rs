//! What a relay does.

mod codes;
mod delays;
mod frames;
mod hello;
mod hold;
mod joins;
mod limits;
mod session;
mod table;
mod time;
mod transport;
mod wire;
mod words;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [
        hello::cases(),
        joins::cases(),
        codes::cases(),
        delays::cases(),
        session::cases(),
        hold::cases(),
        frames::cases(),
        time::cases(),
        limits::cases(),
        transport::cases(),
        wire::cases(),
        table::cases(),
    ]
    .concat()
}
