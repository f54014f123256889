//! Where sessions are played: what is under test, and beside it the reference.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use tokio::runtime::Handle;

use super::{
    chance::Chance,
    client, draw,
    memory::Memory,
    played::{Judgement, Played},
    relay,
    step::Step,
};
use crate::{
    cases::walk::Map,
    driver::{Driver, Program, Role, Stdio},
    run::{RelayTarget, Settings},
    stage::{Bench, ClientStage, RelayStage, RelayUnderTest, SetUp, Stop},
};

/// What is fuzzed, or the reference beside it.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A client, by its driver, in one role.
    Client(Role, Program),
    /// A relay.
    Relay(RelayTarget),
}

/// Something that runs, from session to session.
enum Running {
    Client(Bench),
    Relay(RelayUnderTest),
}

impl Running {
    /// Its number, if the suite has started it.
    fn process(&self) -> Option<u32> {
        match self {
            Self::Client(bench) => Some(bench.driver.process()),
            Self::Relay(relay) => relay.process(),
        }
    }
}

/// One of the two.
struct Place {
    subject: Subject,
    running: Option<Running>,
    /// It has just been started, and may still be slow.
    fresh: bool,
    sessions: u64,
}

/// Both.
pub struct Lab {
    target: Place,
    reference: Place,
    map: Option<Map>,
    runtime: Handle,
    settings: Settings,
    /// What the target says that it can do.
    capabilities: Vec<String>,
}

/// Sessions after which a program is started anew: none remembers everything for ever.
const SESSIONS: u64 = 200;
/// How patient one is with what has just been started.
const SLOW: Duration = Duration::from_secs(10);

impl Lab {
    /// Starts both.
    ///
    /// # Errors
    /// If one does not start.
    pub fn open(
        target: Subject,
        reference: Subject,
        settings: &Settings,
        runtime: &Handle,
    ) -> Result<Self, String> {
        let map = match &target {
            Subject::Client(role, _) => Some(Map::of(*role)),
            Subject::Relay(_) => None,
        };
        let place = |subject| Place {
            subject,
            running: None,
            fresh: true,
            sessions: 0,
        };
        let mut lab = Self {
            target: place(target),
            reference: place(reference),
            map,
            runtime: runtime.clone(),
            settings: settings.clone(),
            capabilities: Vec::new(),
        };
        lab.capabilities = match lab.target.ready(settings, runtime)? {
            Running::Client(bench) => bench.driver.hello.capabilities.clone(),
            Running::Relay(relay) => relay.capabilities.iter().cloned().collect(),
        };
        lab.reference.ready(settings, runtime)?;
        Ok(lab)
    }

    /// A session, which follows from chance.
    pub fn draw(&self, chance: &mut Chance) -> Vec<Step> {
        let can = |need: &str| self.capabilities.iter().any(|has| has == need);
        match (&self.map, &self.target.subject) {
            (Some(map), Subject::Client(role, _)) => draw::session(map, *role, &can, chance),
            _ => relay::draw(chance),
        }
    }

    /// Plays a session with what is under test, and if that is not enough with the reference.
    pub fn judge(&mut self, steps: &[Step], seed: u32, patience: Duration) -> Judgement {
        let settings = Settings {
            patience,
            ..self.settings.clone()
        };
        let (map, runtime) = (self.map.as_ref(), &self.runtime);
        let mine = self.target.play(map, steps, seed, &settings, runtime);
        if !mine.wants_another() {
            return Judgement::Right;
        }
        let theirs = self.reference.play(map, steps, seed, &settings, runtime);
        mine.judge(&theirs, steps)
    }

    /// What is under test is started anew for the next session.
    pub fn refresh(&mut self) {
        self.target.running = None;
    }
}

impl Place {
    fn ready(&mut self, settings: &Settings, runtime: &Handle) -> Result<&mut Running, String> {
        if self.sessions >= SESSIONS {
            self.running = None;
            self.sessions = 0;
        }
        if self.running.is_none() {
            self.running = Some(self.subject.start(settings, runtime)?);
            self.fresh = true;
        }
        self.sessions += 1;
        self.running
            .as_mut()
            .ok_or_else(|| "it was started".to_owned())
    }

    fn play(
        &mut self,
        map: Option<&Map>,
        steps: &[Step],
        seed: u32,
        settings: &Settings,
        runtime: &Handle,
    ) -> Played {
        let subject = self.subject.clone();
        let session = format!("f{}", self.sessions);
        if let Err(why) = self.ready(settings, runtime) {
            return stopped(Stop::Crash(why));
        }
        let fresh = std::mem::replace(&mut self.fresh, false);
        let running = self.running.as_mut();
        let process = running.as_ref().and_then(|running| running.process());
        let memory = process.map(Memory::watch);
        let patience = if fresh { SLOW } else { settings.patience };
        let way = Way { map, steps, seed };
        let caught = catch_unwind(AssertUnwindSafe(|| match (running, subject) {
            (Some(Running::Client(bench)), Subject::Client(role, _)) => {
                bench.patience = patience;
                way.goes_client(bench, role, session)
            }
            (Some(Running::Relay(relay)), _) => way.goes_relay(relay, patience, runtime),
            _ => stopped(Stop::Harness("it is no such thing".to_owned())),
        }));
        let broken = |_| stopped(Stop::Harness("it panicked".to_owned()));
        let mut played = caught.unwrap_or_else(broken);
        played.memory = memory.and_then(|memory| memory.breach());
        // After this it cannot be relied upon.
        let breaks = matches!(
            &played.stop,
            Some(Stop::Crash(_) | Stop::Driver(_) | Stop::Harness(_) | Stop::Timeout { .. })
        );
        if breaks || played.worn {
            self.running = None;
        }
        played
    }
}

/// A session that is played.
struct Way<'a> {
    map: Option<&'a Map>,
    steps: &'a [Step],
    seed: u32,
}

impl Way<'_> {
    fn goes_client(&self, bench: &mut Bench, role: Role, session: String) -> Played {
        let Some(map) = self.map else {
            return stopped(Stop::Harness("there is no table for it".to_owned()));
        };
        match ClientStage::open(bench, role, session, self.seed.into()) {
            Ok(mut stage) => {
                let played = client::play(&mut stage, map, self.steps);
                stage.close();
                played
            }
            Err(stop) => stopped(stop),
        }
    }

    fn goes_relay(
        &self,
        relay: &mut RelayUnderTest,
        patience: Duration,
        runtime: &Handle,
    ) -> Played {
        let seed = self.seed.into();
        let mut stage = RelayStage::new(relay, runtime.clone(), patience, false, seed);
        let played = relay::play(&mut stage, self.steps);
        stage.finish();
        played
    }
}

fn stopped(stop: Stop) -> Played {
    Played {
        stop: Some(stop),
        ..Played::default()
    }
}

impl Subject {
    fn start(&self, settings: &Settings, runtime: &Handle) -> Result<Running, String> {
        let stdio = Stdio::default();
        let start = settings.start();
        match self {
            Self::Client(role, program) => {
                let driver = Driver::start_with(program, start, stdio);
                let driver = driver.map_err(|broken| broken.to_string())?;
                if !driver.hello.roles.contains(role) {
                    return Err(format!("its driver says that it is no {role}"));
                }
                Ok(Running::Client(Bench {
                    driver,
                    runtime: runtime.clone(),
                    patience: settings.patience,
                    real_time: false,
                }))
            }
            Self::Relay(relay) => {
                let relay = relay.start(&SetUp::default(), start, stdio);
                Ok(Running::Relay(relay.map_err(|broken| broken.to_string())?))
            }
        }
    }
}
