//! What clients do with accounts: they sign in, ask for cards, wait as devices, call them, and report.

use std::collections::BTreeMap;

use alongside_state_machine::{
    device::{Device, token_hash},
    identity::issue::{self, Request},
    relay::{ConnId, NotVerified, Registration, Verified, policy::Policy},
};
use alongside_wire::{
    ErrorCode, SignInMethod,
    device::{DeviceId, DeviceToken},
    rendezvous::{
        Call, CardIssued, CardProof, CardRequest, CodeRequest, Message, Refused, Report, SignIn,
        Token, Wait,
    },
};

use super::World;
use crate::cast;

/// What clients and their relay's operator do about accounts.
#[derive(Clone, Debug)]
pub enum Act {
    /// Signs in, and this is found of the token: at once, or later.
    SignIn {
        /// What is found.
        result: Box<Result<Verified, NotVerified>>,
        /// At once.
        at_once: bool,
    },
    /// Asks for a card, and proves that it has the keys, or does not.
    Card {
        /// A registered profile, or another.
        profile: u8,
        /// With a key for receipts.
        receipts: bool,
        /// The proof is right.
        proven: bool,
    },
    /// Waits as one of the devices.
    Wait {
        /// Which.
        device: u8,
        /// With its token.
        known: bool,
        /// What goes to whoever calls.
        offer: Vec<u8>,
    },
    /// Calls one of the devices, after it has signed in.
    Call {
        /// Which.
        device: u8,
        /// To this account; to none anew without.
        by: Option<Box<Verified>>,
    },
    /// Reports the session that it left, by this category.
    Report(u8),
}

/// One of the devices that there are.
fn device(which: u8) -> Device {
    Device::enrol(&std::array::from_fn(|place| place as u8 ^ which))
}

/// A device as a relay knows it: which, of which organisation, and who has to vouch for its helpers.
pub type Known = (u8, &'static str, Option<&'static str>);

fn registered(known: &[Known]) -> BTreeMap<DeviceId, Registration> {
    let registration = |(which, organisation, issuer): &Known| {
        let device = device(*which);
        let registration = Registration {
            token_hash: token_hash(&device.token),
            organisation: (*organisation).to_owned(),
            issuer: issuer.map(str::to_owned),
        };
        (device.key.id, registration)
    };
    known.iter().map(registration).collect()
}

impl World {
    pub(super) fn allow(&mut self, policy: Policy) {
        self.facts.set_policy(policy.clone());
        self.relay.set_policy(policy);
    }

    pub(super) fn register(&mut self, known: &[Known]) {
        let known = registered(known);
        self.facts.set_devices(known.clone());
        self.relay.set_devices(known, self.now);
        self.collect(None);
    }

    pub(super) fn act(&mut self, conn: ConnId, act: &Act) {
        self.leave(conn);
        match act {
            Act::SignIn { result, at_once } => {
                let method = SignInMethod::Jwt.to_wire();
                let token = Token::new("a token");
                self.say(conn, &SignIn { method, token }.into());
                let asked = self
                    .to_verify
                    .last()
                    .is_some_and(|(asked, _)| *asked == conn);
                if *at_once && asked {
                    self.verify((**result).clone());
                }
            }
            Act::Card {
                profile,
                receipts,
                proven,
            } => self.ask_for_card(conn, *profile, *receipts, *proven),
            Act::Wait {
                device: which,
                known,
                offer,
            } => {
                let device = device(*which);
                let token = match known {
                    true => device.token,
                    false => DeviceToken([*which; 32]),
                };
                let wait = Wait {
                    device: device.key.id,
                    token,
                    offer: offer.clone(),
                };
                self.say(conn, &wait.into());
            }
            Act::Call { device: which, by } => {
                if let Some(verified) = by
                    && self.sign_in(conn)
                {
                    self.verify(Ok((**verified).clone()));
                }
                let device = device(*which).key.id;
                self.say(conn, &Call { device }.into());
            }
            Act::Report(category) => {
                let may = self.facts.may_report(conn, self.now);
                let category = *category;
                self.say(conn, &Report { category }.into());
                if let Some(Message::Refused(Refused { code })) = self.answer(conn) {
                    let nothing = *code == ErrorCode::NothingToReport.to_wire();
                    assert!(!may || !nothing, "a session that cannot be reported");
                }
            }
        }
    }

