//! From a table of states to cases: for each cell that can be, the shortest way there, and what must come.

use std::collections::{BTreeMap, BTreeSet};

use alongside_spec::tables::{Decision, Machine, Outcome};

use crate::{cases::tables::slug, requirements};

/// One event in one state.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// What has to happen first, from the beginning.
    pub(super) path: Vec<String>,
    /// What happens then.
    pub(super) event: String,
    /// The states of all regions before and after it, by name.
    pub(super) at: Vec<String>,
    pub(super) to: Vec<String>,
    /// What must be seen, as the table writes it; the machine refuses the event if there is nothing.
    pub(super) outputs: Option<Vec<String>>,
    /// The requirements that say so.
    pub(super) by: Vec<&'static str>,
}

impl Plan {
    /// What the case is called.
    pub(super) fn id(&self, machine: &Machine) -> String {
        format!("{}/{}", self.place(machine), slug(&self.event))
    }

    /// The state, as a part of an id.
    pub(super) fn place(&self, machine: &Machine) -> String {
        let regions = machine.regions.iter().zip(&self.at).enumerate();
        let named = regions
            .filter(|(index, (region, at))| *index == 0 || region.states.first() != Some(at));
        let names = named.map(|(index, (region, at))| match index {
            0 => slug(at),
            _ => format!("{}-{}", slug(&region.name), slug(at)),
        });
        let names: Vec<_> = names.collect();
        format!("relay/{}/{}", machine.name, names.join("+"))
    }
}

/// Every cell of the first region that can be, in the first state of all regions together in which it
/// is reached, and every cell of another region that is written down. `cost` says how much it takes to
/// have an event on the way.
pub(super) fn plans(machine: &Machine, cost: impl Fn(&str) -> u32) -> Vec<Plan> {
    let mut seen = BTreeSet::new();
    let mut plans = Vec::new();
    for (at, path) in ways(machine, cost) {
        for (event, named) in machine.events.iter().enumerate() {
            let decision = machine.decide(&at, event);
            if decision.outcome == Outcome::Never {
                continue;
            }
            let asked = decision.asked.iter();
            let asked = asked.filter(|(region, state, _)| {
                let cell = machine
                    .regions
                    .get(*region)
                    .map(|region| region.cell(*state, event));
                *region == 0 || cell.is_some_and(|cell| cell.written)
            });
            let cells: Vec<_> = asked.map(|cell| (*cell, event)).collect();
            if cells.iter().all(|cell| seen.contains(cell)) {
                continue;
            }
            seen.extend(cells);
            plans.push(plan(machine, &at, &path, &named.name, decision));
        }
    }
    plans
}

pub(super) fn plan(
    machine: &Machine,
    at: &[usize],
    path: &[String],
    event: &str,
    decision: Decision,
) -> Plan {
    let names = |states: &[usize]| -> Vec<String> {
        let regions = machine.regions.iter().zip(states);
        regions
            .filter_map(|(region, state)| region.states.get(*state).cloned())
            .collect()
    };
    let number = machine.event(event).unwrap_or_default();
    let mut by = machine.reasons(&decision, number);
    let (to, outputs) = match decision.outcome {
        Outcome::Step(to, outputs) => (to, Some(outputs)),
        Outcome::Violation(id) => {
            by.push(id);
            (at.to_vec(), None)
        }
        Outcome::Ignored | Outcome::Misuse | Outcome::Never => (at.to_vec(), Some(Vec::new())),
    };
    let known = |id: &String| requirements::all().get(id).map(|known| known.id.as_str());
    let mut by: Vec<_> = by.iter().filter_map(known).collect();
    by.dedup();
    if by.is_empty() {
        by.push("RDV-6");
    }
    Plan {
        path: path.to_vec(),
        event: event.to_owned(),
        at: names(at),
        to: names(&to),
        outputs,
        by,
    }
}

/// All states that can be, with the cheapest way to each.
fn ways(machine: &Machine, cost: impl Fn(&str) -> u32) -> Vec<(Vec<usize>, Vec<String>)> {
    let mut open = BTreeMap::from([((0_u32, 0_u32), (machine.start(), Vec::new()))]);
    let (mut done, mut order) = (BTreeSet::new(), 0);
    let mut ways = Vec::new();
    while let Some(((spent, _), (at, path))) = open.pop_first() {
        if !done.insert(at.clone()) {
            continue;
        }
        for (event, named) in machine.events.iter().enumerate() {
            if let Outcome::Step(to, _) = machine.decide(&at, event).outcome {
                order += 1;
                let path = [&path[..], std::slice::from_ref(&named.name)].concat();
                open.insert((spent + cost(&named.name), order), (to, path));
            }
        }
        ways.push((at, path));
    }
    ways
}
