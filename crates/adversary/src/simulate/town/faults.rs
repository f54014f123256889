//! What people do next, and what is done to them.

use alongside_harness::{Packet, Side};
use alongside_state_machine::relay::{Relay, RelayConfig, Source};
use alongside_wire::rendezvous::{Hello, Join, Message};

use super::{IDLE_MS, SIDES, Town, What};
use crate::simulate::tally::Fault;

/// Acts of a thousand that are a fault instead.
const FAULTY: u64 = 90;

impl Town {
    pub(super) fn act(&mut self, pair: usize) {
        let now = self.now;
        let Some(known) = self.pair(pair) else {
            return;
        };
        if known.over.is_some() {
            return;
        }
        known.acts = known.acts.saturating_sub(1);
        let last = known.acts == 0;
        let faulty = !last && known.chance.permille(FAULTY);
        let [least, most] = known.pace();
        let next = known.chance.between(least, most);
        if faulty {
            self.fault(pair);
        } else if let Some(known) = self.pair(pair) {
            let what = match last {
                true => known.finish(now),
                false => known.act(now),
            };
            let rival = std::mem::take(&mut known.rival);
            self.tell(pair, || what.to_owned());
            if rival {
                self.tally.fault(Fault::DuplicateJoin);
                self.befalls(pair, Side::Sharer, Fault::DuplicateJoin);
            }
        }
        self.soon(next, What::Act(pair));
    }

    /// Something goes wrong for a pair.
    fn fault(&mut self, pair: usize) {
        let now = self.now;
        let Some(known) = self.pair(pair) else {
            return;
        };
        let side = match known.chance.permille(500) {
            true => Side::Helper,
            false => Side::Sharer,
        };
        let fault = match known.chance.below(100) {
            0..=17 => Fault::Partition,
            18..=33 => Fault::Disconnect,
            34..=47 => Fault::ClockJump,
            // Who is asleep sleeps on, by a clock that stands or does not.
            48..=59 if known.ends[side as usize].asleep > now => Fault::ClockJump,
            48..=59 => Fault::Suspend,
            60..=73 => Fault::AddressChange,
            74..=79 => Fault::BrokenStream,
            80..=96 if known.join.is_some() => Fault::StaleJoin,
            80..=96 if known.code.is_some() => Fault::DuplicateJoin,
            80..=96 => Fault::Disconnect,
            _ => Fault::Death,
        };
        self.tell(pair, || format!("{fault:?} of {side:?}"));
        self.tally.fault(fault);
        self.befalls(pair, side, fault);
    }

    fn befalls(&mut self, pair: usize, side: Side, fault: Fault) {
        let now = self.now;
        let Some(known) = self.pair(pair) else {
            return;
        };
        let ms = match known.chance.permille(500) {
            true => known.chance.between(200, IDLE_MS - 1),
            false => known.chance.between(IDLE_MS, 50_000),
        };
        let conn = known.end(side).conn;
        match fault {
            Fault::Partition => {
                // A shorter one within a longer one does not let what comes later overtake what waits.
                let end = known.end(side);
                end.stalled = end.stalled.max(now.plus_ms(ms));
                if ms >= IDLE_MS {
                    self.cut(pair, side);
                    self.soon(IDLE_MS, What::Lost(pair, side, conn));
                    self.soon(IDLE_MS, What::Gone(conn, None));
                }
            }
            Fault::Disconnect => {
                self.cut(pair, side);
                self.soon(0, What::Lost(pair, side, conn));
                self.soon(0, What::Gone(conn, None));
            }
            Fault::ClockJump => known.end(side).ahead += ms * 1_000,
            Fault::Suspend => {
                let stands = known.chance.permille(500);
                known.end(side).asleep = now.plus_ms(ms);
                let stood = if stands { ms * 1_000 } else { 0 };
                self.soon(ms, What::Awake(pair, side, stood));
                if ms >= IDLE_MS {
                    self.cut(pair, side);
                    self.soon(IDLE_MS, What::Gone(conn, None));
                    // It finds out as soon as it is awake.
                    self.soon(ms, What::Lost(pair, side, conn));
                }
            }
            Fault::AddressChange => {
                if known.is_awake(side, now) {
                    self.cut(pair, side);
                    self.soon(IDLE_MS, What::Gone(conn, None));
                    if let Some(known) = self.pair(pair) {
                        known.moves(side, now);
                    }
                }
            }
            Fault::BrokenStream => {
                let packet = Packet::Reset { id: 1 };
                let conn = known.end(Side::Helper).conn;
                self.send(pair, Side::Helper, conn, false, packet);
            }
            Fault::DuplicateJoin => {
                // Before the sharer, with it, or just after.
                if let Some(code) = known.code {
                    let join = Box::new(known.guesses(code.locator));
                    let later = known.chance.below(2 * known.delay_ms + 60);
                    self.soon(later, What::Intrude(pair, join, None));
                }
            }
            Fault::StaleJoin => {
                // What the sharer said, once more, from somewhere else; or the same with a guess.
                if let Some(join) = known.join.clone() {
                    let join = match known.chance.permille(500) {
                        true => join,
                        false => known.guesses(join.locator),
                    };
                    let later = known.chance.below(30_000);
                    let spent = known.spent_at;
                    self.soon(later, What::Intrude(pair, Box::new(join), spent));
                }
            }
            Fault::Death => {
                known.end(side).dead = true;
                self.cut(pair, side);
                self.soon(IDLE_MS, What::Gone(conn, None));
            }
            Fault::Loss | Fault::RelayRestart => {}
        }
    }

    /// A connection carries nothing any more; nobody knows yet.
    pub(super) fn cut(&mut self, pair: usize, side: Side) {
        if let Some(pair) = self.pair(pair) {
            pair.end(side).cut = true;
        }
    }

    /// Somebody else connects, joins, and goes. Nothing comes of it if the code was spent at this relay before.
    pub(super) fn intrudes(&mut self, pair: usize, join: Join, spent: Option<u64>) {
        let conn = self.conn(pair, 2);
        let stale = spent == Some(self.relays);
        let Some(known) = self.pair(pair) else {
            return;
        };
        known.stale = stale.then_some(conn);
        known.intruded = true;
        self.tell(pair, || match stale {
            true => "somebody joins by the spent code".to_owned(),
            false => "somebody else joins by the code".to_owned(),
        });
        let address = 0x0A00_0003 + (pair as u32) * 4;
        let source = Source(address.to_be_bytes().into());
        let mut bytes = Vec::new();
        Message::from(Hello::default()).encode(&mut bytes);
        Message::from(join).encode(&mut bytes);
        let _ = self.relay.connected(conn, source, self.now);
        self.relay.handle_control(conn, &bytes, self.now);
        self.relay_says();
        self.soon(1_000, What::Gone(conn, None));
    }

    /// Another relay, which knows nothing.
    pub(super) fn restart(&mut self) {
        self.tally.fault(Fault::RelayRestart);
        self.relays += 1;
        self.relay = Relay::new(RelayConfig::default(), self.chance.seed());
        for pair in 0..self.pairs.len() {
            self.tell(pair, || "the relay is another".to_owned());
            for side in SIDES {
                let later = self.chance.below(IDLE_MS);
                if let Some(known) = self.pair(pair) {
                    let conn = known.end(side).conn;
                    self.cut(pair, side);
                    self.soon(later, What::Lost(pair, side, conn));
                }
            }
        }
    }
}
