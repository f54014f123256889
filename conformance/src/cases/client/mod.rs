//! What a helper and a sharer do alike.

mod advisories;
mod again;
mod cards;
mod chat;
mod devices;
mod end;
pub(super) mod exchange;
mod faces;
mod fresh;
mod hello;
mod life;
mod notices;
pub(super) mod path;
mod pictures;
mod receipts;
mod relay;
mod relays;
mod shown;
mod signatures;
mod table;
mod tools;
mod transport;
mod vectors;
mod wire;

pub(crate) use table::walk;

pub(super) use cards::own_with_receipt_key;
pub(super) use end::reports;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [
        hello::cases(),
        transport::cases(),
        vectors::cases(),
        relay::cases(),
        relays::cases(),
        wire::cases(),
        life::cases(),
        chat::cases(),
        notices::cases(),
        tools::cases(),
        again::cases(),
        faces::cases(),
        advisories::cases(),
        receipts::cases(),
        cards::cases(),
        pictures::cases(),
        devices::cases(),
        path::cases(),
        end::cases(),
        fresh::cases(),
        table::cases(),
    ]
    .concat()
}
