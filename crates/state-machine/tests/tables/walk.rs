//! The search that reaches the states, and the comparison with the table.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    path::Path,
};

use alongside_spec::tables::{Machine, Outcome};
use alongside_state_machine::error::Fault;
use alongside_wire::{
    Decision, ErrorCode, Scopes,
    receipt::{self, Statement},
    session::{Message, Receipt},
};

/// A machine at some moment, with what its surroundings know.
pub(crate) trait Subject: Clone {
    /// Its state in each region, by their names in the table.
    fn states(&self) -> Vec<(&'static str, &'static str)>;

    /// What tells it from others in the same states for which another event can be made.
    fn history(&self) -> Vec<u64>;

    /// Whether the machine itself is what it was before the last event.
    fn unchanged(&self) -> bool;

    /// Makes an event happen. `None` if there can be no such event now.
    fn run(&mut self, event: &str) -> Option<Done>;

    /// The same shortly before the next timer runs out, if one runs.
    fn later(&self) -> Option<Self>;
}

/// What a machine did.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) answer: Answer,
    /// Outputs as the table writes them; those that are sent in their order.
    pub(crate) outputs: Vec<String>,
}

impl Done {
    /// Two things of the table may have been said at once.
    pub(crate) fn new(answer: Answer, outputs: Vec<String>) -> Self {
        let outputs = outputs.into_iter().flat_map(|output| {
            let both = output.split_once(", ");
            let both = both.map(|(one, other)| vec![one.to_owned(), format!("tell {other}")]);
            both.unwrap_or(vec![output])
        });
        let outputs = outputs.collect();
        Self { answer, outputs }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Answer {
    #[default]
    Taken,
    Misuse,
    /// With the requirement that is blamed, and the error that the other side is told.
    Violation(&'static str, ErrorCode),
}

impl From<Result<(), Fault>> for Answer {
    fn from(done: Result<(), Fault>) -> Self {
        match done {
            Ok(()) => Self::Taken,
            Err(fault) => Self::Violation(fault.clause(), fault.code()),
        }
    }
}

/// A code as the table writes it, if it is not the one that came with the event.
pub(crate) fn named(code: ErrorCode, told: Option<ErrorCode>) -> &'static str {
    if told == Some(code) {
        "as told"
    } else {
        code.name()
    }
}

/// A receipt that nobody signed.
pub(crate) fn receipt() -> Message {
    let statement = Statement {
        decision: Decision::ConsentAllowed,
        code: 0,
        request: 0,
        grant: 0,
        scopes: Scopes::CONSENT,
        duration_ms: 0,
        time: 1,
        sequence: 1,
        transcript: [1; 32],
        sharer_card: [0; 32],
        helper_card: [0; 32],
        key: [2; 32],
    };
    let receipt = receipt::Receipt {
        statement,
        signature: [[3; 32]; 2],
    };
    let receipt = receipt.into();
    Receipt { receipt }.into()
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
        assert!(state < 8 && answer < 8, "more than there is room for");
        1 << (8 * state + answer)
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
    /// Cells without a row of their own, of events that do not come in that state.
    idle: usize,
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
            idle,
            wrong,
        } = self;
        println!(
            "counted table cells / {name}: {cells} agree, {never} cannot be, {shadowed} decided before, {idle} without a row, {states} states, {steps} steps"
        );
        let count = wrong.len();
        assert!(wrong.is_empty(), "{count} differ:\n{}", wrong.join("\n"));
    }
}

/// Walks a machine over its table, from where it starts. Of the regions `aside`, which have nothing to
/// do with each other, no more than one at a time is led away from its first state; each meets all
/// states of the others.
pub(crate) fn walk<S: Subject>(name: &str, start: S, aside: &[&str]) -> Walk {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let machine = Machine::load(&root, name).expect("a sound table");
    let mut walk = Walking {
        errors: errors(&root),
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
        if walk.is_far(&at, aside) {
            continue;
        }
        walk.reached.insert(at.clone());
        open.extend(subject.later());
        for event in 0..walk.machine.events.len() {
            open.extend(walk.step(&subject, &at, event));
        }
    }
    walk.result()
}

/// The table of violations of chapter 09: requirements, each with the name of an error that it stands beside.
fn errors(root: &Path) -> BTreeSet<(String, String)> {
    let chapter = fs::read_to_string(root.join("spec/09-limits-errors.md")).expect("a chapter");
    let rows = chapter.split("{#violations}").nth(1).expect("a section");
    let rows = rows.split("\n## ").next().unwrap_or(rows).lines();
    let mut errors = BTreeSet::new();
    for row in rows.filter(|row| row.starts_with("| 0x")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let id = |word: &&str| {
            word.split_once('-')
                .is_some_and(|(_, n)| n.parse::<u32>().is_ok())
        };
        let words = cells[3].split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        errors.extend(
            words
                .filter(id)
                .map(|id| (id.to_owned(), cells[2].to_owned())),
        );
    }
    errors
}

struct Walking {
    machine: Machine,
    /// Requirements, each with an error that its breach is reported as.
    errors: BTreeSet<(String, String)>,
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

    fn is_far(&self, at: &[usize], aside: &[&str]) -> bool {
        let regions = self.machine.regions.iter().zip(at);
        let away = regions.filter(|(region, state)| **state != 0 && aside.contains(&&*region.name));
        away.count() > 1
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
        let unchanged = || after.unchanged();
        let same = match &decision.outcome {
            Outcome::Never => false,
            Outcome::Ignored => done.answer == Answer::Taken && to == at && done.outputs.is_empty(),
            Outcome::Misuse => {
                done.answer == Answer::Misuse && unchanged() && done.outputs.is_empty()
            }
            Outcome::Violation(id) => {
                matches!(done.answer, Answer::Violation(blamed, error) if blamed == id && self.errors.contains(&(id.clone(), error.name().to_owned())))
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
        let (mut checked, mut never, mut shadowed, mut idle) = (0, 0, 0, 0);
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
                    let (is_never, written) = (cell.is_never(), cell.written);
                    let branches = cell.branches();
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
                        match (self.decide.has(id), written) {
                            (false, _) => shadowed += 1,
                            (true, true) => self.not_reached(id),
                            (true, false) => idle += 1,
                        }
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
            idle,
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
