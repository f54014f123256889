//! `kill`: the reference is made wrong in one way after another, and the suite has to notice each.

mod hunt;
mod reach;
mod results;
mod without;

use std::{
    cmp::Reverse,
    collections::{BTreeSet, VecDeque},
    num::NonZeroUsize,
    path::PathBuf,
    sync::{Mutex, PoisonError, mpsc},
    thread,
};

use alongside_state_machine::mutant;
use tokio::runtime::Runtime;

use self::{
    hunt::Prey,
    reach::Reach,
    results::{Results, line},
};
use super::{CONFORMANT, HARNESS, NOT_CONFORMANT, broke_down, complain, print};
use crate::{
    case::Case,
    cases,
    report::mutants::Found,
    run::{self, Selection},
};

/// The variable by which a part of the reference learns how it is to be wrong.
pub(super) const VARIABLE: &str = "ALONGSIDE_MUTANT";

/// Which mutants.
#[derive(clap::Args)]
pub(super) struct Options {
    /// Only mutants whose name holds one of these words (repeatable)
    #[arg(long, value_name = "WORD")]
    mutant: Vec<String>,
    /// Only mutants of this: client, helper, sharer, relay
    #[arg(long, value_name = "TABLE")]
    of: Option<String>,
    /// Only the case that has to notice, and not whether others do as well
    #[arg(long)]
    named: bool,
    /// Only the i-th of n parts: 1/4
    #[arg(long, value_name = "I/N", value_parser = run::shard)]
    shard: Option<(usize, usize)>,
    /// Mutants at once
    #[arg(long, default_value = "6")]
    jobs: NonZeroUsize,
    /// The folder of the report that shows the results; they are written as they come
    #[arg(long, value_name = "FOLDER", default_value = "target/conformance")]
    out: PathBuf,
    /// Go on where a run into the same folder was killed
    #[arg(long)]
    resume: bool,
    /// Print the requirements that have a case and no mutant, as conformance/without-mutant.txt has them
    #[arg(long)]
    without: bool,
}

/// Makes this process wrong, if it is to be.
pub(super) fn become_wrong() -> Result<(), String> {
    reach::watch()?;
    match std::env::var(VARIABLE) {
        Ok(name) if !mutant::choose(&name) => Err(format!("there is no mutant {name:?}")),
        _ => Ok(()),
    }
}

pub(super) fn run(options: &Options) -> u8 {
    if options.without {
        print(&without::text());
        return CONFORMANT;
    }
    let prey = options.prey();
    if prey.is_empty() {
        return complain("there is no such mutant");
    }
    let lists = options
        .is_everything()
        .then(|| without::check().and_then(|()| without::check_also()));
    if let Some(Err(why)) = lists {
        complain(&why);
        return NOT_CONFORMANT;
    }
    let known = match Results::open(&options.out, |found| options.finds_again(found)) {
        Ok(results) => results,
        Err(error) => return broke_down(&format!("{}: {error}", options.out.display())),
    };
    let count = prey.len();
    let Ok(survivors) = hunt_all(prey, options, known) else {
        return HARNESS;
    };
    print(&format!("{count} mutants, {} killed\n", count - survivors));
    match survivors {
        0 => CONFORMANT,
        _ => NOT_CONFORMANT,
    }
}

impl Options {
    fn prey(&self) -> Vec<Prey> {
        let wanted = |prey: &Prey| {
            let named = self
                .mutant
                .iter()
                .any(|word| prey.mutant.name.contains(word));
            let of = self.of.as_ref().is_none_or(|of| *of == prey.table());
            (self.mutant.is_empty() || named) && of
        };
        let (part, of) = self.shard.unwrap_or((1, 1));
        let all = mutant::all().map(|(target, mutant)| Prey { target, mutant });
        let mine = all.filter(wanted).enumerate();
        let mine = mine.filter(|(place, _)| place % of == part - 1);
        mine.map(|(_, prey)| prey).collect()
    }

    /// Whether it is the whole hunt, or a part that is one only because there are several.
    fn is_everything(&self) -> bool {
        self.mutant.is_empty() && self.of.is_none()
    }

    /// Whether a mutant of which something is known is hunted again. What is gone from the registry is forgotten.
    fn finds_again(&self, found: &Found) -> bool {
        let is_done = found.killed && (found.others.is_some() || self.named);
        let is_it = |prey: &Prey| prey.mutant.name == found.mutant;
        let is_prey = self.prey().iter().any(is_it);
        let is_there = mutant::all().any(|(_, mutant)| mutant.name == found.mutant);
        !is_there || is_prey && !(self.resume && is_done)
    }
}

/// All cases but the vectors: an output shows many requirements at once, and cannot say which is broken. None waits
/// for another: what a mutant breaks there must not hide what this one says.
fn cases() -> Vec<Case> {
    let mut cases = cases::all();
    cases.retain(|case| !case.needs.contains(&"vector"));
    for case in &mut cases {
        case.after = None;
    }
    cases
}

/// Hunts all of them, some at once, and tells of each as it is done. How many survive.
fn hunt_all(prey: Vec<Prey>, options: &Options, mut results: Results) -> Result<usize, u8> {
    let runtime = Runtime::new().map_err(|_| HARNESS)?;
    let cases = cases();
    let names: BTreeSet<_> = prey.iter().map(|prey| prey.mutant.name).collect();
    if names.len() < prey.len() {
        return Err(complain("two mutants have one name"));
    }
    let reach = match options.named {
        true => None,
        false => Some(come_to(&prey, &cases, options, &runtime)?),
    };
    let mut survivors = 0;
    let mut tell = |found: &Found| {
        survivors += usize::from(!found.killed);
        print(&line(found));
    };
    let (done, mut left): (Vec<_>, Vec<_>) =
        (prey.into_iter()).partition(|prey| results.has(prey.mutant.name));
    for prey in done {
        results
            .get(prey.mutant.name)
            .into_iter()
            .for_each(&mut tell);
    }
    if let Some(reach) = &reach {
        // What takes longest does not begin last.
        left.sort_by_cached_key(|prey| Reverse(prey.reached(reach)));
    }
    let queue = Mutex::new(VecDeque::from(left));
    let (sender, found) = mpsc::channel();
    let mut broken = Ok(());
    thread::scope(|scope| {
        for _ in 0..options.jobs.get() {
            let (sender, queue, cases) = (sender.clone(), &queue, &cases);
            let (reach, runtime) = (reach.as_ref(), &runtime);
            scope.spawn(move || {
                let next = || {
                    queue
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .pop_front()
                };
                while let Some(prey) = next() {
                    if sender
                        .send(prey.hunt(cases, reach, runtime.handle()))
                        .is_err()
                    {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for found in found {
            tell(&found);
            if let Err(error) = results.add(found) {
                broken = Err(broke_down(&error.to_string()));
            }
        }
    });
    broken.map(|()| survivors)
}

/// Which of these each case comes to.
fn come_to(
    prey: &[Prey],
    cases: &[Case],
    options: &Options,
    runtime: &Runtime,
) -> Result<Reach, u8> {
    let targets: BTreeSet<_> = prey.iter().flat_map(Prey::targets).copied().collect();
    let targets: Vec<_> = targets.into_iter().collect();
    let errands = Selection::default().of(cases, &targets);
    let jobs = options.jobs.get();
    let (folder, runtime) = (&options.out, runtime.handle());
    reach::record(errands, folder, options.resume, jobs, runtime).map_err(|why| complain(&why))
}
