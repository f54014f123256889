//! Running cases, and what becomes of them.

mod select;
mod targets;
mod verdict;
mod worker;

pub use select::Selection;
pub use targets::{ClientTarget, RelayTarget, Targets};
pub use verdict::{Outcome, Verdict};

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use tokio::runtime::Handle;

use crate::case::{Case, Target};

/// How cases are run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Cases at once, each with a driver or a relay of its own.
    pub jobs: usize,
    /// Everything that is drawn at random follows from it.
    pub seed: u64,
    /// How long what needs no time may take.
    pub patience: Duration,
    /// Whether a case may wait for minutes by the computer's clock.
    pub real_time: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            jobs: 2,
            seed: 1,
            patience: Duration::from_secs(5),
            real_time: false,
        }
    }
}

/// A case and what it is run against.
#[derive(Clone, Debug)]
pub struct Errand {
    /// The case.
    pub case: Case,
    /// Against what.
    pub target: Target,
}

/// Runs errands, and tells of each as it is done.
pub fn run(
    errands: Vec<Errand>,
    targets: &Targets,
    settings: &Settings,
    runtime: &Handle,
    mut tell: impl FnMut(&Outcome),
) -> Vec<Outcome> {
    // What others wait for comes first.
    let (first, rest): (Vec<_>, Vec<_>) = errands
        .into_iter()
        .partition(|errand| errand.case.after.is_none());
    let mut outcomes = Vec::new();
    for batch in [first, rest] {
        let failed = failures(&outcomes);
        let (blocked, batch): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|errand| is_blocked(errand, &failed));
        for errand in blocked {
            let outcome = Outcome::blocked(&errand);
            tell(&outcome);
            outcomes.push(outcome);
        }
        let queue = Arc::new(Mutex::new(VecDeque::from(batch)));
        let (sender, done) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..settings.jobs.max(1) {
                let (queue, sender) = (Arc::clone(&queue), sender.clone());
                scope.spawn(move || {
                    let mut worker = worker::Worker::new(targets, settings, runtime.clone());
                    loop {
                        let next = queue
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .pop_front();
                        let Some(errand) = next else { return };
                        if sender.send(worker.run(&errand)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            for outcome in done {
                tell(&outcome);
                outcomes.push(outcome);
            }
        });
    }
    outcomes.sort_by(|one, other| (one.target, &one.case).cmp(&(other.target, &other.case)));
    outcomes
}

fn failures(outcomes: &[Outcome]) -> BTreeMap<(String, Target), Verdict> {
    let bad = outcomes.iter().filter(|outcome| outcome.verdict.is_bad());
    bad.map(|outcome| ((outcome.case.clone(), outcome.target), outcome.verdict))
        .collect()
}

fn is_blocked(errand: &Errand, failed: &BTreeMap<(String, Target), Verdict>) -> bool {
    let after = errand.case.after.as_ref();
    after.is_some_and(|after| failed.contains_key(&(after.clone(), errand.target)))
}
