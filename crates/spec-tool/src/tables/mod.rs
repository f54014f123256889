//! State tables: `spec/tables/*.toml`, one machine each, every cell decided.
//!
//! A machine has *regions*, each in one of its states. An event is put to the regions in their
//! order. The first that answers with something else than a step decides alone: nothing changes
//! anywhere. If all take a step, or none, each goes where it says, and the outputs are put together.
//! A region can live *within* states of another: outside of these it is in its first state, and is
//! not asked.

mod chapter;
mod read;
mod row;
mod show;

use std::fs;
use std::path::Path;

use crate::outcome::{Failure, Problem};
use crate::spec::Spec;

pub(crate) use chapter::pages;

/// Where the tables are, relative to the root.
const FOLDER: &str = "spec/tables";

/// A machine as its table says.
#[derive(Debug)]
pub struct Machine {
    /// Its name, which is that of its file.
    pub name: String,
    /// What it is, in a sentence.
    pub text: String,
    /// All that can happen to it.
    pub events: Vec<Event>,
    /// What it says to its program: name and meaning.
    pub tells: Vec<(String, String)>,
    /// Messages in the order in which those of one event are sent.
    pub order: Vec<String>,
    /// In the order in which they are asked.
    pub regions: Vec<Region>,
}

/// Something that can happen to a machine.
#[derive(Debug)]
pub struct Event {
    /// Its name. What follows a colon tells it from others with the same message.
    pub name: String,
    /// Where it comes from: one of the sources of rows.
    pub from: &'static str,
}

impl Event {
    /// The name without what follows the colon.
    pub fn base(&self) -> &str {
        row::base(&self.name)
    }
}

/// One of the things that a machine is at the same time.
#[derive(Debug)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// What it is about, and what its states are.
    pub text: String,
    /// The first is the one that it begins in.
    pub states: Vec<String>,
    /// Another region, before this one, and the states in which this one lives.
    within: Option<(usize, Vec<usize>)>,
    /// For each state one for each event.
    cells: Vec<Vec<Cell>>,
}

impl Region {
    /// The decision about an event in a state.
    pub fn cell(&self, state: usize, event: usize) -> &Cell {
        &self.cells[state][event]
    }
}

/// What a region answers to one event in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The first whose guard holds counts. The last has none.
    branches: Vec<Branch>,
    /// It is written down, and not what the region does with all that it does not name.
    pub written: bool,
}

impl Cell {
    /// Whether the event cannot happen in this state, whatever the other regions are in.
    pub fn is_never(&self) -> bool {
        self.branches.iter().all(|b| b.answer == Answer::Never)
    }

    /// Whether an answer follows this requirement, or blames its breach.
    pub(crate) fn names(&self, id: &str) -> bool {
        self.branches.iter().any(|branch| {
            let blamed = matches!(&branch.answer, Answer::Violation(by) if by == id);
            blamed || branch.by.iter().any(|by| by == id)
        })
    }

    /// How many answers it has, by guard.
    pub fn branches(&self) -> usize {
        self.branches.len()
    }

    /// Whether the event cannot happen where this answer of it counts.
    pub fn is_never_by(&self, branch: usize) -> bool {
        self.branches
            .get(branch)
            .is_some_and(|branch| branch.answer == Answer::Never)
    }
}

/// What one region has a part in.
#[derive(Debug)]
pub struct Part<'a> {
    /// The region.
    pub region: usize,
    /// Its outputs.
    pub outputs: &'a [String],
    /// The requirements that it follows.
    pub by: &'a [String],
    /// It goes to another state, or to the same anew.
    pub moves: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Branch {
    /// Each a region and the states that it must be in before the event.
    when: Vec<(usize, Vec<usize>)>,
    answer: Answer,
    /// Requirements.
    by: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    /// The event cannot happen.
    Never,
    /// It is allowed, and nothing happens: neither here nor in any other region.
    Ignored,
    /// The program may not do this now.
    Misuse,
    /// The other side may not do this now, by this requirement.
    Violation(String),
    /// It is allowed: to another state, if any, with these outputs, if any.
    Step(Option<usize>, Vec<String>),
}

/// What a machine does with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It cannot happen.
    Never,
    /// Nothing.
    Ignored,
    /// It refuses its own program.
    Misuse,
    /// It is unchanged, and blames the other side for breaking this requirement.
    Violation(String),
    /// It is in these states, and has these outputs, in no order.
    Step(Vec<usize>, Vec<String>),
}

/// An outcome, and how it came about.
#[derive(Debug)]
pub struct Decision {
    /// What happens.
    pub outcome: Outcome,
    /// Each region that was asked, in its state then, and which of its answers counted.
    pub asked: Vec<(usize, usize, usize)>,
}

impl Machine {
    /// The table of one machine in the project at `root`.
    ///
    /// # Errors
    /// If it is not there, or has errors.
    pub fn load(root: &Path, name: &str) -> Result<Self, Failure> {
        let spec = Spec::load(root)?;
        let path = format!("{FOLDER}/{name}.toml");
        let file = root.join(&path);
        let text = fs::read_to_string(&file).map_err(Failure::io("read", &file))?;
        read::machine(root, &path, &text, &spec)?
            .map_err(|problems| Failure::new(crate::outcome::lines(problems)))
    }

