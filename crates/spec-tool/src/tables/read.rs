//! From the file of a machine to every one of its cells: total, each decided once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

use super::{
    Cell, Event, Machine, Region,
    row::{Cells, Names, SOURCES, base},
};
use crate::outcome::{Failure, Problem};
use crate::registry;
use crate::spec::Spec;

/// The machine, or all that is wrong with its file.
pub(super) fn machine(
    root: &Path,
    path: &str,
    text: &str,
    spec: &Spec,
) -> Result<Result<Machine, Vec<Problem>>, Failure> {
    let file = root.join(registry::PATH);
    let registry = fs::read_to_string(&file).map_err(Failure::io("read", &file))?;
    parsed(path, text, &registry, Some(spec))
}

/// The same, of a registry that was read.
pub(super) fn parsed(
    path: &str,
    text: &str,
    registry: &str,
    spec: Option<&Spec>,
) -> Result<Result<Machine, Vec<Problem>>, Failure> {
    let registry: Table = toml::from_str(registry)
        .map_err(|error| Failure::new(format!("{}: {error}", registry::PATH)))?;
    let raw: Table = match toml::from_str(text) {
        Ok(raw) => raw,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let line = text[..at].matches('\n').count() + 1;
            let message = error.message().to_owned();
            return Ok(Err(vec![Problem::new(path, line, message)]));
        }
    };
    let mut reader = Reader {
        path,
        text,
        problems: Vec::new(),
    };
    let machine = reader.machine(&raw, &Names::read(&registry), spec);
    Ok(match (machine, reader.problems.is_empty()) {
        (Some(machine), true) => Ok(machine),
        _ => Err(reader.problems),
    })
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

/// The cell of each event and state, and how narrow the row was that said so.
type Written = BTreeMap<(usize, usize), (Narrow, Cell)>;

/// Whether a row names one event, all of one message, or all of one source. Narrow ones go first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Narrow {
    Source,
    Message,
    Event,
}

impl Machine {
    fn named(&self, name: &str) -> (Vec<usize>, Narrow) {
        let all = |is: &dyn Fn(&Event) -> bool| {
            let events = self.events.iter().enumerate();
            let events = events.filter(|(_, event)| is(event));
            events.map(|(index, _)| index).collect::<Vec<_>>()
        };
        if let Some(index) = self.event(name) {
            return (vec![index], Narrow::Event);
        }
        let of_message = all(&|event| event.base() == name);
        if of_message.is_empty() {
            return (all(&|event| event.from == name), Narrow::Source);
        }
        (of_message, Narrow::Message)
    }
}

