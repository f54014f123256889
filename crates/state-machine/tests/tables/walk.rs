//! The search that reaches the states, and the comparison with the table.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Debug,
    path::Path,
};

use alongside_spec::tables::{Machine, Outcome};

/// A machine at some moment, with what its surroundings know.
pub(crate) trait Subject: Clone {
    /// What the machine itself is, to see that it has not changed.
    type Inside: PartialEq + Debug;

    /// Its state in each region, by their names in the table.
    fn states(&self) -> Vec<(&'static str, &'static str)>;

    /// What tells it from others in the same states for which another event can be made.
    fn history(&self) -> Vec<u64>;

    /// The machine.
    fn inside(&self) -> Self::Inside;

    /// Makes an event happen. `None` if there can be no such event now.
    fn run(&mut self, event: &str) -> Option<Done>;
}

/// What a machine did.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) answer: Answer,
    /// Outputs as the table writes them; those that are sent in their order.
    pub(crate) outputs: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Answer {
    #[default]
    Taken,
    Misuse,
    /// With the requirement that is blamed.
    Violation(&'static str),
}

/// Region, state, event, and the answer among those with guards.
type CellId = (usize, usize, usize, usize);

/// A set of cells: for each region and event, a bit for each state and answer.
#[derive(Default)]
struct Cells(BTreeMap<(usize, usize), u64>);

impl Cells {
    fn add(&mut self, asked: &[(usize, usize, usize)], event: usize) {
        for (region, state, answer) in asked {
            *self.0.entry((*region, event)).or_default() |= Self::bit(*state, *answer);
        }
    }

    fn has(&self, (region, state, event, answer): CellId) -> bool {
        let bits = self.0.get(&(region, event)).copied().unwrap_or_default();
        bits & Self::bit(state, answer) != 0
    }

    fn bit(state: usize, answer: usize) -> u64 {
        assert!(state < 16 && answer < 4, "more than there is room for");
        1 << (4 * state + answer)
    }
}

/// What a walk has seen.
#[derive(Debug)]
pub(crate) struct Walk {
    name: String,
    /// States of all regions together.
    states: usize,
    /// Events that were tried in them.
    steps: usize,
    /// Cells that were compared, each of their guarded answers counted.
    cells: usize,
    /// Cells that the table says cannot be, in which the event could not be made.
    never: usize,
    /// Cells that are never asked, because another region decides before.
    shadowed: usize,
    /// All that differs.
    wrong: Vec<String>,
}

impl Walk {
    /// Holds that nothing differs, and says what was compared.
    #[track_caller]
    #[expect(clippy::print_stdout, reason = "what was compared, for who runs it")]
    pub(crate) fn agrees(&self) {
        let Self {
            name,
            states,
            steps,
            cells,
            never,
            shadowed,
            wrong,
        } = self;
        println!(
            "{name}: {cells} cells agree, by {steps} steps from {states} states; {never} cannot be, {shadowed} are decided before"
        );
        let count = wrong.len();
        assert!(wrong.is_empty(), "{count} differ:\n{}", wrong.join("\n"));
    }
}

/// Walks a machine over its table, from where it starts.
pub(crate) fn walk<S: Subject>(name: &str, start: S) -> Walk {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let machine = Machine::load(&root, name).expect("a sound table");
    let mut walk = Walking {
        machine,
        reached: BTreeSet::new(),
        decide: Cells::default(),
        asked: Cells::default(),
        wrong: BTreeMap::new(),
        steps: 0,
    };
    let mut seen = BTreeSet::new();
    let mut open = VecDeque::from([start]);
    while let Some(subject) = open.pop_front() {
        let Some(at) = walk.states(&subject) else {
            continue;
        };
        if !seen.insert((at.clone(), subject.history())) {
            continue;
        }
        walk.reached.insert(at.clone());
        for event in 0..walk.machine.events.len() {
            open.extend(walk.step(&subject, &at, event));
        }
    }
    walk.result()
}

struct Walking {
    machine: Machine,
    reached: BTreeSet<Vec<usize>>,
    /// Cells that decide in some state that was reached, and those that were compared.
    decide: Cells,
    asked: Cells,
    /// What is wrong, with how often, and an example.
    wrong: BTreeMap<String, (usize, String)>,
    steps: usize,
}

impl Walking {
    fn states<S: Subject>(&mut self, subject: &S) -> Option<Vec<usize>> {
        match self.machine.states(&subject.states()) {
            Ok(states) => Some(states),
            Err(unknown) => {
                self.wrong(unknown);
                None
            }
        }
    }

    /// Tries one event, and compares.
    fn step<S: Subject>(&mut self, before: &S, at: &[usize], event: usize) -> Option<S> {
        let decision = self.machine.decide(at, event);
        self.decide.add(&decision.asked, event);
        let mut after = before.clone();
        let done = after.run(&self.machine.events[event].name);
        let Some(done) = done else {
            if decision.outcome == Outcome::Never {
                self.asked.add(&decision.asked, event);
            }
            return None;
        };
        self.steps += 1;
        self.asked.add(&decision.asked, event);
        let to = self.states(&after)?;
        let unchanged = || before.inside() == after.inside();
        let same = match &decision.outcome {
            Outcome::Never => false,
            Outcome::Ignored => done.answer == Answer::Taken && to == at && done.outputs.is_empty(),
            Outcome::Misuse => {
                done.answer == Answer::Misuse && unchanged() && done.outputs.is_empty()
            }
            Outcome::Violation(id) => {
                matches!(done.answer, Answer::Violation(blamed) if blamed == id)
                    && unchanged()
                    && done.outputs.is_empty()
            }
            Outcome::Step(wanted, outputs) => {
                done.answer == Answer::Taken
                    && to == *wanted
                    && self.in_order(&done.outputs)
                    && sorted(&done.outputs) == sorted(outputs)
            }
        };
        if same {
            return Some(after);
        }
        self.differs(at, event, &decision.outcome, &to, &done);
        None
    }

    /// Notes a difference; of those that are alike, one example.
    fn differs(&mut self, at: &[usize], event: usize, wanted: &Outcome, to: &[usize], done: &Done) {
        let event = &self.machine.events[event].name;
        let table = match wanted {
            Outcome::Step(to, outputs) => format!("{} {outputs:?}", self.machine.show(to)),
            other => format!("{other:?}"),
        };
        let alike = match wanted {
            Outcome::Step(wanted, outputs) => {
                let regions = self.machine.regions.iter().enumerate();
                let other = regions.filter(|(index, _)| wanted[*index] != to[*index]);
                let other: Vec<_> = other.map(|(_, region)| &region.name).collect();
                let lacks: Vec<_> = outputs
                    .iter()
                    .filter(|o| !done.outputs.contains(o))
                    .collect();
                let has: Vec<_> = done
                    .outputs
                    .iter()
                    .filter(|o| !outputs.contains(o))
                    .collect();
                format!("differs in {other:?}, lacks {lacks:?}, has {has:?}")
            }
            other => format!("should be {other:?}"),
        };
        let (at, to) = (self.machine.show(at), self.machine.show(to));
        let alike = format!("\"{event}\": {:?}, {alike}", done.answer);
        let example = format!(
            "    in       {at}\n    table:   {table}\n    machine: {to} {:?}",
            done.outputs
        );
        let known = self.wrong.entry(alike).or_insert((0, example));
        known.0 += 1;
    }

    fn in_order(&self, outputs: &[String]) -> bool {
        let rank = |output: &String| {
            let message = output.strip_prefix("send ")?.split(' ').next()?;
            self.machine.order.iter().position(|known| known == message)
        };
        let ranks: Vec<_> = outputs.iter().filter_map(rank).collect();
        ranks.is_sorted()
    }

    fn wrong(&mut self, what: String) {
        self.wrong.entry(what).or_default().0 += 1;
    }

    fn result(mut self) -> Walk {
        let (mut checked, mut never, mut shadowed) = (0, 0, 0);
        for region in 0..self.machine.regions.len() {
            let states = self.machine.regions[region].states.len();
            for state in 0..states {
                if !self.reached.iter().any(|at| at[region] == state) {
                    let region = &self.machine.regions[region];
                    let what = format!("{}: {} is not reached", region.name, region.states[state]);
                    self.wrong(what);
                }
                for event in 0..self.machine.events.len() {
                    let cell = self.machine.regions[region].cell(state, event);
                    let (is_never, branches) = (cell.is_never(), cell.branches());
                    never += usize::from(is_never);
                    for branch in 0..branches {
                        let id = (region, state, event, branch);
                        if is_never {
                            continue;
                        }
                        if self.asked.has(id) {
                            checked += 1;
                            continue;
                        }
                        if self.decide.has(id) {
                            self.not_reached(id);
                        }
                        shadowed += 1;
                    }
                }
            }
        }
        let wrong = self
            .wrong
            .iter()
            .map(|(what, (times, example))| format!("{what}, {times} times\n{example}"));
        Walk {
            name: self.machine.name.clone(),
            states: self.reached.len(),
            steps: self.steps,
            cells: checked,
            never,
            shadowed,
            wrong: wrong.collect(),
        }
    }

    fn not_reached(&mut self, (region, state, event, branch): CellId) {
        let event = self.machine.events[event].name.clone();
        let region = &self.machine.regions[region];
        let (name, state) = (region.name.clone(), region.states[state].clone());
        self.wrong(format!(
            "{name}: \"{event}\" in \"{state}\" was never made to happen (answer {branch})"
        ));
    }
}

fn sorted(outputs: &[String]) -> Vec<&String> {
    let mut outputs: Vec<_> = outputs.iter().collect();
    outputs.sort();
    outputs
}
