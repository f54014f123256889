//! From a table of states to plans: which event comes in which state, and what must show of it.

use std::collections::BTreeSet;

use alongside_spec::tables::{Machine, Outcome};
use alongside_wire::session::Message;
use serde::Deserialize;

use super::{
    player::{Player, Taken},
    reaction::{self, Reaction},
    set_up,
};
use crate::{
    cases::tables::{machine, slug},
    driver::Role,
    stage::Done,
};

/// On a path: time passes until this timer is about to run out.
pub(super) const UNTIL: &str = "until ";
/// On a path, first of all: what the client is set up with besides the usual.
pub(super) const WITH: &str = "with ";

/// Region, state, event, and which of its answers.
pub(super) type Cell = (usize, usize, usize, usize);

/// A timer, and how many milliseconds it runs.
pub(super) type Timer = (&'static str, u64);

/// A machine, and what can be made of it from outside.
pub(super) struct Table {
    pub(super) role: Role,
    pub(super) machine: Machine,
    pub(super) ways: Ways,
    pub(super) states: Vec<State>,
    cannot: Vec<Cannot>,
}

/// How events are made to happen to a client of one role.
#[derive(Clone, Copy)]
pub(super) struct Ways {
    /// The event that follows another by itself, in the states after that.
    pub(super) follows: fn(&Table, &[usize], &[String], &str) -> Option<&'static str>,
    /// Whether an event can be made to happen in these states, to which one has come by this path.
    pub(super) can: fn(&Table, &[usize], &[String], &str) -> bool,
    /// A command for an act of the person, if it is one that the other role does not have.
    pub(super) acts: fn(&mut Player<'_, '_, '_>, &str) -> Done<Taken>,
    /// What comes from elsewhere.
    pub(super) does: fn(&mut Player<'_, '_, '_>, &str) -> Done,
    /// The message of the other end that an event is, as it is right now.
    pub(super) message: fn(&mut Player<'_, '_, '_>, &str) -> Done<Message>,
    /// Timers that begin at an event, in these states before it, and how long they run.
    pub(super) started: fn(&Player<'_, '_, '_>, &[usize], &str) -> Vec<Timer>,
    /// Events by which a state shows itself.
    pub(super) witnesses: &'static [&'static str],
}

/// A state that can be brought about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    name: String,
    /// What the client is set up with, if it is not the usual and the state is a first one.
    with: Option<String>,
    /// The state from which it is reached, if it is not a first one.
    after: Option<String>,
    /// What happens then.
    by: Vec<String>,
}

/// Cells that cannot.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cannot {
    region: String,
    /// All of them without it.
    states: Option<Vec<String>>,
    /// Events, messages or sources; all of them without it.
    events: Option<Vec<String>>,
    /// One of the answers that have guards, counted from 0; all of them without it.
    answer: Option<usize>,
    #[cfg_attr(not(test), expect(dead_code, reason = "for who reads the file"))]
    because: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    state: Vec<State>,
    #[serde(default)]
    cannot: Vec<Cannot>,
}

/// One event in one state.
#[derive(Clone)]
pub(super) struct Plan {
    /// What the case is called.
    pub(super) id: String,
    pub(super) state: String,
    /// What has to happen first, from the beginning.
    pub(super) path: Vec<String>,
    pub(super) event: String,
    /// The states of all regions then.
    pub(super) at: Vec<usize>,
    pub(super) reaction: Reaction,
}

impl Table {
    /// # Panics
    /// If the files that the suite was built with are none.
    pub(super) fn new(role: Role, states: &str, ways: Ways) -> Self {
        let File { state, cannot } = match toml::from_str(states) {
            Ok(file) => file,
            Err(error) => unreachable!("a test reads it: {error}"),
        };
        Self {
            role,
            machine: machine(&role.to_string()),
            ways,
            states: state,
            cannot,
        }
    }

    /// Whether a region is in one of these states.
    pub(super) fn is(&self, at: &[usize], region: &str, states: &[&str]) -> bool {
        let mut regions = self.machine.regions.iter().zip(at);
        let found = regions.find(|(known, _)| known.name == region);
        let state = found.and_then(|(region, at)| region.states.get(*at));
        state.is_some_and(|state| states.contains(&state.as_str()))
    }

    /// What has to happen for a state, from the beginning.
    pub(super) fn path(&self, state: &State) -> Vec<String> {
        let before = state.after.as_ref().map(|name| {
            let found = self.states.iter().find(|other| other.name == *name);
            found.map(|other| self.path(other)).unwrap_or_default()
        });
        let with = state.with.iter().map(|with| format!("{WITH}{with}"));
        let before = before.unwrap_or_default().into_iter().chain(with);
        before.chain(state.by.iter().cloned()).collect()
    }

    /// Where a path leads, if nothing on it is wrong.
    pub(super) fn reached(&self, path: &[String]) -> Option<Vec<usize>> {
        let mut at = self.machine.start();
        let is_event = |step: &&String| !step.starts_with(UNTIL) && !step.starts_with(WITH);
        for event in path.iter().filter(is_event) {
            let reaction = reaction::of(self, &at, path, event)?;
            if !reaction.is_taken() {
                return None;
            }
            at = reaction.to;
        }
        Some(at)
    }

    pub(super) fn plans(&self) -> Vec<Plan> {
        let mut seen: BTreeSet<Cell> = BTreeSet::new();
        let mut plans = Vec::new();
        for state in &self.states {
            let path = self.path(state);
            let Some(at) = self.reached(&path) else {
                continue;
            };
            for event in &self.machine.events {
                let event = &event.name;
                let Some(reaction) = self.planned(&at, &path, event, &seen) else {
                    continue;
                };
                seen.extend(reaction.cells.iter().copied());
                plans.push(Plan {
                    id: format!("{}/table/{}/{}", self.role, state.name, slug(event)),
                    state: state.name.clone(),
                    path: path.clone(),
                    event: event.clone(),
                    at: at.clone(),
                    reaction,
                });
            }
        }
        plans
    }

    /// What must show of an event, if it can be made to happen and comes to a cell that was not seen before.
    fn planned(
        &self,
        at: &[usize],
        path: &[String],
        event: &str,
        seen: &BTreeSet<Cell>,
    ) -> Option<Reaction> {
        let number = self.machine.event(event)?;
        let decision = self.machine.decide(at, number);
        let cells = decision.asked.iter();
        let cells = cells.map(|(region, state, answer)| (*region, *state, number, *answer));
        let is_new = |cell: &Cell| self.is_written(*cell) && !seen.contains(cell);
        let follows = |to: &[usize]| (self.ways.follows)(self, to, path, event).is_some();
        let may_be_new = match &decision.outcome {
            Outcome::Never => false,
            Outcome::Step(to, _) if follows(to) => true,
            _ => cells.clone().any(|cell| is_new(&cell)),
        };
        if !may_be_new || cells.clone().any(|cell| self.cannot(cell)) {
            return None;
        }
        if !(self.ways.can)(self, at, path, event) {
            return None;
        }
        let reaction = reaction::of(self, at, path, event)?;
        reaction.cells.iter().any(is_new).then_some(reaction)
    }

    fn is_written(&self, (region, state, event, _): Cell) -> bool {
        let region = self.machine.regions.get(region);
        region.is_some_and(|region| region.cell(state, event).written)
    }

    pub(super) fn cannot(&self, cell: Cell) -> bool {
        self.cannot
            .iter()
            .any(|cannot| cannot.names(&self.machine, cell))
    }

    /// What a client has to have for it.
    pub(super) fn needs(&self, plan: &Plan) -> Vec<&'static str> {
        let about = plan.path.iter().map(String::as_str);
        // What a phase does not allow takes nothing that the client has.
        let by_phase = plan.reaction.is_blamed_on("SESSION-1");
        let events = about.chain((!by_phase).then_some(plan.event.as_str()));
        let mut needs: Vec<_> = events.flat_map(needed_for).copied().collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }
}

/// What a client has to have for an event.
pub(super) fn needed_for(event: &str) -> &'static [&'static str] {
    match event {
        _ if event.starts_with(WITH) => set_up::needs(event),
        _ if event.contains("clipboard") => &["control", "clipboard"],
        "draw" => &["control", "drawing"],
        _ if ["stroke", "laser", "clear"].contains(&event.split(':').next().unwrap_or("")) => {
            &["control", "drawing"]
        }
        _ if event.contains("control") || event.starts_with("allow") => &["control"],
        "give consent" | "give consent after the warning" => &[],
        _ if event.contains("grant") || event.contains("input") => &["control"],
        _ if event.contains("chat:") || event.contains("chat-ack") || event == "write chat" => {
            &["chat"]
        }
        "set pause" | "unset pause" => &["pause"],
        _ if event.starts_with("a secure desktop") => &["secure-desktop"],
        _ if event.contains("next master") || event.contains("reconnect") => &["reconnect"],
        _ => &[],
    }
}

