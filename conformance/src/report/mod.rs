//! Telling what became of the cases.
//!
//! | file in the folder | what |
//! |---|---|
//! | `results.jsonl` | a line for the run, then one for each case as it is done |
//! | `report.json` | all of it, when the run is over |
//! | `junit.xml` | the same for a CI server |
//! | `report.html` | the same for a person |
//! | `bundles/` | of each failure all that was said and heard |
//! | `mutants.jsonl` | of each mutant of the reference whether the suite notices it, if `kill` was run |

pub(crate) mod bundle;
pub mod date;
pub mod diff;
mod folder;
mod html;
mod junit;
mod matrix;
pub(crate) mod mutants;
mod terminal;

pub use bundle::Bundle;
pub use folder::Folder;
pub(crate) use folder::mend;
pub use terminal::Terminal;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    case::Target,
    cli::{CONFORMANT, HARNESS, NOT_CONFORMANT, USAGE},
    run::{Described, Outcome, Pairing, SETUP, Verdict, expect::Stale},
};

/// The form of `report.json` and of the lines of `results.jsonl`.
const FORMAT: u32 = 1;

/// Which form something is of that a run has left.
#[derive(Deserialize)]
struct Form {
    format: u32,
}

impl Form {
    /// # Errors
    /// If it is another than this suite reads, and would misread; in words.
    fn is_known(&self) -> Result<(), String> {
        match self.format {
            FORMAT => Ok(()),
            other => Err(format!(
                "it is of form {other}, and this suite reads form {FORMAT}: \
                 read it with the suite that wrote it"
            )),
        }
    }
}

/// What is known of a run before its first case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The form of what follows.
    pub format: u32,
    /// The version of the suite.
    pub suite: String,
    /// When it began.
    pub began: String,
    /// The command that runs it again.
    pub command: String,
    /// What is under test.
    pub targets: BTreeMap<Target, Described>,
}

/// A run that is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The run.
    pub run: Run,
    /// What the suite ends with.
    pub exit: u8,
    /// How many there are of each verdict.
    pub sum: BTreeMap<Verdict, usize>,
    /// Expectations that are no longer right.
    pub stale: Vec<Stale>,
    /// What became of the cases, by target and id.
    pub outcomes: Vec<Outcome>,
}

impl Run {
    /// A run that begins now.
    pub fn begin(command: String, targets: BTreeMap<Target, Described>) -> Self {
        Self {
            format: FORMAT,
            suite: env!("CARGO_PKG_VERSION").to_owned(),
            began: date::stamp(),
            command,
            targets,
        }
    }
}

impl Report {
    /// The sum of a run.
    pub fn new(run: Run, mut outcomes: Vec<Outcome>, stale: Vec<Stale>) -> Self {
        outcomes.sort_by(|one, other| place(one).cmp(&place(other)));
        let mut sum = BTreeMap::new();
        for outcome in &outcomes {
            *sum.entry(outcome.verdict).or_default() += 1;
        }
        Self {
            run,
            exit: exit(&outcomes, &stale),
            sum,
            stale,
            outcomes,
        }
    }

    /// The targets that there are outcomes of.
    fn targets(&self) -> Vec<Target> {
        let mut targets: Vec<_> = self.outcomes.iter().map(|outcome| outcome.target).collect();
        targets.dedup();
        targets
    }

    /// The failures, the worst first.
    fn bad(&self) -> Vec<&Outcome> {
        let mut bad: Vec<_> = self
            .outcomes
            .iter()
            .filter(|outcome| outcome.is_bad())
            .collect();
        bad.sort_by_key(|outcome| outcome.verdict == Verdict::Blocked);
        bad
    }
}

fn place(outcome: &Outcome) -> (Target, Option<&Pairing>, &str) {
    (outcome.target, outcome.pairing.as_ref(), &outcome.case)
}

/// What the suite ends with.
fn exit(outcomes: &[Outcome], stale: &[Stale]) -> u8 {
    let any = |wanted: fn(&Outcome) -> bool| outcomes.iter().any(wanted);
    match () {
        () if any(|outcome| outcome.verdict == Verdict::HarnessError) => HARNESS,
        () if any(Outcome::is_bad) || !stale.is_empty() => NOT_CONFORMANT,
        () if !any(|outcome| outcome.was_run() && outcome.case != SETUP) => USAGE,
        () => CONFORMANT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::outcome_of as outcome;

    #[test]
    fn every_verdict_ends_as_it_must() {
        for (verdict, code) in [
            (Verdict::Pass, CONFORMANT),
            (Verdict::Warn, CONFORMANT),
            (Verdict::Info, CONFORMANT),
            (Verdict::Xfail, CONFORMANT),
            (Verdict::Unsupported, USAGE),
            (Verdict::Fail, NOT_CONFORMANT),
            (Verdict::Untestable, NOT_CONFORMANT),
            (Verdict::Blocked, NOT_CONFORMANT),
            (Verdict::Timeout, NOT_CONFORMANT),
            (Verdict::Crash, NOT_CONFORMANT),
            (Verdict::Xpass, NOT_CONFORMANT),
            (Verdict::Flaky, NOT_CONFORMANT),
            (Verdict::HarnessError, HARNESS),
        ] {
            assert_eq!(exit(&[outcome(verdict)], &[]), code, "{verdict}");
            let both = [outcome(verdict), outcome(Verdict::Pass)];
            let with_a_pass = if code == USAGE { CONFORMANT } else { code };
            assert_eq!(exit(&both, &[]), with_a_pass, "{verdict} and PASS");
        }
        assert_eq!(exit(&[], &[]), USAGE);
        for (came, code) in [
            (Verdict::Fail, CONFORMANT),
            (Verdict::Crash, CONFORMANT),
            (Verdict::Blocked, USAGE),
            (Verdict::Untestable, USAGE),
        ] {
            let mut expected = outcome(Verdict::Xfail);
            expected.came = Some(came);
            assert_eq!(exit(&[expected], &[]), code, "{came} was expected");
        }
        let stale = Stale {
            case: "a".to_owned(),
            why: "it has expired".to_owned(),
        };
        assert_eq!(exit(&[outcome(Verdict::Pass)], &[stale]), NOT_CONFORMANT);
    }
}
