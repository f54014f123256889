//! A message of each kind.

use alongside_wire::{
    ErrorCode, Scopes,
    session::{
        Advisory, AdvisoryAck, Chat, ChatAck, Clear, Clipboard, ClipboardTaken, Consent,
        ControlDeny, ControlEnd, ControlGrant, ControlRenew, ControlRequest, ControlWithdraw,
        DisplayInfo, Displays, Epoch, EpochSeen, Heartbeat, Introduce, Laser, Message, PathOffer,
        Pause, PictureRequest, Probe, ProbeAnswer, Refresh, SecureDesktop, Shown, State, Stroke,
    },
};

/// A message of this name that is right where it is allowed.
pub(super) fn sample(name: &str) -> Message {
    let code = ErrorCode::Released.to_wire();
    let (request, grant, scopes) = (1, 1, Scopes::POINTER);
    match name {
        "introduce" => Introduce {
            opening: [0; 32],
            name: "Ada".to_owned(),
            card: Vec::new(),
            proof: Vec::new(),
        }
        .into(),
        "consent" => Consent {
            scopes: Scopes::VIEW,
        }
        .into(),
        "displays" => {
            let display = DisplayInfo {
                id: 0,
                width: 64,
                height: 48,
            };
            Displays {
                displays: vec![display],
            }
            .into()
        }
        "shown" => Shown { frame: 1 }.into(),
        "control-request" => ControlRequest { request, scopes }.into(),
        "control-withdraw" => ControlWithdraw { request }.into(),
        "control-grant" => ControlGrant {
            request,
            grant,
            scopes,
            duration_ms: 1_000,
            secret: [7; 32],
        }
        .into(),
        "control-deny" => ControlDeny {
            request,
            code: ErrorCode::Denied.to_wire(),
        }
        .into(),
        "control-end" => ControlEnd { grant, code }.into(),
        "control-renew" => ControlRenew {
            request,
            grant,
            duration_ms: 1_000,
        }
        .into(),
        "pause" => Pause { paused: true }.into(),
        "epoch" => Epoch {
            epoch: 1,
            paused: false,
        }
        .into(),
        "epoch-seen" => EpochSeen { epoch: 1 }.into(),
        "refresh" => Refresh {}.into(),
        "chat" => Chat {
            id: 1,
            text: "hello".to_owned(),
        }
        .into(),
        "chat-ack" => ChatAck { id: 1 }.into(),
        "advisory" => Advisory::default().into(),
        "advisory-ack" => AdvisoryAck {}.into(),
        "picture-request" => PictureRequest {}.into(),
        "clipboard" => Clipboard {
            grant,
            item: 1,
            text: "copied".to_owned(),
        }
        .into(),
        "clipboard-taken" => ClipboardTaken {
            item: 1,
            taken: false,
        }
        .into(),
        "stroke" => Stroke {
            grant,
            stroke: 1,
            display: 0,
            colour: 0,
            width: 1,
            points: vec![(1, 1)],
        }
        .into(),
        "laser" => Laser {
            grant,
            display: 0,
            x: 1,
            y: 1,
        }
        .into(),
        "clear" => Clear { grant }.into(),
        "secure-desktop" => SecureDesktop { active: true }.into(),
        "probe" => Probe { probe: 7 }.into(),
        "probe-answer" => ProbeAnswer { probe: 7 }.into(),
        "path-offer" => PathOffer {
            certificate: [7; 32],
        }
        .into(),
        "state" => State {
            paused: false,
            scopes: Scopes::CONSENT,
            epoch: 1,
            grant: 0,
            sent: 0,
            received: 0,
        }
        .into(),
        _ => Heartbeat {}.into(),
    }
}
