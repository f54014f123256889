//! Clipboard, drawing, and a link that is lost and comes back: at both ends, within a ceiling that has tools.

mod lies;

use alongside_state_machine::session::{helper::Helper, sharer::Sharer};
use alongside_wire::{
    ErrorCode, Scopes,
    session::{
        Chat, Clear, Clipboard, ClipboardTaken, ControlEnd, Displays, End, Epoch, EpochSeen,
        Message, Pause, State, Stroke,
    },
};
use serde_json::json;

use super::{Done, Event, Sequence, WITH_TOOLS, helper, sharer};
use crate::vector::File;

const ALL: Scopes = WITH_TOOLS.without(Scopes::CONSENT);

pub(super) fn add(file: &mut File) {
    let mut at_sharer = |id: &str, about: &str, shows: &[&str], sequence: Sequence<Sharer>| {
        sequence.finish(file, "sharer", id, about, shows);
    };
    sharers_tools(&mut at_sharer);
    sharers_reconnect(&mut at_sharer);
    lies::to_sharer(&mut at_sharer);
    let mut at_helper = |id: &str, about: &str, shows: &[&str], sequence: Sequence<Helper>| {
        sequence.finish(file, "helper", id, about, shows);
    };
    helpers_tools(&mut at_helper);
    helpers_reconnect(&mut at_helper);
    lies::to_helper(&mut at_helper);
}

type Add<'a, M> = dyn FnMut(&str, &str, &[&str], Sequence<M>) + 'a;

fn item(item: u32) -> Clipboard {
    Clipboard {
        grant: 1,
        item,
        text: "an item".into(),
    }
}

fn answered(item: u32, taken: bool) -> Message {
    ClipboardTaken { item, taken }.into()
}

fn stroke(grant: u32, points: u16) -> Stroke {
    Stroke {
        grant,
        stroke: 1,
        display: 0,
        colour: 0,
        width: 1,
        points: (0..points).map(|place| (place, place)).collect(),
    }
}

fn drawn(drawn: usize) -> Done {
    Done {
        drawn,
        ..Done::default()
    }
}

fn cleared(done: Done) -> Done {
    Done {
        cleared: true,
        ..done
    }
}

/// What an end with a live grant knows, after so many lines of chat.
fn state(sent: u32, received: u32) -> State {
    State {
        paused: false,
        scopes: Scopes::CONSENT,
        epoch: 1,
        grant: 1,
        sent,
        received,
    }
}

fn ended() -> Message {
    End {
        code: ErrorCode::Done.to_wire(),
    }
    .into()
}

