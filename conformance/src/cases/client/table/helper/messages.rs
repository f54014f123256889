//! The messages of a sharer, as the table tells one from another.

use alongside_wire::{
    ErrorCode, Scopes,
    session::{
        Advisory, Chat, ChatAck, Clipboard, ClipboardTaken, Consent, ControlDeny, ControlEnd,
        ControlGrant, ControlRenew, End, Epoch, Message, Pad, Pause, Picture, State,
    },
};

use super::{ASKED, GRANT};
use crate::{
    cases::client::table::{player::Player, sample::sample},
    stage::{Done, Stop},
};

/// What a sharer who knows what the suite knows says.
pub(super) fn message(player: &mut Player<'_, '_, '_>, event: &str) -> Done<Message> {
    let (kind, variant) = event.split_once(": ").unwrap_or((event, ""));
    Ok(match kind {
        "pad" => Pad { len: 3 }.into(),
        "consent" => {
            let scopes = match variant {
                "of view" => Scopes::VIEW,
                "of view and chat" => Scopes::CONSENT,
                _ => Scopes::CONSENT.union(Scopes::KEYBOARD),
            };
            Consent { scopes }.into()
        }
        "control-grant" => grant(player, variant).into(),
        "control-deny" => {
            let request = player.request() + u32::from(variant == "of another request");
            let code = match variant {
                "for another reason" => ErrorCode::TooEarly,
                _ => ErrorCode::Denied,
            };
            let code = code.to_wire();
            ControlDeny { request, code }.into()
        }
        "control-end" => {
            let grant = player.kept.grant + u32::from(variant == "of another grant");
            let code = match variant {
                "replaced" => ErrorCode::Replaced,
                _ => ErrorCode::Revoked,
            };
            let code = code.to_wire();
            ControlEnd { grant, code }.into()
        }
        "control-renew" => ControlRenew {
            request: if variant == "as asked" {
                player.request()
            } else {
                0
            },
            grant: player.kept.grant + u32::from(variant == "of another grant"),
            duration_ms: if variant == "for too long" {
                900_001
            } else {
                GRANT
            },
        }
        .into(),
        "pause" => {
            let paused = variant == "set";
            Pause { paused }.into()
        }
        "epoch" => Epoch {
            epoch: player.stage.epoch + u32::from(variant != "not the next"),
            paused: variant == "next and paused",
        }
        .into(),
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
        "clipboard" => clipboard(player, variant).into(),
        "clipboard-taken" => ClipboardTaken {
            item: player.kept.answered + if variant == "of another item" { 2 } else { 1 },
            taken: true,
        }
        .into(),
        "advisory" => Advisory::default().into(),
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

fn grant(player: &mut Player<'_, '_, '_>, variant: &str) -> ControlGrant {
    let asked = player.request();
    let grant = |request, scopes| ControlGrant {
        request,
        grant: player.kept.grant + 1,
        scopes,
        duration_ms: GRANT,
        secret: [1; 32],
    };
    match variant {
        "of another request" => grant(asked + 1, ASKED),
        "unasked of fewer scopes" => grant(0, Scopes::POINTER),
        "unasked of more scopes" => grant(0, Scopes::GRANTABLE),
        "beyond the request" => grant(asked, Scopes::GRANTABLE),
        "with an old id" => ControlGrant {
            grant: player.kept.grant,
            ..grant(asked, ASKED)
        },
        "for too long" => ControlGrant {
            duration_ms: 900_001,
            ..grant(asked, ASKED)
        },
        _ => grant(asked, ASKED),
    }
}

fn clipboard(player: &Player<'_, '_, '_>, variant: &str) -> Clipboard {
    let live = player.is("grant", &["live", "narrowed"]);
    let grant = player.kept.grant;
    let ended = grant - u32::from(live && grant > 0);
    let (grant, ahead) = match variant {
        "of a grant that has ended" => (ended, 1),
        "of no grant" => (grant + 1, 1),
        "not the next" => (ended, 2),
        _ => (grant, 1),
    };
    Clipboard {
        grant,
        item: player.kept.items + ahead,
        text: "an item".to_owned(),
    }
}

fn state(player: &Player<'_, '_, '_>, variant: &str) -> State {
    let paused = player.is("pause", &["other", "both"]);
    let known = State {
        paused: paused != (variant == "with the other flag"),
        scopes: player.stage.consented,
        epoch: match player.is("phase", &["viewing"]) {
            true => player.stage.epoch.max(1),
            false => 0,
        },
        grant: player.kept.grant,
        sent: player.stage.lines,
        received: player.kept.acknowledged,
    };
    match variant {
        "that consents" => State {
            scopes: Scopes::CONSENT,
            epoch: 1,
            ..known
        },
        "beyond the ceiling" => State {
            scopes: Scopes::CONSENT.union(Scopes::KEYBOARD),
            epoch: 1,
            ..known
        },
        "that cannot be" => State {
            received: player.written() + 1,
            ..known
        },
        _ => known,
    }
}
