//! Time, by the clock of the client under test.

use std::{
    thread,
    time::{Duration, Instant},
};

use alongside_wire::session::{Heartbeat, Message};
use serde_json::json;

use super::{ClientStage, Done, Stop};

/// A step of the clock: shorter than any timer that silence starts.
const STEP: u64 = 1_000;
/// The longest that a case waits by the computer's clock, unless it was allowed to.
const LONGEST: u64 = 20_000;
/// How often the suite shows that it lives.
const BEAT: u64 = 1_500;

/// How long what must not come is waited for, by how long something may take that has to: 400 ms of 5 s.
pub(crate) fn a_while(patience: Duration) -> Duration {
    patience * 2 / 25
}

impl ClientStage<'_> {
    /// Milliseconds that have passed by the client's clock.
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// Lets time pass. The other end stays alive meanwhile, if it has manners.
    ///
    /// # Errors
    /// [`Stop::Untestable`] if it is long and the client has no clock.
    pub fn pass(&mut self, ms: u64) -> Done {
        if !self.can("clock") {
            return self.wait(ms);
        }
        let until = self.now + ms;
        while self.now < until {
            self.beat()?;
            let step = STEP.min(until - self.now);
            self.advance(step)?;
        }
        self.hear_told()
    }

    /// Lets time pass while nothing is said.
    ///
    /// # Errors
    /// As [`ClientStage::pass`].
    pub fn leap(&mut self, ms: u64) -> Done {
        match self.can("clock") {
            true => self.advance(ms),
            false => self.wait(ms),
        }
    }

    /// Lets time pass after which the client may have no connection any more.
    ///
    /// # Errors
    /// As [`ClientStage::pass`].
    pub fn leap_unread(&mut self, ms: u64) -> Done {
        self.settle()?;
        self.said = 0;
        self.leap(ms)
    }

    /// Waits until the client has handled all that was said to it, if it can tell.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn settle(&mut self) -> Done {
        match self.can("clock") {
            true => {
                self.advance(0)?;
                self.hear_told()
            }
            false => self.wait(50),
        }
    }

    /// Moves the clock, and hears all that the client has sent by then.
    fn advance(&mut self, ms: u64) -> Done {
        self.now += ms;
        let read = self.said;
        let asked = self.ask("advance-clock", json!({ "ms": ms, "read": read }))?;
        let answer = asked.map_err(|why| Stop::Driver(format!("its clock does not go: {why}")))?;
        let sent = answer.get("sent").and_then(serde_json::Value::as_u64);
        let deadline = Instant::now() + self.bench.patience;
        while self.link.is_some() && self.heard < sent.unwrap_or(0) {
            if !self.hear(deadline)? {
                return Err(self.in_vain("all that it says it has sent"));
            }
        }
        self.hear_all()
    }

    /// What the last command caused is told after its answer, and before that of the next.
    fn hear_told(&mut self) -> Done {
        let asked = self.ask("advance-clock", json!({ "ms": 0, "read": 0 }))?;
        asked.map_err(|why| Stop::Driver(format!("its clock does not go: {why}")))?;
        self.hear_all()
    }

    fn beat(&mut self) -> Done {
        let alive = self.manners.heartbeat && self.link.is_some() && !self.is_over();
        if alive && !self.frozen && self.channel.is_some() && self.introduced() {
            self.seal(&[Message::from(Heartbeat {})])?;
        }
        Ok(())
    }

    fn wait(&mut self, ms: u64) -> Done {
        if ms > LONGEST && !self.bench.real_time {
            let why = format!("it takes {} s, and the client has no clock", ms / 1_000);
            return Err(Stop::Untestable(why));
        }
        let until = Instant::now() + Duration::from_millis(ms);
        while Instant::now() < until {
            self.hear(until)?;
        }
        self.now += ms;
        Ok(())
    }

    /// Shows that the other end lives, where time passes by the computer's clock.
    pub(super) fn keep_alive(&mut self) {
        if !self.can("clock") && self.spoke_at.elapsed() > Duration::from_millis(BEAT) {
            self.spoke_at = Instant::now();
            // It cannot fail: there is a channel.
            let _ = self.beat();
        }
    }

    /// Does nothing for a moment of the computer's clock. By that alone streams of their own are carried, and how far the
    /// client has read them, or whether it begins one, no answer of its driver tells: unlike [`ClientStage::settle`],
    /// this only makes it likely that what has to show has shown.
    pub fn moment(&mut self, ms: u64) -> Done {
        thread::sleep(Duration::from_millis(ms));
        self.hear_all()
    }
}
