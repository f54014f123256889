//! What a client tells, in the words of the driver protocol.

use std::io::Write as _;

use alongside_state_machine::identity::{device::Device, trust::Standing};
use alongside_wire::{Class, DeviceStatus, ErrorCode, session::DisplayInfo};
use bip39::Language;

use super::protocol::{self, Display, Event, Names};
use crate::{ConnectError, Ended, Reporting, Timestamp, helper, inert::plain, sharer};

/// What is known of a session from what was told.
#[derive(Default)]
pub(super) struct Known {
    pub(super) connected: bool,
    pub(super) ended: bool,
    /// The other end was there.
    met: bool,
    /// The screen may be seen, and how far is told next.
    viewing: bool,
    /// What the answer to the latest prompt must repeat.
    pub(super) number: Option<u32>,
}

pub(super) fn helper(event: helper::Event, known: &mut Known, now: Timestamp) -> Vec<Event> {
    use helper::{Event as Told, SessionEvent as Of};
    let event = match event {
        Told::Connected => connected(known),
        Told::Code { code, .. } => Event::Code {
            code: code.to_string(),
        },
        Told::Phrase(places) => phrase(places, known),
        Told::Device { device, .. } => Event::Device {
            standing: standing(&device).to_owned(),
        },
        Told::Frozen { seconds } => Event::Frozen { seconds },
        Told::Reported(reporting) => return reported(reporting),
        Told::Session(event) => match event {
            Of::CodeEnded(code) => Event::CodeEnded { code: name(code) },
            Of::CodeSpent { fault, .. } => Event::CodeEnded {
                code: name(fault.code()),
            },
            Of::Viewing { scopes } => Event::Viewing {
                scopes: Names(scopes),
            },
            Of::Displays(displays) => Event::Displays {
                displays: displays.into_iter().map(display).collect(),
            },
            Of::ControlGranted { scopes, until, .. } => Event::Granted {
                scopes: Names(scopes),
                seconds: seconds(until, now),
            },
            Of::ControlDenied(code) => Event::Denied { code: name(code) },
            Of::ControlRenewed { until, .. } => Event::Renewed {
                seconds: seconds(until, now),
            },
            Of::ControlEnded { code, .. } => Event::ControlEnded { code: name(code) },
            Of::Paused { local, peer } => Event::Paused {
                own: local,
                other: peer,
            },
            Of::Chat(text) => Event::Chat { text },
            Of::ChatDelivered(line) => Event::Delivered { line },
            Of::ClipboardOffered { text, .. } => Event::Offered { text },
            Of::ClipboardLapsed { .. } => Event::Lapsed,
            Of::ClipboardAnswered { taken, .. } => Event::Answered { taken },
            Of::SecureDesktop(active) => Event::SecureDesktop { active },
            Of::Back => Event::Back,
            Of::Ended(why) => return ended(why, known),
            Of::CodeIssued { .. }
            | Of::Joined
            | Of::Secured
            | Of::ControlNotBefore(_)
            | Of::Delay(_)
            | Of::Frozen { .. } => return Vec::new(),
        },
        Told::SignedIn(_)
        | Told::Receipt(..)
        | Told::Sharer(_)
        | Told::Picture(_)
        | Told::Shown(_)
        | Told::NoControlFor { .. }
        | Told::Clipboard(_)
        | Told::ClipboardSent(_)
        | Told::Quality(_)
        | Told::NotNow(_)
        | Told::Trouble(_) => return Vec::new(),
    };
    vec![event]
}

