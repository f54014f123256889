//! What can be done to a helper.

use alongside_wire::{
    Scopes,
    envelope::{Confirm, Envelope},
    limits::timers,
    rendezvous::{CodeIssued, Joined},
    session::{ControlGrant, Message, Probe},
};
use serde_json::json;

use super::{
    plan::{Table, Timer, Ways},
    player::{Player, Taken},
    set_up,
};
use crate::{
    cases::client::{devices, receipts, shown},
    driver::Role,
    stage::{Done, Stop, names},
};

mod messages;

/// What is asked for, and what both ends allow.
const ASKED: Scopes = Scopes::GRANTABLE.without(Scopes::ELEVATION);
/// How long a grant lives here.
const GRANT: u32 = 60_000;

/// Events by which a state shows itself.
const WITNESSES: &[&str] = &[
    "write chat",
    "ask for control",
    "unset pause",
    "set pause",
    "draw",
    "give control up",
    "send a clipboard item",
    "answer a clipboard item",
    "ask for a code",
    "code-issued",
    "pause: unset",
    "pause: set",
    "epoch: next and running",
    "clipboard-taken: of an item that waits",
    "control-grant: unasked of fewer scopes",
    "control-grant: that was asked for",
    "control-renew: of the grant",
    "clipboard: under the grant",
    "media of the latest epoch",
    "chat: the next",
    "chat-ack: of a line that waits",
    "advisory",
    "card",
    "handshake fails",
    "state: as known",
    "refused: for now",
    "gone",
    "end the session",
];

pub(super) fn table() -> Table {
    let ways = Ways {
        follows,
        can,
        acts,
        does,
        message: messages::message,
        started,
        witnesses: WITNESSES,
    };
    Table::new(Role::Helper, include_str!("helper.toml"), ways)
}

/// A helper without anchors has read any advisory, and the suite's helper shows each frame.
fn follows(table: &Table, at: &[usize], path: &[String], event: &str) -> Option<&'static str> {
    let is = |region, state| table.is(at, region, &[state]);
    let read_at_once = !set_up::is(path, set_up::ANCHORS);
    match event {
        "advisory" if is("advisory", "unread") && read_at_once => Some("read the advisory"),
        "media of the latest epoch" if is("phase", "viewing") => Some("a frame is on the screen"),
        _ => None,
    }
}

fn can(table: &Table, at: &[usize], path: &[String], event: &str) -> bool {
    let is = |region, states: &[&str]| table.is(at, region, states);
    let from = table
        .machine
        .event(event)
        .and_then(|event| table.machine.events.get(event));
    let viewing = is("phase", &["viewing"]);
    let has = |events: &[&str]| path.iter().any(|event| events.contains(&event.as_str()));
    match from.map(|event| event.from).unwrap_or_default() {
        "peer" => {
            let stands = viewing || is("phase", &["deciding"]);
            let keys = is("link", &["up"]) || is("told", &["unset", "set"]);
            let ended = has(&["control-end: of the grant", "control-end: replaced"]);
            match event {
                _ if !(stands && keys) => false,
                "clipboard: of a grant that has ended" | "clipboard: not the next" if viewing => {
                    ended
                }
                "chat-ack: of a line that waits" if viewing => is("chat", &["unsettled"]),
                "picture-request" if is("link", &["up"]) => set_up::is(path, set_up::CARD),
                "picture" if is("link", &["up"]) => {
                    set_up::is(path, set_up::CARD) && has(&["card"])
                }
                "state: as known" | "state: with the other flag" | "state: that cannot be" => {
                    !is("link", &["up"]) || !viewing || has(&["epoch: next and running"])
                }
                _ => true,
            }
        }
        "relay" | "time" => !is("phase", &["ended"]),
        // What it was is not announced as paused, and what comes of a record that is late is left open.
        "channel" if event == "media of the latest epoch" => {
            let last = |kind: &str| path.iter().rposition(|event| event.starts_with(kind));
            is("link", &["up"]) && last("state: ") <= last("epoch: ")
        }
        "channel" => !is("phase", &["ended"]),
        "program" => false,
        // Who is set up for a device gets to it in no other way.
        _ if event == "ask for a code" && is("phase", &["idle"]) => {
            !set_up::is(path, set_up::DEVICE)
        }
        _ => event != "call a device" || set_up::is(path, set_up::DEVICE),
    }
}

/// The timers that begin, and how long they run.
fn started(player: &Player<'_, '_, '_>, before: &[usize], event: &str) -> Vec<Timer> {
    let mut started = Vec::new();
    if player.enters(before, "phase", "securing") {
        started.push(("handshake", timers::HANDSHAKE));
    }
    if player.enters(before, "codes", "waits") {
        started.push(("spent-delay", timers::SPENT_DELAY));
    }
    if event.starts_with("control-grant") || event.starts_with("control-renew") {
        started.push(("grant", GRANT.into()));
    }
    started
}

