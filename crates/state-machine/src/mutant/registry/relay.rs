//! Of a relay.

use alloc::{vec, vec::Vec};

use alongside_wire::{
    ErrorCode,
    rendezvous::{Gone, Joined, Message, PeerLost, Refused},
};

use super::rules::{drops, lenient, patch, says_to_relay, sets};
use crate::mutant::Mutant;

const HOUR_MS: u64 = 3_600_000;

pub(super) const MUTANTS: &[Mutant] = &[
    // What it takes for a fault, and what not.
    lenient("RDV-4/lenient", "relay/hello/again")
        .also("what is not found at fault is not closed", &["RDV-6"]),
    lenient("RDV-6/lenient", "relay/session/never-deliver").also(
        "what is not found at fault is not closed",
        &["CARD-23", "RDV-11"],
    ),
    lenient("RDV-8/lenient", "relay/connection/idle/relay-hello").also(
        "what is not found at fault is not closed",
        &["RDV-6", "RDV-11"],
    ),
    lenient("RDV-9/lenient", "relay/limits/too-many-unpaired-bytes"),
    patch("TRANSPORT-14/waits", "relay/transport/control-ends"),
    patch("TRANSPORT-14/at-once", "relay/transport/control-finished"),
    lenient("WIRE-1/lenient", "relay/wire/leave/number-beyond-u16"),
    lenient("WIRE-2/lenient", "relay/wire/frame/long-type"),
    lenient("WIRE-3/lenient", "relay/wire/hello/cut-short"),
    lenient("WIRE-4/lenient", "relay/wire/code-request/trailing-byte"),
    lenient("WIRE-5/lenient", "relay/wire/hello/too-long"),
    lenient("WIRE-6/lenient", "relay/wire/hello/long-count"),
    lenient("WIRE-7/lenient", "relay/wire/join/locator-empty"),
    lenient("WIRE-8/lenient", "relay/wire/frame/unknown-critical")
        .also("what is not found at fault is not closed", &["RDV-6"]),
    patch("WIRE-9/refuses", "relay/wire/skips").also(
        "they send what is to be skipped",
        &["RDV-9", "relay/transport/cut-anywhere"],
    ),
    patch("ERROR-1/another", "relay/wire/hello/empty").also(
        "each violation has its code",
        &[
            "RDV-*",
            "CARD-*",
            "HOLD-*",
            "AUTH-*",
            "DEVICE-*",
            "REPORT-*",
            "TRANSPORT-*",
            "WIRE-*",
        ],
    ),
    patch("ERROR-2/forgets", "relay/session/violation").also(
        "the other end of the session that broke off goes on",
        &["RDV-6", "RDV-11"],
    ),
    patch("RDV-7/refuses", "relay/session/late-deliver"),
    patch("HOLD-9/refuses", "relay/hold/dropped"),
    patch("RDV-34/spreads", "relay/session/others-unaffected").also(
        "a violation closes the connection that is looked at, for another reason",
        &[
            "RDV-*",
            "HOLD-*",
            "ERROR-1",
            "TRANSPORT-14",
            "CARD-23",
            "WIRE-*",
        ],
    ),
    // What it says.
    says_to_relay("RDV-2/another", "relay/hello/answered", gone_first),
    says_to_relay("RDV-3/fewer", "relay/hello/states", one_timer_less),
    says_to_relay("RDV-10/silent", "relay/session/leave", no_word_of_a_leave).also(
        "they go on when the other end was told of the leave",
        &[
            "RDV-7",
            "RDV-9",
            "RDV-30",
            "HOLD-*",
            "TRANSPORT-7",
            "TRANSPORT-12",
            "AUTH-12",
            "POLICY-11",
            "POLICY-12",
            "DEVICE-*",
            "REPORT-*",
        ],
    ),
    says_to_relay("RDV-11/silent", "relay/session/violation", |message| {
        not_gone(message, ErrorCode::Lost)
    })
    .also(
        "whoever breaks the protocol is gone for the other end",
        &[
            "RDV-4",
            "RDV-6",
            "RDV-8",
            "HOLD-*",
            "TRANSPORT-14",
            "WIRE-*",
            "CARD-23",
        ],
    ),
    says_to_relay("RDV-12/silent", "relay/code/expires", |message| {
        not_gone(message, ErrorCode::CodeExpired)
    }),
    says_to_relay("RDV-13/silent", "relay/time/idle", |message| {
        not_gone(message, ErrorCode::Idle)
    })
    .also("the end of a wait has the same words", &["DEVICE-10"]),
    says_to_relay("RDV-14/silent", "relay/time/session-length", |message| {
        not_gone(message, ErrorCode::SessionLength)
    }),
    patch("RDV-15/silent", "relay/hello/shut-down"),
    says_to_relay("RDV-21/tells", "relay/join/spent", tells).also(
        "what counts as a guess is told as it is",
        &[
            "RDV-2*",
            "HOLD-*",
            "CODE-7",
            "AUTH-6",
            "AUTH-12",
            "POLICY-11",
            "DEVICE-*",
        ],
    ),
    says_to_relay("RDV-30/changes", "relay/join/live", changes_offer).also(
        "who calls a device is given its offer too",
        &["DEVICE-5", "DEVICE-9"],
    ),
    says_to_relay("RDV-31/chooses", "relay/session/carries", chooses)
        .also("the envelopes of these cases have one byte", &["RDV-30"]),
    drops("HOLD-1/none", "relay/join/live", "place").also(
        "they go on when the place is given",
        &[
            "RDV-22", "RDV-23", "RDV-24", "AUTH-11", "AUTH-21", "POLICY-*", "DEVICE-*",
        ],
    ),
    drops("HOLD-4/silent", "relay/hold/back", "rejoined").also(
        "they go on when the place was given back",
        &["DRAIN-3", "HOLD-*"],
    ),
    drops("HOLD-6/silent", "relay/hold/back", "peer-back").also(
        "they go on when the other end was told",
        &["HOLD-*", "DRAIN-3"],
    ),
    patch("HOLD-5/stays", "relay/hold/superseded"),
    patch("HOLD-7/another", "relay/hold/wrong-token")
        .also("a place that was given back is none", &["HOLD-10"]),
    patch("HOLD-10/holds", "relay/hold/close-ends"),
    // What it keeps to.
    patch("CODE-7/lives", "relay/join/spent").also(
        "a code that is over is as if it never was",
        &["RDV-21", "AUTH-12", "POLICY-11"],
    ),
    patch("RDV-16/few", "relay/code/drawn"),
    sets("RDV-17/longer", "relay/code/shortest", |config| {
        config.locator_least = 5
    }),
    sets("RDV-22/at-once", "relay/join/tick", |config| {
        config.join_tick_ms = 1
    }),
    sets("RDV-23/never", "relay/join/doubles", |config| {
        config.join_delay_first_ms = 0
    })
    .also(
        "they wait out a delay that does not come, and sign-ins are delayed by the same rule",
        &[
            "RDV-24",
            "RDV-25",
            "RDV-28",
            "AUTH-5",
            "AUTH-6",
            "relay/connection/signing-in/*",
            "relay/connection/idle/sign-in",
        ],
    ),
    patch("RDV-24/success", "relay/join/success-does-not-count").also(
        "their second join by one source is delayed as if the first had failed",
        &["RDV-20", "POLICY-9"],
    ),
    patch("RDV-25/one", "relay/join/of-one-source").also(
        "guesses of one source hold up all others",
        &[
            "RDV-21",
            "RDV-22",
            "RDV-23",
            "RDV-24",
            "RDV-27",
            "RDV-29",
            "SOURCE-2",
            "AUTH-*",
            "DEVICE-4",
            "POLICY-10",
            "REPORT-6",
            "DEVICE-6",
        ],
    ),
    sets("RDV-28/keeps", "relay/join/forgotten", |config| {
        config.join_delay_decay_ms = 100 * HOUR_MS;
    })
    .also("the table empties by what is forgotten", &["RDV-27"]),
    sets("HOLD-3/none", "relay/hold/back", |config| {
        config.held_places = 0
    })
    .also(
        "nobody comes back to a place that is not held",
        &["HOLD-*", "RDV-11", "RDV-14", "TRANSPORT-7", "DRAIN-3"],
    ),
    sets(
        "SOURCE-1/more",
        "relay/limits/connections-of-one-source",
        |config| {
            config.connections_per_source *= 2;
        },
    ),
    sets("SOURCE-2/more", "relay/code/of-one-source", |config| {
        config.codes_per_source *= 2;
    }),
    sets("RDV-19/more", "relay/code/full", |config| config.codes *= 2),
    patch("RDV-20/ends-one", "relay/code/full"),
    patch("RDV-27/lets", "relay/join/table-is-full"),
    sets("RDV-29/more", "relay/join/too-many-wait", |config| {
        config.pending_joins *= 2
    }),
    sets("HOLD-8/more", "relay/hold/places-are-full", |config| {
        config.held_places *= 2
    }),
    patch("SOURCE-3/trusts", "relay/limits/connections"),
    // Who signs in, and what they may.
    drops("AUTH-1/silent", "relay/sign-in/right", "signed-in").also(
        "they go on when somebody is signed in",
        &["AUTH-5", "AUTH-6", "AUTH-14", "AUTH-17", "POLICY-*"],
    ),
    patch("AUTH-2/fails", "relay/sign-in/not-offered"),
    says_to_relay("AUTH-3/another", "relay/sign-in/wrong", |message| {
        not_refused(message, ErrorCode::SignInFailed)
    })
    .also(
        "whatever is wrong with a token is refused so",
        &[
            "AUTH-1", "AUTH-4", "AUTH-5", "AUTH-13", "AUTH-14", "AUTH-15", "AUTH-16",
        ],
    ),
    patch("AUTH-4/fails", "relay/jwt/expired"),
    patch("AUTH-5/at-once", "relay/sign-in/free").also(
        "they look at who waits for an answer",
        &["AUTH-1", "AUTH-3", "AUTH-6", "RDV-6"],
    ),
    patch("AUTH-6/success", "relay/sign-in/success-does-not-count")
        .also("they sign in several times", &["AUTH-1"]),
    patch("AUTH-10/lasts", "relay/sign-in/ends").also(
        "what ends with a sign-in does not end",
        &["AUTH-12", "CARD-25", "POLICY-12"],
    ),
    patch("AUTH-11/nobody", "relay/sign-in/ends").also(
        "who has lost a sign-in is as one who never had it",
        &["AUTH-10", "POLICY-12"],
    ),
    patch("AUTH-12/lives", "relay/sign-in/code-ends"),
    patch("AUTH-15/any", "relay/jwt/claims"),
    patch("AUTH-16/early", "relay/jwt/too-early"),
    patch("AUTH-17/none", "relay/jwt/tolerance"),
    patch("AUTH-18/all", "relay/jwt/unknown-role"),
    patch("AUTH-21/compliant", "relay/jwt/unknown-standing"),
    patch("POLICY-1/own", "relay/policy/all-rules"),
    patch("POLICY-2/both", "relay/policy/only-assist"),
    patch("POLICY-3/lets-in", "relay/policy/organisation-is-off"),
    says_to_relay("POLICY-4/another", "relay/policy/networks", |message| {
        not_refused(message, ErrorCode::ConditionsNotMet)
    }),
    patch("POLICY-5/lets", "relay/policy/both-off"),
    patch("POLICY-6/lets", "relay/policy/sign-in-required"),
    patch("POLICY-7/lets", "relay/policy/role-not-enough").also(
        "whoever has no role may do what takes one",
        &["AUTH-1", "AUTH-18", "DEVICE-6"],
    ),
    says_to_relay("POLICY-8/another", "relay/policy/links", |message| {
        not_refused(message, ErrorCode::LinkNotAllowed)
    })
    .also("a rule that refuses is seen by its code", &["POLICY-1"]),
    says_to_relay("POLICY-9/another", "relay/policy/sharers", |message| {
        not_refused(message, ErrorCode::OtherOrganisation)
    }),
    says_to_relay(
        "POLICY-10/another",
        "relay/policy/device-not-allowed",
        |message| not_refused(message, ErrorCode::DeviceNotAllowed),
    )
    .also("a rule that refuses is seen by its code", &["AUTH-21"]),
    patch("POLICY-11/silent", "relay/policy/links"),
    patch("POLICY-12/goes-on", "relay/sign-in/session-ends"),
    // Cards, devices, reports, and its end.
    patch("CARD-1/no-label", "relay/card/issued"),
    patch("CARD-2/unproven", "relay/card/not-proven")
        .also("a wrong proof is what is refused there", &["CARD-24"]),
    patch("CARD-22/asks", "relay/card/not-offered"),
    patch("CARD-23/same", "relay/card/one-proof")
        .also("a proof is of the latest challenge", &["CARD-24"]),
    says_to_relay("CARD-24/another", "relay/card/denied", |message| {
        not_refused(message, ErrorCode::Denied)
    }),
    patch("CARD-25/all", "relay/card/ceiling"),
    patch(
        "DEVICE-3/at-once",
        "relay/connection/idle/wait-as-a-registered-device",
    )
    .also(
        "what waits for the next tick is what they are about",
        &["DEVICE-4", "DEVICE-5"],
    ),
    drops("DEVICE-4/silent", "relay/device/called", "waiting"),
    patch("DEVICE-5/changes", "relay/device/called").also("it has the same offer", &["DEVICE-9"]),
    patch("DEVICE-6/anybody", "relay/device/not-found"),
    patch("DEVICE-7/stays", "relay/device/called"),
    says_to_relay(
        "DEVICE-8/silent",
        "relay/connection/waiting/another-waits-as-its-device",
        |message| not_gone(message, ErrorCode::Replaced),
    ),
    sets("DEVICE-9/more", "relay/device/full", |config| {
        config.device_waits *= 2
    }),
    sets(
        "DEVICE-10/longer",
        "relay/connection/waiting/device-wait",
        |config| {
            config.device_wait_ms *= 10;
        },
    ),
    patch(
        "DEVICE-11/waits-on",
        "relay/connection/waiting/its-device-is-registered-no-more",
    ),
    drops("REPORT-4/silent", "relay/report/both", "reported").also(
        "they count reports by their answers",
        &["REPORT-6", "REPORT-7"],
    ),
    says_to_relay("REPORT-5/another", "relay/report/both", |message| {
        not_refused(message, ErrorCode::NothingToReport)
    }),
    sets("REPORT-6/more", "relay/report/of-one-source", |config| {
        config.reports_per_source *= 2;
    }),
    sets("REPORT-7/more", "relay/report/each-day", |config| {
        config.reports_each_day *= 2
    }),
    patch("REPORT-8/busy", "relay/report/not-kept"),
    says_to_relay("DRAIN-1/another", "relay/drain/begins-nothing", |message| {
        not_refused(message, ErrorCode::Draining)
    }),
    patch("DRAIN-2/silent", "relay/drain/outside"),
    patch("DRAIN-3/ends", "relay/drain/sessions-go-on").also(
        "a session that ends in a drain is gone with its code",
        &["RDV-10"],
    ),
    patch("OPERATION-3/ends", "relay/certificate/renewed"),
    // How it carries.
    patch("OPERATION-1/any", "relay/transport/other-alpn"),
    patch("RDV-32/reads-on", "relay/session/queue"),
    patch("TRANSPORT-3/more", "relay/transport/second-stream"),
    patch("TRANSPORT-5/loses", "relay/frames/carried"),
    patch("TRANSPORT-6/ends", "relay/frames/reset"),
    patch("TRANSPORT-7/takes", "relay/frames/idle"),
    patch("TRANSPORT-8/more", "relay/frames/at-once"),
    patch("TRANSPORT-11/waits", "relay/hold/silence"),
    patch("AUTH-13/any", "relay/jwt/other-algorithms"),
    patch("AUTH-14/any", "relay/jwt/other-key"),
    patch("REPORT-11/tells", "relay/report/both"),
    patch("TRANSPORT-12/forgets", "relay/transport/last-words"),
];

