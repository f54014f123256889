//! Forwarded packets, at both ends: what is agreed, with the other end and with the relay, how the connection is made, and
//! what becomes of it.

mod ends;
mod offers;
mod relay;
mod tls;

use crate::{
    case::Case,
    driver::Role,
    stage::{Blame, ClientStage, Done, Item},
};

pub(in crate::cases) use tls::is_refused;

pub(super) fn cases() -> Vec<Case> {
    let mut all = offers::cases();
    let stands = [relay::cases(), tls::cases(), ends::cases()].concat();
    all.extend(stands.into_iter().map(|case| case.needs("paths")));
    all
}

/// A picture goes by a spliced stream, to the client or from it.
fn spliced(stage: &mut ClientStage<'_>, blame: impl Into<Blame>, seed: u32) -> Done {
    let blame = blame.into();
    stage.goes_on(&blame)?;
    match stage.role {
        Role::Sharer => stage
            .must(&blame, |stage| stage.films_spliced(seed))
            .map(|_| ()),
        Role::Helper => {
            let stream = stage.open_stream()?;
            let epoch = stage.epoch;
            stage.told_since(stage.here());
            stage.show(stream, epoch, seed)?;
            stage.tells(&blame, "frame").map(|_| ())
        }
    }
}

/// A picture goes by the path, to the client or from it.
fn by_the_path(stage: &mut ClientStage<'_>, seed: u32) -> Done {
    match stage.role {
        Role::Sharer => stage.films_by_the_path().map(|_| ()),
        Role::Helper => {
            let stream = stage.open_path_stream()?;
            let epoch = stage.epoch;
            stage.told_since(stage.here());
            stage.show_on_path(stream, epoch, seed)?;
            stage.told("frame").map(|_| ())
        }
    }
}

fn is_offer(item: &Item) -> bool {
    item.is_sealed("path-offer")
}

fn is_request(item: &Item) -> bool {
    item.is_to_relay("path-request")
}

fn is_over(item: &Item) -> bool {
    item.is_to_relay("path-over")
}
