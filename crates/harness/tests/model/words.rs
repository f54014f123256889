//! Messages, scopes and outputs in the words of the model.

use alongside_state_machine::session::{By, Ended, Output};
use alongside_wire::{
    ErrorCode, Scopes,
    input::InputEvent,
    session::{
        Advisory, AdvisoryAck, Consent, ControlDeny, ControlEnd, ControlGrant, ControlRenew,
        ControlRequest, ControlWithdraw, Displays, End, Epoch, EpochSeen, Heartbeat, Introduce,
        Message, Pad, Pause, Shown, State,
    },
};

use crate::term::Term;

/// The length of a tick.
pub(crate) const TICK_MS: u64 = 2_500;

/// How long the person lets a grant live in the model.
pub(crate) const GRANT_MS: u32 = 3 * 2_500;

/// A time of the model.
fn ms(ticks: &Term) -> u32 {
    ticks.number() * 2_500
}

/// The most that both ends allow in the model.
pub(crate) fn ceiling() -> Scopes {
    Scopes::CONSENT
        .union(Scopes::CONTROL)
        .union(Scopes::ANNOTATE)
}

pub(crate) fn scopes(term: &Term) -> Scopes {
    let named = |word: &str| {
        let mut registered = Scopes::REGISTERED.iter();
        registered
            .find(|(_, name)| *name == word)
            .expect("a scope")
            .0
    };
    term.words().map(named).fold(Scopes::NONE, Scopes::union)
}

pub(crate) fn code(term: &Term) -> ErrorCode {
    let mut codes = (0..=u16::MAX).filter_map(ErrorCode::from_wire);
    codes
        .find(|code| code.name() == term.word())
        .expect("an error")
}

pub(crate) fn message(term: &Term) -> Message {
    let number = |index: usize| term.at(index).number();
    match term.kind() {
        "pad" => Pad { len: 1 }.into(),
        "heartbeat" => Heartbeat {}.into(),
        "introduce" => Introduce {
            opening: [0; 32],
            name: "Ada".to_owned(),
            card: Vec::new(),
            proof: Vec::new(),
        }
        .into(),
        "consent" => Consent {
            scopes: scopes(term.at(1)),
        }
        .into(),
        "shown" => Shown { frame: number(1) }.into(),
        "advisory-ack" => AdvisoryAck {}.into(),
        "pause" => Pause {
            paused: term.at(1).flag(),
        }
        .into(),
        "epoch" => Epoch {
            epoch: number(1),
            paused: term.at(2).flag(),
        }
        .into(),
        "epoch-seen" => EpochSeen { epoch: number(1) }.into(),
        "control-request" => ControlRequest {
            request: number(1),
            scopes: scopes(term.at(2)),
        }
        .into(),
        "control-withdraw" => ControlWithdraw { request: number(1) }.into(),
        "control-grant" => ControlGrant {
            request: number(1),
            grant: number(2),
            scopes: scopes(term.at(3)),
            duration_ms: ms(term.at(4)),
            secret: SECRET,
        }
        .into(),
        "control-end" => {
            let code = term_code(term, 2).unwrap_or(ErrorCode::Released).to_wire();
            ControlEnd {
                grant: number(1),
                code,
            }
            .into()
        }
        "control-renew" => ControlRenew {
            request: number(1),
            grant: number(2),
            duration_ms: ms(term.at(3)),
        }
        .into(),
        "control-deny" => ControlDeny {
            request: number(1),
            code: code(term.at(2)).to_wire(),
        }
        .into(),
        "displays" => Displays {
            displays: Vec::new(),
        }
        .into(),
        "advisory" => Advisory {
            statement: Vec::new(),
            proof: Vec::new(),
        }
        .into(),
        "end" => End {
            code: code(term.at(1)).to_wire(),
        }
        .into(),
        "state" => State {
            paused: term.at(1).flag(),
            scopes: scopes(term.at(2)),
            epoch: number(3),
            grant: number(4),
            sent: 0,
            received: 0,
        }
        .into(),
        other => panic!("{other} is no message of the model"),
    }
}

