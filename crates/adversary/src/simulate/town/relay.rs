//! What goes to the relay and comes from it, and how long it takes.

use alongside_harness::{Broken, Packet, Side};
use alongside_state_machine::relay::{ConnId, Event, Transmit, Violation};

use super::{Town, What};
use crate::simulate::tally::Fault;

/// Milliseconds that a lost packet takes longer.
const RETRANSMISSION_MS: u64 = 100;

/// The first bytes of what is counted: the types of these messages.
const CODE_ISSUED: u8 = 0x08;
const JOINED: u8 = 0x0C;
const PLACE: u8 = 0x16;

impl Town {
    /// A packet arrives, at the relay or at the end.
    pub(super) fn arrives(
        &mut self,
        pair: usize,
        side: Side,
        conn: ConnId,
        up: bool,
        packet: Packet,
    ) {
        let now = self.now;
        let Some(known) = self.pair(pair) else {
            return;
        };
        let end = known.end(side);
        if end.conn != conn || end.cut {
            return;
        }
        let held = if up {
            end.stalled
        } else {
            end.stalled.max(end.asleep)
        };
        if held > now {
            self.waits(held, What::Packet(pair, side, conn, up, packet));
            return;
        }
        if !up {
            if !end.dead {
                known.handle(side, &packet, now);
            }
            return;
        }
        match packet {
            Packet::Control(bytes) => {
                self.relay.handle_control(conn, &bytes, now);
                self.relay_says();
            }
            // Frame streams pass the relay's machine by, while there is a session.
            packet => {
                if let Some(peer) = self.relay.peer_of(conn) {
                    self.hand_over(peer, packet);
                }
            }
        }
    }

    /// What the relay says to everybody.
    pub(super) fn relay_says(&mut self) {
        while let Some(event) = self.relay.poll_event() {
            if let Event::Violation { conn, error } = event {
                self.is_somebody_else(conn, error);
            }
        }
        while let Some(transmit) = self.relay.poll_transmit() {
            match transmit {
                Transmit::Control { conn, bytes } => {
                    self.counts_joins(conn, &bytes);
                    self.hand_over(conn, Packet::Control(bytes));
                }
                Transmit::Close { conn, code } => self.hand_over(conn, Packet::Close(code)),
                // Nobody here signs in, wants a card, or has a path.
                Transmit::Verify { .. }
                | Transmit::Issue { .. }
                | Transmit::Look { .. }
                | Transmit::Check { .. }
                | Transmit::Forward { .. }
                | Transmit::Halt { .. } => {}
            }
        }
    }

    /// The relay may find fault with nobody who is honest.
    fn is_somebody_else(&mut self, conn: ConnId, error: Violation) {
        if let (pair, Some(side)) = self.whose(conn) {
            let why = format!("{side:?} is honest, and the relay finds {error:?}");
            self.broken = Some((pair, Broken::new(Broken::OTHER, why)));
        }
    }

    /// Joins that the relay lets by, of each code.
    fn counts_joins(&mut self, conn: ConnId, bytes: &[u8]) {
        let (pair, side) = self.whose(conn);
        // The relay says one message at a time; most are others.
        let counts = matches!(bytes.first(), Some(&(JOINED | CODE_ISSUED | PLACE)));
        let relays = self.relays;
        let Some(known) = self.pair(pair).filter(|_| counts) else {
            return;
        };
        let is = |kind| bytes.first() == Some(&kind);
        match side {
            Some(Side::Helper) if is(CODE_ISSUED) => (known.joined, known.spent_at) = (0, None),
            Some(Side::Helper) if is(JOINED) => {
                known.joined += 1;
                known.spent_at = Some(relays);
            }
            None if is(PLACE) && known.stale == Some(conn) => {
                let broken = Broken::new(3, "the relay let somebody join by a code that was spent");
                self.broken = Some((pair, broken));
            }
            _ => {}
        }
    }

    fn hand_over(&mut self, conn: ConnId, packet: Packet) {
        let (pair, side) = self.whose(conn);
        if let Some(side) = side {
            self.send(pair, side, conn, false, packet);
        }
    }

    /// A packet leaves an end, or the relay for it.
    pub(super) fn send(&mut self, pair: usize, side: Side, conn: ConnId, up: bool, packet: Packet) {
        let now = self.now;
        let Some(known) = self.pair(pair) else {
            return;
        };
        let mut delay = known.delay_ms + known.chance.below(known.delay_ms + 1);
        let mut lost = 0;
        while known.chance.permille(10) {
            delay += RETRANSMISSION_MS;
            lost += 1;
        }
        let pictures = matches!(packet, Packet::Stream { .. } | Packet::Reset { .. });
        let end = known.end(side);
        if end.conn != conn || end.cut {
            return;
        }
        let latest = &mut end.latest[usize::from(up) * 2 + usize::from(pictures)];
        *latest = now.plus_ms(delay).max(*latest);
        let at = *latest;
        for _ in 0..lost {
            self.tally.fault(Fault::Loss);
        }
        self.later(at, What::Packet(pair, side, conn, up, packet));
    }
}
