//! On a terminal: progress while it runs, what failed and why, and the sum.

use std::{
    collections::BTreeMap,
    io::{IsTerminal as _, Write as _, stderr, stdout},
};

use crate::run::{Outcome, Verdict};

/// Progress and results for a person.
pub struct Terminal {
    all: usize,
    done: usize,
    bad: usize,
    live: bool,
}

impl Terminal {
    /// For so many cases.
    pub fn new(all: usize) -> Self {
        Self {
            all,
            done: 0,
            bad: 0,
            live: stderr().is_terminal(),
        }
    }

    /// One more is done.
    pub fn tell(&mut self, outcome: &Outcome) {
        self.done += 1;
        if outcome.verdict.is_bad() {
            self.bad += 1;
            self.clear();
            line(&format!(
                "{:<13} {} ({})\n              {}\n",
                outcome.verdict, outcome.case, outcome.target, outcome.detail
            ));
        }
        if self.live {
            // Nothing can be done about a terminal that is gone.
            let _ = write!(
                stderr(),
                "\r\x1b[K{}/{} {} bad  {}",
                self.done,
                self.all,
                self.bad,
                outcome.case
            );
        }
    }

    fn clear(&self) {
        if self.live {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }

    /// All are done.
    pub fn sum(&self, outcomes: &[Outcome]) {
        self.clear();
        let mut rows: BTreeMap<_, BTreeMap<Verdict, usize>> = BTreeMap::new();
        for outcome in outcomes {
            *rows
                .entry(outcome.target)
                .or_default()
                .entry(outcome.verdict)
                .or_default() += 1;
        }
        for (target, verdicts) in rows {
            let verdicts: Vec<_> = verdicts
                .iter()
                .map(|(verdict, count)| format!("{count} {verdict}"))
                .collect();
            line(&format!("{target:<8} {}\n", verdicts.join(", ")));
        }
    }
}

fn line(text: &str) {
    // A reader that has gone away does not want it.
    let _ = stdout().write_all(text.as_bytes());
}