impl Reader<'_> {
    fn machine(&mut self, raw: &Table, names: &Names, spec: Option<&Spec>) -> Option<Machine> {
        let known = [
            "machine", "text", "complete", "order", "events", "tell", "regions", "region",
        ];
        for key in raw.keys().filter(|key| !known.contains(&key.as_str())) {
            self.problem(1, format!("unknown key {key}"));
        }
        let mut machine = Machine {
            name: self.text_of(raw, "machine")?,
            text: self.text_of(raw, "text")?,
            events: self.events(raw, names),
            tells: self.tells(raw),
            order: self.list(raw, "order"),
            regions: Vec::new(),
        };
        let stem = self.path.rsplit('/').next().unwrap_or(self.path);
        if stem != format!("{}.toml", machine.name) {
            self.problem(1, format!("the machine is {}, not {stem}", machine.name));
        }
        let planes = self.list(raw, "complete");
        for (plane, message) in &names.messages {
            let here = planes.iter().any(|known| known == plane);
            if here && !machine.events.iter().any(|event| event.base() == message) {
                self.problem(1, format!("no event \"{message}\", a message of {plane}"));
            }
        }
        for message in machine.order.clone() {
            if !names.is_message(&message) {
                self.problem(1, format!("order: unknown message \"{message}\""));
            }
        }
        let order = self.list(raw, "regions");
        let regions = raw.get("region").and_then(Value::as_table)?;
        for name in regions.keys().filter(|name| !order.contains(name)) {
            self.problem(1, format!("region {name} is not in the list of regions"));
        }
        for name in &order {
            let region = regions.get(name).and_then(Value::as_table);
            let region = region.and_then(|raw| self.region(name, raw));
            let Some(region) = region else {
                self.problem(1, format!("region {name} is not there, or not whole"));
                return None;
            };
            machine.regions.push(region);
        }
        for (index, name) in order.iter().enumerate() {
            let within = regions.get(name).and_then(|raw| raw.get("within"));
            if let Some(within) = within.and_then(Value::as_str) {
                machine.regions[index].within = self.within(name, within, &machine.regions);
            }
        }
        for (index, name) in order.iter().enumerate() {
            let raw = regions.get(name).and_then(Value::as_table)?;
            let cells = self.cells(index, raw, &machine, names, spec);
            machine.regions[index].cells = cells;
        }
        self.unused(&machine);
        Some(machine)
    }

    fn events(&mut self, raw: &Table, names: &Names) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        let Some(groups) = raw.get("events").and_then(Value::as_table) else {
            self.problem(1, "no events".to_owned());
            return events;
        };
        for source in groups.keys() {
            if !SOURCES.iter().any(|(known, _)| known == source) {
                self.problem(1, format!("events: unknown source {source}"));
            }
        }
        for (from, _) in SOURCES {
            for name in self.list(groups, from) {
                if ["client", "peer"].contains(&from) && !names.is_message(base(&name)) {
                    self.problem(1, format!("events: unknown message \"{name}\""));
                }
                if events.iter().any(|event| event.name == name) {
                    self.problem(1, format!("events: \"{name}\" again"));
                }
                events.push(Event { name, from });
            }
        }
        events
    }

    fn tells(&mut self, raw: &Table) -> Vec<(String, String)> {
        let told = raw.get("tell").and_then(Value::as_table);
        let told = told.into_iter().flatten();
        told.map(|(name, text)| (name.clone(), text.as_str().unwrap_or("").to_owned()))
            .collect()
    }

    fn region(&mut self, name: &str, raw: &Table) -> Option<Region> {
        let known = ["text", "states", "within", "others", "on"];
        for key in raw.keys().filter(|key| !known.contains(&key.as_str())) {
            self.problem(1, format!("region {name}: unknown key {key}"));
        }
        let states = self.list(raw, "states");
        let unlike = |(index, state): (usize, &String)| states[..index].contains(state);
        if states.is_empty() || states.iter().enumerate().any(unlike) {
            self.problem(1, format!("region {name}: no states, or one twice"));
        }
        Some(Region {
            name: name.to_owned(),
            text: self.text_of(raw, "text")?,
            states,
            within: None,
            cells: Vec::new(),
        })
    }

    fn within(
        &mut self,
        name: &str,
        text: &str,
        regions: &[Region],
    ) -> Option<(usize, Vec<usize>)> {
        let outer = text.split_once(" = ").and_then(|(outer, states)| {
            let outer = regions.iter().position(|region| region.name == outer)?;
            let known = &regions[outer].states;
            let state = |state: &str| known.iter().position(|known| known == state);
            let states: Option<Vec<_>> = states.split(" / ").map(state).collect();
            Some((outer, states?))
        });
        if outer.is_none() {
            let message = format!("region {name}: \"{text}\" names no states of a region");
            self.problem(1, message);
        }
        outer
    }

    /// All cells of a region: those of its rows, and `others` for the rest.
    fn cells(
        &mut self,
        region: usize,
        raw: &Table,
        machine: &Machine,
        names: &Names,
        spec: Option<&Spec>,
    ) -> Vec<Vec<Cell>> {
        let Region { name, states, .. } = &machine.regions[region];
        let reader = Cells {
            machine,
            names,
            spec,
            region,
        };
        let mut written = Written::new();
        let rows = raw.get("on").and_then(Value::as_table);
        for (key, row) in rows.into_iter().flatten() {
            let line = self.line_of(name, key);
            for event in key.split(", ") {
                let (events, narrow) = machine.named(event);
                if events.is_empty() {
                    self.problem(line, format!("{name}: unknown event \"{event}\""));
                }
                for event in events {
                    self.row(&mut written, (event, narrow, line), row, &reader);
                }
            }
        }
        let others = raw.get("others").map(|value| reader.branches(value));
        let others = match others {
            Some(Ok(branches)) => Some(branches),
            Some(Err(wrong)) => {
                self.problem(1, format!("{name}: others: {wrong}"));
                None
            }
            None => None,
        };
        let mut cell = |state: usize, event: usize| match (written.remove(&(event, state)), &others)
        {
            (Some((_, cell)), _) => cell,
            (None, Some(branches)) => Cell {
                branches: branches.clone(),
                written: false,
            },
            (None, None) => {
                let (event, state) = (&machine.events[event].name, &states[state]);
                let line = self.line_of(name, event);
                let message = format!("{name}: no answer to \"{event}\" in \"{state}\"");
                self.problem(line, message);
                let (branches, written) = (Vec::new(), false);
                Cell { branches, written }
            }
        };
        let events = machine.events.len();
        (0..states.len())
            .map(|state| (0..events).map(|event| cell(state, event)).collect())
            .collect()
    }

    /// A row of one event: states, and `rest` for those that it does not name.
    fn row(
        &mut self,
        written: &mut Written,
        (event, narrow, line): (usize, Narrow, usize),
        row: &Value,
        reader: &Cells<'_>,
    ) {
        let Region { name, states, .. } = &reader.machine.regions[reader.region];
        let event_name = &reader.machine.events[event].name;
        let Some(row) = row.as_table() else {
            self.problem(line, format!("{name}: \"{event_name}\" is no row"));
            return;
        };
        let mut named: Vec<(usize, &Value)> = Vec::new();
        for (key, value) in row.iter().filter(|(key, _)| *key != "rest") {
            for state in key.split(", ") {
                match states.iter().position(|known| known == state) {
                    None => self.problem(line, format!("{name} has no state \"{state}\"")),
                    Some(index) if named.iter().any(|(known, _)| *known == index) => {
                        let message =
                            format!("{name}: \"{event_name}\" in \"{state}\" is decided twice");
                        self.problem(line, message);
                    }
                    Some(index) => named.push((index, value)),
                }
            }
        }
        let all = 0..states.len();
        let left: Vec<_> = all
            .filter(|index| !named.iter().any(|(known, _)| known == index))
            .collect();
        match row.get("rest") {
            Some(_) if left.is_empty() => {
                let message = format!("{name}: \"{event_name}\" leaves nothing for `rest`");
                self.problem(line, message);
            }
            Some(rest) => named.extend(left.into_iter().map(|index| (index, rest))),
            // A row is whole: what it forgets is not for a broader row to decide.
            None => {
                for state in left {
                    let state = &states[state];
                    let message = format!("{name}: no answer to \"{event_name}\" in \"{state}\"");
                    self.problem(line, message);
                }
            }
        }
        for (state, value) in named {
            let branches = match reader.branches(value) {
                Ok(branches) => branches,
                Err(wrong) => {
                    self.problem(line, format!("{name}: \"{event_name}\": {wrong}"));
                    continue;
                }
            };
            let cell = Cell {
                branches,
                written: true,
            };
            match written.get(&(event, state)) {
                Some((before, _)) if *before == narrow => {
                    let state = &states[state];
                    let message =
                        format!("{name}: \"{event_name}\" in \"{state}\" is decided twice");
                    self.problem(line, message);
                }
                Some((before, _)) if *before > narrow => {}
                _ => {
                    written.insert((event, state), (narrow, cell));
                }
            }
        }
    }

    /// What is declared and never used is a mistake.
    fn unused(&mut self, machine: &Machine) {
        let outputs = machine.outputs();
        for (told, _) in &machine.tells {
            if !outputs.contains(&format!("tell {told}")) {
                self.problem(1, format!("tell: nothing tells \"{told}\""));
            }
        }
        for message in &machine.order {
            let sent = |output: &String| {
                let mut words = output.split(' ');
                words.next() == Some("send") && words.next() == Some(message)
            };
            if !outputs.iter().any(sent) {
                self.problem(1, format!("order: nothing sends \"{message}\""));
            }
        }
    }

    fn text_of(&mut self, raw: &Table, key: &str) -> Option<String> {
        let text = raw.get(key).and_then(Value::as_str).map(str::to_owned);
        if text.is_none() {
            self.problem(1, format!("no {key}"));
        }
        text
    }

    fn list(&mut self, raw: &Table, key: &str) -> Vec<String> {
        let Some(value) = raw.get(key) else {
            return Vec::new();
        };
        let texts = value.as_array().into_iter().flatten();
        let texts: Vec<_> = texts.filter_map(Value::as_str).map(str::to_owned).collect();
        if value.as_array().map(Vec::len) != Some(texts.len()) {
            self.problem(1, format!("{key} is no list of texts"));
        }
        texts
    }

    /// The line on which the row of these events begins.
    fn line_of(&self, region: &str, events: &str) -> usize {
        let start = format!("[region.{region}.on.");
        let named = |line: &&str| line.starts_with(&start) && line.contains(events);
        let exact = [format!("{start}{events}]"), format!("{start}\"{events}\"]")];
        let mut lines = self.text.lines();
        let found = lines
            .clone()
            .position(|line| exact.iter().any(|e| e == line));
        let found = found.or_else(|| lines.position(|line| named(&line)));
        found.map_or(1, |index| index + 1)
    }

    fn problem(&mut self, line: usize, message: String) {
        self.problems.push(Problem::new(self.path, line, message));
    }
}
