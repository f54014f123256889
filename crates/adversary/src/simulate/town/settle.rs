//! What follows from a step: what both ends say, what must hold, and when they want to be called.

use alongside_harness::{Broken, Side};
use alongside_wire::ErrorCode;

use super::{SIDES, Town, What};
use crate::simulate::pair::Wants;

/// Milliseconds by which both ends are out after one has ended, or is gone.
const OUT_MS: u64 = 36_000;

impl Town {
    /// Carries what both ends have to say, looks at what they did, and at when they want to be called.
    pub(super) fn settle(&mut self, pair: usize) -> Result<(), Broken> {
        let now = self.now;
        for side in SIDES {
            while let Some(known) = self.pair(pair).filter(|pair| pair.is_awake(side, now)) {
                let conn = known.end(side).conn;
                match known.transmit(side) {
                    Some(Wants::Send(packet)) => self.send(pair, side, conn, true, packet),
                    Some(Wants::Disconnect) => {
                        self.cut(pair, side);
                        let code = Some(ErrorCode::Lost);
                        self.soon(0, What::Gone(conn, code));
                    }
                    None => break,
                }
            }
        }
        let Some(known) = self.pair(pair) else {
            return Ok(());
        };
        known.check(now)?;
        if known.joined > 1 {
            return Err(Broken::new(3, "the relay let two join by one code"));
        }
        let checks = std::mem::take(&mut known.checks) + 1;
        let ended = SIDES
            .iter()
            .any(|side| known.ended(*side).is_some() || known.end(*side).dead);
        let over = ended && known.over.is_none();
        if over {
            known.over = Some(now);
        }
        let wakes = known.deadline(now).map(|at| at.max(now));
        let sooner = wakes.filter(|at| known.wakes.is_none_or(|wakes| *at < wakes));
        known.wakes = sooner.or(known.wakes);
        let mut connects = Vec::new();
        for side in SIDES {
            let wants = known.is_awake(side, now) && known.wants_connection(side);
            let end = known.end(side);
            if wants && !end.connecting {
                end.connecting = true;
                connects.push((side, end.stalled.max(now.plus_ms(20))));
            }
        }
        self.tally.checks += checks;
        if over {
            self.soon(OUT_MS, What::Out(pair));
        }
        if let Some(at) = sooner {
            self.later(at, What::Wake(pair));
        }
        for (side, at) in connects {
            self.later(at, What::Connect(pair, side));
        }
        self.is_out(pair)
    }

    /// When the bound has passed, nobody is there any more.
    fn is_out(&mut self, pair: usize) -> Result<(), Broken> {
        let now = self.now;
        let Some(known) = self.pair(pair).filter(|pair| pair.done) else {
            return Ok(());
        };
        for side in SIDES {
            // Whoever slept has not had the time.
            let asleep = known.end(side).asleep.plus_ms(OUT_MS) > now;
            if known.is_in(side) && asleep {
                let until = known.end(side).asleep.plus_ms(OUT_MS);
                known.done = false;
                self.later(until, What::Out(pair));
                return Ok(());
            }
            if known.is_in(side) {
                return Err(Broken::new(10, format!("{side:?} is still there")));
            }
        }
        known.audit()?;
        let checks = std::mem::take(&mut known.checks);
        let end = known.ended(Side::Sharer).map(|ended| ended.code);
        let lasted = now.since(known.began) / 1_000;
        let (seen, typed) = (known.frames > 0, known.injected > 0);
        let conns = SIDES.map(|side| known.end(side).conn);
        let tally = &mut self.tally;
        tally.checks += checks;
        tally.virtual_ms += lasted;
        tally.viewed += u64::from(seen);
        tally.injected += u64::from(typed);
        *tally.ends.entry(end).or_default() += 1;
        self.pairs[pair] = None;
        for conn in conns {
            self.later(now, What::Gone(conn, Some(ErrorCode::Done)));
        }
        Ok(())
    }
}
