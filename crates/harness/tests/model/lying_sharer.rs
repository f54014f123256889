//! An honest helper, and anything that a sharer and a relay can say.

use crate::{graph::Graph, helper::RealHelper, lockstep};

#[test]
#[ignore = "the model does not know CONTROL-32, CONTROL-33 and PAUSE-12 yet"]
fn a_helper_is_the_helper_of_the_model() {
    lockstep::holds(&Graph::read("LyingSharer"), RealHelper::new());
}
