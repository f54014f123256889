//! What a helper and a sharer do alike.

mod end;
mod hello;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [hello::cases(), end::cases()].concat()
}
