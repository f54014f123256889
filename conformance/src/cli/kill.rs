//! `kill`: the reference is made wrong in one way after another, and the suite has to notice each.

use std::{
    collections::BTreeMap,
    io::{Write as _, stdout},
    time::Duration,
};

use alongside_state_machine::mutant::{self, MUTANTS, Mutant};

use super::{CONFORMANT, HARNESS, NOT_CONFORMANT, USAGE, complain, reference};
use crate::{
    case::{Case, Target},
    cases,
    run::{self, Outcome, Selection, Settings, Verdict},
};

/// The variable by which a part of the reference learns how it is to be wrong.
pub(super) const VARIABLE: &str = "ALONGSIDE_MUTANT";

/// Which mutants.
#[derive(clap::Args)]
pub(super) struct Options {
    /// Only mutants whose name holds this word
    #[arg(long, value_name = "WORD")]
    mutant: Option<String>,
    /// Only the case that has to notice, and not whether others do as well
    #[arg(long)]
    named: bool,
    #[command(flatten)]
    selection: Selection,
}

/// Makes this process wrong, if it is to be.
pub(super) fn become_wrong() -> Result<(), String> {
    match std::env::var(VARIABLE) {
        Ok(name) if !mutant::choose(&name) => Err(format!("there is no mutant {name:?}")),
        _ => Ok(()),
    }
}

pub(super) fn run(options: &Options) -> u8 {
    let Ok(runtime) = tokio::runtime::Runtime::new() else {
        return HARNESS;
    };
    let all = cases::all();
    let wanted = |mutant: &&Mutant| {
        let word = options.mutant.as_deref().unwrap_or_default();
        mutant.name.contains(word)
    };
    let mut survivors = 0;
    let mut count = 0;
    for mutant in MUTANTS.iter().filter(wanted) {
        count += 1;
        let found = match hunt(mutant, &all, options, runtime.handle()) {
            Ok(outcomes) => judge(mutant, &outcomes),
            Err(why) => Err(why),
        };
        match found {
            Ok(how) => say(&format!("killed    {:<28} {how}\n", mutant.name)),
            Err(why) => {
                survivors += 1;
                say(&format!("SURVIVES  {:<28} {why}\n", mutant.name));
            }
        }
    }
    say(&format!("{count} mutants, {} killed\n", count - survivors));
    match (count, survivors) {
        (0, _) => {
            complain("there is no such mutant");
            USAGE
        }
        (_, 0) => CONFORMANT,
        _ => NOT_CONFORMANT,
    }
}

/// The targets of a mutant.
fn targets(mutant: &Mutant) -> Vec<Target> {
    match mutant.target {
        mutant::Target::Client => vec![Target::Helper, Target::Sharer],
        mutant::Target::Helper => vec![Target::Helper],
        mutant::Target::Sharer => vec![Target::Sharer],
        mutant::Target::Relay => vec![Target::Relay],
    }
}

fn hunt(
    mutant: &Mutant,
    all: &[Case],
    options: &Options,
    runtime: &tokio::runtime::Handle,
) -> Result<Vec<Outcome>, String> {
    let reference = reference::targets(&[(VARIABLE.to_owned(), mutant.name.to_owned())])?;
    let mut errands = options.selection.of(all, &targets(mutant));
    if options.named {
        errands.retain(|errand| errand.case.id == mutant.killed_by);
    }
    // What comes does so at once; what does not come is waited for, so a shorter wait is a faster run.
    let settings = Settings {
        patience: Duration::from_millis(1_500),
        ..Settings::default()
    };
    Ok(run::run(errands, &reference, &settings, runtime, |_| {}))
}

/// Whether the case that has to notice did, for the reason that it should, and no case that is about
/// something else.
fn judge(mutant: &Mutant, outcomes: &[Outcome]) -> Result<String, String> {
    let failed: Vec<_> = outcomes
        .iter()
        .filter(|outcome| outcome.verdict.is_bad())
        .collect();
    let named: Vec<_> = outcomes
        .iter()
        .filter(|outcome| outcome.case == mutant.killed_by)
        .collect();
    if named.is_empty() {
        return Err(format!("there is no case {}", mutant.killed_by));
    }
    for outcome in named {
        let right = outcome.verdict == Verdict::Fail
            && outcome.requirement.as_deref() == Some(mutant.requirement());
        if !right {
            let found = match outcome.verdict {
                Verdict::Pass => "passes".to_owned(),
                verdict => format!("says {verdict}: {}", outcome.detail),
            };
            return Err(format!("{} ({}) {found}", outcome.case, outcome.target));
        }
    }
    // A case that cannot go its way says so, and blames no requirement.
    let blames_another = |outcome: &&&Outcome| {
        outcome.verdict == Verdict::Fail
            && outcome.requirement.as_deref() != Some("ERROR-2")
            && !outcome.checks.iter().any(|id| id == mutant.requirement())
    };
    let mut unrelated: BTreeMap<&str, &str> = BTreeMap::new();
    for outcome in failed.iter().filter(blames_another) {
        unrelated.insert(&outcome.case, &outcome.detail);
    }
    match unrelated.iter().next() {
        Some((case, why)) => Err(format!(
            "{} cases about something else fail too: {case}: {why}",
            unrelated.len()
        )),
        None => Ok(format!(
            "by {} and {} more",
            mutant.killed_by,
            failed.len() - 1
        )),
    }
}

fn say(text: &str) {
    // A reader that has gone away does not want it.
    let _ = stdout().write_all(text.as_bytes());
}