pub(super) fn sharer(event: sharer::Event, known: &mut Known, now: Timestamp) -> Vec<Event> {
    use sharer::{Event as Told, SessionEvent as Of};
    let event = match event {
        Told::Connected => connected(known),
        Told::Phrase(places) => phrase(places, known),
        Told::Number(number) => {
            known.number = Some(number);
            return Vec::new();
        }
        Told::Scopes(scopes) if std::mem::take(&mut known.viewing) => Event::Viewing {
            scopes: Names(scopes),
        },
        Told::Frozen { seconds } => Event::Frozen { seconds },
        Told::Reported(reporting) => return reported(reporting),
        Told::Session(event) => match event {
            Of::ConsentAsked {
                name: called, who, ..
            } => Event::ConsentAsked {
                name: plain(&who.card.as_ref().map_or(called, |card| card.name())),
                verified: matches!(who.standing, Standing::Verified { .. }),
            },
            Of::ScamWarning => Event::Warned,
            Of::Viewing => {
                known.viewing = true;
                return Vec::new();
            }
            Of::ControlAsked {
                scopes, renewal, ..
            } => {
                known.number = None;
                Event::ControlAsked {
                    scopes: Names(scopes),
                    renewal,
                }
            }
            Of::ControlPromptClosed => Event::PromptClosed,
            Of::ControlGranted { scopes, until, .. } => Event::Granted {
                scopes: Names(scopes),
                seconds: seconds(until, now),
            },
            Of::ControlRenewed { until, .. } => Event::Renewed {
                seconds: seconds(until, now),
            },
            Of::ControlEnded { code, .. } => Event::ControlEnded { code: name(code) },
            Of::Inject(input) => Event::Injected {
                input: input.into(),
            },
            Of::ReleaseAll => Event::Released,
            Of::Paused { local, peer } => Event::Paused {
                own: local,
                other: peer,
            },
            Of::Chat(text) => Event::Chat { text },
            Of::ChatDelivered(line) => Event::Delivered { line },
            Of::ClipboardOffered { text, .. } => Event::Offered { text },
            Of::ClipboardLapsed { .. } => Event::Lapsed,
            Of::ClipboardAnswered { taken, .. } => Event::Answered { taken },
            Of::Stroke(line) => Event::Drawn {
                stroke: line.stroke,
            },
            Of::Laser { x, y, .. } => Event::Pointed { x, y },
            Of::DrawingCleared => Event::Cleared,
            Of::Back => Event::Back,
            Of::Ended(why) => return ended(why, known),
            Of::JoinHeldBack
            | Of::MediaReady
            | Of::MediaStopped
            | Of::CompleteFrameWanted
            | Of::ControlNotBefore(_)
            | Of::LaserGone
            | Of::Delay(_)
            | Of::Frozen { .. } => return Vec::new(),
        },
        Told::SignedIn(_)
        | Told::Waiting
        | Told::Picture(_)
        | Told::Receipt(..)
        | Told::Scopes(_)
        | Told::HeldBack { .. }
        | Told::NoControlFor { .. }
        | Told::Clipboard(_)
        | Told::ClipboardSent(_)
        | Told::Quality(_)
        | Told::NotNow(_)
        | Told::Trouble(_) => return Vec::new(),
    };
    vec![event]
}

/// There was no connection to the relay.
pub(super) fn failed(error: &ConnectError, known: &mut Known) -> Vec<Event> {
    // For whoever looks for the reason.
    let _ = writeln!(std::io::stderr(), "alongside-driver: {error}");
    if std::mem::replace(&mut known.ended, true) {
        return Vec::new();
    }
    vec![Event::Ended {
        by: protocol::By::Relay,
        code: name(ErrorCode::Lost),
        clause: None,
    }]
}

fn connected(known: &mut Known) -> Event {
    known.connected = true;
    Event::Connected
}

fn phrase(places: helper::Phrase, known: &mut Known) -> Event {
    known.met = true;
    let list = Language::English.word_list();
    let word = |place: u16| list.get(usize::from(place)).copied().unwrap_or("?");
    Event::Phrase {
        words: places.map(|place| word(place).to_owned()),
    }
}

fn ended(why: Ended, known: &mut Known) -> Vec<Event> {
    known.ended = true;
    let refusal = matches!(why.code.class(), Class::Refusal { .. });
    let by_relay = why.by == crate::By::Relay && why.fault.is_none();
    let refused = (refusal && by_relay && !known.met).then(|| Event::Refused {
        code: name(why.code),
    });
    let ended = Event::Ended {
        by: match why.by {
            crate::By::Local => protocol::By::Own,
            crate::By::Peer => protocol::By::Other,
            crate::By::Relay => protocol::By::Relay,
        },
        code: name(why.code),
        clause: why.fault.map(|fault| fault.clause().to_owned()),
    };
    refused.into_iter().chain([ended]).collect()
}

fn reported(reporting: Reporting) -> Vec<Event> {
    match reporting {
        Reporting::Taken => vec![Event::Reported],
        Reporting::Refused(code) => vec![Event::Refused { code: name(code) }],
        Reporting::None | Reporting::Waiting | Reporting::Lost => Vec::new(),
    }
}

fn standing(device: &Device) -> &'static str {
    match device {
        Device::Said { status, .. } => status.name(),
        Device::Unknown(_) => DeviceStatus::Unknown.name(),
    }
}

fn display(DisplayInfo { id, width, height }: DisplayInfo) -> Display {
    Display { id, width, height }
}

fn name(code: ErrorCode) -> String {
    code.name().to_owned()
}

fn seconds(until: Timestamp, now: Timestamp) -> u64 {
    until.since(now) / 1_000_000
}
