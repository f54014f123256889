//! What is known of each requirement, for each thing that was tested.

use std::collections::BTreeMap;

use super::Report;
use crate::{
    case::Target,
    cases,
    requirements::{self, Requirement},
    run::{Outcome, Verdict},
};

/// A row for each requirement that something of what was tested has to obey.
pub(super) struct Matrix {
    /// The columns.
    pub(super) targets: Vec<Target>,
    /// The rows, by area, in the order of their numbers.
    pub(super) areas: Vec<(&'static str, Vec<Row>)>,
}

/// What is known of a requirement.
pub(super) struct Row {
    /// The requirement.
    pub(super) requirement: &'static Requirement,
    /// By target.
    pub(super) cells: Vec<Cell>,
}

/// The same of one target.
pub(super) enum Cell {
    /// It need not obey it.
    NotTheirs,
    /// Nobody outside sees it.
    Unseen,
    /// Vectors show it, and no session does.
    Vector,
    /// No case is about it.
    NoCase,
    /// The cases about it were not run.
    NotRun,
    /// What came of the cases about it, each with what it was run against, the worst first.
    Verdicts(Vec<(Verdict, String)>),
}

impl Cell {
    /// The worst, if there is a case.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Verdicts(verdicts) => verdicts.first().map(|(verdict, _)| *verdict),
            _ => None,
        }
    }
}

impl Matrix {
    pub(super) fn new(report: &Report) -> Self {
        let targets = report.targets();
        let found = found(&report.outcomes);
        let mut about: BTreeMap<String, Vec<Target>> = BTreeMap::new();
        for case in cases::all() {
            for target in case.targets() {
                for id in case.checks_of(target) {
                    about.entry(id).or_default().push(target);
                }
            }
        }
        let mut areas: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
        for (id, requirement) in requirements::all() {
            let cell = |target: &Target| {
                let verdicts = found.get(&(id.as_str(), *target));
                let theirs = requirements::binds(requirement, *target);
                let cases = about.get(id.as_str());
                let has_case = cases.is_some_and(|targets| targets.contains(target));
                match (verdicts, requirement.observability.as_str()) {
                    (Some(verdicts), _) => Cell::Verdicts(verdicts.clone()),
                    _ if has_case => Cell::NotRun,
                    _ if !theirs => Cell::NotTheirs,
                    (None, "none") => Cell::Unseen,
                    (None, "vector") => Cell::Vector,
                    (None, _) => Cell::NoCase,
                }
            };
            let cells: Vec<_> = targets.iter().map(cell).collect();
            if !cells.iter().all(|cell| matches!(cell, Cell::NotTheirs)) {
                let row = Row { requirement, cells };
                areas.entry(requirement.area()).or_default().push(row);
            }
        }
        for rows in areas.values_mut() {
            rows.sort_by_key(|row| requirements::order(&row.requirement.id));
        }
        Self {
            targets,
            areas: areas.into_iter().collect(),
        }
    }
}

/// What each case says of each requirement that it is about.
fn found(outcomes: &[Outcome]) -> BTreeMap<(&str, Target), Vec<(Verdict, String)>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for outcome in outcomes {
        for id in &outcome.checks {
            let verdict = match () {
                () if outcome.blames(id) => outcome.verdict,
                () if outcome.held.contains(id) => Verdict::Pass,
                // The case came to an end before it looked.
                () if outcome.requirement.is_some() => Verdict::Blocked,
                () => outcome.verdict,
            };
            let cell = found.entry((id.as_str(), outcome.target)).or_default();
            cell.push((verdict, outcome.name()));
        }
    }
    for verdicts in found.values_mut() {
        verdicts.sort_by_key(|(verdict, case)| (gravity(*verdict), case.clone()));
    }
    found
}

/// The worst comes first.
const fn gravity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fail => 0,
        Verdict::Crash => 1,
        Verdict::HarnessError => 2,
        Verdict::Timeout => 3,
        Verdict::Xpass => 4,
        Verdict::Flaky => 5,
        Verdict::Untestable => 6,
        Verdict::Blocked => 7,
        Verdict::Xfail => 8,
        Verdict::Warn => 9,
        Verdict::Info => 10,
        Verdict::Unsupported => 11,
        Verdict::Pass => 12,
    }
}
