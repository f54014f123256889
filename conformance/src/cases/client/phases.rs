//! Messages of the session in phases that do not allow them: a case for each cell of the tables.

use alongside_wire::{
    ErrorCode, Scopes,
    session::{
        Advisory, AdvisoryAck, Chat, ChatAck, Clear, Clipboard, ClipboardTaken, Consent,
        ControlDeny, ControlEnd, ControlGrant, ControlRenew, ControlRequest, ControlWithdraw,
        DisplayInfo, Displays, Epoch, EpochSeen, Heartbeat, Introduce, Laser, Message, Pause,
        PictureRequest, Probe, ProbeAnswer, Refresh, SecureDesktop, Shown, State, Stroke,
    },
};

use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done},
};

/// What a phase does not allow, at one end.
struct Phase {
    role: Role,
    name: &'static str,
    reach: fn(&mut ClientStage<'_>) -> Done,
    twin: &'static str,
    forbids: &'static [&'static str],
}

const FROM_SHARER: &[&str] = &[
    "consent",
    "displays",
    "control-grant",
    "control-deny",
    "epoch",
    "advisory",
    "control-renew",
    "secure-desktop",
];

const OF_VIEWING_FROM_HELPER: &[&str] = &[
    "shown",
    "control-request",
    "control-withdraw",
    "control-end",
    "epoch-seen",
    "refresh",
    "chat",
    "chat-ack",
    "advisory-ack",
    "clipboard",
    "clipboard-taken",
    "stroke",
    "laser",
    "clear",
    "probe-answer",
    "probe",
    "state",
];

const PHASES: &[Phase] = &[
    Phase {
        role: Role::Sharer,
        name: "securing",
        reach: |stage| stage.securing().map(|_| ()),
        twin: "sharer/introduce/right",
        forbids: FROM_SHARER,
    },
    Phase {
        role: Role::Sharer,
        name: "securing",
        reach: |stage| stage.securing().map(|_| ()),
        twin: "sharer/introduce/right",
        forbids: OF_VIEWING_FROM_HELPER,
    },
    Phase {
        role: Role::Sharer,
        name: "securing",
        reach: |stage| stage.securing().map(|_| ()),
        twin: "sharer/introduce/right",
        forbids: &["pause", "heartbeat", "picture-request"],
    },
    Phase {
        role: Role::Sharer,
        name: "deciding",
        reach: |stage| stage.deciding(),
        twin: "sharer/phase/deciding-takes",
        forbids: FROM_SHARER,
    },
    Phase {
        role: Role::Sharer,
        name: "deciding",
        reach: |stage| stage.deciding(),
        twin: "sharer/phase/deciding-takes",
        forbids: OF_VIEWING_FROM_HELPER,
    },
    Phase {
        role: Role::Sharer,
        name: "deciding",
        reach: |stage| stage.deciding(),
        twin: "sharer/phase/deciding-takes",
        forbids: &["introduce"],
    },
    Phase {
        role: Role::Sharer,
        name: "viewing",
        reach: |stage| stage.viewing(),
        twin: "sharer/phase/viewing-takes",
        forbids: FROM_SHARER,
    },
    Phase {
        role: Role::Sharer,
        name: "viewing",
        reach: |stage| stage.viewing(),
        twin: "sharer/phase/viewing-takes",
        forbids: &["introduce", "state"],
    },
    Phase {
        role: Role::Helper,
        name: "deciding",
        reach: |stage| stage.deciding(),
        twin: "helper/phase/deciding-takes",
        forbids: &[
            "introduce",
            "shown",
            "control-request",
            "control-withdraw",
            "epoch-seen",
            "refresh",
            "advisory-ack",
            "stroke",
            "laser",
            "clear",
            "displays",
            "control-grant",
            "control-deny",
            "control-end",
            "epoch",
            "chat",
            "chat-ack",
            "advisory",
            "control-renew",
            "clipboard",
            "clipboard-taken",
            "probe-answer",
            "probe",
            "secure-desktop",
            "state",
        ],
    },
    Phase {
        role: Role::Helper,
        name: "viewing",
        reach: |stage| stage.viewing(),
        twin: "helper/phase/viewing-takes",
        forbids: &[
            "introduce",
            "shown",
            "control-request",
            "control-withdraw",
            "epoch-seen",
            "refresh",
            "advisory-ack",
            "stroke",
            "laser",
            "clear",
            "consent",
            "state",
        ],
    },
];

pub(super) fn cases() -> Vec<Case> {
    let mut all = vec![
        takes(
            Role::Sharer,
            "deciding",
            |stage| stage.deciding(),
            &["heartbeat", "pause"],
        ),
        takes(
            Role::Helper,
            "deciding",
            |stage| stage.deciding(),
            &["heartbeat", "pause"],
        ),
        takes(
            Role::Sharer,
            "viewing",
            |stage| stage.viewing(),
            &[
                "heartbeat",
                "epoch-seen",
                "refresh",
                "chat-ack",
                "advisory-ack",
                "clipboard-taken",
                "probe-answer",
                "probe",
                "control-request",
                "control-withdraw",
            ],
        ),
        takes(
            Role::Helper,
            "viewing",
            |stage| stage.viewing(),
            &[
                "heartbeat",
                "displays",
                "control-deny",
                "control-end",
                "chat-ack",
                "clipboard-taken",
                "probe-answer",
                "probe",
                "secure-desktop",
                "control-renew",
            ],
        ),
    ];
    for phase in PHASES {
        for name in phase.forbids {
            let role = phase.role;
            let id = format!("{role}/phase/{}-forbids-{name}", phase.name);
            let title = format!("a {role} in {} ends the session at {name}", phase.name);
            let run = move |stage: &mut ClientStage<'_>| {
                (phase.reach)(stage)?;
                let message = sample(name);
                stage.seal(&[message])?;
                // At a helper nothing of the exchange is left by then.
                stage.ends("SESSION-1", ErrorCode::UnexpectedMessage)
            };
            let checks = &["SESSION-1"];
            let case = match role {
                Role::Helper => Case::helper(id, title, checks, run),
                Role::Sharer => Case::sharer(id, title, checks, run),
            };
            all.push(case.twin(phase.twin));
        }
    }
    all
}

fn takes(
    role: Role,
    phase: &'static str,
    reach: fn(&mut ClientStage<'_>) -> Done,
    names: &'static [&'static str],
) -> Case {
    let id = format!("{role}/phase/{phase}-takes");
    let title = format!("a {role} in {phase} takes {}", names.join(", "));
    let run = move |stage: &mut ClientStage<'_>| {
        reach(stage)?;
        for name in names {
            stage.seal(&[sample(name)])?;
            stage.goes_on("SESSION-1")?;
        }
        Ok(())
    };
    match role {
        Role::Helper => Case::helper(id, title, &["SESSION-1"], run),
        Role::Sharer => Case::sharer(id, title, &["SESSION-1"], run),
    }
}

/// A message of this name that is right where it is allowed.
pub(in crate::cases) fn sample(name: &str) -> Message {
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
