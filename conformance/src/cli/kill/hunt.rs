//! One mutant, and what the suite says of it.

use std::time::{Duration, Instant};

use alongside_state_machine::mutant::{self, Mutant};
use tokio::runtime::Handle;

use super::VARIABLE;
use crate::{
    case::{Case, Target},
    cli::reference,
    report::mutants::Found,
    run::{self, Errand, Outcome, Selection, Settings, Verdict},
};

/// A mutant that the suite has to notice.
#[derive(Clone, Copy)]
pub(super) struct Prey {
    pub(super) target: mutant::Target,
    pub(super) mutant: &'static Mutant,
}

impl Prey {
    /// The table of the registry that it stands in.
    pub(super) const fn table(&self) -> &'static str {
        match self.target {
            mutant::Target::Client => "client",
            mutant::Target::Helper => "helper",
            mutant::Target::Sharer => "sharer",
            mutant::Target::Relay => "relay",
        }
    }

    fn targets(&self) -> &'static [Target] {
        match self.target {
            mutant::Target::Client => &[Target::Helper, Target::Sharer],
            mutant::Target::Helper => &[Target::Helper],
            mutant::Target::Sharer => &[Target::Sharer],
            mutant::Target::Relay => &[Target::Relay],
        }
    }

    /// Runs the case that has to notice, and if it did all others.
    pub(super) fn hunt(&self, cases: &[Case], named: bool, runtime: &Handle) -> Found {
        let began = Instant::now();
        let mut found = Found {
            mutant: self.mutant.name.to_owned(),
            requirement: self.mutant.requirement().to_owned(),
            of: self.table().to_owned(),
            killed_by: self.mutant.killed_by.to_owned(),
            killed: false,
            whole: !named,
            why: String::new(),
            noticed: Vec::new(),
            seconds: 0.0,
        };
        match self.attempt(cases, named, runtime) {
            Ok(noticed) => {
                found.killed = true;
                found.noticed = noticed;
            }
            Err(why) => found.why = why,
        }
        found.seconds = began.elapsed().as_secs_f64();
        found
    }

    fn attempt(
        &self,
        cases: &[Case],
        named: bool,
        runtime: &Handle,
    ) -> Result<Vec<String>, String> {
        let errands = Selection::default().of(cases, self.targets());
        let named_case = |errand: &Errand| errand.case.id == self.mutant.killed_by;
        let (own, others): (Vec<_>, Vec<_>) = errands.into_iter().partition(named_case);
        if own.is_empty() {
            return Err(format!("there is no case {}", self.mutant.killed_by));
        }
        let mut noticed = Vec::new();
        for outcome in self.run(own, runtime)? {
            self.is_noticed(&outcome)?;
            noticed.push(outcome.name());
        }
        if !named {
            let outcomes = self.run(others, runtime)?;
            let failed = outcomes.iter().filter(|one| one.verdict == Verdict::Fail);
            let unrelated: Vec<_> = failed
                .clone()
                .filter(|one| self.is_unrelated(one))
                .collect();
            if !unrelated.is_empty() {
                let words = unrelated
                    .iter()
                    .map(|one| format!("{} ({})", one.name(), one.detail));
                let words: Vec<_> = words.collect();
                return Err(format!("others fail too: {}", words.join("; ")));
            }
            noticed.extend(failed.map(Outcome::name));
        }
        Ok(noticed)
    }

    fn run(&self, errands: Vec<Errand>, runtime: &Handle) -> Result<Vec<Outcome>, String> {
        let wrong = (VARIABLE.to_owned(), self.mutant.name.to_owned());
        let reference = reference::targets(&[wrong])?;
        let settings = Settings {
            jobs: 1,
            // What comes does so at once; what does not come is waited for, so a shorter wait is a
            // faster run.
            patience: Duration::from_millis(3_000),
            ..Settings::default()
        };
        Ok(run::run(errands, &reference, &settings, runtime, |_| {}))
    }

    /// Whether the case that has to notice did, for the reason that it should.
    fn is_noticed(&self, outcome: &Outcome) -> Result<(), String> {
        let blamed = outcome.blames(self.mutant.requirement());
        match outcome.verdict {
            Verdict::Fail if blamed => Ok(()),
            Verdict::Pass => Err(format!("{} passes", outcome.name())),
            verdict => Err(format!(
                "{} says {verdict}: {}",
                outcome.name(),
                outcome.detail
            )),
        }
    }

    /// Whether a case fails that is about something else. One that cannot go its way says so, and
    /// blames no requirement.
    fn is_unrelated(&self, outcome: &Outcome) -> bool {
        let about = outcome
            .checks
            .iter()
            .any(|id| id == self.mutant.requirement());
        !about && outcome.requirement.as_deref() != Some("ERROR-2")
    }
}
