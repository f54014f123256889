//! Chat, heartbeat, the end, and what is told after a reconnect.

use alongside_wire::{
    Scopes,
    session::{Chat, ChatAck, End, Heartbeat, Message, State},
};

use crate::messages::Plane;

pub(super) fn add(plane: &mut Plane<Message>) {
    let chat = |text: &str| Chat {
        id: 1,
        text: text.into(),
    };
    plane.message("line", "a line", chat("It is the second one."));
    plane.valid("empty", "an empty line", chat(""));
    plane.valid(
        "scripts",
        "any script, as it was written",
        chat("שלום, 你好\u{202e}"),
    );
    plane.valid("longest", "4,096 bytes", chat(&"x".repeat(4_096)));
    plane.wrong("long", "4,097 bytes", chat(&"x".repeat(4_097)), "WIRE-5");
    plane.body(
        "chat/not-utf-8",
        "a text that is not UTF-8",
        0x1C,
        &[1, 1, 0xFF],
        "WIRE-7",
    );
    plane.message("first", "line 1", ChatAck { id: 1 });
    plane.message("empty", "nothing in it", Heartbeat {});
    plane.message("done", "a person ended", End { code: 0x0301 });
    plane.valid(
        "unregistered",
        "a code that is not registered",
        End { code: 0xFFFF },
    );
    let state = State {
        paused: false,
        scopes: Scopes::CONSENT,
        epoch: 1,
        grant: 0,
        sent: 2,
        received: 1,
    };
    plane.message(
        "viewing",
        "what a helper knows while viewing",
        state.clone(),
    );
    plane.valid(
        "deciding",
        "before consent",
        State {
            scopes: Scopes::NONE,
            epoch: 0,
            sent: 0,
            received: 0,
            ..state
        },
    );
    plane.body(
        "state/bool",
        "a bool that is 2",
        0x24,
        &[2, 0, 0, 0, 0, 0],
        "WIRE-7",
    );
    plane.body(
        "state/scopes",
        "a scope that is not registered",
        0x24,
        &[0, 0x80, 0x02, 0, 0, 0, 0],
        "WIRE-7",
    );
}