fn gone_first(message: &Message) -> Option<Vec<Message>> {
    let hello = matches!(message, Message::RelayHello(_));
    hello.then(|| vec![PeerLost {}.into(), message.clone()])
}

fn one_timer_less(message: &Message) -> Option<Vec<Message>> {
    let Message::RelayHello(hello) = message else {
        return None;
    };
    let mut hello = hello.clone();
    hello.timers.pop();
    Some(vec![hello.into()])
}

/// Does not say that it is over for this reason.
fn not_gone(message: &Message, code: ErrorCode) -> Option<Vec<Message>> {
    let gone = Gone {
        code: code.to_wire(),
    };
    (*message == gone.into()).then(Vec::new)
}

/// Refuses with another code than this.
fn not_refused(message: &Message, code: ErrorCode) -> Option<Vec<Message>> {
    let right = Refused {
        code: code.to_wire(),
    };
    let wrong = Refused {
        code: ErrorCode::Busy.to_wire(),
    };
    (*message == right.into()).then(|| vec![wrong.into()])
}

fn no_word_of_a_leave(message: &Message) -> Option<Vec<Message>> {
    let own = [
        ErrorCode::Lost,
        ErrorCode::CodeExpired,
        ErrorCode::Idle,
        ErrorCode::SessionLength,
        ErrorCode::RelayShutdown,
        ErrorCode::Replaced,
        ErrorCode::NotFound,
    ];
    let Message::Gone(gone) = message else {
        return None;
    };
    let left = own.iter().all(|code| code.to_wire() != gone.code);
    left.then(Vec::new)
}

fn chooses(message: &Message) -> Option<Vec<Message>> {
    let Message::Deliver(deliver) = message else {
        return None;
    };
    (deliver.envelope.len() == 1).then(Vec::new)
}

fn tells(message: &Message) -> Option<Vec<Message>> {
    let not_found = ErrorCode::NotFound.to_wire();
    let Message::Refused(refused) = message else {
        return None;
    };
    let code = ErrorCode::CodeExpired.to_wire();
    (refused.code == not_found).then(|| vec![Refused { code }.into()])
}

fn changes_offer(message: &Message) -> Option<Vec<Message>> {
    let Message::Joined(joined) = message else {
        return None;
    };
    let mut offer = joined.offer.clone();
    offer.push(0);
    Some(vec![Joined { offer }.into()])
}
