//! What both ends know of paths.

use alongside_wire::{limits, rendezvous::RelayHello};

use crate::mutant;

/// Names of a helper's for frame streams that come on a path begin here; those of spliced ones are below.
pub const PATH_STREAMS: u64 = 1 << 62;

/// The limit `paths` of a relay: what it stated, and 0 if it did not.
pub(super) fn limit(relay: Option<&RelayHello>) -> u64 {
    if mutant::is("PATH-1/unstated") {
        return 1;
    }
    let mut registered = limits::LIMITS.iter();
    let id = registered.find_map(|(id, name, _)| (*name == "paths").then_some(*id));
    let mut stated = relay.into_iter().flat_map(|relay| &relay.limits);
    let stated = stated.find(|(limit, _)| Some(*limit) == id);
    stated.map_or(0, |(_, paths)| *paths)
}
