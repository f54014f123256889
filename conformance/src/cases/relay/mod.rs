//! What a relay does.

mod hello;
mod joins;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [hello::cases(), joins::cases()].concat()
}
