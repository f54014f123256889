//! Before any case: can what is under test be worked with at all?

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::runtime::Handle;

use super::{
    ClientTarget, Errand, Evidence, Outcome, PairTarget, Pairing, RelayTarget, Settings, Targets,
    Verdict, worker,
};
use crate::{
    case::Target,
    driver::{Answer, Broken, Driver, Program, Role, Stdio, names},
    quic::{ALPN, Qlog, Seen, dial, source_to},
    stage::{SetUp, Stop},
    words::nearest,
};

/// The name of what is looked at here. It stands beside the cases, and is none.
pub const SETUP: &str = "setup";

/// A command that no driver has.
pub const NO_COMMAND: &str = "make-coffee";

/// What something under test says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    /// What it is called.
    pub name: String,
    /// Of which version.
    pub version: String,
    /// What it has.
    pub capabilities: Vec<String>,
}

/// What was found.
#[derive(Default)]
pub struct Setup {
    /// Who is there.
    pub present: BTreeMap<Target, Described>,
    /// What the client says that it is not.
    pub absent: Vec<Target>,
    /// What cannot be worked with, and why.
    pub failed: Vec<Outcome>,
}

impl Setup {
    /// Starts each thing under test once.
    ///
    /// # Errors
    /// If a program is not there, which is for whoever named it to put right; in words.
    pub fn of(targets: &Targets, settings: &Settings, runtime: &Handle) -> Result<Self, String> {
        let mut setup = Self::default();
        for target in targets.present() {
            let stdio = Stdio::default();
            let found = match target {
                Target::Pair => continue,
                Target::Helper => end(targets.helper.as_ref(), Role::Helper, settings, &stdio),
                Target::Sharer => end(targets.sharer.as_ref(), Role::Sharer, settings, &stdio),
                Target::Relay => relay(targets.relay.as_ref(), settings, runtime, &stdio),
            };
            match found {
                Ok(Some(described)) => {
                    setup.present.insert(target, described);
                }
                Ok(None) => setup.absent.push(target),
                Err(Broken::Missing(why)) => return Err(why),
                Err(broken) => {
                    setup
                        .failed
                        .push(failed((target, None), broken, settings.seed, &stdio))
                }
            }
        }
        for one in &targets.pairs {
            setup.pair(one, settings, runtime)?;
        }
        Ok(setup)
    }

    /// Starts each program of a pair once.
    fn pair(
        &mut self,
        one: &PairTarget,
        settings: &Settings,
        runtime: &Handle,
    ) -> Result<(), String> {
        let mut stdio = Stdio::default();
        let found = pair(one, settings, runtime, &mut stdio);
        match found {
            Ok(described) => match self.present.get_mut(&Target::Pair) {
                None => drop(self.present.insert(Target::Pair, described)),
                Some(all) => {
                    all.name += &format!("; {}", described.name);
                    let too = |name: &String| described.capabilities.contains(name);
                    all.capabilities.retain(too);
                }
            },
            Err(Broken::Missing(why)) => return Err(why),
            Err(broken) => {
                let which = (Target::Pair, one.pairing.clone());
                self.failed
                    .push(failed(which, broken, settings.seed, &stdio));
            }
        }
        Ok(())
    }

    /// What can be run, and what cannot. What is asked of nobody is in neither.
    pub fn divide(&self, errands: Vec<Errand>, seed: u64) -> (Vec<Errand>, Vec<Outcome>) {
        let is_broken = |errand: &Errand| {
            let mut failed = self.failed.iter();
            failed.any(|one| (one.target, &one.pairing) == (errand.target, &errand.pairing))
        };
        let is_there = |errand: &Errand| !self.absent.contains(&errand.target);
        let there = errands.into_iter().filter(is_there);
        let (broken, sound): (Vec<_>, Vec<_>) = there.partition(is_broken);
        let blocked = broken
            .iter()
            .map(|errand| Outcome::blocked(errand, seed, SETUP));
        (sound, blocked.collect())
    }
}

