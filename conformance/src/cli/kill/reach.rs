//! Which cases come to the place of which mutant. A case that does not come there goes its way as it goes with
//! the reference as it is, so it need not be run with that mutant.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    path::Path,
    sync::{Mutex, OnceLock, PoisonError, mpsc},
    thread,
    time::Duration,
};

use alongside_state_machine::mutant;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::results;
use crate::{
    cli::reference,
    run::{self, Errand, Settings, Verdict},
};

/// The variable by which a part of the reference learns where it tells to which mutants it comes.
const VARIABLE: &str = "ALONGSIDE_REACHED";

/// In the folder of the report.
const FILE: &str = "reached.jsonl";

/// So often a case is run at most: a machine that is busy with other things may make one fail.
const ATTEMPTS: usize = 3;

/// The mutants to which a case comes.
#[derive(Serialize, Deserialize)]
struct Reached {
    case: String,
    mutants: BTreeSet<String>,
}

/// By cases, with what they are run against.
pub(super) type Reach = BTreeMap<String, BTreeSet<String>>;

/// Has this process tell where it comes, if it is to.
pub(super) fn watch() -> Result<(), String> {
    static FILE: OnceLock<Mutex<(File, BTreeSet<String>)>> = OnceLock::new();
    let Ok(path) = std::env::var(VARIABLE) else {
        return Ok(());
    };
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let file = file.map_err(|error| format!("{path}: {error}"))?;
    let _ = FILE.set(Mutex::new((file, BTreeSet::new())));
    mutant::watch(|name| {
        let Some(file) = FILE.get() else { return };
        let (file, told) = &mut *file.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(name.to_owned()) {
            // The process is killed when its case is over, so nothing may wait in a buffer. If the disk is
            // full, whoever reads finds that a mutant is not reached by its own case.
            let _ = writeln!(file, "{name}");
        }
    });
    Ok(())
}

/// Runs each case with the reference as it is, and a process of its own; what is known of before is not run.
pub(super) fn record(
    errands: Vec<Errand>,
    folder: &Path,
    resume: bool,
    jobs: usize,
    runtime: &Handle,
) -> Result<Reach, String> {
    let broken = |error: io::Error| format!("{}: {error}", folder.display());
    let mut reach = Reach::new();
    if resume {
        let known = results::lines::<Reached>(&folder.join(FILE));
        reach.extend(known.into_iter().map(|one| (one.case, one.mutants)));
    }
    let mut file = File::create(folder.join(FILE)).map_err(broken)?;
    let mut keep = |case: &str, mutants: &BTreeSet<String>| {
        let (case, mutants) = (case.to_owned(), mutants.clone());
        let line = serde_json::to_string(&Reached { case, mutants })?;
        writeln!(file, "{line}")
    };
    for (case, mutants) in &reach {
        keep(case, mutants).map_err(broken)?;
    }
    let left = errands.into_iter();
    let left = left.filter(|errand| !reach.contains_key(&errand.name()));
    let queue = Mutex::new(left.collect::<VecDeque<_>>());
    let (sender, recorded) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, queue) = (sender.clone(), &queue);
            scope.spawn(move || {
                let next = || {
                    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
                    queue.pop_front()
                };
                while let Some(errand) = next() {
                    let name = errand.name();
                    if sender.send((name, one(&errand, runtime))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (case, mutants) in recorded {
            let mutants = mutants?;
            keep(&case, &mutants).map_err(broken)?;
            reach.insert(case, mutants);
        }
        Ok(reach)
    })
}

fn one(errand: &Errand, runtime: &Handle) -> Result<BTreeSet<String>, String> {
    let mut reached = attempt(errand, runtime);
    for _ in 1..ATTEMPTS {
        if reached.is_ok() {
            break;
        }
        reached = attempt(errand, runtime);
    }
    reached
}

fn attempt(errand: &Errand, runtime: &Handle) -> Result<BTreeSet<String>, String> {
    let broken = |error: io::Error| error.to_string();
    let folder = tempfile::tempdir().map_err(broken)?;
    let path = folder.path().join("reached");
    let told = (VARIABLE.to_owned(), path.display().to_string());
    let settings = Settings {
        jobs: 1,
        // Nobody waits in vain for what is right.
        patience: Duration::from_secs(30),
        ..Settings::default()
    };
    let targets = reference::targets(&[told])?;
    let outcomes = run::run(vec![errand.clone()], &targets, &settings, runtime, |_| {});
    if let Some(bad) = outcomes.iter().find(|one| one.verdict != Verdict::Pass) {
        let (name, why) = (bad.name(), &bad.detail);
        return Err(format!(
            "{name} does not pass with the reference as it is: {why}"
        ));
    }
    let lines = BufReader::new(File::open(path).map_err(broken)?).lines();
    lines.collect::<io::Result<_>>().map_err(broken)
}
