//! What a helper and a sharer do alike.

mod again;
mod chat;
mod end;
pub(super) mod exchange;
mod faces;
mod hello;
mod life;
mod phases;
mod relay;
mod tools;
mod transport;
mod wire;

pub(super) use end::reports;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [
        hello::cases(),
        transport::cases(),
        relay::cases(),
        wire::cases(),
        phases::cases(),
        life::cases(),
        chat::cases(),
        tools::cases(),
        again::cases(),
        faces::cases(),
        end::cases(),
    ]
    .concat()
}
