//! Of both ends.

use super::rules::{deaf, doubles, drops, hides, lenient};
use crate::mutant::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[
    doubles("RDV-1/twice", "client/hello/first", "hello"),
    lenient("RDV-5/lenient", "client/hello/again"),
    drops("END-2/silent", "client/end/own", "end"),
    drops("END-3/stays", "client/end/own", "leave"),
    deaf("END-4/deaf", "client/end/other", "end"),
    deaf("END-5/deaf", "client/end/relay", "gone"),
    hides("SESSION-7/untold", "client/life/silence", "Frozen"),
    hides("RECON-4/untold", "client/again/back", "Back"),
];
