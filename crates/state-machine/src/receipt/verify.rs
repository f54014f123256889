//! Checks a file of receipts without a network and without asking anybody.

use alloc::vec::Vec;
use core::fmt;

use alongside_wire::{
    Decision, DecodeError,
    receipt::{Item, Receipt, Statement, read_file},
};

use super::is_signed;
use crate::identity::own;

/// What a file of receipts proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The receipts that can be read, in the order of the file.
    pub receipts: Vec<Receipt>,
    /// What is wrong, each with the number of its receipt. Empty if all holds.
    pub findings: Vec<(usize, Finding)>,
    /// Whether the last receipt is one after which none can be missing.
    pub complete: bool,
    /// The cards that the receipts name, as they were signed; nobody has looked at them.
    pub cards: Vec<Vec<u8>>,
}

/// What can be wrong with a receipt, or a file of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It cannot be read.
    Unreadable(DecodeError),
    /// Its signature is not that of its key.
    Signature,
    /// Receipts before it are not there.
    Missing {
        /// The first of them.
        from: u32,
        /// The last of them.
        to: u32,
    },
    /// It comes again, or after one that follows it.
    OutOfOrder {
        /// Its own number.
        sequence: u32,
    },
    /// It is of another session, of other cards, or by another key than the first.
    Foreign,
    /// It cannot follow those before it.
    Contradiction,
    /// A card that no receipt names.
    StrayCard,
    /// There is no receipt at all.
    Empty,
}

impl Finding {
    /// The requirement of the specification that is broken.
    pub const fn clause(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.clause(),
            Self::Signature => "RECEIPT-9",
            Self::Missing { .. } | Self::OutOfOrder { .. } => "RECEIPT-12",
            Self::Foreign => "RECEIPT-13",
            Self::Contradiction => "RECEIPT-14",
            Self::StrayCard => "RECEIPT-16",
            Self::Empty => "RECEIPT-11",
        }
    }
}

impl Report {
    /// Whether anything is wrong beyond that receipts are missing, which is no fault of the others.
    pub fn is_wrong(&self) -> bool {
        let gap = |finding: &Finding| matches!(finding, Finding::Missing { .. });
        !self.findings.iter().all(|(_, finding)| gap(finding))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It names its clause itself.
            Self::Unreadable(error) => return error.fmt(f),
            Self::Signature => f.write_str("the signature is not that of the key"),
            Self::Missing { from, to } if from == to => write!(f, "receipt {from} is missing"),
            Self::Missing { from, to } => write!(f, "receipts {from} to {to} are missing"),
            Self::OutOfOrder { sequence } => {
                write!(f, "receipt {sequence} comes again, or not in its place")
            }
            Self::Foreign => f.write_str("it is of another session, card or key than the first"),
            Self::Contradiction => f.write_str("it cannot follow the receipts before it"),
            Self::StrayCard => f.write_str("a card that no receipt names"),
            Self::Empty => f.write_str("there is no receipt in it"),
        }?;
        write!(f, " [{}]", self.clause())
    }
}

/// Checks a whole file. Whoever gets a [`Report`] without findings has receipts that are whole; it
/// says nothing about whose they are.
///
/// # Errors
/// If it is no file of receipts.
pub fn verify(file: &[u8]) -> Result<Report, DecodeError> {
    let mut report = Report {
        receipts: Vec::new(),
        findings: Vec::new(),
        complete: false,
        cards: Vec::new(),
    };
    let mut cards = Vec::new();
    let mut story = Story::default();
    let mut place = 0;
    let mut complete = false;
    for item in read_file(file)? {
        let receipt = match item {
            Item::Receipt(receipt) => receipt,
            Item::Card(card) => {
                cards.push((place, card));
                continue;
            }
        };
        place += 1;
        match receipt {
            Ok(receipt) => {
                let found = story.examine(&receipt);
                complete = is_last(&receipt.statement, found);
                report
                    .findings
                    .extend(found.map(|finding| (place, finding)));
                report.receipts.push(receipt);
            }
            Err(error) => {
                complete = false;
                report.findings.push((place, Finding::Unreadable(error)));
            }
        }
    }
    //= spec/16-receipts.md#file [RECEIPT-16] d3cc7eb2
    for (place, card) in cards {
        let hash = own::hash(&card);
        let first = story.first.as_ref();
        if first.is_some_and(|said| [said.sharer_card, said.helper_card].contains(&hash)) {
            report.cards.push(card);
        } else {
            report.findings.push((place, Finding::StrayCard));
        }
    }
    if place == 0 {
        report.findings.push((0, Finding::Empty));
    }
    report.complete = complete;
    Ok(report)
}

