//! Running cases, and what becomes of them.

mod evidence;
pub mod expect;
mod optional;
mod repeat;
mod select;
mod sets;
mod setup;
mod targets;
mod verdict;
mod worker;

pub use evidence::Evidence;
pub use select::{Selection, shard};
pub use setup::{Described, NO_COMMAND, SETUP, Setup};
pub use targets::{ClientTarget, PairTarget, Pairing, RelayTarget, Targets};
#[cfg(test)]
pub(crate) use verdict::tests::outcome as outcome_of;
pub use verdict::{Outcome, Verdict};

use std::{
    collections::{BTreeSet, VecDeque},
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
    /// How often each case is run.
    pub repeat: usize,
}

impl Settings {
    /// How long a program may take to start.
    pub fn start(&self) -> Duration {
        self.patience * 6
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            jobs: 2,
            seed: 1,
            patience: Duration::from_secs(5),
            real_time: false,
            repeat: 1,
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
    /// Against which pair, if there are several.
    pub pairing: Option<Pairing>,
}

/// Runs errands, and tells of each as it is done. What is made of an outcome there counts.
pub fn run(
    errands: Vec<Errand>,
    targets: &Targets,
    settings: &Settings,
    runtime: &Handle,
    mut tell: impl FnMut(&mut Outcome),
) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut waiting = errands;
    while !waiting.is_empty() {
        // What others wait for comes first.
        let names: BTreeSet<_> = waiting.iter().map(Errand::name).collect();
        let waits = |errand: &Errand| errand.after().is_some_and(|name| names.contains(&name));
        let (mut later, mut now): (Vec<_>, Vec<_>) = waiting.into_iter().partition(waits);
        if now.is_empty() {
            // They wait for each other.
            now = std::mem::take(&mut later);
        }
        let (blocked, now) = divide(now, &outcomes);
        for errand in blocked {
            let because = errand.case.after.as_deref().unwrap_or_default();
            let mut outcome = Outcome::blocked(&errand, settings.seed, because);
            tell(&mut outcome);
            outcomes.push(outcome);
        }
        outcomes.extend(together(now, targets, settings, runtime, &mut tell));
        waiting = later;
    }
    outcomes
}

/// Runs errands that do not wait for each other.
fn together(
    errands: Vec<Errand>,
    targets: &Targets,
    settings: &Settings,
    runtime: &Handle,
    tell: &mut impl FnMut(&mut Outcome),
) -> Vec<Outcome> {
    let queue = Arc::new(Mutex::new(VecDeque::from(errands)));
    let (sender, done) = mpsc::channel();
    let mut outcomes = Vec::new();
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
        for mut outcome in done {
            tell(&mut outcome);
            outcomes.push(outcome);
        }
    });
    outcomes
}

/// Those whose prerequisite did not pass, and the others.
fn divide(errands: Vec<Errand>, outcomes: &[Outcome]) -> (Vec<Errand>, Vec<Errand>) {
    let failed = outcomes
        .iter()
        .filter(|outcome| outcome.verdict.is_bad() || outcome.verdict == Verdict::Xfail);
    let failed: BTreeSet<_> = failed.map(Outcome::name).collect();
    let is_blocked = |errand: &Errand| errand.after().is_some_and(|name| failed.contains(&name));
    errands.into_iter().partition(is_blocked)
}

/// What a case was run against, in a word.
fn on(target: Target, pairing: Option<&Pairing>) -> String {
    match pairing {
        Some(pairing) => format!("{target}.{}", pairing.name),
        None => target.to_string(),
    }
}

impl Errand {
    /// The case and what it is run against, as one name.
    pub(crate) fn name(&self) -> String {
        format!("{}@{}", self.case.id, self.on())
    }

    /// The same of the case without which it means nothing.
    fn after(&self) -> Option<String> {
        let after = self.case.after.as_ref()?;
        Some(format!("{after}@{}", self.on()))
    }

    fn on(&self) -> String {
        on(self.target, self.pairing.as_ref())
    }
}