impl Cannot {
    fn names(&self, machine: &Machine, (region, state, event, answer): Cell) -> bool {
        let Some(of) = machine.regions.get(region) else {
            return false;
        };
        let Some(event) = machine.events.get(event) else {
            return false;
        };
        let is = |list: &Option<Vec<String>>, names: &[&str]| {
            let list = list.as_ref();
            list.is_none_or(|list| list.iter().any(|one| names.contains(&one.as_str())))
        };
        let state = of.states.get(state).map(String::as_str).unwrap_or_default();
        of.name == self.region
            && is(&self.states, &[state])
            && is(&self.events, &[&event.name, event.base(), event.from])
            && self.answer.is_none_or(|only| only == answer)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Table};

    fn cells(table: &Table) -> Vec<Cell> {
        let mut cells = Vec::new();
        for (region, of) in table.machine.regions.iter().enumerate() {
            for state in 0..of.states.len() {
                for event in 0..table.machine.events.len() {
                    let cell = of.cell(state, event);
                    let answers = (0..cell.branches()).filter(|answer| !cell.is_never_by(*answer));
                    let written = answers.filter(|_| cell.written);
                    cells.extend(written.map(|answer| (region, state, event, answer)));
                }
            }
        }
        cells
    }

    fn show(table: &Table, (region, state, event, answer): Cell) -> String {
        let region = &table.machine.regions[region];
        let event = &table.machine.events[event].name;
        format!(
            "{}: \"{event}\" in \"{}\" ({answer})",
            region.name, region.states[state]
        )
    }

