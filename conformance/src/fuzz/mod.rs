//! `fuzz`: valid sessions with something wrong in them, against somebody else's client or relay.
//!
//! | what | where |
//! |---|---|
//! | what a session is made of | [`step`], [`edit`] |
//! | drawing one | `draw` for clients, `relay` |
//! | playing it | `client`, `relay` |
//! | what shows of it, and what that says | [`trace`], [`played`] |
//! | playing it with the reference as well | [`lab`] |
//! | making it shorter, and writing it down | [`shrink`], [`finding`] |

pub mod chance;
mod client;
mod draw;
pub mod edit;
pub mod finding;
pub mod lab;
mod memory;
mod messages;
pub mod played;
mod relay;
pub mod shrink;
pub mod step;
pub mod trace;

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

use self::{
    chance::Chance,
    finding::Finding,
    lab::{Lab, Subject},
    played::{Breach, Judgement},
    step::Step,
};
use crate::{case::Target, run::Settings};

/// What is run, and for how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is under test.
    pub target: Subject,
    /// What it is held against.
    pub reference: Subject,
    /// How it is run; its seed is that of the sessions.
    pub settings: Settings,
    /// The seed of all sessions.
    pub seed: u32,
    /// The most sessions.
    pub sessions: u64,
    /// The longest that new sessions are begun.
    pub time: Duration,
    /// Whether it goes on after a finding.
    pub on: bool,
}

/// What is told while it runs.
pub enum News {
    /// So much was done by now.
    Progress(Count),
    /// Nothing can be said of a session, for this reason.
    Open(u64, String),
    /// Something was found in a session and is made shorter.
    Found(u64, Breach),
    /// It is as short as it gets.
    Finding(Box<Finding>),
    /// It was not seen again when what is under test was started anew.
    NotAgain(u64, Breach),
    /// Something does not start any more.
    Broken(String),
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Sessions.
    pub sessions: u64,
    /// Those of which the suite cannot say what must be, because the reference gets no further.
    pub open: u64,
    /// Findings.
    pub findings: u64,
    /// How long it took.
    pub time: Duration,
}

/// A finding is played again at most so often to make it shorter.
const REPLAYS: usize = 120;
/// The same in time.
const SHRINKING: Duration = Duration::from_secs(90);
/// How much less patient it is but when it looks once more: what is missing does not come.
const HASTE: u32 = 5;
/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(5);

struct Shared {
    next: AtomicU64,
    stop: AtomicBool,
    count: Mutex<Count>,
}

