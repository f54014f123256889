//! Both ends and the relay, as honest people use them, on a network that loses connections.

use crate::{graph::Graph, lockstep, world::World};

#[test]
fn a_session_is_a_session_of_the_model() {
    lockstep::holds(&Graph::read("Honest"), World::new());
}

#[test]
fn silence_is_what_the_model_makes_of_it() {
    lockstep::holds(&Graph::read("Timers"), World::new());
}

#[test]
fn a_session_comes_back_as_in_the_model() {
    lockstep::holds(&Graph::read("Reconnect"), World::new());
}
