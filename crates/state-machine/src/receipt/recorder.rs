//! The sharer's book of decisions: it watches what the session's machine does, and signs.

use alloc::collections::VecDeque;

use alongside_wire::{
    Decision, ErrorCode, Scopes,
    receipt::{Receipt, Statement},
    session::{ControlDeny, ControlGrant, ControlRenew, Message},
};

use super::sign;
use crate::{
    identity::{keys::SecretKey, own},
    mutant,
    session::{By, Output, sharer::Event},
};

/// Makes the receipts of one session. It decides nothing and changes nothing.
pub struct Recorder {
    key: SecretKey,
    /// The hash of the card whose receipt key that is, or zeros.
    card: [u8; 32],
    share: bool,
    /// What all receipts of the session have in common, once the channel stands.
    common: Option<Statement>,
    asked: bool,
    consented: bool,
    /// What the open prompt asks for.
    wanted: Scopes,
    /// Decisions without time, sequence and signature.
    waiting: VecDeque<Statement>,
    sequence: u32,
}

impl Recorder {
    //= spec/16-receipts.md#when [RECEIPT-1] 0d10dcf5
    /// A recorder for a person who asked for receipts. `share` says that the helper gets them too.
    pub fn new(key: SecretKey, share: bool) -> Self {
        Self {
            key,
            card: [0; 32],
            share,
            common: None,
            asked: false,
            consented: false,
            wanted: Scopes::NONE,
            waiting: VecDeque::new(),
            sequence: 0,
        }
    }

    //= spec/16-receipts.md#receipt [RECEIPT-6] 5da58485
    /// The same with the card, as its issuer signed it, whose receipt key `key` is.
    pub fn with_card(key: SecretKey, card: &[u8], share: bool) -> Self {
        Self {
            card: own::hash(card),
            ..Self::new(key, share)
        }
    }

    /// Whether the helper gets them too.
    pub(crate) fn is_shared(&self) -> bool {
        self.share
    }

    //= spec/16-receipts.md#receipt [RECEIPT-5] 3901a13c
    /// The channel stands, and the helper has shown this card, or an empty one.
    pub(crate) fn secured(&mut self, transcript: [u8; 32], helper_card: &[u8]) {
        let helper_card = if helper_card.is_empty() {
            [0; 32]
        } else {
            own::hash(helper_card)
        };
        let sharer_card = self.card;
        self.common = Some(Statement {
            decision: Decision::SessionEnded,
            code: 0,
            request: 0,
            grant: 0,
            scopes: Scopes::NONE,
            duration_ms: 0,
            time: 0,
            sequence: 0,
            transcript,
            sharer_card,
            helper_card,
            key: self.key.public(),
        });
    }

    //= spec/16-receipts.md#receipt [RECEIPT-4] af50860d
    /// Sees what the machine wants done.
    pub(crate) fn observe(&mut self, output: &Output<Event>) {
        let Some(common) = self.common else {
            return;
        };
        let common = match self.consented && mutant::is("RECEIPT-5/other") {
            true => Statement {
                helper_card: [1; 32],
                ..common
            },
            false => common,
        };
        let statement = match output {
            Output::Send(message) => self.sent(message, common),
            Output::Event(event) => self.happened(event, common),
            Output::Relay(_) | Output::Leave(_) | Output::NewPath => None,
        };
        self.waiting.extend(statement);
    }

    fn sent(&mut self, message: &Message, common: Statement) -> Option<Statement> {
        match message {
            Message::Consent(consent) => {
                self.consented = true;
                Some(Statement {
                    decision: Decision::ConsentAllowed,
                    scopes: consent.scopes,
                    ..common
                })
            }
            Message::ControlGrant(ControlGrant {
                request,
                grant,
                scopes,
                duration_ms,
                ..
            }) => Some(Statement {
                decision: Decision::ControlGranted,
                request: *request,
                grant: *grant,
                scopes: *scopes,
                // What is left of a grant may be less than a millisecond.
                duration_ms: (*duration_ms).max(1),
                ..common
            }),
            Message::ControlRenew(ControlRenew {
                grant, duration_ms, ..
            }) => Some(Statement {
                decision: Decision::ControlRenewed,
                grant: *grant,
                duration_ms: *duration_ms,
                ..common
            }),
            // Other codes are the program's own answers, which nobody decided.
            Message::ControlDeny(ControlDeny { request, code })
                if *code == ErrorCode::Denied.to_wire() =>
            {
                Some(Statement {
                    decision: Decision::ControlDenied,
                    code: *code,
                    request: *request,
                    scopes: self.wanted,
                    ..common
                })
            }
            _ => None,
        }
    }

    fn happened(&mut self, event: &Event, common: Statement) -> Option<Statement> {
        match event {
            Event::ConsentAsked { .. } => {
                self.asked = true;
                None
            }
            Event::ControlAsked { scopes, .. } => {
                self.wanted = *scopes;
                None
            }
            Event::ControlEnded { grant, code } => Some(Statement {
                decision: Decision::ControlEnded,
                code: code.to_wire(),
                grant: *grant,
                ..common
            }),
            Event::Ended(ended) => {
                let code = ended.code.to_wire();
                let declined = ended.by == By::Local && ended.code == ErrorCode::Declined;
                let decision = if self.consented {
                    Decision::SessionEnded
                } else if self.asked && declined {
                    Decision::ConsentDeclined
                } else {
                    return None;
                };
                Some(Statement {
                    decision,
                    code,
                    ..common
                })
            }
            _ => None,
        }
    }

    /// The next receipt, signed, if there is one. `time` is seconds since 1970.
    pub(crate) fn next(&mut self, time: u64) -> Option<Receipt> {
        let decided = self.waiting.pop_front()?;
        self.sequence += 1;
        let sequence = self.sequence;
        let said = Statement {
            time,
            sequence,
            ..decided
        };
        Some(sign(&self.key, said))
    }
}
