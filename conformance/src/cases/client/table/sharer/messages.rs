//! The messages of a helper, as the table tells one from another.

use alongside_wire::{
    ErrorCode, Scopes,
    limits::timers,
    session::{
        Chat, ChatAck, Clear, Clipboard, ClipboardTaken, ControlEnd, ControlGrant, ControlRequest,
        ControlWithdraw, End, EpochSeen, Laser, Message, Pad, Pause, Picture, Shown, State, Stroke,
    },
};

use super::{ASKED, OTHER};
use crate::{
    cases::client::{
        receipts, shown,
        table::{player::Player, sample::sample},
    },
    stage::{Done, Item, Stop},
};

/// Says a message, and keeps what follows of it.
pub(super) fn says(player: &mut Player<'_, '_, '_>, event: &str) -> Done {
    if event == "receipt" {
        let mut said = receipts::said(player.stage)?;
        said.scopes = Scopes::CONSENT;
        return receipts::gives(player.stage, said, false);
    }
    if event == "card" {
        let transcript = player.stage.transcript_hash()?;
        return player
            .stage
            .seal_one(shown::Shown::right().message(1, &transcript));
    }
    let message = message(player, event)?;
    if event == "probe" {
        // One that comes too soon has no answer.
        player.stage.pass(timers::PROBE_REST)?;
    }
    player.stage.seal_one(message.clone())?;
    match message {
        // A frame comes by another way than what is settled.
        Message::Refresh(_) => player.stage.moment(30)?,
        Message::ControlRequest(ControlRequest { request, scopes }) => {
            let none = player.is("prompt", &["none"]);
            player.stage.request = request;
            if none {
                player.asked = scopes;
            }
        }
        Message::Chat(chat) => player.stage.lines = chat.id,
        Message::Clipboard(item) => player.kept.items = item.item,
        Message::ClipboardTaken(taken) => player.kept.answered = taken.item,
        Message::ChatAck(ack) if event.ends_with("waits") => player.kept.acknowledged = ack.id,
        _ => {}
    }
    Ok(())
}

/// The latest grant.
fn latest(player: &Player<'_, '_, '_>) -> Option<ControlGrant> {
    let sealed = player.stage.log.iter().rev().filter_map(Item::sealed);
    let mut grants = sealed.filter_map(|message| match message {
        Message::ControlGrant(grant) => Some(grant.clone()),
        _ => None,
    });
    grants.next()
}

/// Its number.
pub(super) fn grant(player: &Player<'_, '_, '_>) -> u32 {
    latest(player).map_or(0, |grant| grant.grant)
}

/// The scopes of the question that is open, or of one that could be.
pub(super) fn prompt(player: &Player<'_, '_, '_>) -> Scopes {
    let own = player.is("prompt", &["own"]);
    match latest(player).filter(|_| own) {
        Some(grant) => grant.scopes,
        None if player.asked.is_empty() => player.supported(ASKED),
        None => player.asked,
    }
}

/// What a helper who knows what the suite knows says.
pub(super) fn message(player: &mut Player<'_, '_, '_>, event: &str) -> Done<Message> {
    let (kind, variant) = event.split_once(": ").unwrap_or((event, ""));
    let request = player.stage.request;
    let number = of_variant(player, variant);
    Ok(match kind {
        "pad" => Pad { len: 3 }.into(),
        "control-request" => {
            let held = latest(player).map_or(Scopes::NONE, |grant| grant.scopes);
            let scopes = match variant {
                "for the scopes of the grant" => held,
                "beyond the ceiling" => Scopes::VIEW.union(Scopes::KEYBOARD),
                "for what is not supported" => Scopes::POINTER.union(Scopes::ANNOTATE),
                _ if held == player.supported(ASKED) => player.supported(OTHER),
                _ => player.supported(ASKED),
            };
            let request = request + u32::from(variant != "with an old id");
            ControlRequest { request, scopes }.into()
        }
        "control-withdraw" => {
            let request = match variant {
                "of the request that was granted" => {
                    latest(player).map_or(0, |grant| grant.request)
                }
                "of another request" => request + 1,
                _ => request,
            };
            ControlWithdraw { request }.into()
        }
        "control-end" => ControlEnd {
            grant: number,
            code: ErrorCode::Released.to_wire(),
        }
        .into(),
        "pause" => {
            let paused = variant == "set";
            Pause { paused }.into()
        }
        "epoch-seen" => {
            let epoch = epoch(player);
            let epoch = match variant {
                "of an earlier one" => epoch.max(2) - 1,
                "of none" => epoch + 1,
                _ => epoch,
            };
            EpochSeen { epoch }.into()
        }
        "shown" => {
            let frame = player.stage.latest_frame()
                + if variant == "of another frame" {
                    100
                } else {
                    0
                };
            Shown { frame }.into()
        }
        "chat" => Chat {
            id: player.stage.lines + u32::from(variant == "the next"),
            text: "a line".to_owned(),
        }
        .into(),
        "chat-ack" => {
            let id = player.written() + u32::from(variant == "of another line");
            ChatAck { id }.into()
        }
        "end" => End {
            code: ErrorCode::Declined.to_wire(),
        }
        .into(),
        "state" => state(player, variant).into(),
        "clipboard" => Clipboard {
            grant: number,
            item: player.kept.items + if variant == "not the next" { 2 } else { 1 },
            text: "an item".to_owned(),
        }
        .into(),
        "clipboard-taken" => ClipboardTaken {
            item: player.kept.answered + if variant == "of another item" { 2 } else { 1 },
            taken: true,
        }
        .into(),
        "stroke" => Stroke {
            grant: number,
            stroke: 1,
            display: 0,
            colour: 0,
            width: 1,
            points: vec![(1, 1)],
        }
        .into(),
        "laser" => Laser {
            grant: number,
            display: 0,
            x: 1,
            y: 1,
        }
        .into(),
        "clear" => Clear { grant: number }.into(),
        "picture" => Picture {
            offset: 0,
            data: vec![1],
        }
        .into(),
        _ => {
            let message = sample(kind);
            if message.name() != kind {
                return Err(Stop::Harness(format!("there is no message for {event:?}")));
            }
            message
        }
    })
}

/// The grant of which a message is.
fn of_variant(player: &Player<'_, '_, '_>, variant: &str) -> u32 {
    let grant = grant(player);
    let live = player.is("grant", &["live", "narrowed"]);
    match variant {
        "of no grant" => grant + 1,
        "of a grant that has ended" | "not the next" => grant - u32::from(live && grant > 0),
        _ => grant,
    }
}

/// The latest epoch.
fn epoch(player: &Player<'_, '_, '_>) -> u32 {
    player.latest(|message| match message {
        Message::Epoch(epoch) => Some(epoch.epoch),
        _ => None,
    })
}

fn state(player: &Player<'_, '_, '_>, variant: &str) -> State {
    let paused = player.is("pause", &["other", "both"]);
    let received = match variant {
        "that cannot be" => player.written() + 1,
        _ => player.kept.acknowledged,
    };
    State {
        paused: paused != (variant == "with the other flag"),
        scopes: player.stage.consented,
        epoch: epoch(player),
        grant: grant(player),
        sent: player.stage.lines,
        received,
    }
}