fn sharers_tools(add: &mut Add<'_, Sharer>) {
    let mut sequence = sharer::with_tools(ALL);
    sequence.receive(100, item(1), Done::nothing());
    sequence.receive(100, item(2), Done::sent([answered(1, false)]));
    sequence.act(100, "take", json!({}), Done::sent([answered(2, true)]));
    sequence.act(100, "take", json!({}), Done::not_taken());
    let sent = item(1).into();
    let text = json!({ "text": "an item" });
    sequence.act(100, "clipboard", text.clone(), Done::sent([sent]));
    sequence.receive(
        100,
        ClipboardTaken {
            item: 1,
            taken: true,
        },
        Done::nothing(),
    );
    sequence.receive(100, item(3), Done::nothing());
    let sent = vec![sharer::ended(1, ErrorCode::Revoked), answered(3, false)];
    sequence.act(100, "revoke", json!({}), sharer::released(sent));
    sequence.receive(100, item(4), Done::nothing());
    sequence.act(100, "clipboard", text, Done::not_taken());
    add(
        "clipboard",
        "items in both directions: taken, followed by another, lapsed with the grant, ignored after it",
        &["TOOL-1", "TOOL-4", "TOOL-11", "TOOL-14"],
        sequence,
    );
    let mut sequence = sharer::with_tools(ALL);
    sequence.receive(100, item(1), Done::nothing());
    sequence.act(100, "end", json!({}), sharer::released(vec![ended()]));
    add(
        "clipboard-end",
        "the end of the session answers an item that waits",
        &["END-2", "TOOL-14"],
        sequence,
    );
    let mut sequence = sharer::with_tools(ALL);
    sequence.receive(100, stroke(1, 3), drawn(3));
    sequence.receive(100, stroke(1, 2), drawn(2));
    sequence.receive(100, Clear { grant: 1 }, cleared(Done::nothing()));
    sequence.receive(100, stroke(1, 1), drawn(1));
    let asked = Done {
        asked: true,
        ..sharer::released(vec![])
    };
    let request = sharer::request(2, Scopes::CONTROL);
    sequence.receive(100, request, cleared(asked));
    sequence.receive(100, stroke(1, 1), Done::nothing());
    let denied = sharer::denied(2, ErrorCode::Denied);
    sequence.act(1_100, "deny", json!({}), denied);
    sequence.receive(100, stroke(1, 4), drawn(4));
    let sent = vec![sharer::ended(1, ErrorCode::Revoked)];
    sequence.act(100, "revoke", json!({}), cleared(sharer::released(sent)));
    sequence.receive(100, stroke(1, 1), Done::nothing());
    add(
        "drawing",
        "lines; they are cleared by the helper, by a prompt, and with the grant",
        &["TOOL-1", "TOOL-15", "TOOL-16"],
        sequence,
    );
}

fn sharers_reconnect(add: &mut Add<'_, Sharer>) {
    let displays: Message = Displays {
        displays: vec![sharer::DISPLAY],
    }
    .into();
    let epoch = Epoch {
        epoch: 2,
        paused: false,
    };
    let mut sequence = sharer::with_tools(ALL);
    sequence.receive(100, stroke(1, 3), drawn(3));
    sequence.lost(100, cleared(sharer::released(vec![])));
    sequence.step(100, Event::Input(1, vec![]), json!({}), Done::nothing());
    sequence.act(100, "chat", json!({ "text": "a line" }), Done::nothing());
    sequence.master(100, Done::sent([state(1, 0).into()]));
    let line = Chat {
        id: 1,
        text: "a line".into(),
    };
    let sent = [displays, epoch.into(), line.into()];
    sequence.receive(100, state(0, 0), Done::sent(sent));
    sequence.receive(100, EpochSeen { epoch: 2 }, Done::nothing());
    let denied = sharer::denied(2, ErrorCode::TooEarly);
    sequence.receive(100, sharer::request(2, Scopes::CONTROL), denied);
    add(
        "reconnect",
        "the link is lost and comes back: no grant is left, and an epoch begins",
        &["RECON-2", "RECON-22", "RECON-27", "RECON-29", "RECON-32"],
        sequence,
    );
    let mut sequence = sharer::with_tools(ALL);
    sequence.lost(100, sharer::released(vec![]));
    sequence.step(29_999, Event::Time, json!({}), Done::nothing());
    sequence.step(1, Event::Time, json!({}), Done::nothing());
    sequence.master(100, Done::nothing());
    add(
        "reconnect-late",
        "the helper does not come back within 30 seconds",
        &["RECON-5"],
        sequence,
    );
}

