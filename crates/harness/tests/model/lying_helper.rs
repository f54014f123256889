//! An honest sharer, and anything that a helper and a relay can say.

use crate::{graph::Graph, lockstep, sharer::RealSharer};

#[test]
fn a_sharer_is_the_sharer_of_the_model() {
    lockstep::holds(&Graph::read("LyingHelper"), RealSharer::new());
}
