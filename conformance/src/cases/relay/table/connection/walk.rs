//! Ways through the table of a connection that no case goes, for `fuzz`: any events, one after the other.

use alongside_spec::tables::{Machine, Outcome};
use alongside_wire::{code::Locator, limits::timers};

use super::{Plan, Player, is_of_paths, listens, needs, nobodys, plan};
use crate::{
    cases::tables::{Next, machine},
    stage::{Done, RelayStage, Who},
};

/// Events that the suite cannot go on after, or that take another relay.
const NOT_HERE: &[&str] = &[
    "shut down",
    "drain",
    "session-length",
    "device-wait",
    "the token is good",
    "the token is not",
    "sign-in",
    "card-request",
    "wait: as a registered device",
    "call: of a device that waits",
    "another waits as its device",
    "a call finds its device",
    "its device is registered no more",
];

/// The table as a map.
pub(crate) struct Map(Machine);

impl Map {
    pub(crate) fn new() -> Self {
        Self(machine("connection"))
    }

    pub(crate) fn start(&self) -> Vec<usize> {
        self.0.start()
    }

    /// The state of the connection.
    pub(crate) fn state(&self, at: &[usize]) -> &str {
        state(&self.0, at)
    }

    /// All that can happen in these states; `paths` as well, or not.
    pub(crate) fn next(&self, at: &[usize], paths: bool) -> Vec<Next<'_>> {
        let all = self.0.events.iter().enumerate();
        let here = all.filter(|(_, event)| {
            let name = event.name.as_str();
            !NOT_HERE.contains(&name) && (paths || !is_of_paths(name))
        });
        let next = here.filter_map(|(number, event)| {
            let (taken, to) = match self.0.decide(at, number).outcome {
                Outcome::Never => return None,
                Outcome::Step(to, _) => (true, to),
                Outcome::Ignored => (true, at.to_vec()),
                Outcome::Misuse | Outcome::Violation(_) => (false, at.to_vec()),
            };
            Some(Next {
                event: &event.name,
                from: event.from,
                taken,
                to,
            })
        });
        next.collect()
    }
}

/// Somebody on a way.
pub(crate) struct Walker<'s, 'a, 't> {
    player: Player<'s, 'a>,
    machine: &'t Machine,
    at: Vec<usize>,
}

impl<'s, 'a, 't> Walker<'s, 'a, 't> {
    /// Connects, by a way all of whose events are known.
    ///
    /// # Errors
    /// If it cannot be gone with this relay.
    pub(crate) fn begin(stage: &'s mut RelayStage<'a>, map: &'t Map, way: &[String]) -> Done<Self> {
        let plan = Plan {
            path: way.to_vec(),
            event: String::new(),
            at: Vec::new(),
            to: Vec::new(),
            outputs: None,
            by: Vec::new(),
        };
        for capability in needs(&plan) {
            stage.needs(capability)?;
        }
        Ok(Self {
            player: Player::begin(stage, &plan)?,
            machine: &map.0,
            at: map.start(),
        })
    }

    pub(crate) const fn stage(&mut self) -> &mut RelayStage<'a> {
        self.player.stage
    }

    /// The client that it is about, and whoever it has to do with.
    pub(crate) fn clients(&self) -> [Option<Who>; 2] {
        [Some(self.player.client), self.player.peer]
    }

    /// A locator that is known, or that nobody has.
    pub(crate) fn locator(&self) -> Locator {
        self.player.locator.unwrap_or_else(nobodys)
    }

    /// Makes an event happen, and sees that what comes of it is what the table says; leaves out what cannot be.
    ///
    /// # Errors
    /// If something else comes of it.
    pub(crate) fn goes(&mut self, event: &str) -> Done {
        let Some(number) = self.machine.event(event) else {
            return Ok(());
        };
        let decision = self.machine.decide(&self.at, number);
        let to = match &decision.outcome {
            Outcome::Never => return Ok(()),
            Outcome::Step(to, _) => to.clone(),
            _ => self.at.clone(),
        };
        let plan = plan::plan(self.machine, &self.at, &[], event, decision);
        let state = state(self.machine, &self.at);
        let there = state == "in a session" && plan.at.iter().any(|at| at == "there");
        let player = &mut self.player;
        player.ready(event, state)?;
        listens(player.stage, Some(player.client));
        listens(player.stage, player.peer);
        let ids = player.ids();
        let checks = match player.paths {
            true => player.stage.checks_by_now(player.client)?,
            false => 0,
        };
        player.does(event, state)?;
        player.compares(&plan, self.machine, there)?;
        player.forwards(&plan, checks, ids)?;
        self.at = to;
        Ok(())
    }

    /// Makes an event happen, whatever comes of it.
    ///
    /// # Errors
    /// If it cannot be done.
    pub(crate) fn does(&mut self, event: &str) -> Done {
        self.player.does(event, state(self.machine, &self.at))
    }

    /// The requirement that says what must come of an event now, or of some message of that name.
    pub(crate) fn blamed(&self, event: &str) -> Option<&'static str> {
        let mut events = self.machine.events.iter();
        let number = events.position(|known| known.name == event || known.base() == event)?;
        let decision = self.machine.decide(&self.at, number);
        let plan = plan::plan(self.machine, &self.at, &[], event, decision);
        plan.by.first().copied()
    }

    /// Waits until all has shown, ticks too.
    ///
    /// # Errors
    /// If the relay answers nobody any more.
    pub(crate) fn settles(&mut self) -> Done {
        let stage = &mut self.player.stage;
        stage.settle()?;
        stage.pass(2 * timers::JOIN_TICK)?;
        stage.settle()
    }
}

/// The state of the connection.
fn state<'a>(machine: &'a Machine, at: &[usize]) -> &'a str {
    let region = machine.regions.first();
    let state = region.and_then(|region| region.states.get(*at.first()?));
    state.map(String::as_str).unwrap_or_default()
}
