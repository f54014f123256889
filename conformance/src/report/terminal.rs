//! On a terminal: progress while it runs, what failed and why, and the sum by area.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{IsTerminal as _, Write as _, stderr, stdout},
    path::{Path, PathBuf},
};

use super::{
    Report,
    matrix::{Cell, Matrix, Row},
};
use crate::{
    case::Target,
    run::{Outcome, SETUP, Verdict},
};

/// Progress and results for a person.
pub struct Terminal {
    all: usize,
    done: usize,
    bad: usize,
    live: bool,
    /// Where the bundles are.
    folder: PathBuf,
}

/// The guide to verdicts, of which the last column says what to do next.
const GUIDE: &str = include_str!("../../reports.md");
/// From so many cases on, areas of which no case was run are shown as well.
const MANY: usize = 100;

impl Terminal {
    /// For so many cases, of which the report is in this folder.
    pub fn new(all: usize, folder: &Path) -> Self {
        Self {
            all,
            done: 0,
            bad: 0,
            live: stderr().is_terminal(),
            folder: folder.to_owned(),
        }
    }

    /// One more is done.
    pub fn tell(&mut self, outcome: &Outcome) {
        self.done += 1;
        if outcome.is_bad() {
            self.bad += 1;
        }
        // One line says what a whole run of these says.
        if outcome.is_bad() && !outcome.is_blocked_by(SETUP) {
            self.clear();
            line(&format!(
                "{:<13} {} ({})\n              {}",
                outcome.verdict,
                outcome.case,
                outcome.on(),
                outcome.detail
            ));
            if let Some(bundle) = &outcome.bundle {
                let readme = self.folder.join(bundle).join("README.md");
                line(&format!("              {}", readme.display()));
            }
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
        areas(&Matrix::new(report), report.outcomes.len() >= MANY);
        verdicts(&report.outcomes);
        nexts(&report.outcomes);
        line(&format!("\n{}", page.display()));
    }
}

/// How many requirements of each area were seen to hold, of those that can be seen.
fn areas(matrix: &Matrix, all: bool) {
    let heads: Vec<_> = matrix
        .targets
        .iter()
        .map(|target| format!("{target:>12}"))
        .collect();
    line(&format!("\n{:<12}{}", "area", heads.concat()));
    let was_run = |rows: &[Row]| {
        rows.iter()
            .flat_map(|row| &row.cells)
            .any(|cell| cell.verdict().is_some())
    };
    for (area, rows) in matrix.areas.iter().filter(|(_, rows)| all || was_run(rows)) {
        let columns = 0..matrix.targets.len();
        let cells: Vec<_> = columns
            .map(|column| of(rows.iter().filter_map(|row| row.cells.get(column))))
            .collect();
        line(&format!("{area:<12}{}", cells.concat()));
    }
    line(
        "            (requirements that were seen to hold, of those that can be seen; ! and how many were not)\n",
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

/// For each verdict that is bad, what to do next.
fn nexts(outcomes: &[Outcome]) {
    let blocked: Vec<_> = outcomes
        .iter()
        .filter(|outcome| outcome.is_blocked_by(SETUP))
        .collect();
    if !blocked.is_empty() {
        let cases = match blocked.len() {
            1 => "1 case was".to_owned(),
            more => format!("{more} cases were"),
        };
        let next = match blocked.iter().all(|one| one.target == Target::Relay) {
            true => "what a relay under test prints and takes is in conformance/driver.md",
            false => "`doctor --driver` goes through a driver step by step",
        };
        line(&format!(
            "\n{cases} not run, because {SETUP} did not pass; {next}"
        ));
    }
    let bad: BTreeSet<_> = outcomes
        .iter()
        .filter(|outcome| outcome.is_bad() && !outcome.is_blocked_by(SETUP))
        .map(|outcome| outcome.verdict)
        .collect();
    let known = bad.into_iter().map(|verdict| (verdict, next(verdict)));
    for (place, (verdict, next)) in known.filter(|(_, next)| !next.is_empty()).enumerate() {
        let head = if place == 0 { "\n" } else { "" };
        line(&format!("{head}{verdict}: {next}"));
    }
}

/// The last column of a verdict's row in the guide.
fn next(verdict: Verdict) -> &'static str {
    let row = format!("| {verdict} |");
    let row = GUIDE.lines().find(|line| line.starts_with(&row));
    let cell = row.and_then(|row| row.trim_end().strip_suffix('|')?.rsplit('|').next());
    cell.map(str::trim).unwrap_or_default()
}

fn line(text: &str) {
    // A reader that has gone away does not want it.
    let _ = writeln!(stdout(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::{Verdict, next};

    #[test]
    fn the_guide_says_of_each_bad_verdict_what_to_do() {
        for verdict in Verdict::ALL {
            let next = next(*verdict);
            assert!(!verdict.is_bad() || !next.is_empty(), "{verdict}");
            let other_cells = ["0", "1", "3", "failure", "error", "skipped"];
            assert!(!other_cells.contains(&next), "{verdict}: {next}");
        }
    }
}
