//! What a client tells, in the words of the driver protocol.

use std::io::Write as _;

use alongside_state_machine::{
    endpoint::faces::Fetched,
    identity::{
        device::Device,
        picture,
        trust::{Doubt, Standing, Who},
    },
    mutant,
};
use alongside_wire::{Class, DeviceStatus, ErrorCode, card::Card, session::DisplayInfo};
use bip39::Language;

use super::protocol::{self, Display, Event, Names};
use crate::{
    ConnectError, Ended, Reporting, Timestamp, device::Next, helper, inert::plain, sharer,
};

/// What is known of a session from what was told.
#[derive(Default)]
pub(super) struct Known {
    pub(super) connected: bool,
    pub(super) ended: bool,
    /// The other end was there.
    pub(super) met: bool,
    /// It calls a known device.
    pub(super) calls: bool,
    /// It is a known device.
    pub(super) waits: bool,
    /// What a known device does after what it was told last.
    pub(super) next: Option<Next>,
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
            Of::CodeSpent {
                fault, spent, warn, ..
            } => return code_spent(fault.code(), spent, warn, known),
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
            | Of::Path(_)
            | Of::Frozen { .. } => return Vec::new(),
        },
        Told::Sharer(sharer) => Event::CardShown {
            name: plain(&sharer.card.as_ref().map(Card::name).unwrap_or_default()),
            who: who(&sharer),
        },
        Told::Picture(fetched) => picture(&fetched),
        Told::NoControlFor { seconds } => Event::NoControl { seconds },
        Told::SignedIn(_)
        | Told::Receipt(..)
        | Told::Shown(_)
        | Told::Clipboard(_)
        | Told::ClipboardSent(_)
        | Told::Quality(_)
        | Told::Way(_)
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
                name: called,
                who: helper,
                ..
            } => Event::ConsentAsked {
                name: plain(&helper.card.as_ref().map_or(called, Card::name)),
                verified: matches!(helper.standing, Standing::Verified { .. })
                    || mutant::is("CONSENT-5/verified") && helper.card.is_none()
                    || mutant::is("CARD-14/verified") && helper.card.is_some(),
                who: who(&helper),
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
            Of::LaserGone => Event::LaserGone,
            Of::DrawingCleared => Event::Cleared,
            Of::Back => Event::Back,
            Of::Ended(why) => return ended(why, known),
            Of::JoinHeldBack
            | Of::MediaReady
            | Of::MediaStopped
            | Of::CompleteFrameWanted
            | Of::ControlNotBefore(_)
            | Of::Delay(_)
            | Of::Path(_)
            | Of::Frozen { .. } => return Vec::new(),
        },
        Told::Waiting => Event::Waiting,
        Told::Picture(fetched) => picture(&fetched),
        Told::HeldBack { most } => Event::HeldBack { seconds: most },
        Told::NoControlFor { seconds } => Event::NoControl { seconds },
        Told::SignedIn(_)
        | Told::Receipt(..)
        | Told::Scopes(_)
        | Told::Clipboard(_)
        | Told::ClipboardSent(_)
        | Told::Quality(_)
        | Told::Way(_)
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
    if known.waits {
        known.next = Some(Next::Pause);
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
    let next = known.waits.then(|| Next::after(&why, known.met));
    known.next = next;
    //= spec/17-known-devices.md#exchange [DEVICE-17] cfba648f
    match next {
        Some(Next::Pause) => {
            let code = name(why.code);
            return vec![Event::DeviceFailed { code }];
        }
        Some(Next::Again) if !known.met => return Vec::new(),
        _ => {}
    }
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

/// A known device does not wait any more, because its person does not want that.
pub(super) fn stopped() -> Event {
    Event::Ended {
        by: protocol::By::Own,
        code: name(ErrorCode::Done),
        clause: None,
    }
}

/// A code, or a call, came to nothing.
fn code_spent(code: ErrorCode, spent: usize, warned: bool, known: &Known) -> Vec<Event> {
    let code = name(code);
    let failed = known
        .calls
        .then(|| Event::DeviceFailed { code: code.clone() })
        .filter(|_| !mutant::is("DEVICE-17/untold"));
    //= spec/05-session.md#friction [FRICTION-6] a4023c49
    //= spec/02-codes.md#spent [CODE-12] 09f7ca84
    let spent = Event::Spent {
        count: spent as u64,
        warned,
    };
    let ended = Event::CodeEnded { code };
    failed.into_iter().chain([ended, spent]).collect()
}

//= spec/15-identity.md#trust [CARD-16] f98622db
fn who(who: &Who) -> protocol::Who {
    let (standing, issuer) = match &who.standing {
        Standing::Verified { issuer } => ("verified", issuer.as_str()),
        Standing::VouchedByRelay { issuer } => ("vouched-by-relay", issuer.as_str()),
        Standing::Unverified(Doubt::NoCard) => ("no-card", ""),
        Standing::Unverified(Doubt::UnknownIssuer) => ("unknown-issuer", ""),
        Standing::Unverified(Doubt::Clock) => ("clock", ""),
    };
    protocol::Who {
        standing: standing.to_owned(),
        issuer: issuer.to_owned(),
        card: who.card.as_ref().map(|card| protocol::CardTexts {
            first_name: plain(&card.first_name),
            last_name: plain(&card.last_name),
            title: match mutant::is("CARD-16/less") {
                true => String::new(),
                false => plain(&card.title),
            },
            organisation: plain(&card.organisation),
            domain: plain(&card.domain),
        }),
    }
}

//= spec/15-identity.md#pictures [PICTURE-5] 123984e3
fn picture(fetched: &Fetched) -> Event {
    let shown = match fetched {
        Fetched::Picture(bytes) => picture::head(bytes).is_some(),
        Fetched::NotAtHand => false,
    };
    Event::Picture { shown }
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
        Device::Unknown(_) if mutant::is("ADVISORY-6/compliant") => DeviceStatus::Compliant.name(),
        Device::Unknown(_) if mutant::is("ADVISORY-7/unenrolled") => {
            DeviceStatus::Unenrolled.name()
        }
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
