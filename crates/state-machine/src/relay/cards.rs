//! Cards for clients that are signed in: a challenge, the proof that they have the keys, a card.

use alloc::{boxed::Box, vec::Vec};

use alongside_wire::{
    ErrorCode, Scopes,
    rendezvous::{CardChallenge, CardIssued, CardProof, CardRequest},
};
use rand_core::RngCore as _;

use super::{ConnId, Relay, Transmit, Violation, account::Account};
use crate::{identity::issue::Request, mutant, time::Timestamp};

/// A request for a card that waits for its proof.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    request: CardRequest,
    challenge: [u8; 32],
}

/// A card that is to be signed, for [`Relay::card_issued`]. The names in it are its caller's to wipe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CardWanted {
    /// For whom.
    pub account: Box<Account>,
    /// The most that they may do as a helper, by their role and the policy.
    pub ceiling: Scopes,
    /// How long they are signed in, in milliseconds.
    pub lasts_ms: u64,
    /// A registered profile.
    pub profile: u8,
    /// The keys, and the answer to the challenge.
    pub request: Request,
    /// The challenge.
    pub challenge: [u8; 32],
}

impl Relay {
    /// Cards are issued from now on, or not.
    pub fn set_issuing(&mut self, issuing: bool) {
        self.issuing = issuing;
    }

    //= spec/15-identity.md#issuing [CARD-22] 069eb6d8
    pub(super) fn card_request(&mut self, conn: ConnId, request: CardRequest, now: Timestamp) {
        let answer = match self.may_have_card(conn, now) {
            _ if !self.issuing && !mutant::is("CARD-22/asks") => Err(ErrorCode::Unsupported),
            answer => answer,
        };
        if let Err(code) = answer {
            self.refuse(conn, code);
            return;
        }
        //= spec/15-identity.md#issuing [CARD-23] 718a21a7
        let mut challenge = [0; 32];
        if !mutant::is("CARD-23/same") {
            self.challenges.fill_bytes(&mut challenge);
        }
        if let Some(client) = self.clients.get_mut(&conn) {
            client.card = Some(Asked { request, challenge });
        }
        self.send(conn, CardChallenge { challenge });
    }

    pub(super) fn card_proof(
        &mut self,
        conn: ConnId,
        proof: CardProof,
        now: Timestamp,
    ) -> Result<(), Violation> {
        let client = self.clients.get_mut(&conn);
        let Some(Asked { request, challenge }) = client.and_then(|client| client.card.take())
        else {
            return Err(Violation::Unexpected {
                message: "card-proof",
                state: "without a challenge",
            });
        };
        let until = self.signed_in_until(conn);
        let left = until.map(|until| until.since(now) / 1_000);
        match self.may_have_card(conn, now) {
            Ok((account, ceiling)) => self.transmits.push_back(Transmit::Issue {
                conn,
                wanted: CardWanted {
                    account: Box::new(account),
                    ceiling: if mutant::is("CARD-25/all") {
                        Scopes::ALL
                    } else {
                        ceiling
                    },
                    lasts_ms: left.unwrap_or_default(),
                    profile: request.profile,
                    request: Request {
                        card_key: request.card_key,
                        receipt_key: request.receipt_key,
                        proof: proof.proof,
                    },
                    challenge,
                },
            }),
            Err(code) => self.refuse(conn, code),
        }
        Ok(())
    }

    //= spec/15-identity.md#issuing [CARD-24] 3ecfa989
    /// The answer to [`Transmit::Issue`]: a card, or why there is none.
    pub fn card_issued(&mut self, conn: ConnId, card: Result<Vec<u8>, ErrorCode>) {
        if !self.clients.contains_key(&conn) {
            return;
        }
        match card {
            Ok(card) => self.send(conn, CardIssued { card }),
            Err(code) => self.refuse(conn, code),
        }
    }

    /// Whose card a client may have, and the most that may be on it.
    fn may_have_card(&self, conn: ConnId, now: Timestamp) -> Result<(Account, Scopes), ErrorCode> {
        let account = self.standing_account(conn, now)?;
        let account = account.ok_or(ErrorCode::SignInRequired)?;
        let source = self
            .clients
            .get(&conn)
            .ok_or(ErrorCode::SignInRequired)?
            .source;
        //= spec/15-identity.md#issuing [CARD-25] e32699bd
        let ceiling = self.policy.sign_in(account, source.0)?.help;
        if !ceiling.contains(Scopes::VIEW) {
            return Err(ErrorCode::RoleNotEnough);
        }
        Ok((account.clone(), ceiling))
    }
}
