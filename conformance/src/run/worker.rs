//! Runs one case after another, and keeps what is under test alive meanwhile.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use super::{Errand, Evidence, Outcome, Pairing, Settings, Targets, repeat};
use crate::{
    case::{Run, Target},
    driver::{Broken, Driver, Role, Stdio},
    stage::{
        Bench, ClientStage, Done, PairBench, PairStage, RelayStage, RelayUnderTest, SetUp, Stop,
        Transcript,
    },
};

pub(super) struct Worker<'a> {
    targets: &'a Targets,
    settings: &'a Settings,
    runtime: Handle,
    benches: BTreeMap<Role, Bench>,
    /// Relays by what they are set up with, the latest that was used at the end.
    relays: Vec<(SetUp, RelayUnderTest)>,
    /// The pair of late, and which it is.
    pair: Option<(Option<Pairing>, PairBench)>,
    /// The standard streams of what the case at hand has used, and which of a pair it is.
    used: Vec<(&'static str, Stdio)>,
    sessions: u64,
}

/// So many relays run at most, for cases that come with one set-up after another.
const RELAYS: usize = 3;

/// How the lines of those of a pair begin.
const PAIR: [&str; 3] = ["relay ", "helper ", "sharer "];

type Ran = (Done, Vec<&'static str>, Transcript);

impl<'a> Worker<'a> {
    pub(super) const fn new(targets: &'a Targets, settings: &'a Settings, runtime: Handle) -> Self {
        Self {
            targets,
            settings,
            runtime,
            benches: BTreeMap::new(),
            relays: Vec::new(),
            pair: None,
            used: Vec::new(),
            sessions: 0,
        }
    }

    /// Runs it as often as is wanted.
    pub(super) fn run(&mut self, errand: &Errand) -> Outcome {
        let first = self.once(errand);
        repeat::merge(first, (1..self.settings.repeat).map(|_| self.once(errand)))
    }

    fn once(&mut self, errand: &Errand) -> Outcome {
        let seed = seed_of(errand, self.settings.seed);
        let mut outcome = Outcome::of(errand, self.settings.seed);
        let began = Instant::now();
        let (mut done, held, mut transcript) = self.attempt(errand, seed, &errand.case.run);
        if done.is_ok() && errand.case.twin.is_some() {
            let (lives, _, of_fresh) = self.lives(errand, seed);
            if lives.is_err() {
                // It is the fresh session that somebody has to look at.
                (done, transcript) = (lives, of_fresh);
            }
        }
        outcome.evidence = Evidence {
            transcript,
            stdio: self.stdio(),
        };
        if let Err(stop) = &done {
            outcome.stopped(stop);
        }
        outcome.ended(&held, began.elapsed());
        outcome
    }

    /// What all that the case has used was told and wrote since the case before.
    fn stdio(&mut self) -> Vec<String> {
        let lines = |(who, stdio): (&'static str, Stdio)| {
            let lines = stdio.take().into_iter();
            lines.map(move |line| format!("{who}{line}"))
        };
        self.used.drain(..).flat_map(lines).collect()
    }

    /// What is under test has to be there for a fresh session, whatever was done to the one before.
    fn lives(&mut self, errand: &Errand, seed: u64) -> Ran {
        let fresh = match &errand.case.run {
            Run::Client(roles, _) => Run::Client(
                roles.clone(),
                std::sync::Arc::new(|stage: &mut ClientStage<'_>| stage.deciding()),
            ),
            Run::Relay(_) if errand.case.set_up.closed => {
                Run::Relay(std::sync::Arc::new(|stage: &mut RelayStage<'_>| {
                    stage.client().map(|_| ())
                }))
            }
            Run::Relay(_) => Run::Relay(std::sync::Arc::new(|stage: &mut RelayStage<'_>| {
                stage.pair().map(|_| ())
            })),
            Run::Pair(_) => Run::Pair(std::sync::Arc::new(|stage: &mut PairStage<'_>| {
                stage.deciding()
            })),
        };
        let (done, held, transcript) = self.attempt(errand, seed.wrapping_add(1), &fresh);
        let done = done.map_err(|stop| match stop {
            Stop::Harness(_) => stop,
            stop => Stop::Fails {
                blame: "ERROR-2".into(),
                expected: "a fresh session to come about afterwards".to_owned(),
                seen: stop.to_string(),
            },
        });
        (done, held, transcript)
    }

    fn attempt(&mut self, errand: &Errand, seed: u64, run: &Run) -> Ran {
        let caught = catch_unwind(AssertUnwindSafe(|| match (run, errand.target) {
            (Run::Client(_, case), Target::Helper) => {
                self.client(errand, Role::Helper, seed, &**case)
            }
            (Run::Client(_, case), _) => self.client(errand, Role::Sharer, seed, &**case),
            (Run::Relay(case), _) => self.relay(errand, seed, &**case),
            (Run::Pair(case), _) => self.pair(errand, &**case),
        }));
        let ran = caught.unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| {
                panic
                    .downcast_ref::<&str>()
                    .map(|words| (*words).to_owned())
            });
            failed(Stop::Harness(words.unwrap_or_default()))
        });
        if breaks(&ran.0) {
            self.forget(errand.target);
        }
        ran
    }

    fn client(
        &mut self,
        errand: &Errand,
        role: Role,
        seed: u64,
        case: &dyn Fn(&mut ClientStage<'_>) -> Done,
    ) -> Ran {
        self.sessions += 1;
        let session = format!("s{}", self.sessions);
        let bench = match self.bench(role) {
            Ok(bench) => bench,
            Err(stop) => return failed(stop),
        };
        let mut stage = match ClientStage::open(bench, role, session, seed) {
            Ok(stage) => stage,
            Err(stop) => return failed(stop),
        };
        let able = errand
            .case
            .needs
            .iter()
            .try_for_each(|capability| stage.needs(capability));
        let done = able.and_then(|()| case(&mut stage));
        let (held, transcript) = stage.close();
        (done, held, transcript)
    }

    fn relay(
        &mut self,
        errand: &Errand,
        seed: u64,
        case: &dyn Fn(&mut RelayStage<'_>) -> Done,
    ) -> Ran {
        let set_up = &errand.case.set_up;
        let mut relay = match self.relay_under_test(set_up) {
            Ok(relay) => relay,
            Err(stop) => return failed(stop),
        };
        let (runtime, patience) = (self.runtime.clone(), self.settings.patience);
        let mut stage =
            RelayStage::new(&mut relay, runtime, patience, self.settings.real_time, seed);
        let needs = &errand.case.needs;
        let able = needs
            .iter()
            .try_for_each(|capability| stage.needs(capability));
        let done = able.and_then(|()| case(&mut stage));
        let (held, transcript) = stage.finish();
        if !relay.is_spent() && !breaks(&done) {
            if self.relays.len() >= RELAYS {
                self.relays.remove(0);
            }
            self.relays.push((set_up.clone(), relay));
        }
        (done, held, transcript)
    }

    fn pair(&mut self, errand: &Errand, case: &dyn Fn(&mut PairStage<'_>) -> Done) -> Ran {
        self.sessions += 1;
        let session = format!("s{}", self.sessions);
        let mut stage = match self.pair_bench(errand.pairing.as_ref()) {
            Ok(bench) => PairStage::new(bench, session),
            Err(stop) => return failed(stop),
        };
        let mut needs = errand.case.needs.iter();
        let able = needs.try_for_each(|capability| stage.needs(capability));
        let done = able.and_then(|()| case(&mut stage));
        let (held, transcript) = stage.close();
        (done, held, transcript)
    }

    /// Both ends and the relay of this pair; those of another, or with a spent relay, are given up for it.
    fn pair_bench(&mut self, pairing: Option<&Pairing>) -> Done<&mut PairBench> {
        let fits = |(there, bench): &(Option<Pairing>, PairBench)| {
            there.as_ref() == pairing && !bench.is_spent()
        };
        if !self.pair.as_ref().is_some_and(fits) {
            let none = || Stop::Harness("there is no such pair".to_owned());
            let mut pairs = self.targets.pairs.iter();
            let target = pairs.find(|target| target.pairing.as_ref() == pairing);
            let target = target.ok_or_else(none)?;
            let start = self.settings.start();
            let [of_relay, of_helper, of_sharer] = PAIR.map(|who| {
                let stdio = Stdio::default();
                self.used.push((who, stdio.clone()));
                stdio
            });
            let relay = target.relay.start(&SetUp::default(), start, of_relay);
            let bench = PairBench {
                relay: relay.map_err(stop)?,
                helper: Driver::start_with(&target.helper, start, of_helper).map_err(stop)?,
                sharer: Driver::start_with(&target.sharer, start, of_sharer).map_err(stop)?,
                patience: self.settings.patience,
                real_time: self.settings.real_time,
            };
            self.pair = Some((pairing.cloned(), bench));
        }
        let none = || Stop::Harness("it was started".to_owned());
        let (_, bench) = self.pair.as_mut().ok_or_else(none)?;
        let streams = [&bench.relay.stdio, &bench.helper.stdio, &bench.sharer.stdio];
        self.used
            .extend(PAIR.into_iter().zip(streams.map(Stdio::clone)));
        Ok(bench)
    }

    fn bench(&mut self, role: Role) -> Done<&mut Bench> {
        if !self.benches.contains_key(&role) {
            let target = match role {
                Role::Helper => &self.targets.helper,
                Role::Sharer => &self.targets.sharer,
            };
            let none = || Stop::Harness(format!("there is no {role} to test"));
            let program = &target.as_ref().ok_or_else(none)?.driver;
            let stdio = Stdio::default();
            self.used.push(("", stdio.clone()));
            let driver = Driver::start_with(program, self.settings.start(), stdio);
            let driver = driver.map_err(stop)?;
            let bench = Bench {
                driver,
                runtime: self.runtime.clone(),
                patience: self.settings.patience,
                real_time: self.settings.real_time,
            };
            self.benches.insert(role, bench);
        }
        let none = || Stop::Harness("it was started".to_owned());
        let bench = self.benches.get_mut(&role).ok_or_else(none)?;
        self.used.push(("", bench.driver.stdio.clone()));
        Ok(bench)
    }

    fn relay_under_test(&mut self, set_up: &SetUp) -> Done<RelayUnderTest> {
        let running = self.relays.iter().position(|(with, _)| with == set_up);
        if let Some(place) = running {
            let (_, relay) = self.relays.remove(place);
            self.used.push(("", relay.stdio.clone()));
            return Ok(relay);
        }
        let none = || Stop::Harness("there is no relay to test".to_owned());
        let relay = self.targets.relay.as_ref().ok_or_else(none)?;
        let stdio = Stdio::default();
        self.used.push(("", stdio.clone()));
        let started = relay.start(set_up, self.settings.start(), stdio);
        started.map_err(stop)
    }

    /// The next case gets a fresh one.
    fn forget(&mut self, target: Target) {
        match target {
            Target::Helper => drop(self.benches.remove(&Role::Helper)),
            Target::Sharer => drop(self.benches.remove(&Role::Sharer)),
            // It was not put back.
            Target::Relay => {}
            Target::Pair => self.pair = None,
        }
    }
}

/// What it means for a case that a program cannot be worked with.
pub(super) fn stop(broken: Broken) -> Stop {
    match broken {
        Broken::Missing(why) | Broken::Ended(why) => Stop::Crash(why),
        Broken::Silent(what) => Stop::Timeout {
            awaited: what,
            seen: "nothing came".to_owned(),
        },
        Broken::Wrong(why) => Stop::Driver(why),
    }
}

fn failed(stop: Stop) -> Ran {
    (Err(stop), Vec::new(), Transcript::default())
}

/// Whether what was used cannot serve another case.
const fn breaks(done: &Done) -> bool {
    matches!(
        done,
        Err(Stop::Crash(_) | Stop::Driver(_) | Stop::Harness(_) | Stop::Timeout { .. })
    )
}

/// Every case draws from its own, so that it draws the same alone and among others.
fn seed_of(errand: &Errand, seed: u64) -> u64 {
    let of = format!("{seed} {}@{}", errand.case.id, errand.target);
    let digest: [u8; 32] = Sha256::digest(of).into();
    digest
        .first_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