/// A command that only a helper has.
fn acts(player: &mut Player<'_, '_, '_>, event: &str) -> Done<Taken> {
    let (op, fields) = match event {
        "ask for a code" if !player.kept.begun => {
            player.stage.connects()?;
            player.stage.asks()?;
            player.kept.begun = true;
            return Ok(Some(true));
        }
        "call a device" if !player.kept.begun => {
            devices::starts_to_call(player.stage)?;
            player.kept.begun = true;
            return Ok(Some(true));
        }
        "call a device" => {
            let taken = player.commands("call", json!({}))?;
            if taken == Some(true) {
                devices::calls(player.stage)?;
            }
            return Ok(taken);
        }
        "ask for a code" => {
            let taken = player.commands("create-code", json!({}))?;
            if taken == Some(true) {
                player.stage.device = None;
                player
                    .stage
                    .await_("code-request", |item| item.is_to_relay("code-request"))?;
            }
            return Ok(taken);
        }
        "ask for control" => ("request-control", json!({ "scopes": names(ASKED) })),
        "ask for more than the ceiling" => (
            "request-control",
            json!({ "scopes": names(Scopes::GRANTABLE) }),
        ),
        "give control up" => ("release-control", json!({})),
        "draw" => ("stroke", json!({ "stroke": 1, "points": [[1, 1]] })),
        "read the advisory" => ("acknowledge", json!({})),
        _ => return Err(Stop::Harness(format!("there is no command for {event:?}"))),
    };
    player.commands(op, fields)
}

/// What comes from the relay, the channel or the sharer.
fn does(player: &mut Player<'_, '_, '_>, event: &str) -> Done {
    match event {
        "code-issued" if player.is("phase", &["asking"]) => player.stage.gets_code().map(|_| ())?,
        "code-issued" => {
            let locator = player.stage.draw_code().locator;
            let lifetime_ms = timers::CODE_LIFETIME as u32;
            player.stage.say(CodeIssued {
                locator,
                lifetime_ms,
            });
        }
        "joined" if player.is("phase", &["with a code", "calling"]) => {
            player.envelope = Some(player.stage.offers()?);
        }
        "joined" => player.stage.say(Joined { offer: vec![1] }),
        "handshake succeeds" => {
            let none = || Stop::Harness("no answer came".to_owned());
            let envelope = player.envelope.take().ok_or_else(none)?;
            player.stage.decides(envelope)?;
        }
        "handshake fails" => {
            let confirm = Confirm { noise: vec![7; 80] };
            player.stage.deliver(Envelope::from(confirm).to_bytes());
        }
        "a record does not open" => player.breaks_a_record()?,
        "a next master" => {
            let again = player.is("told", &["unset", "set"]);
            player.next_master(again)?;
        }
        "a violation" => player.breaks_the_protocol(),
        "media of the latest epoch" => {
            let stream = match player.stage.film_stream {
                Some(stream) => stream,
                None => player.stage.open_stream()?,
            };
            player.stage.film_stream = Some(stream);
            let epoch = player.stage.epoch;
            player.stage.show(stream, epoch, 1)?;
        }
        "card" => shown::shows_right(player.stage, &player.card()?)?,
        "picture" if player.is("link", &["up"]) => player.gives_picture()?,
        "receipt" => {
            let mut said = receipts::said(player.stage)?;
            if !player.is("phase", &["viewing"]) {
                said.scopes = Scopes::CONSENT;
            }
            receipts::gives(player.stage, said, false)?;
        }
        _ => says(player, event)?,
    }
    Ok(())
}

/// A message of the sharer.
fn says(player: &mut Player<'_, '_, '_>, event: &str) -> Done {
    let message = messages::message(player, event)?;
    if event == "probe" {
        // One that comes too soon has no answer.
        player.stage.pass(timers::PROBE_REST)?;
    }
    let grant = match &message {
        Message::ControlGrant(grant) => Some(grant.clone()),
        _ => None,
    };
    if let Some(grant) = &grant {
        player.stage.learn_grant(grant)?;
    }
    player.stage.seal_one(message.clone())?;
    match message {
        Message::ControlGrant(ControlGrant { grant, request, .. }) => {
            player.kept.grant = grant;
            player.kept.granted = request;
        }
        Message::Consent(consent) => player.stage.consented = consent.scopes,
        Message::Epoch(epoch) => player.stage.epoch = epoch.epoch,
        Message::State(state) => {
            player.stage.epoch = state.epoch;
            player.stage.consented = state.scopes;
        }
        Message::Chat(chat) => player.stage.lines = chat.id,
        Message::Clipboard(item) => player.kept.items = item.item,
        Message::ClipboardTaken(taken) => player.kept.answered = taken.item,
        Message::ChatAck(ack) if event.ends_with("waits") => player.kept.acknowledged = ack.id,
        Message::Probe(Probe { .. }) => {}
        _ => {}
    }
    Ok(())
}
