//! Of a sharer.

use alloc::{vec, vec::Vec};

use alongside_wire::{
    Scopes,
    session::{Consent, DisplayInfo, Displays, Message},
};

use super::rules::{drops, patch, says};
use crate::mutant::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[
    says("CONSENT-2/early", "sharer/consent/given", displays_early),
    patch("CONSENT-3/ignores", "sharer/consent/refused"),
    says(
        "CONSENT-6/control",
        "sharer/consent/scopes",
        consent_to_control,
    ),
    drops("PAUSE-3/silent", "sharer/consent/given", "epoch"),
];

/// A sharer's first words under seal are heartbeats, before anybody agreed.
fn displays_early(message: &Message) -> Option<Vec<Message>> {
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

fn consent_to_control(message: &Message) -> Option<Vec<Message>> {
    let Message::Consent(consent) = message else {
        return None;
    };
    let scopes = consent.scopes.union(Scopes::POINTER);
    Some(vec![Consent { scopes }.into()])
}