fn helpers_tools(add: &mut Add<'_, Helper>) {
    let text = json!({ "text": "an item" });
    let mut sequence = helper::with_tools(ALL);
    sequence.act(100, "clipboard", text.clone(), Done::sent([item(1).into()]));
    sequence.act(100, "clipboard", text.clone(), Done::sent([item(2).into()]));
    sequence.receive(
        100,
        ClipboardTaken {
            item: 2,
            taken: true,
        },
        Done::nothing(),
    );
    sequence.receive(100, item(1), Done::nothing());
    sequence.act(100, "refuse", json!({}), Done::sent([answered(1, false)]));
    sequence.act(100, "take", json!({}), Done::not_taken());
    sequence.receive(100, item(2), Done::nothing());
    let given_up = ControlEnd {
        grant: 1,
        code: ErrorCode::Released.to_wire(),
    };
    let sent = [answered(2, false), given_up.into()];
    sequence.act(100, "release", json!({}), Done::sent(sent));
    sequence.act(100, "clipboard", text, Done::not_taken());
    add(
        "clipboard",
        "items in both directions: refused, and lapsed with the grant",
        &["TOOL-4", "TOOL-11", "TOOL-14"],
        sequence,
    );
    let mut sequence = helper::with_tools(ALL);
    sequence.receive(100, item(1), Done::nothing());
    sequence.act(100, "end", json!({}), Done::sent([ended()]));
    add(
        "clipboard-end",
        "the end of the session answers an item that waits",
        &["END-2", "TOOL-14"],
        sequence,
    );
    let points = json!({ "points": [[0, 0], [1, 1]] });
    let mut sequence = helper::with_tools(ALL);
    let sent = stroke(1, 2).into();
    sequence.act(100, "draw", points.clone(), Done::sent([sent]));
    let over = ControlEnd {
        grant: 1,
        code: ErrorCode::Revoked.to_wire(),
    };
    sequence.receive(100, over, Done::nothing());
    sequence.act(100, "draw", points.clone(), Done::not_taken());
    add(
        "drawing",
        "a line, and none after the grant",
        &["TOOL-4"],
        sequence,
    );
    let mut sequence = helper::with_tools(Scopes::POINTER);
    sequence.act(100, "draw", points, Done::not_taken());
    add(
        "drawing-scope",
        "no line under a grant of the pointer",
        &["TOOL-4"],
        sequence,
    );
}

fn helpers_reconnect(add: &mut Add<'_, Helper>) {
    let line = |id| Chat {
        id,
        text: "a line".into(),
    };
    let text = json!({ "text": "a line" });
    let mut sequence = helper::with_tools(ALL);
    sequence.act(100, "chat", text.clone(), Done::sent([line(1).into()]));
    sequence.lost(100, Done::nothing());
    sequence.act(100, "chat", text, Done::nothing());
    let request = json!({ "scopes": Scopes::POINTER.bits() });
    sequence.act(100, "request", request, Done::not_taken());
    sequence.master(100, Done::sent([state(2, 0).into()]));
    let sent = line(2).into();
    sequence.receive(100, state(0, 1), Done::sent([sent]));
    let seen = EpochSeen { epoch: 2 }.into();
    let epoch = Epoch {
        epoch: 2,
        paused: false,
    };
    sequence.receive(100, epoch, Done::sent([seen]));
    add(
        "reconnect",
        "the link is lost and comes back: a line that was not taken is sent again",
        &["RECON-7", "RECON-18", "RECON-23", "RECON-32"],
        sequence,
    );
    let mut sequence = helper::with_tools(ALL);
    sequence.lost(100, Done::nothing());
    sequence.act(100, "pause", json!({}), Done::nothing());
    let told = State {
        paused: true,
        ..state(0, 0)
    };
    sequence.master(100, Done::sent([told.into()]));
    sequence.act(100, "unpause", json!({}), Done::nothing());
    let sent = Pause { paused: false }.into();
    sequence.receive(100, state(0, 0), Done::sent([sent]));
    add(
        "reconnect-pause",
        "a pause while the link is lost, which ends after it was told",
        &["RECON-7", "RECON-37"],
        sequence,
    );
    let mut sequence = helper::with_tools(ALL);
    sequence.lost(100, Done::nothing());
    sequence.step(29_999, Event::Time, json!({}), Done::nothing());
    sequence.step(1, Event::Time, json!({}), Done::nothing());
    sequence.master(100, Done::nothing());
    add(
        "reconnect-late",
        "the way back is not found within 30 seconds",
        &["RECON-5"],
        sequence,
    );
}
