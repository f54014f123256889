//! Of a helper.

use super::rules::{drops, lenient};
use crate::mutant::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[
    lenient("CONSENT-7/lenient", "helper/consent/control"),
    drops(
        "PAUSE-4/silent",
        "helper/consent/view-and-chat",
        "epoch-seen",
    ),
];
