//! Whose receipts they are, for somebody who trusts some issuers.

use alloc::{boxed::Box, string::String};

use alongside_wire::card::{Card, Signable as _, Signed};

use super::verify::Report;
use crate::identity::{
    keys, own,
    trust::{Anchor, Doubt, Standing, judge},
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

fn find(report: &Report, anchors: &[Anchor]) -> Result<(Card, String), Why> {
    let first = report.receipts.first().filter(|_| !report.is_wrong());
    let said = first.ok_or(Why::Wrong)?.statement;
    if said.sharer_card == [0; 32] {
        return Err(Why::NoCard);
    }
    let named = |card: &&alloc::vec::Vec<u8>| own::hash(card) == said.sharer_card;
    let bytes = report.cards.iter().find(named).ok_or(Why::CardMissing)?;
    let signed = Signed::<Card>::read(bytes).map_err(|_| Why::BadCard)?;
    let card = signed.body;
    if !keys::verify(&card.issuer, &card.message(), &signed.signature) {
        return Err(Why::BadCard);
    }
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
