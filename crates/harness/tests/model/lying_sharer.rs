//! An honest helper, and anything that a sharer and a relay can say.

use crate::{graph::Graph, helper::RealHelper, lockstep};

#[test]
fn a_helper_is_the_helper_of_the_model() {
    lockstep::holds(&Graph::read("LyingSharer"), RealHelper::new());
}
