//! Who is signed in, for how long, and what becomes of a token that somebody sent.

use alloc::{boxed::Box, string::String};

use alongside_wire::{
    ErrorCode, limits,
    rendezvous::{self, SignIn},
};

use super::{
    ConnId, Relay, Transmit,
    account::Account,
    client::{Phase, SigningIn},
    policy::{Ceilings, Policy},
};
use crate::{mutant, time::Timestamp};

/// A token that was found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whose it is.
    pub account: Account,
    /// How long it is good from now, in milliseconds.
    pub lasts_ms: u64,
}

/// Why a token was not found right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotVerified {
    /// This relay does not offer this method.
    Unsupported,
    /// It proves nothing.
    Failed,
    /// Its time is over, and it is right otherwise.
    Expired,
}

impl NotVerified {
    /// The registered error that a client is told.
    pub const fn code(self) -> ErrorCode {
        match self {
            //= spec/13-sign-in.md#sign-in [AUTH-2] 1ad85aba
            Self::Unsupported => ErrorCode::Unsupported,
            //= spec/13-sign-in.md#sign-in [AUTH-3] 61ce269f
            Self::Failed => ErrorCode::SignInFailed,
            //= spec/13-sign-in.md#sign-in [AUTH-4] 400c71b3
            Self::Expired => ErrorCode::SignInExpired,
        }
    }
}

/// An account, and until when.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    account: Box<Account>,
    until: Timestamp,
}

impl Relay {
    /// Sets what is allowed from now on. Codes and sessions that live go on.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// The account that a client is signed in to, if it still is.
    pub fn account(&self, conn: ConnId, now: Timestamp) -> Option<&Account> {
        let signed_in = self.clients.get(&conn)?.signed_in.as_ref()?;
        (now < signed_in.until).then_some(&signed_in.account)
    }

    /// The answer to [`Transmit::Verify`], with its `attempt`; ignored if the client has gone or
    /// left in the meantime.
    pub fn verified(
        &mut self,
        conn: ConnId,
        attempt: u64,
        result: Result<Verified, NotVerified>,
        now: Timestamp,
    ) {
        let Some(client) = self.clients.get(&conn) else {
            return;
        };
        let counted = match &client.phase {
            Phase::SigningIn(SigningIn::Asked {
                attempt: asked,
                counted,
            }) if *asked == attempt => *counted,
            _ => return,
        };
        let source = client.source;
        self.enter(conn, Phase::Idle, now);
        let answer = result.map_err(refusal).and_then(|verified| {
            //= spec/13-sign-in.md#sign-in [AUTH-6] 6eee9c7d
            if !mutant::is("AUTH-6/success") {
                self.sign_ins.succeeded(counted);
            }
            let allowed = self.policy.sign_in(&verified.account, source.0)?;
            Ok((verified, allowed))
        });
        //= spec/13-sign-in.md#sign-in [AUTH-1] 9f839cc0
        match answer {
            Ok((verified, allowed)) => self.signed_in(conn, verified, allowed, now),
            Err(code) => self.refuse(conn, code),
        }
    }

    fn signed_in(&mut self, conn: ConnId, verified: Verified, may: Ceilings, now: Timestamp) {
        let Verified { account, lasts_ms } = verified;
        //= spec/13-sign-in.md#lasting [AUTH-10] c140b854
        let lasts_ms = lasts_ms.min(self.config.sign_in_ms);
        let message = rendezvous::SignedIn {
            help: may.help,
            share: may.share,
            name: shortened(&account.name),
            organisation: shortened(&account.organisation),
            lasts_ms,
        };
        if let Some(client) = self.clients.get_mut(&conn) {
            client.signed_in = Some(SignedIn {
                account: Box::new(account),
                until: if mutant::is("AUTH-10/lasts") {
                    now.plus_ms(1_000 * lasts_ms)
                } else {
                    now.plus_ms(lasts_ms)
                },
            });
            self.send(conn, message);
        }
    }

    /// A client wants to sign in: its token waits as long as its source must, and is checked.
    pub(super) fn sign_in(&mut self, conn: ConnId, request: SignIn, now: Timestamp) {
        let Some(source) = self.clients.get(&conn).map(|client| client.source) else {
            return;
        };
        //= spec/13-sign-in.md#sign-in [AUTH-5] 20ce15d9
        let delay = if mutant::is("AUTH-5/at-once") {
            0
        } else {
            self.sign_ins.delay(source, &self.config, now)
        };
        let counted = self.sign_ins.count(source, &self.config, now);
        let due = now.plus_ms(delay);
        let waiting = SigningIn::Waiting {
            request,
            counted,
            due,
        };
        self.enter(conn, Phase::SigningIn(waiting), now);
        if delay == 0 {
            self.verify(conn, now);
        }
    }

    /// Has the token of a client checked. A client whose token is not checked yet when an idle one has
    /// to go goes as that does.
    pub(super) fn verify(&mut self, conn: ConnId, now: Timestamp) {
        let left = self.enter(conn, Phase::Idle, now);
        let (request, counted) = match left {
            Some(Phase::SigningIn(SigningIn::Waiting {
                request,
                counted,
                due,
            })) if due <= now => (request, counted),
            _ => {
                self.tell(conn, ErrorCode::Idle);
                self.close(conn, ErrorCode::Idle, now);
                return;
            }
        };
        self.attempts += 1;
        let attempt = self.attempts;
        let asked = SigningIn::Asked { attempt, counted };
        self.enter(conn, Phase::SigningIn(asked), now);
        //= spec/13-sign-in.md#sign-in [AUTH-7] c612b721
        // The token goes out of the machine here, and nothing of it stays.
        self.transmits.push_back(Transmit::Verify {
            conn,
            attempt,
            request,
        });
    }

    /// The account of a client, none if it never signed in, or that its sign-in is over.
    pub(super) fn standing_account(
        &self,
        conn: ConnId,
        now: Timestamp,
    ) -> Result<Option<&Account>, ErrorCode> {
        let signed_in = self.clients.get(&conn).map(|client| &client.signed_in);
        match signed_in.and_then(Option::as_ref) {
            //= spec/13-sign-in.md#lasting [AUTH-11] 4cf1b1f5
            Some(signed_in) if now >= signed_in.until => {
                if mutant::is("AUTH-11/nobody") {
                    return Ok(None);
                }
                Err(ErrorCode::SignInExpired)
            }
            Some(signed_in) => Ok(Some(&signed_in.account)),
            None => Ok(None),
        }
    }

    /// When a client's sign-in ends, if it is signed in.
    pub(super) fn signed_in_until(&self, conn: ConnId) -> Option<Timestamp> {
        let signed_in = self.clients.get(&conn)?.signed_in.as_ref()?;
        Some(signed_in.until)
    }
}

/// What a client is told whose token was not found right.
fn refusal(why: NotVerified) -> ErrorCode {
    match why {
        NotVerified::Unsupported if mutant::is("AUTH-2/fails") => ErrorCode::SignInFailed,
        NotVerified::Expired if mutant::is("AUTH-4/fails") => ErrorCode::SignInFailed,
        why => why.code(),
    }
}

/// As much of a name as a message takes.
fn shortened(name: &str) -> String {
    let mut short = String::new();
    for character in name.chars().filter(|character| !character.is_control()) {
        if short.len() + character.len_utf8() > limits::NAME {
            break;
        }
        short.push(character);
    }
    short
}
