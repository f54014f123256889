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
    lenient("RDV-4/lenient", "relay/hello/again"),
    lenient("RDV-6/lenient", "relay/session/never-deliver"),
    lenient("RDV-8/lenient", "relay/connection/idle/relay-hello"),
    lenient("RDV-9/lenient", "relay/limits/too-many-unpaired-bytes"),
    lenient("TRANSPORT-3/lenient", "relay/transport/control-ends"),
    lenient("WIRE-1/lenient", "relay/wire/leave/number-beyond-u16"),
    lenient("WIRE-2/lenient", "relay/wire/frame/long-type"),
    lenient("WIRE-3/lenient", "relay/wire/hello/cut-short"),
    lenient("WIRE-4/lenient", "relay/wire/code-request/trailing-byte"),
    lenient("WIRE-5/lenient", "relay/wire/hello/too-long"),
    lenient("WIRE-6/lenient", "relay/wire/hello/long-count"),
    lenient("WIRE-7/lenient", "relay/wire/join/locator-empty"),
    lenient("WIRE-8/lenient", "relay/wire/frame/unknown-critical"),
    patch("WIRE-9/refuses", "relay/wire/skips"),
    patch("ERROR-1/another", "relay/wire/hello/empty"),
    patch("RDV-7/refuses", "relay/session/late-deliver"),
    patch("HOLD-9/refuses", "relay/hold/dropped"),
    patch("RDV-34/spreads", "relay/session/others-unaffected"),
    // What it says.
    says_to_relay("RDV-2/another", "relay/hello/answered", gone_first),
    says_to_relay("RDV-3/fewer", "relay/hello/states", one_timer_less),
    says_to_relay("RDV-10/silent", "relay/session/leave", no_word_of_a_leave),
    says_to_relay("RDV-11/silent", "relay/session/violation", |message| {
        not_gone(message, ErrorCode::Lost)
    }),
    says_to_relay("RDV-12/silent", "relay/code/expires", |message| {
        not_gone(message, ErrorCode::CodeExpired)
    }),
    says_to_relay("RDV-13/silent", "relay/time/idle", |message| {
        not_gone(message, ErrorCode::Idle)
    }),
    says_to_relay("RDV-14/silent", "relay/time/session-length", |message| {
        not_gone(message, ErrorCode::SessionLength)
    }),
    patch("RDV-15/silent", "relay/hello/shut-down"),
    says_to_relay("RDV-21/tells", "relay/join/spent", tells),
    says_to_relay("RDV-30/changes", "relay/join/live", changes_offer),
    says_to_relay("RDV-31/chooses", "relay/session/carries", chooses),
    drops("HOLD-1/none", "relay/join/live", "place"),
    drops("HOLD-4/silent", "relay/hold/back", "rejoined"),
    drops("HOLD-6/silent", "relay/hold/back", "peer-back"),
    patch("HOLD-5/stays", "relay/hold/superseded"),
    patch("HOLD-7/another", "relay/hold/wrong-token"),
    patch("HOLD-10/holds", "relay/hold/close-ends"),
    // What it keeps to.
    patch("CODE-7/lives", "relay/join/spent"),
    patch("RDV-16/few", "relay/code/drawn"),
    sets("RDV-17/longer", "relay/code/shortest", |config| {
        config.locator_least = 5
    }),
    sets("RDV-22/at-once", "relay/join/tick", |config| {
        config.join_tick_ms = 1
    }),
    sets("RDV-23/never", "relay/join/doubles", |config| {
        config.join_delay_first_ms = 0
    }),
    patch("RDV-24/success", "relay/join/success-does-not-count"),
    patch("RDV-25/one", "relay/join/of-one-source"),
    sets("RDV-28/keeps", "relay/join/forgotten", |config| {
        config.join_delay_decay_ms = 100 * HOUR_MS;
    }),
    sets("HOLD-3/none", "relay/hold/back", |config| {
        config.held_places = 0
    }),
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
    // How it carries.
    patch("OPERATION-1/any", "relay/transport/other-alpn"),
    patch("RDV-32/reads-on", "relay/session/queue"),
    patch("TRANSPORT-5/loses", "relay/frames/carried"),
    patch("TRANSPORT-6/ends", "relay/frames/reset"),
    patch("TRANSPORT-7/takes", "relay/frames/idle"),
    patch("TRANSPORT-8/more", "relay/frames/at-once"),
    patch("TRANSPORT-11/waits", "relay/hold/silence"),
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
