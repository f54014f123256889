//! Every mutant: what it breaks, where it sits, which case has to notice it.

use alloc::{vec, vec::Vec};

use alongside_wire::{
    ErrorCode, Scopes,
    rendezvous::{self, Joined, PeerLost, Refused},
    session::{Consent, DisplayInfo, Displays, Message},
};

use super::{
    Mutant, Rule,
    Target::{self, Client, Helper, Relay, Sharer},
};

const fn mutant(name: &'static str, target: Target, killed_by: &'static str, rule: Rule) -> Mutant {
    Mutant {
        name,
        target,
        killed_by,
        rule,
    }
}

/// All of them.
pub const MUTANTS: &[Mutant] = &[
    mutant(
        "RDV-1/twice",
        Client,
        "client/hello/first",
        Rule::SaysToRelay(hello_twice),
    ),
    mutant("RDV-5/lenient", Client, "client/hello/again", Rule::Lenient),
    mutant("END-2/silent", Client, "client/end/own", Rule::Says(no_end)),
    mutant(
        "END-3/stays",
        Client,
        "client/end/own",
        Rule::SaysToRelay(no_leave),
    ),
    mutant("END-4/deaf", Client, "client/end/other", Rule::Deaf(is_end)),
    mutant(
        "END-5/deaf",
        Client,
        "client/end/relay",
        Rule::DeafToRelay(is_gone),
    ),
    mutant(
        "CONSENT-2/early",
        Sharer,
        "sharer/consent/given",
        Rule::Says(displays_early),
    ),
    mutant(
        "CONSENT-3/ignores",
        Sharer,
        "sharer/consent/refused",
        Rule::Patch,
    ),
    mutant(
        "CONSENT-6/control",
        Sharer,
        "sharer/consent/scopes",
        Rule::Says(consent_to_control),
    ),
    mutant(
        "PAUSE-3/silent",
        Sharer,
        "sharer/consent/given",
        Rule::Says(no_epoch),
    ),
    mutant(
        "CONSENT-7/lenient",
        Helper,
        "helper/consent/control",
        Rule::Lenient,
    ),
    mutant(
        "PAUSE-4/silent",
        Helper,
        "helper/consent/view-and-chat",
        Rule::Says(no_epoch_seen),
    ),
    mutant("RDV-4/lenient", Relay, "relay/hello/again", Rule::Lenient),
    mutant(
        "RDV-2/another",
        Relay,
        "relay/hello/answered",
        Rule::SaysToRelay(gone_first),
    ),
    mutant(
        "RDV-21/tells",
        Relay,
        "relay/join/spent",
        Rule::SaysToRelay(tells),
    ),
    mutant(
        "RDV-30/changes",
        Relay,
        "relay/join/live",
        Rule::SaysToRelay(changes_offer),
    ),
    mutant(
        "HOLD-1/none",
        Relay,
        "relay/join/live",
        Rule::SaysToRelay(no_place),
    ),
];

type Said = Option<Vec<Message>>;
type SaidToRelay = Option<Vec<rendezvous::Message>>;

fn hello_twice(message: &rendezvous::Message) -> SaidToRelay {
    let hello = matches!(message, rendezvous::Message::Hello(_));
    hello.then(|| vec![message.clone(), message.clone()])
}

fn no_end(message: &Message) -> Said {
    is_end(message).then(Vec::new)
}

fn no_leave(message: &rendezvous::Message) -> SaidToRelay {
    matches!(message, rendezvous::Message::Leave(_)).then(Vec::new)
}

fn is_end(message: &Message) -> bool {
    matches!(message, Message::End(_))
}

fn is_gone(message: &rendezvous::Message) -> bool {
    matches!(message, rendezvous::Message::Gone(_))
}

/// A sharer's first words under seal are heartbeats, before anybody agreed.
fn displays_early(message: &Message) -> Said {
    let display = DisplayInfo {
        id: 0,
        width: 64,
        height: 48,
    };
    let displays = Displays {
        displays: vec![display],
    };
    matches!(message, Message::Heartbeat(_)).then(|| vec![message.clone(), displays.into()])
}

fn consent_to_control(message: &Message) -> Said {
    let Message::Consent(consent) = message else {
        return None;
    };
    let scopes = consent.scopes.union(Scopes::POINTER);
    Some(vec![Consent { scopes }.into()])
}

fn no_epoch(message: &Message) -> Said {
    matches!(message, Message::Epoch(_)).then(Vec::new)
}

fn no_epoch_seen(message: &Message) -> Said {
    matches!(message, Message::EpochSeen(_)).then(Vec::new)
}

fn gone_first(message: &rendezvous::Message) -> SaidToRelay {
    let hello = matches!(message, rendezvous::Message::RelayHello(_));
    hello.then(|| vec![PeerLost {}.into(), message.clone()])
}

fn tells(message: &rendezvous::Message) -> SaidToRelay {
    let not_found = ErrorCode::NotFound.to_wire();
    let rendezvous::Message::Refused(refused) = message else {
        return None;
    };
    let code = ErrorCode::CodeExpired.to_wire();
    (refused.code == not_found).then(|| vec![Refused { code }.into()])
}

fn changes_offer(message: &rendezvous::Message) -> SaidToRelay {
    let rendezvous::Message::Joined(joined) = message else {
        return None;
    };
    let mut offer = joined.offer.clone();
    offer.push(0);
    Some(vec![Joined { offer }.into()])
}

fn no_place(message: &rendezvous::Message) -> SaidToRelay {
    matches!(message, rendezvous::Message::Place(_)).then(Vec::new)
}
