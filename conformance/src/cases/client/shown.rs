//! A card that the suite's end shows.

use alongside_state_machine::identity::{keys::SecretKey, own};
use alongside_wire::{
    Scopes, card, rendezvous,
    session::{Card as CardMessage, Introduce},
};
use serde_json::{Value, json};

use super::signatures::Signing;
use crate::{
    driver::Role,
    stage::{ClientStage, Done},
};

/// The seed of the key of the suite's issuer.
pub(super) const ISSUER: [u8; 32] = [1; 32];
/// The seed of the key of whoever the card is for.
pub(super) const OWNER: [u8; 32] = [2; 32];
pub(super) const DAY: u64 = 86_400;
pub(super) const BEGIN: u64 = 1_800_000_000;

/// A card that nobody's anchor has signed, with its proof.
pub(super) struct Shown {
    pub(super) card: card::Card,
    pub(super) owner: SecretKey,
    pub(super) issuer: SecretKey,
    /// A byte of the issuer's signature is changed.
    pub(super) forged: bool,
    /// The issuer signs in an odd way.
    pub(super) odd: Option<Signing>,
}

impl Shown {
    /// One that is valid now, by the computer's calendar.
    pub(super) fn valid_now() -> Self {
        let mut shown = Self::right();
        shown.card.not_before = alongside_client::unix_now() - 2 * 3_600;
        shown.card.expires = shown.card.not_before + 8 * 3_600;
        shown
    }

    pub(super) fn right() -> Self {
        let (issuer, owner) = (SecretKey::from_seed(&ISSUER), SecretKey::from_seed(&OWNER));
        let card = card::Card {
            version: 1,
            profile: 2,
            issuer: issuer.public(),
            serial: [3; 16],
            first_name: "Ada".to_owned(),
            last_name: "Lovelace".to_owned(),
            title: "Engineer".to_owned(),
            organisation: "Engines".to_owned(),
            domain: "engines.example".to_owned(),
            picture: Vec::new(),
            ceiling: Scopes::VIEW.union(Scopes::CHAT).union(Scopes::CONTROL),
            card_key: owner.public(),
            receipt_key: Vec::new(),
            not_before: BEGIN,
            expires: BEGIN + DAY,
        };
        Self {
            card,
            owner,
            issuer,
            forged: false,
            odd: None,
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        use alongside_wire::card::Signable as _;
        let message = self.card.message();
        let mut signature = match self.odd {
            Some(odd) => odd(&ISSUER, &message),
            None => self.issuer.sign(&message),
        };
        if self.forged {
            signature[40] ^= 1;
        }
        card::Signed::join(&self.card, &signature)
    }

    /// As a sharer shows it.
    pub(super) fn message(&self, direction: u8, transcript: &[u8; 32]) -> CardMessage {
        CardMessage {
            card: self.bytes(),
            proof: self.proof(direction, transcript),
        }
    }

    /// What the owner signs, in this session and direction.
    pub(super) fn proof(&self, direction: u8, transcript: &[u8; 32]) -> Vec<u8> {
        let mut message = b"alongside/1 card proof\0".to_vec();
        message.push(direction);
        message.extend_from_slice(transcript);
        message.extend_from_slice(&own::hash(&self.bytes()));
        self.owner.sign(&message).to_vec()
    }
}

/// The direction in which the suite's end proves something.
pub(super) const fn direction(client: Role) -> u8 {
    match client {
        Role::Helper => 0,
        Role::Sharer => 1,
    }
}

/// Shows a card to the client, as the other end does.
pub(super) fn shows(stage: &mut ClientStage<'_>, card: Vec<u8>, proof: Vec<u8>) -> Done {
    match stage.role {
        Role::Helper => stage.seal_one(CardMessage { card, proof }),
        Role::Sharer => stage.introduces(Introduce {
            opening: stage.opening,
            name: String::new(),
            card,
            proof,
        }),
    }
}

pub(super) fn ready(stage: &mut ClientStage<'_>) -> Done {
    ready_with(stage, &json!({}))
}

/// A client that was opened so can be shown a card.
pub(super) fn ready_with(stage: &mut ClientStage<'_>, open: &Value) -> Done {
    stage.set_up(open)?;
    stage.connects()?;
    match stage.asks()? {
        rendezvous::Message::Join(join) => stage.answers(&join.offer).map(|_| ()),
        _ => {
            stage.gets_code()?;
            let envelope = stage.offers()?;
            stage.decides(envelope)
        }
    }
}

/// Shows it with the proof for this session.
pub(super) fn shows_right(stage: &mut ClientStage<'_>, shown: &Shown) -> Done {
    let transcript = stage.transcript_hash()?;
    let proof = shown.proof(direction(stage.role), &transcript);
    shows(stage, shown.bytes(), proof)
}
