//! What clients say on their control streams.

use alongside_wire::{
    ErrorCode,
    rendezvous::{CodeIssued, Deliver, Join, Message},
};

use super::{
    ConnId, Relay, RelayConfig, Violation,
    client::{Ends, Phase},
    devices::Asked,
    sources::Counted,
};
use crate::{mutant, time::Timestamp};

/// How an answer is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub(super) counted: Counted,
    pub(super) due: Timestamp,
    /// By the delay of its source, beyond the next tick.
    pub(super) back: bool,
}

impl Relay {
    /// Takes the whole messages that `bytes` complete.
    pub(super) fn read(
        &mut self,
        conn: ConnId,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<(), Violation> {
        let limit = self.config.unpaired_bytes;
        let Some(client) = self.clients.get_mut(&conn) else {
            return Ok(());
        };
        client.deframer.push(bytes);
        while let Some(client) = self.clients.get_mut(&conn) {
            let before = client.deframer.pending();
            let message = Message::pull(&mut client.deframer)?;
            let waiting = client.deframer.pending();
            if !matches!(client.phase, Phase::Paired { .. }) {
                // Deliveries that were under way when a session ended do not count, nor does the
                // beginning of what may be one.
                let late = client.was_paired && matches!(message, Some(Message::Deliver(_)));
                if !late {
                    client.unpaired_bytes += before - waiting;
                }
                let begun = if message.is_none() && !client.was_paired {
                    waiting
                } else {
                    0
                };
                if client.unpaired_bytes + begun > limit {
                    //= spec/03-rendezvous.md#states [RDV-9] db458261
                    return Err(Violation::UnpairedBytes { limit });
                }
            }
            let Some(message) = message else {
                if waiting < before && mutant::is("WIRE-9/refuses") {
                    return Err(Violation::ControlEnded);
                }
                break;
            };
            if mutant::is_deaf(mutant::Target::Relay, message.name()) {
                continue;
            }
            self.handle(conn, message, now)?;
        }
        Ok(())
    }

    fn handle(&mut self, conn: ConnId, message: Message, now: Timestamp) -> Result<(), Violation> {
        let Some(client) = self.clients.get(&conn) else {
            return Ok(());
        };
        let name = message.name();
        let unexpected = Violation::Unexpected {
            message: name,
            state: client.phase.name(),
        };
        match (message, &client.phase) {
            //= spec/03-rendezvous.md#hello [RDV-2] fb09ca23
            (Message::Hello(_), Phase::Greeting) => {
                self.enter(conn, Phase::Idle, now);
                self.send(conn, self.stated());
            }
            //= spec/03-rendezvous.md#hello [RDV-4] 66ad0aa5
            (Message::Hello(_), _) | (_, Phase::Greeting) => {
                return Err(Violation::Hello { message: name });
            }
            (Message::CodeRequest(_), Phase::Idle) => self.issue(conn, now),
            (Message::Join(join), Phase::Idle) => self.join(conn, join, now),
            (Message::Wait(wait), Phase::Idle) => self.dial(conn, Asked::Wait(wait), now),
            (Message::Call(call), Phase::Idle) => self.dial(conn, Asked::Call(call), now),
            (Message::SignIn(request), Phase::Idle) => self.sign_in(conn, request, now),
            (Message::Rejoin(rejoin), Phase::Idle) => self.rejoin(conn, &rejoin.token, now),
            //= spec/03-rendezvous.md#hold [HOLD-9] b43276b6
            (Message::Deliver(_), Phase::Paired { peer: None, .. })
                if !mutant::is("HOLD-9/refuses") => {}
            (
                Message::Deliver(deliver),
                Phase::Paired {
                    peer: Some(peer), ..
                },
            ) => {
                self.deliver(*peer, deliver);
            }
            //= spec/03-rendezvous.md#states [RDV-7] 30f486c0
            (Message::Deliver(_), _) if client.was_paired && !mutant::is("RDV-7/refuses") => {}
            (Message::CardRequest(request), Phase::Idle) => self.card_request(conn, request, now),
            (Message::CardProof(proof), Phase::Idle) => self.card_proof(conn, proof, now)?,
            (Message::Report(report), Phase::Idle) => self.report(conn, &report, now),
            (Message::PathRequest(_), Phase::Paired { peer, .. }) => {
                self.path_request(conn, *peer, now)?;
            }
            (Message::PathProof(proof), Phase::Paired { .. }) => {
                self.path_proof(conn, proof.token, now);
            }
            (Message::PathOver(over), Phase::Paired { .. }) => self.path_over(conn, over.code),
            (Message::PathRequest(_) | Message::PathProof(_) | Message::PathOver(_), _)
                if client.was_paired => {}
            (Message::Leave(leave), _) => {
                self.release(conn, leave.code, now);
            }
            (
                Message::CodeRequest(_)
                | Message::Join(_)
                | Message::SignIn(_)
                | Message::Rejoin(_)
                | Message::Wait(_)
                | Message::Call(_)
                | Message::Deliver(_)
                | Message::CardRequest(_)
                | Message::CardProof(_)
                | Message::PathRequest(_)
                | Message::PathProof(_)
                | Message::PathOver(_)
                | Message::Report(_),
                _,
            ) => return Err(unexpected),
            (
                //= spec/03-rendezvous.md#states [RDV-8] 734e20e4
                Message::RelayHello(_)
                | Message::CodeIssued(_)
                | Message::Joined(_)
                | Message::Gone(_)
                | Message::Refused(_)
                | Message::SignedIn(_)
                | Message::Reported(_)
                | Message::CardChallenge(_)
                | Message::CardIssued(_)
                | Message::Waiting(_)
                | Message::Place(_)
                | Message::Rejoined(_)
                | Message::PeerLost(_)
                | Message::PeerBack(_)
                | Message::Path(_)
                | Message::PathOpen(_),
                _,
            ) => return Err(Violation::NotForRelay { message: name }),
        }
        Ok(())
    }

    fn issue(&mut self, conn: ConnId, now: Timestamp) {
        let account = self.standing_account(conn, now);
        if let Err(code) = account.and_then(|account| self.policy.code(account)) {
            self.refuse(conn, code);
            return;
        }
        //= spec/14-operation.md#drain [DRAIN-1] 2932421e
        if self.draining {
            self.refuse(conn, ErrorCode::Draining);
            return;
        }
        //= spec/14-operation.md#per-source [SOURCE-2] b168d972
        let most = self.config.codes_per_source;
        let source = self.clients.get(&conn).map(|client| client.source);
        if source.is_none_or(|source| !self.codes_of.fits(source, most)) {
            self.refuse(conn, ErrorCode::Busy);
            return;
        }
        let Some(locator) = self.codes.issue(conn, &self.config, now) else {
            self.refuse(conn, ErrorCode::Busy);
            return;
        };
        let lifetime = now.plus_ms(self.config.code_lifetime_ms);
        //= spec/13-sign-in.md#lasting [AUTH-12] b929b60d
        let signed_in = self.signed_in_until(conn);
        let signed_in = signed_in.filter(|_| !mutant::is("AUTH-12/lives"));
        let until = Ends::new(lifetime, ErrorCode::CodeExpired).or_sign_in(signed_in);
        self.enter(conn, Phase::Waiting { locator, until }, now);
        let lifetime_ms = u32::try_from(until.at.since(now) / 1_000).unwrap_or(u32::MAX);
        let issued = CodeIssued {
            locator,
            lifetime_ms,
        };
        self.send(conn, issued);
    }

    fn join(&mut self, conn: ConnId, join: Join, now: Timestamp) {
        //= spec/13-sign-in.md#lasting [AUTH-11] 4cf1b1f5
        if let Err(code) = self.standing_account(conn, now) {
            self.refuse(conn, code);
            return;
        }
        let Some(held) = self.hold_back(conn, now) else {
            return;
        };
        let phase = Phase::Joining {
            locator: join.locator,
            link: join.link,
            offer: join.offer,
            held,
        };
        self.enter(conn, phase, now);
    }

    /// Counts what a client asks for as failed until it is answered, and says when that may be. It
    /// is refused if too many wait already.
    pub(super) fn hold_back(&mut self, conn: ConnId, now: Timestamp) -> Option<Held> {
        //= spec/14-operation.md#drain [DRAIN-1] 2932421e
        if self.draining {
            self.refuse(conn, ErrorCode::Draining);
            return None;
        }
        let source = self.clients.get(&conn)?.source;
        let delay = self.sources.delay(source, &self.config, now);
        let back = delay > 0;
        let most = self.config.pending_joins;
        //= spec/03-rendezvous.md#joins [RDV-29] f84c57fa
        if self.joining >= most || (back && self.held_back >= most.div_ceil(2)) {
            self.refuse(conn, ErrorCode::Busy);
            return None;
        }
        Some(Held {
            counted: self.sources.count(source, &self.config, now),
            due: next_tick(now.plus_ms(delay), &self.config),
            back,
        })
    }

    //= spec/03-rendezvous.md#forwarding [RDV-30] 042c9eab
    //= spec/03-rendezvous.md#forwarding [RDV-31] 44b3c9e8
    fn deliver(&mut self, peer: ConnId, deliver: Deliver) {
        self.send(peer, deliver);
    }
}

//= spec/03-rendezvous.md#joins [RDV-22] 7edf3bcb
/// The first tick after `time`; that itself if there are none.
fn next_tick(time: Timestamp, config: &RelayConfig) -> Timestamp {
    let tick = config.join_tick_ms.saturating_mul(1_000);
    let Some(past) = time.as_micros().checked_div(tick) else {
        return time;
    };
    Timestamp::from_micros(past.saturating_add(1).saturating_mul(tick))
}
