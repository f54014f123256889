//! Every case. An id is never given to another case, and a case never gets another id.

mod client;
mod helper;
mod pair;
mod relay;
mod sharer;
mod tables;

use crate::case::Case;

/// All of them, in the order in which they are run.
pub fn all() -> Vec<Case> {
    [
        client::cases(),
        sharer::cases(),
        helper::cases(),
        relay::cases(),
        pair::cases(),
    ]
    .concat()
}