    /// A client shows a token: whether that is to be checked now.
    fn sign_in(&mut self, conn: ConnId) -> bool {
        let method = SignInMethod::Jwt.to_wire();
        let token = Token::new("a token");
        self.say(conn, &SignIn { method, token }.into());
        let latest = self.to_verify.last();
        latest.is_some_and(|(asked, _)| *asked == conn)
    }

    /// A client asks for a code: it has one if the rules allow it and there is room, or is told why not.
    pub(super) fn ask(&mut self, conn: ConnId) {
        self.leave(conn);
        let refused = self.facts.refuses_code(conn, self.now);
        self.say(conn, &CodeRequest {}.into());
        if !self.facts.is_sure(conn) {
            return;
        }
        match self.answer(conn) {
            Some(Message::CodeIssued(_)) => assert_eq!(refused, None, "and has a code"),
            Some(Message::Refused(Refused { code })) => {
                let code = ErrorCode::from_wire(*code);
                let full = matches!(code, Some(ErrorCode::Busy | ErrorCode::Draining));
                assert!(code == refused || refused.is_none() && full, "{code:?}");
            }
            _ => {}
        }
    }

    /// What was found of the latest token that was to be checked.
    pub(super) fn verify(&mut self, result: Result<Verified, NotVerified>) {
        let Some((conn, attempt)) = self.to_verify.pop() else {
            return;
        };
        self.answers.clear();
        self.relay.verified(conn, attempt, result.clone(), self.now);
        self.collect(None);
        let answer = self.answers.get(&conn);
        self.facts.verified(conn, result, answer, self.now);
    }

    fn ask_for_card(&mut self, conn: ConnId, profile: u8, receipts: bool, proven: bool) {
        let receipt = cast::receipt_key();
        let receipt = receipts.then_some(&receipt);
        let wanted = CardRequest {
            profile,
            card_key: cast::card_key(0).public(),
            receipt_key: receipt.iter().map(|key| key.public()).collect(),
        };
        self.say(conn, &wanted.into());
        let Some(Message::CardChallenge(told)) = self.answer(conn) else {
            return;
        };
        let mut challenge = told.challenge;
        challenge[0] ^= u8::from(!proven);
        let Request { proof, .. } = Request::new(&cast::card_key(0), receipt, &challenge);
        if !proven {
            // It takes its time, in which a sign-in may end.
            self.pass(8_000);
        }
        let waiting = self.to_issue.len();
        self.say(conn, &CardProof { proof }.into());
        if let Some((_, wanted)) = self.to_issue.get(waiting) {
            assert_eq!(wanted.request.is_proven(&wanted.challenge), proven);
        }
    }

    /// What became of the latest card that was to be signed: this, or what its issuer makes of it.
    pub(super) fn issue(&mut self, instead: Option<&Result<Vec<u8>, ErrorCode>>) {
        let Some((conn, wanted)) = self.to_issue.pop() else {
            return;
        };
        let signed = || {
            let mut card = cast::brief(0);
            card.profile = wanted.profile;
            card.ceiling = wanted.ceiling;
            let issuer = cast::issuer();
            issue::issue(card, &wanted.request, &wanted.challenge, &issuer)
                .map_err(|_| ErrorCode::Denied)
        };
        let card = instead.cloned().unwrap_or_else(signed);
        self.answers.clear();
        self.relay.card_issued(conn, card.clone());
        self.collect(None);
        match (self.answers.get(&conn), card) {
            (Some(Message::CardIssued(CardIssued { card: told })), card) => {
                assert_eq!(card.as_ref(), Ok(told), "another card");
            }
            (Some(Message::Refused(Refused { code })), card) => {
                assert_eq!(card.err().map(ErrorCode::to_wire), Some(*code));
            }
            // Nobody is there any more.
            _ => {}
        }
    }

    /// The last that a client was told when it spoke just now.
    fn answer(&self, conn: ConnId) -> Option<&Message> {
        self.answers.get(&conn)
    }
}
