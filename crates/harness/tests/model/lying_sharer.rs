//! An honest helper, and anything that a sharer and a relay can say.

use crate::{
    cells::{Cells, Outside},
    graph::Graph,
    helper::RealHelper,
    lockstep,
};

const OUTSIDE: Outside = Outside {
    regions: &["chat", "offer", "item", "card", "path"],
    events: &[
        "call a device",
        "refused: for good",
        "gone: idle or relay-shutdown",
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
        "send a clipboard item",
        "answer a clipboard item",
        "clipboard",
        "clipboard-taken",
        "draw",
        "stroke",
        "laser",
        "clear",
        "secure-desktop",
        // Refused for their kind, as `introduce` and `shown` are, which the model has.
        "advisory-ack",
        "control-withdraw",
    ],
    gaps: &[
        "phase: calling",
        // An advisory is read as soon as it comes, and at no other time.
        "advisory: unread again",
        "advisory, awaited: read the advisory",
        "advisory, read again: read the advisory",
        "advisory, unread: advisory",
        "phase, deciding: read the advisory",
        "phase, securing: read the advisory",
        // A frame is shown as soon as it comes, and at no other time.
        "link, frozen: a frame is on the screen",
        "phase, asking: a frame is on the screen",
        "phase, deciding: a frame is on the screen",
        "phase, ended: a frame is on the screen",
        "phase, idle: a frame is on the screen",
        "phase, securing: a frame is on the screen",
        "phase, with a code: a frame is on the screen",
    ],
};

#[test]
fn a_helper_is_the_helper_of_the_model() {
    let cells = Cells::default();
    for name in ["LyingSharer", "SharerOutOfTurn"] {
        lockstep::holds(&Graph::read(name), RealHelper::new(cells.clone()));
    }
    cells.complete("helper", &OUTSIDE);
}
