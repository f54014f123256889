//! An honest sharer, and anything that a helper and a relay can say.

use crate::{
    cells::{Cells, Outside},
    graph::Graph,
    lockstep,
    sharer::RealSharer,
};

const OUTSIDE: Outside = Outside {
    regions: &[
        "secure", "refresh", "drawing", "chat", "offer", "item", "path",
    ],
    events: &[
        "wait as a device",
        "answer: without chat",
        "introduced: with nothing to allow",
        "connection closed on purpose",
        "control-request: for what is not supported",
        "displays change",
        "card",
        "picture-request",
        "picture",
        "probe",
        "probe-answer",
        "receipt",
        "offer a path",
        "offer a path too early",
        "the path stands",
        "a check comes",
        "give the path up",
        "path",
        "path-open",
        "path-over",
        "path-offer",
        "path-attempt",
        "path-retry",
        "write chat",
        "chat",
        "chat-ack",
        "refresh",
        "refresh-interval",
        "send a clipboard item",
        "answer a clipboard item",
        "clipboard",
        "clipboard-taken",
        "stroke",
        "laser",
        "laser-pointer",
        "clear",
        "a secure desktop appears",
        "a secure desktop goes",
        "secure-desktop",
    ],
    gaps: &[
        // A grant of the model is over before a question about it is.
        "prompt, own: control-prompt",
        "prompt, renewal: control-prompt",
        "rest, rested: control-prompt",
    ],
};

#[test]
fn a_sharer_is_the_sharer_of_the_model() {
    let cells = Cells::default();
    for name in ["LyingHelper", "HelperOutOfTurn"] {
        lockstep::holds(&Graph::read(name), RealSharer::new(cells.clone()));
    }
    cells.complete("sharer", &OUTSIDE);
}
