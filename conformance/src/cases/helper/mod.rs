//! What a helper does.

mod consent;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    consent::cases()
}
