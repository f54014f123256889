//! On a terminal: progress while it runs, what failed and why, and the sum by area.

use std::{
    collections::BTreeMap,
    io::{IsTerminal as _, Write as _, stderr, stdout},
    path::Path,
};

use super::{
    Report,
    matrix::{Cell, Matrix},
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
        if outcome.is_bad() {
            self.bad += 1;
            self.clear();
            line(&format!(
                "{:<13} {} ({})\n              {}",
                outcome.verdict,
                outcome.case,
                outcome.on(),
                outcome.detail
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
    pub fn sum(&self, report: &Report, page: &Path) {
        self.clear();
        for stale in &report.stale {
            line(&format!("STALE         {}: {}", stale.case, stale.why));
        }
        areas(&Matrix::new(report));
        verdicts(&report.outcomes);
        line(&format!("\n{}", page.display()));
    }
}

/// How many requirements of each area were seen to hold, of those that can be seen.
fn areas(matrix: &Matrix) {
    let heads: Vec<_> = matrix
        .targets
        .iter()
        .map(|target| format!("{target:>12}"))
        .collect();
    line(&format!("\n{:<12}{}", "area", heads.concat()));
    for (area, rows) in &matrix.areas {
        let columns = 0..matrix.targets.len();
        let cells: Vec<_> = columns
            .map(|column| of(rows.iter().filter_map(|row| row.cells.get(column))))
            .collect();
        line(&format!("{area:<12}{}", cells.concat()));
    }
    line(
        "            (requirements that were seen to hold, of those that can be seen; ! and how many were broken)\n",
    );
}

fn of<'a>(cells: impl Iterator<Item = &'a Cell>) -> String {
    let (mut visible, mut held, mut broken) = (0, 0, 0);
    for cell in cells {
        match cell {
            Cell::NotTheirs | Cell::Unseen | Cell::Vector => continue,
            Cell::NoCase | Cell::NotRun | Cell::Verdicts(_) => visible += 1,
        }
        match cell.verdict() {
            Some(Verdict::Pass) => held += 1,
            Some(verdict) if verdict.is_bad() => broken += 1,
            _ => {}
        }
    }
    let text = match (visible, broken) {
        (0, _) => "-".to_owned(),
        (_, 0) => format!("{held}/{visible}"),
        _ => format!("{held}/{visible} !{broken}"),
    };
    format!("{text:>12}")
}

fn verdicts(outcomes: &[Outcome]) {
    let mut rows: BTreeMap<_, BTreeMap<Verdict, usize>> = BTreeMap::new();
    for outcome in outcomes {
        let row = rows.entry(outcome.target).or_default();
        *row.entry(outcome.verdict).or_default() += 1;
    }
    for (target, verdicts) in rows {
        let verdicts = verdicts.iter();
        let verdicts: Vec<_> = verdicts
            .map(|(verdict, count)| format!("{count} {verdict}"))
            .collect();
        line(&format!("{target:<8} {}", verdicts.join(", ")));
    }
}

fn line(text: &str) {
    // A reader that has gone away does not want it.
    let _ = writeln!(stdout(), "{text}");
}
