//! Whose receipts they are, and whom they name, for somebody who trusts some issuers.

use alloc::{boxed::Box, string::String};

use alongside_wire::card::{Card, Signable as _, Signed};

use super::verify::Report;
use crate::identity::{
    keys, own,
    trust::{Anchor, Doubt, Standing, Who, judge},
};

/// What is known of who signed a file of receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribution {
    /// Whoever was given this card said all of it.
    To {
        /// The card.
        card: Box<Card>,
        /// The anchor that signed it, as it is called here.
        issuer: String,
    },
    /// Nobody knows whose key it is.
    IntegrityOnly(Why),
}

/// Why receipts are not attributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Something is wrong with them.
    Wrong,
    /// They name no card of the sharer.
    NoCard,
    /// The card that they name is not in the file.
    CardMissing,
    /// It is no card, or the issuer that it names did not sign it.
    BadCard,
    /// Its receipt key is another than theirs.
    OtherKey,
    /// Its issuer is none that was named as trusted.
    UnknownIssuer,
    /// A receipt claims a time at which the card was not valid.
    Time,
}

impl core::fmt::Display for Why {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Wrong => "something is wrong with the receipts",
            Self::NoCard => "the receipts name no card of the sharer",
            Self::CardMissing => "the card that the receipts name is not in the file",
            Self::BadCard => "the card is none that its issuer signed",
            Self::OtherKey => "the receipts are signed with another key than the card names",
            Self::UnknownIssuer => "the issuer of the card is none that you trust",
            Self::Time => "a receipt claims a time at which the card was not valid",
        })
    }
}

//= spec/16-receipts.md#proof [RECEIPT-17] 6f1a0a2d
/// Says whose the receipts of a report are, to somebody with these anchors.
pub fn attribute(report: &Report, anchors: &[Anchor]) -> Attribution {
    match find(report, anchors) {
        Ok((card, issuer)) => Attribution::To {
            card: card.into(),
            issuer,
        },
        Err(why) => Attribution::IntegrityOnly(why),
    }
}

/// The card that receipts name as the helper's. The sharer says so; nobody else does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// SHA-256 of the card.
    pub hash: [u8; 32],
    /// What the card says, and what that was worth when the first receipt was made; why that is not known.
    pub who: Result<Box<Who>, Why>,
}

//= spec/16-receipts.md#proof [RECEIPT-20] 798f6b34
/// Whom the receipts of a report name as the helper, to somebody with these anchors.
pub fn helper(report: &Report, anchors: &[Anchor]) -> Option<Named> {
    let said = report.receipts.first()?.statement;
    let hash = said.helper_card;
    let who = |card| judge(Some(card), anchors, Some(said.time)).into();
    (hash != [0; 32]).then(|| Named {
        hash,
        who: card(report, &hash).map(who),
    })
}

/// The card of a file with this hash.
fn card(report: &Report, hash: &[u8; 32]) -> Result<Card, Why> {
    let mut cards = report.cards.iter();
    let bytes = cards.find(|card| own::hash(card) == *hash);
    let bytes = bytes.ok_or(Why::CardMissing)?;
    let Signed { body, signature } = Signed::<Card>::read(bytes).map_err(|_| Why::BadCard)?;
    if !keys::verify(&body.issuer, &body.message(), &signature) {
        return Err(Why::BadCard);
    }
    Ok(body)
}

fn find(report: &Report, anchors: &[Anchor]) -> Result<(Card, String), Why> {
    let first = report.receipts.first().filter(|_| !report.is_wrong());
    let said = first.ok_or(Why::Wrong)?.statement;
    if said.sharer_card == [0; 32] {
        return Err(Why::NoCard);
    }
    let card = card(report, &said.sharer_card)?;
    if !card.receipt_key.contains(&said.key) {
        return Err(Why::OtherKey);
    }
    let mut issuer = Err(Why::Wrong);
    for receipt in &report.receipts {
        let who = judge(Some(card.clone()), anchors, Some(receipt.statement.time));
        issuer = Ok(match who.standing {
            Standing::Verified { issuer } | Standing::VouchedByRelay { issuer } => issuer,
            Standing::Unverified(Doubt::Clock) => return Err(Why::Time),
            Standing::Unverified(Doubt::UnknownIssuer | Doubt::NoCard) => {
                return Err(Why::UnknownIssuer);
            }
        });
    }
    Ok((card, issuer?))
}
