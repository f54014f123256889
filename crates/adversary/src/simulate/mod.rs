//! Sessions by the thousand, on virtual time, with people who do this and that, and faults. Many sessions share a relay. What
//! must never happen is looked for at each step.
//!
//! Records are sealed by [something that costs nothing](crate::Fake). The key exchange costs nothing either after
//! [`do_without_exchange`], and is real else. All chance follows from a seed: whoever plays it again sees the same.

mod chance;
mod pair;
mod tally;
mod town;

use std::{
    fmt, panic,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

pub use tally::{Fault, Tally};

use chance::Chance;
use town::{AT, Town};

/// Sessions at one relay.
pub const TOGETHER: u64 = 1_000;

/// Something that is broken, and how to see it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The seed of the simulation.
    pub seed: u64,
    /// The session, by its number in the simulation, of so many.
    pub session: u64,
    /// See there.
    pub sessions: u64,
    /// It is broken without the others at its relay, too.
    pub alone: bool,
    /// How many things happened until then.
    pub step: u64,
    /// What is broken, or what a machine said when it broke.
    pub why: String,
    /// What happened to this session until then, line by line.
    pub story: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.story {
            writeln!(f, "{line}")?;
        }
        let others = if self.alone { "alone" } else { "among others" };
        let real = if is_exchange_real() { " --real" } else { "" };
        writeln!(f, "step {}: {}", self.step, self.why)?;
        write!(
            f,
            "session {}, {others}; once more: cargo adversary simulate --sessions {} --seed {} --only {}{real}",
            self.session, self.sessions, self.seed, self.session
        )
    }
}

/// Bugs that `mutants` can put in, and each of which is found in the first [`TOGETHER`] sessions of seed 1.
pub const PLANTS: &[&str] = &[
    "CONSENT-2/early",
    "RECON-2/keeps",
    "CODE-7/lives",
    "PAUSE-5/unseen",
    "END-6/injects",
    "CONSENT-4/waits",
    "CONSENT-6/control",
    "KEY-4/again",
    "INPUT-8/late",
    "RECON-5/waits",
    "CONTROL-24/holds",
    "CONTROL-9/injects",
    "END-4/blames",
    "RDV-7/refuses",
];

/// From now on all key exchanges of this process cost nothing and protect nobody. A build without debug assertions cannot do
/// that, and keeps the real ones.
pub fn do_without_exchange() {
    #[cfg(debug_assertions)]
    alongside_state_machine::channel::fake::use_from_now_on();
}

/// Whether the key exchange protects somebody.
pub fn is_exchange_real() -> bool {
    #[cfg(debug_assertions)]
    return !alongside_state_machine::channel::fake::is_used();
    #[cfg(not(debug_assertions))]
    return true;
}

/// Simulates so many sessions in so many threads, and stops at the first finding.
///
/// # Errors
/// The finding.
pub fn run(seed: u64, sessions: u64, threads: usize) -> Result<Tally, Box<Finding>> {
    let towns = sessions.div_ceil(TOGETHER);
    let next = AtomicU64::new(0);
    let sum = Mutex::new((Tally::default(), None::<Box<Finding>>));
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let town = next.fetch_add(1, Ordering::Relaxed);
                    if town >= towns {
                        return;
                    }
                    let size = TOGETHER.min(sessions - town * TOGETHER);
                    let played = play(seed, town, size as usize, None, None);
                    let Ok(mut sum) = sum.lock() else { return };
                    match played {
                        Ok((tally, _)) => sum.0.add(&tally),
                        Err((pair, ..)) => {
                            next.store(towns, Ordering::Relaxed);
                            let session = town * TOGETHER + pair as u64;
                            let found = only(seed, session, sessions).err();
                            sum.1 = sum.1.take().or(found);
                        }
                    }
                }
            });
        }
    });
    let (tally, found) = sum.into_inner().unwrap_or_default();
    found.map_or(Ok(tally), Err)
}

/// Plays one of so many sessions again: alone if that is enough, or with the others at its relay. Its story, if all is well.
///
/// # Errors
/// The finding.
pub fn only(seed: u64, session: u64, sessions: u64) -> Result<Vec<String>, Box<Finding>> {
    let (town, pair) = (session / TOGETHER, (session % TOGETHER) as usize);
    let size = TOGETHER
        .min(sessions.saturating_sub(town * TOGETHER))
        .max(1) as usize;
    let mut story = Vec::new();
    for alone in [true, false] {
        match play(seed, town, size, alone.then_some(pair), Some(pair)) {
            Ok((_, told)) => story = told,
            Err((pair, step, why, story)) => {
                let session = town * TOGETHER + pair as u64;
                return Err(Box::new(Finding {
                    seed,
                    session,
                    sessions,
                    alone,
                    step,
                    why,
                    story,
                }));
            }
        }
    }
    Ok(story)
}

/// A pair, the step, what was broken, and the story.
type Found = (usize, u64, String, Vec<String>);

fn play(
    seed: u64,
    town: u64,
    size: usize,
    alone: Option<usize>,
    follow: Option<usize>,
) -> Result<(Tally, Vec<String>), Found> {
    let seed = Chance::of(seed, town).next();
    let mut town = Town::new(seed, size, alone, follow);
    let played = panic::catch_unwind(panic::AssertUnwindSafe(|| town.run()));
    let story = std::mem::take(&mut town.story);
    let (at, step) = AT.get();
    match played {
        Ok(Ok(())) => Ok((town.tally, story)),
        Ok(Err((pair, broken))) => Err((pair, step, broken.to_string(), story)),
        Err(panic) => {
            let why = panic.downcast_ref::<String>().cloned();
            let why = why.or_else(|| panic.downcast_ref::<&str>().map(|why| (*why).to_owned()));
            Err((at, step, why.unwrap_or("a panic".to_owned()), story))
        }
    }
}