fn failed(
    (target, pairing): (Target, Option<Pairing>),
    broken: Broken,
    seed: u64,
    stdio: &Stdio,
) -> Outcome {
    let mut outcome = Outcome {
        case: SETUP.to_owned(),
        title: "what is under test starts, and answers".to_owned(),
        target,
        pairing,
        verdict: Verdict::Fail,
        requirement: None,
        or: Vec::new(),
        detail: String::new(),
        held: Vec::new(),
        checks: Vec::new(),
        seconds: 0.0,
        seed,
        expected: None,
        came: None,
        bundle: None,
        evidence: Evidence {
            stdio: stdio.take(),
            ..Evidence::default()
        },
    };
    let stop: Stop = worker::stop(broken);
    outcome.stopped(&stop);
    outcome
}

/// Both ends must be what they are wanted for. What is kept is of the last that was started.
fn pair(
    target: &PairTarget,
    settings: &Settings,
    runtime: &Handle,
    stdio: &mut Stdio,
) -> Result<Described, Broken> {
    let mut end = |program: &Program, role: Role| {
        let none = || {
            Broken::Missing(format!(
                "{} says that it is no {role}",
                program.command.join(" ")
            ))
        };
        *stdio = Stdio::default();
        client(program, role, settings, stdio)?.ok_or_else(none)
    };
    let helper = end(&target.helper, Role::Helper)?;
    let sharer = end(&target.sharer, Role::Sharer)?;
    *stdio = Stdio::default();
    relay(Some(&target.relay), settings, runtime, stdio)?;
    let named = |one: &Described| format!("{} {}", one.name, one.version);
    let too = |name: &&String| sharer.capabilities.contains(name);
    Ok(Described {
        name: format!("{} with {}", named(&helper), named(&sharer)),
        version: String::new(),
        capabilities: helper.capabilities.iter().filter(too).cloned().collect(),
    })
}

fn end(
    target: Option<&ClientTarget>,
    role: Role,
    settings: &Settings,
    stdio: &Stdio,
) -> Result<Option<Described>, Broken> {
    let none = || Broken::Missing(format!("there is no {role} to test"));
    client(&target.ok_or_else(none)?.driver, role, settings, stdio)
}

fn client(
    program: &Program,
    role: Role,
    settings: &Settings,
    stdio: &Stdio,
) -> Result<Option<Described>, Broken> {
    let mut driver = Driver::start_with(program, settings.start(), stdio.clone())?;
    known(&driver.hello.capabilities, &names().capabilities)?;
    let answered = driver.ask(NO_COMMAND, json!({ "session": SETUP }), settings.patience);
    match answered? {
        Answer::Unsupported => {}
        other => {
            let why = format!(
                "it answers {NO_COMMAND:?}, which is no command, with {other}, and not with unsupported"
            );
            return Err(Broken::Wrong(why));
        }
    }
    let hello = driver.hello.clone();
    Ok(hello.roles.contains(&role).then_some(Described {
        name: hello.name,
        version: hello.version,
        capabilities: hello.capabilities,
    }))
}

/// A capability that nobody knows is one that was mistyped.
fn known<'a>(
    said: impl IntoIterator<Item = &'a String>,
    known: &BTreeSet<String>,
) -> Result<(), Broken> {
    match said.into_iter().find(|name| !known.contains(*name)) {
        None => Ok(()),
        Some(name) => Err(Broken::Wrong(format!(
            "there is no capability {name:?}{}",
            nearest(name, known)
        ))),
    }
}

fn relay(
    target: Option<&RelayTarget>,
    settings: &Settings,
    runtime: &Handle,
    stdio: &Stdio,
) -> Result<Option<Described>, Broken> {
    let none = || Broken::Missing("there is no relay to test".to_owned());
    let target = target.ok_or_else(none)?;
    let relay = target.start(&SetUp::default(), settings.start(), stdio.clone())?;
    known(&relay.capabilities, &names().of_relays)?;
    let (sender, _heard) = std::sync::mpsc::channel();
    let dialled = dial(
        relay.address,
        &relay.certificate,
        source_to(relay.address.ip()),
        &[ALPN],
        &Qlog::default(),
        (sender, |seen: Seen| seen),
        (runtime, settings.patience),
    );
    dialled.map_err(|why| {
        let at = relay.address;
        Broken::Silent(format!(
            "a connection to {at}, where the relay says that it is: {why}"
        ))
    })?;
    Ok(Some(Described {
        name: relay.address.to_string(),
        version: String::new(),
        capabilities: relay.capabilities.iter().cloned().collect(),
    }))
}
