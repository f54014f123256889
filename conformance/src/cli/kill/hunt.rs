//! One mutant, and what the suite says of it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use alongside_state_machine::mutant::{self, Mutant};
use tokio::runtime::Handle;

use super::{VARIABLE, reach::Reach};
use crate::{
    case::{Case, Target},
    cli::reference,
    report::mutants::Found,
    run::{self, Errand, Evidence, Outcome, Selection, Settings, Verdict, expect::is_of},
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

    /// What it can be noticed by.
    pub(super) const fn targets(&self) -> &'static [Target] {
        match self.target {
            mutant::Target::Client => &[Target::Helper, Target::Sharer],
            mutant::Target::Helper => &[Target::Helper],
            mutant::Target::Sharer => &[Target::Sharer],
            mutant::Target::Relay => &[Target::Relay],
        }
    }

    /// Runs the case that has to notice, and if it did all others that may.
    pub(super) fn hunt(&self, cases: &[Case], reach: Option<&Reach>, runtime: &Handle) -> Found {
        let began = Instant::now();
        let mut found = Found {
            mutant: self.mutant.name.to_owned(),
            requirement: self.mutant.requirement().to_owned(),
            of: self.table().to_owned(),
            killed_by: self.mutant.killed_by.to_owned(),
            killed: false,
            others: None,
            why: String::new(),
            noticed: Vec::new(),
            seconds: 0.0,
        };
        let done = self.attempt(cases, reach, &mut found, runtime);
        found.killed = done.is_ok();
        found.why = done.err().unwrap_or_default();
        found.seconds = began.elapsed().as_secs_f64();
        found
    }

    fn attempt(
        &self,
        cases: &[Case],
        reach: Option<&Reach>,
        found: &mut Found,
        runtime: &Handle,
    ) -> Result<(), String> {
        let errands = Selection::default().of(cases, self.targets());
        let named_case = |errand: &Errand| errand.case.id == self.mutant.killed_by;
        let (own, others): (Vec<_>, Vec<_>) = errands.into_iter().partition(named_case);
        if own.is_empty() {
            return Err(format!("there is no case {}", self.mutant.killed_by));
        }
        for outcome in self.run(own, runtime)? {
            self.is_noticed(&outcome)?;
            found.noticed.push(outcome.name());
        }
        let Some(reach) = reach else { return Ok(()) };
        let others: Vec<_> = (others.into_iter())
            .filter(|errand| {
                let related = is_cell(&errand.case.id) || self.is_known(&errand.case.id);
                self.is_reached(errand, reach) && !related
            })
            .collect();
        found.others = Some(others.len());
        let unrelated = self.unrelated(others, found, runtime)?;
        match unrelated.is_empty() {
            true => Ok(()),
            false => Err(format!("others fail too: {}", unrelated.join("; "))),
        }
    }

    /// Runs others. Those that notice are run once more, for a machine that is busy with other things may
    /// make a case fail as well.
    fn unrelated(
        &self,
        others: Vec<Errand>,
        found: &mut Found,
        runtime: &Handle,
    ) -> Result<Vec<String>, String> {
        let outcomes = self.run(others.clone(), runtime)?;
        let failed = outcomes.into_iter().filter(notices);
        let (unrelated, noticed): (Vec<_>, Vec<_>) = failed.partition(|one| self.is_unrelated(one));
        found.noticed.extend(noticed.iter().map(Outcome::name));
        let names: BTreeSet<_> = unrelated.iter().map(Outcome::name).collect();
        let again = others.into_iter();
        let again = again.filter(|errand| names.contains(&errand.name()));
        let outcomes = self.run(again.collect(), runtime)?;
        let fails = |one: &&Outcome| notices(one) && self.is_unrelated(one);
        let words = |one: &Outcome| format!("{} ({})", one.name(), one.detail);
        Ok(outcomes.iter().filter(fails).map(words).collect())
    }

    /// How many cases come to where it is wrong.
    pub(super) fn reached(&self, reach: &Reach) -> usize {
        let names = |mutants: &&BTreeSet<String>| mutants.contains(self.mutant.name);
        reach.values().filter(names).count()
    }

    /// Whether a case comes to where it is wrong. Of which nothing is known, it may.
    fn is_reached(&self, errand: &Errand, reach: &Reach) -> bool {
        let mutants = reach.get(&errand.name());
        mutants.is_none_or(|mutants| mutants.contains(self.mutant.name))
    }

    /// Whether what is broken is known to matter to this case, or to what holds this requirement.
    fn is_known(&self, name: &str) -> bool {
        let mut also = self.mutant.also.iter();
        also.any(|also| is_of(also, name))
    }

    fn run(&self, errands: Vec<Errand>, runtime: &Handle) -> Result<Vec<Outcome>, String> {
        let wrong = (VARIABLE.to_owned(), self.mutant.name.to_owned());
        let reference = reference::targets(&[wrong])?;
        let settings = Settings {
            // Most that do not go their way only wait.
            jobs: 3,
            // What comes does so at once; what does not come is waited for, so a shorter wait is a
            // faster run.
            patience: Duration::from_millis(3_000),
            ..Settings::default()
        };
        // Thousands of cases are run, and nobody reads what they leave.
        let forget = |outcome: &mut Outcome| outcome.evidence = Evidence::default();
        Ok(run::run(errands, &reference, &settings, runtime, forget))
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

    /// Whether a case that notices is about something else. Where ERROR-2 is blamed the case itself went its way:
    /// the fresh session after it did not come about, which most mutants show in somewhere.
    fn is_unrelated(&self, outcome: &Outcome) -> bool {
        let about = outcome
            .checks
            .iter()
            .any(|id| id == self.mutant.requirement());
        !about
            && !outcome.blames(self.mutant.requirement())
            && !outcome.requirement.iter().any(|id| self.is_known(id))
            && outcome.requirement.as_deref() != Some("ERROR-2")
    }
}

/// A cell of a table shows all that happens in a state at an event, and cannot say which requirement is broken.
fn is_cell(id: &str) -> bool {
    let cells = [
        "helper/table/",
        "sharer/table/",
        "relay/connection/",
        "relay/pairing/",
    ];
    cells.iter().any(|cells| id.starts_with(cells))
}

/// Whether a case says that something is wrong. One that cannot go its way ends with TIMEOUT and blames no
/// requirement: most of what is broken is in the way of something, and that says nothing about what is broken.
fn notices(outcome: &Outcome) -> bool {
    matches!(outcome.verdict, Verdict::Fail | Verdict::Crash)
}

#[cfg(test)]
mod tests {
    use alongside_state_machine::mutant;

    use super::{Prey, notices};
    use crate::run::{Verdict, outcome_of};

    #[test]
    fn what_breaks_down_is_noticed_and_what_only_waits_is_not() {
        assert!(notices(&outcome_of(Verdict::Fail)));
        assert!(notices(&outcome_of(Verdict::Crash)));
        assert!(!notices(&outcome_of(Verdict::Timeout)));
        assert!(!notices(&outcome_of(Verdict::Pass)));
    }

    #[test]
    fn a_case_that_breaks_down_over_something_else_is_unrelated() {
        let (target, mutant) = mutant::all()
            .find(|(_, mutant)| mutant.requirement() == "CHAT-1")
            .expect("a mutant of CHAT-1");
        let prey = Prey { target, mutant };
        assert!(prey.is_unrelated(&outcome_of(Verdict::Crash)));
    }
}
