//! Time of a pair. An end or a relay whose time stands still is moved along with the computer's clock, so
//! that it can be with one whose time goes by itself; and ahead of it, if all of them can.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::PairStage;
use crate::{
    driver::{Answer, Role},
    stage::{Done, Stop, a_while},
};

/// The clocks are moved this often: as often as records of input leave.
const TICK: Duration = Duration::from_millis(10);
/// The least time to hear something between two moves.
const SOON: Duration = Duration::from_millis(1);
/// The most that they are moved at once: a computer that stands still must not look like a lost link.
const MOST: u64 = 50;
/// A step ahead of the computer's clock: many to a timer that silence starts.
const STEP: u64 = 250;
/// How long what was sent in such a step may be under way.
const UNDER_WAY: Duration = Duration::from_millis(15);
/// The longest that a case waits by the computer's clock, unless it was allowed to.
const LONGEST: u64 = 20_000;

impl PairStage<'_> {
    /// Lets time pass.
    ///
    /// # Errors
    /// [`Stop::Untestable`] if it is long and one of the three has no clock.
    pub fn pass(&mut self, ms: u64) -> Done {
        if self.all_have_clocks() {
            let until = self.now + ms;
            while self.now < until {
                self.advance(STEP.min(until - self.now))?;
                thread::sleep(UNDER_WAY);
                self.ticked = Instant::now();
            }
            return self.advance(0);
        }
        if ms > LONGEST && !self.bench.real_time {
            let why = format!(
                "it takes {} s, and not all of them have a clock",
                ms / 1_000
            );
            return Err(Stop::Untestable(why));
        }
        self.wait(Duration::from_millis(ms))
    }

    /// Waits until whatever was under way has come, as far as anybody can tell.
    ///
    /// # Errors
    /// If somebody breaks down.
    pub fn settle(&mut self) -> Done {
        self.wait(a_while(self.bench.patience))
    }

    fn wait(&mut self, time: Duration) -> Done {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.hear(until)?;
        }
        Ok(())
    }

    fn all_have_clocks(&self) -> bool {
        self.bench.helper.can("clock")
            && self.bench.sharer.can("clock")
            && self.bench.relay.can("clock")
    }

    /// Hears the next thing, or moves the clocks a little, if the deadline is not over.
    pub(super) fn hear(&mut self, deadline: Instant) -> Done<bool> {
        let passed = self.ticked.elapsed();
        if passed >= TICK {
            self.ticked = Instant::now();
            let ms = u64::try_from(passed.as_millis()).unwrap_or(MOST);
            self.advance(ms.min(MOST))?;
        }
        let now = Instant::now();
        if now >= deadline {
            return Ok(false);
        }
        // Whatever moving the clocks took, there is time to hear something.
        let next = (self.ticked + TICK).min(deadline).max(now + SOON);
        self.take_one(next)?;
        Ok(true)
    }

    /// Moves the clocks of those that have one.
    fn advance(&mut self, ms: u64) -> Done {
        self.now += ms;
        if self.bench.relay.can("clock") {
            self.bench.relay.advance(ms, self.bench.patience)?;
        }
        let mut asked = Vec::new();
        for end in [Role::Helper, Role::Sharer] {
            let session = self.session.clone();
            let is_open = self.open.contains(&end);
            let driver = self.bench.driver(end);
            if is_open && driver.can("clock") {
                let fields = json!({ "ms": ms, "read": 0 });
                asked.push((end, driver.tell("advance-clock", Some(&session), fields)));
            }
        }
        for (end, id) in asked {
            match self.answer(end, "advance-clock", id)? {
                Answer::Ok(_) => {}
                other => {
                    let why = format!("the clock of the {end} does not go: {other:?}");
                    return Err(Stop::Driver(why));
                }
            }
        }
        Ok(())
    }
}