    /// The table of one machine, from the text of its file and of the registry. It is not looked up
    /// whether there are the requirements that it names.
    ///
    /// # Errors
    /// If it has errors.
    pub fn parse(name: &str, text: &str, registry: &str) -> Result<Self, Failure> {
        let path = format!("{FOLDER}/{name}.toml");
        read::parsed(&path, text, registry, None)?
            .map_err(|problems| Failure::new(crate::outcome::lines(problems)))
    }

    /// The requirements that a decision about an event follows.
    pub fn reasons(&self, decision: &Decision, event: usize) -> Vec<String> {
        let cells = decision.asked.iter().filter_map(|(region, state, branch)| {
            let cell = self.regions.get(*region)?.cell(*state, event);
            cell.branches.get(*branch)
        });
        cells.flat_map(|branch| branch.by.clone()).collect()
    }

    /// What each region that was asked has a part in.
    pub fn parts(&self, decision: &Decision, event: usize) -> Vec<Part<'_>> {
        let parts = decision.asked.iter().filter_map(|(region, state, branch)| {
            let cell = self.regions.get(*region)?.cell(*state, event);
            let branch = cell.branches.get(*branch)?;
            let (outputs, moves): (&[String], bool) = match &branch.answer {
                Answer::Step(to, outputs) => (outputs, to.is_some()),
                _ => (&[], false),
            };
            Some(Part {
                region: *region,
                outputs,
                by: &branch.by,
                moves,
            })
        });
        parts.collect()
    }

    /// The state that every region begins in.
    pub fn start(&self) -> Vec<usize> {
        vec![0; self.regions.len()]
    }

    /// The number of an event.
    pub fn event(&self, name: &str) -> Option<usize> {
        self.events.iter().position(|event| event.name == name)
    }

    /// The states of all regions, each with the name of its region, as numbers.
    ///
    /// # Errors
    /// The first that this table does not know.
    pub fn states(&self, named: &[(&str, &str)]) -> Result<Vec<usize>, String> {
        let state = |region: &Region| {
            let named = named.iter().find(|(name, _)| *name == region.name);
            let (_, state) = named.ok_or(format!("no state of {}", region.name))?;
            let known = region.states.iter().position(|known| known == state);
            known.ok_or(format!("{} has no state {state}", region.name))
        };
        self.regions.iter().map(state).collect()
    }

    /// States by their names, those that are not the first of their region.
    pub fn show(&self, states: &[usize]) -> String {
        let named = self.regions.iter().zip(states).enumerate();
        let named = named.filter(|(index, (_, state))| *index == 0 || **state != 0);
        let named: Vec<_> = named
            .map(|(_, (region, state))| format!("{}: {}", region.name, region.states[*state]))
            .collect();
        named.join(", ")
    }

    /// What happens when this event comes in these states.
    pub fn decide(&self, at: &[usize], event: usize) -> Decision {
        let mut to = at.to_vec();
        let mut outputs = Vec::new();
        let mut asked = Vec::new();
        for (index, region) in self.regions.iter().enumerate() {
            if !self.lives(index, at) {
                continue;
            }
            let cell = region.cell(at[index], event);
            let holds = |branch: &Branch| {
                let mut when = branch.when.iter();
                when.all(|(region, states)| states.contains(&at[*region]))
            };
            let Some(chosen) = cell.branches.iter().position(holds) else {
                unreachable!("the last has no guard");
            };
            asked.push((index, at[index], chosen));
            let outcome = match &cell.branches[chosen].answer {
                Answer::Never => Outcome::Never,
                Answer::Ignored => Outcome::Ignored,
                Answer::Misuse => Outcome::Misuse,
                Answer::Violation(id) => Outcome::Violation(id.clone()),
                Answer::Step(state, out) => {
                    to[index] = state.unwrap_or(at[index]);
                    outputs.extend(out.iter().cloned());
                    continue;
                }
            };
            return Decision { outcome, asked };
        }
        for index in 0..self.regions.len() {
            if !self.lives(index, &to) {
                to[index] = 0;
            }
        }
        let outcome = Outcome::Step(to, outputs);
        Decision { outcome, asked }
    }

    fn lives(&self, region: usize, at: &[usize]) -> bool {
        let within = &self.regions[region].within;
        within
            .as_ref()
            .is_none_or(|(outer, states)| states.contains(&at[*outer]))
    }
}

/// The tables of a project, and what is wrong with them.
pub(crate) fn load(root: &Path, spec: &Spec) -> Result<(Vec<Machine>, Vec<Problem>), Failure> {
    let (mut machines, mut problems) = (Vec::new(), Vec::new());
    let folder = root.join(FOLDER);
    if !folder.is_dir() {
        return Ok((machines, problems));
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Failure::io("list", &folder))? {
        let entry = entry.map_err(Failure::io("list", &folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        names.extend(name.ends_with(".toml").then_some(name));
    }
    names.sort();
    for name in names {
        let file = folder.join(&name);
        let text = fs::read_to_string(&file).map_err(Failure::io("read", &file))?;
        match read::machine(root, &format!("{FOLDER}/{name}"), &text, spec)? {
            Ok(machine) => machines.push(machine),
            Err(wrong) => problems.extend(wrong),
        }
    }
    Ok((machines, problems))
}