fn term_code(term: &Term, index: usize) -> Option<ErrorCode> {
    let Term::Tuple(parts) = term else {
        return None;
    };
    parts.get(index).map(code)
}

/// The secret of every grant in the model.
pub(crate) const SECRET: [u8; 32] = [7; 32];

pub(crate) fn input(term: &Term) -> InputEvent {
    match term.word() {
        "pointer" => InputEvent::Pointer {
            display: 0,
            x: 1,
            y: 1,
        },
        "keyboard" => InputEvent::Key {
            usage: 4,
            down: true,
        },
        other => panic!("{other} is no input of the model"),
    }
}

/// A set of scopes.
pub(crate) fn set(scopes: Scopes) -> String {
    let held = Scopes::REGISTERED
        .iter()
        .filter(|(scope, _)| scopes.contains(*scope));
    let mut names: Vec<_> = held.map(|(_, name)| *name).collect();
    names.sort_unstable();
    format!("{{{}}}", names.join(" "))
}

pub(crate) fn ended(ended: &Ended) -> String {
    let by = match ended.by {
        By::Local => "local",
        By::Peer => "peer",
        By::Relay => "relay",
    };
    format!("(ended {by} {})", ended.code.name())
}

fn named(code: u16) -> &'static str {
    ErrorCode::from_wire(code).map_or("unknown", ErrorCode::name)
}

/// What was put out. Heartbeats and probes are no matter of the model: a tick stands for them.
pub(crate) fn outputs<E>(outputs: Vec<Output<E>>, event: impl Fn(&E) -> String) -> String {
    let texts: Vec<_> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Send(message) => said(message).map(|text| format!("(send {text})")),
            Output::Relay(message) => Some(format!("(relay {})", message.name())),
            Output::Leave(code) => Some(format!("(leave {})", code.name())),
            Output::NewPath => Some("(new-path)".to_owned()),
            Output::Event(known) => Some(format!("(event {})", event(known))),
        })
        .collect();
    format!("({})", texts.join(" "))
}

fn ticks(ms: u32) -> u32 {
    assert_eq!(ms % 2_500, 0, "grants of the model live for whole ticks");
    ms / 2_500
}

fn said(message: &Message) -> Option<String> {
    Some(match message {
        Message::Heartbeat(_) | Message::Probe(_) | Message::ProbeAnswer(_) => return None,
        Message::Consent(m) => format!("(consent {})", set(m.scopes)),
        Message::Epoch(m) => format!("(epoch {} {})", m.epoch, m.paused),
        Message::EpochSeen(m) => format!("(epoch-seen {})", m.epoch),
        Message::ControlRequest(m) => format!("(control-request {} {})", m.request, set(m.scopes)),
        Message::ControlWithdraw(m) => format!("(control-withdraw {})", m.request),
        Message::ControlGrant(m) => {
            assert_eq!(m.secret, SECRET);
            format!(
                "(control-grant {} {} {} {})",
                m.request,
                m.grant,
                set(m.scopes),
                ticks(m.duration_ms)
            )
        }
        Message::ControlDeny(m) => format!("(control-deny {} {})", m.request, named(m.code)),
        Message::ControlEnd(m) => format!("(control-end {} {})", m.grant, named(m.code)),
        Message::ControlRenew(m) => format!(
            "(control-renew {} {} {})",
            m.request,
            m.grant,
            ticks(m.duration_ms)
        ),
        Message::Shown(m) => format!("(shown {})", m.frame),
        Message::Pause(m) => format!("(pause {})", m.paused),
        Message::End(m) => format!("(end {})", named(m.code)),
        Message::State(m) => {
            assert_eq!((m.sent, m.received), (0, 0));
            format!(
                "(state {} {} {} {})",
                m.paused,
                set(m.scopes),
                m.epoch,
                m.grant
            )
        }
        other => format!("({})", other.name()),
    })
}
