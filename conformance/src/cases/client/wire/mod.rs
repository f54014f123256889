//! Bytes that are none of the protocol, each with one fault.

mod bodies;
mod fields;
mod framing;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [framing::cases(), bodies::cases()].concat()
}