    /// Every cell is come to by a case, or cannot be, for a reason that is still needed.
    fn is_covered(table: &Table) {
        for state in &table.states {
            let path = table.path(state);
            assert!(table.reached(&path).is_some(), "{}: {path:?}", state.name);
        }
        let plans = table.plans();
        let come_to: Vec<_> = plans
            .iter()
            .flat_map(|plan| plan.reaction.cells.clone())
            .collect();
        let cells = cells(table);
        let left: Vec<_> = cells
            .into_iter()
            .filter(|cell| !come_to.contains(cell))
            .collect();
        let forgotten = left.iter().filter(|cell| !table.cannot(**cell));
        let forgotten: Vec<_> = forgotten.map(|cell| show(table, *cell)).collect();
        assert!(
            forgotten.is_empty(),
            "{} cells have no case and no reason:\n{}",
            forgotten.len(),
            forgotten.join("\n")
        );
        for cannot in &table.cannot {
            let needed = left.iter().any(|cell| cannot.names(&table.machine, *cell));
            let (region, states, events) = (&cannot.region, &cannot.states, &cannot.events);
            assert!(needed, "no cell needs it: {region} {states:?} {events:?}");
            assert!(
                !cannot.because.is_empty(),
                "{region} {states:?} {events:?}: why?"
            );
        }
    }

    #[test]
    fn every_cell_of_the_helper_has_a_case_or_a_reason() {
        is_covered(&super::super::helper::table());
    }

    #[test]
    fn every_cell_of_the_sharer_has_a_case_or_a_reason() {
        is_covered(&super::super::sharer::table());
    }
}