//= spec/16-receipts.md#file [RECEIPT-15] 6ee17711
/// Whether none can be missing after this one.
fn is_last(said: &Statement, found: Option<Finding>) -> bool {
    let ends = matches!(
        said.decision,
        Decision::ConsentDeclined | Decision::SessionEnded
    );
    // What is missing before it is another matter.
    ends && matches!(found, None | Some(Finding::Missing { .. }))
}

/// What the receipts so far tell.
#[derive(Default)]
struct Story {
    first: Option<Statement>,
    sequence: u32,
    /// Some are missing, so that what came between is not known.
    gap: bool,
    consented: bool,
    is_over: bool,
    request: u32,
    last_grant: u32,
    alive: Option<u32>,
}

impl Story {
    /// What is wrong with the next receipt of the file.
    fn examine(&mut self, receipt: &Receipt) -> Option<Finding> {
        if !is_signed(receipt) {
            return Some(Finding::Signature);
        }
        let said = &receipt.statement;
        let common = |said: &Statement| {
            let cards = (said.sharer_card, said.helper_card);
            (said.transcript, said.key, cards)
        };
        //= spec/16-receipts.md#file [RECEIPT-13] a7857ea8
        if common(self.first.get_or_insert(*said)) != common(said) {
            return Some(Finding::Foreign);
        }
        //= spec/16-receipts.md#file [RECEIPT-12] e6d1f95b
        let expected = self.sequence.saturating_add(1);
        let sequence = said.sequence;
        if sequence < expected {
            return Some(Finding::OutOfOrder { sequence });
        }
        self.sequence = sequence;
        let gap = sequence > expected;
        self.gap |= gap;
        let follows = self.follows(said);
        if gap {
            let (from, to) = (expected, sequence - 1);
            return Some(Finding::Missing { from, to });
        }
        (!follows && !self.gap).then_some(Finding::Contradiction)
    }

    //= spec/16-receipts.md#file [RECEIPT-14] 8a014146
    /// Whether this can come next; it counts as come.
    fn follows(&mut self, said: &Statement) -> bool {
        let is_first = !self.consented && !self.is_over;
        let request_rises = said.request > self.request;
        let of_alive = self.alive == Some(said.grant);
        let open = self.consented && !self.is_over;
        match said.decision {
            Decision::ConsentAllowed => {
                self.consented = true;
                is_first
            }
            Decision::ConsentDeclined => {
                self.is_over = true;
                is_first
            }
            Decision::ControlGranted => {
                let follows = self.alive.is_none() && said.grant > self.last_grant;
                self.request = self.request.max(said.request);
                self.last_grant = self.last_grant.max(said.grant);
                self.alive = Some(said.grant);
                // One that was narrowed from another answers no request.
                open && (request_rises || said.request == 0) && follows
            }
            Decision::ControlDenied => {
                self.request = self.request.max(said.request);
                open && request_rises
            }
            Decision::ControlEnded => {
                self.alive = None;
                open && of_alive
            }
            Decision::ControlRenewed => open && of_alive,
            Decision::SessionEnded => {
                let follows = open && self.alive.is_none();
                self.is_over = true;
                follows
            }
        }
    }
}