/// Plays sessions until the plan is over, and tells of what comes of them.
///
/// # Errors
/// If what is under test does not start, in words.
pub fn run(plan: &Plan, runtime: &Handle, mut tell: impl FnMut(News)) -> Result<Count, String> {
    // Before anything is begun: does it start at all?
    let first = Lab::open(
        plan.target.clone(),
        plan.reference.clone(),
        &plan.settings,
        runtime,
    )?;
    let began = Instant::now();
    let shared = Shared {
        next: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        count: Mutex::default(),
    };
    let (sender, news) = channel();
    thread::scope(|scope| {
        let mut first = Some(first);
        for _ in 0..plan.settings.jobs.max(1) {
            let (lab, sender, shared) = (first.take(), sender.clone(), &shared);
            scope.spawn(move || {
                if let Err(why) = work(lab, plan, runtime, (shared, began), &sender) {
                    shared.stop.store(true, Ordering::SeqCst);
                    let _ = sender.send(News::Broken(why));
                }
            });
        }
        drop(sender);
        let mut told = Instant::now();
        loop {
            let wait = PROGRESS.saturating_sub(told.elapsed());
            match news.recv_timeout(wait) {
                Ok(one) => tell(one),
                Err(RecvTimeoutError::Timeout) => {
                    told = Instant::now();
                    tell(News::Progress(shared.count(began)));
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    Ok(shared.count(began))
}

impl Shared {
    fn count(&self, began: Instant) -> Count {
        let count = *self.count.lock().unwrap_or_else(PoisonError::into_inner);
        Count {
            time: began.elapsed(),
            ..count
        }
    }

    fn add(&self, to: impl FnOnce(&mut Count)) {
        to(&mut self.count.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn work(
    lab: Option<Lab>,
    plan: &Plan,
    runtime: &Handle,
    (shared, began): (&Shared, Instant),
    news: &Sender<News>,
) -> Result<(), String> {
    let again = || {
        let (target, reference) = (plan.target.clone(), plan.reference.clone());
        Lab::open(target, reference, &plan.settings, runtime)
    };
    let mut lab = match lab {
        Some(lab) => lab,
        None => again()?,
    };
    while !shared.stop.load(Ordering::SeqCst) && began.elapsed() < plan.time {
        let number = shared.next.fetch_add(1, Ordering::SeqCst);
        if number >= plan.sessions {
            break;
        }
        let mut chance = Chance::new(plan.seed, number);
        let steps = lab.draw(&mut chance);
        let seed = chance.seed();
        let patience = plan.settings.patience;
        let judgement = lab.judge(&steps, seed, patience / HASTE);
        shared.add(|count| {
            count.sessions += 1;
            count.open += u64::from(matches!(judgement, Judgement::Open(_)));
        });
        let breach = match judgement {
            Judgement::Right => continue,
            Judgement::Open(why) => {
                let _ = news.send(News::Open(number, why));
                continue;
            }
            Judgement::Wrong(breach) => breach,
        };
        let _ = news.send(News::Found(number, breach.clone()));
        let found = match shorten(&mut lab, steps, seed, patience) {
            Some((breach, steps)) => {
                shared.add(|count| count.findings += 1);
                shared.stop.fetch_or(!plan.on, Ordering::SeqCst);
                News::Finding(Box::new(Finding::new(
                    plan.target.target(),
                    &breach,
                    (seed, steps),
                )))
            }
            None => News::NotAgain(number, breach),
        };
        let _ = news.send(found);
    }
    Ok(())
}

/// Sees it again with what is under test started anew, and makes it as short as it gets.
fn shorten(
    lab: &mut Lab,
    steps: Vec<Step>,
    seed: u32,
    patience: Duration,
) -> Option<(Breach, Vec<Step>)> {
    lab.refresh();
    let Judgement::Wrong(breach) = lab.judge(&steps, seed, patience) else {
        return None;
    };
    let began = Instant::now();
    let short = shrink::shrink(steps.clone(), REPLAYS, |steps| {
        let judged = lab.judge(steps, seed, patience / HASTE);
        let same = |other: &Breach| other.requirement == breach.requirement;
        began.elapsed() < SHRINKING && matches!(&judged, Judgement::Wrong(other) if same(other))
    });
    lab.refresh();
    match lab.judge(&short, seed, patience) {
        Judgement::Wrong(breach) => Some((breach, short)),
        _ => Some((breach, steps)),
    }
}

/// Plays a finding once more. What is wrong now, if anything is.
///
/// # Errors
/// If what is under test does not start, or the suite cannot say what must be, in words.
pub fn replay(plan: &Plan, finding: &Finding, runtime: &Handle) -> Result<Option<Breach>, String> {
    let (target, reference) = (plan.target.clone(), plan.reference.clone());
    let mut lab = Lab::open(target, reference, &plan.settings, runtime)?;
    match lab.judge(&finding.step, finding.seed, plan.settings.patience) {
        Judgement::Wrong(breach) => Ok(Some(breach)),
        Judgement::Right => Ok(None),
        Judgement::Open(why) => Err(format!(
            "the reference does not get through these steps either, so nobody can say what must be: {why}"
        )),
    }
}

impl Subject {
    /// What it is.
    pub const fn target(&self) -> Target {
        match self {
            Self::Client(crate::driver::Role::Helper, _) => Target::Helper,
            Self::Client(crate::driver::Role::Sharer, _) => Target::Sharer,
            Self::Relay(_) => Target::Relay,
        }
    }
}
