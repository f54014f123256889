//! Of a relay.

use alloc::{vec, vec::Vec};

use alongside_wire::{
    ErrorCode,
    rendezvous::{Joined, Message, PeerLost, Refused},
};

use super::rules::{drops, lenient, says_to_relay};
use crate::mutant::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[
    lenient("RDV-4/lenient", "relay/hello/again"),
    says_to_relay("RDV-2/another", "relay/hello/answered", gone_first),
    says_to_relay("RDV-21/tells", "relay/join/spent", tells),
    says_to_relay("RDV-30/changes", "relay/join/live", changes_offer),
    drops("HOLD-1/none", "relay/join/live", "place"),
];

fn gone_first(message: &Message) -> Option<Vec<Message>> {
    let hello = matches!(message, Message::RelayHello(_));
    hello.then(|| vec![PeerLost {}.into(), message.clone()])
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
