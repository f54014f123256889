//! What a relay does.

mod cards;
mod codes;
mod delays;
mod devices;
mod frames;
mod hello;
mod hold;
mod joins;
mod jwt;
mod limits;
mod operation;
mod paths;
mod people;
mod policy;
mod reports;
mod session;
mod sign_in;
mod table;
mod time;
mod tokens;
mod transport;
mod wire;
mod words;

pub(crate) use table::walk;

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
        paths::cases(),
        limits::cases(),
        transport::cases(),
        wire::cases(),
        sign_in::cases(),
        jwt::cases(),
        policy::cases(),
        cards::cases(),
        devices::cases(),
        reports::cases(),
        operation::cases(),
        table::cases(),
    ]
    .concat()
}
