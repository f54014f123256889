//! What a sharer does.

mod consent;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    consent::cases()
}
