//! A machine as Markdown: its tables and diagrams.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Answer, Branch, Cell, Machine, Region, row::SOURCES};

/// Which part of a region's table is shown.
#[derive(Debug, Default)]
pub(super) struct View {
    /// Only events from these, if any are named.
    pub(super) sources: Vec<String>,
    /// Only these states, if any are named.
    pub(super) states: Vec<usize>,
    /// With requirements.
    pub(super) full: bool,
}

impl Machine {
    /// Every output that a cell has.
    pub(super) fn outputs(&self) -> BTreeSet<String> {
        let cells = self.regions.iter().flat_map(|region| region.cells.iter());
        let branches = cells.flatten().flat_map(|cell| &cell.branches);
        let outputs = branches.filter_map(|branch| match &branch.answer {
            Answer::Step(_, out) => Some(out),
            _ => None,
        });
        outputs.flatten().cloned().collect()
    }

    /// How many cells there are.
    pub(crate) fn size(&self) -> usize {
        let sizes = self.regions.iter().map(|region| region.states.len());
        sizes.sum::<usize>() * self.events.len()
    }

    /// All of it, as a page of its own.
    pub(super) fn page(&self, above: &str) -> String {
        let mut page = format!("# {}\n\n{above}\n\n{}\n", self.title(), self.text);
        page.push_str("\n| it tells its program | |\n|---|---|\n");
        for (name, meaning) in &self.tells {
            let _ = writeln!(page, "| *{name}* | {meaning} |");
        }
        if !self.order.is_empty() {
            let order: Vec<_> = self.order.iter().map(|name| format!("`{name}`")).collect();
            let order = order.join(", ");
            let _ = writeln!(
                page,
                "\nWhat is sent because of one event goes in this order: {order}."
            );
        }
        for (index, region) in self.regions.iter().enumerate() {
            let _ = writeln!(page, "\n## {}\n\n{}", capital(&region.name), region.text);
            if let Some((outer, states)) = &region.within {
                let outer = &self.regions[*outer];
                let states: Vec<_> = states.iter().map(|s| outer.states[*s].as_str()).collect();
                let _ = writeln!(
                    page,
                    "\nThis region lives while {} is *{}*.",
                    outer.name,
                    states.join("* or *")
                );
            }
            page.push_str(&self.diagram(index));
            for (source, words) in SOURCES {
                let view = View {
                    sources: vec![source.to_owned()],
                    full: true,
                    ..View::default()
                };
                if let Some(table) = self.table(index, &view) {
                    let _ = write!(page, "\n{}:\n\n{table}", capital(words));
                }
            }
            let unnamed = (0..self.events.len()).any(|event| !is_written(region, event));
            if unnamed {
                page.push_str("\nNo other event changes anything here.\n");
            }
        }
        page
    }

    fn title(&self) -> String {
        format!("State tables: {}", self.name)
    }

    /// A table with a row for each event, those with the same cells in one row. None if no event
    /// is written down.
    pub(super) fn table(&self, region: usize, view: &View) -> Option<String> {
        let region = &self.regions[region];
        let all = view.states.is_empty();
        let states = (0..region.states.len()).filter(|state| all || view.states.contains(state));
        let states: Vec<_> = states.collect();
        let mut rows: Vec<(Vec<usize>, Vec<String>)> = Vec::new();
        for (index, event) in self.events.iter().enumerate() {
            let wanted = view.sources.is_empty() || view.sources.iter().any(|s| s == event.from);
            if !wanted || !is_written(region, index) {
                continue;
            }
            let cells = states.iter().map(|state| region.cell(*state, index));
            let cells: Vec<_> = cells.map(|cell| self.cell(region, cell, view)).collect();
            // A part of a table leaves out what cannot be in any of its states.
            if !view.full && cells.iter().all(|cell| cell == "–") {
                continue;
            }
            match rows.iter_mut().find(|(_, known)| *known == cells) {
                Some((events, _)) => events.push(index),
                None => rows.push((vec![index], cells)),
            }
        }
        if rows.is_empty() {
            return None;
        }
        let heads: Vec<_> = states.iter().map(|s| region.states[*s].as_str()).collect();
        let mut table = format!(
            "| | {} |\n|{}\n",
            heads.join(" | "),
            "---|".repeat(heads.len() + 1)
        );
        for (events, cells) in rows {
            let events = self.names(&events).join(", ");
            let _ = writeln!(table, "| {events} | {} |", cells.join(" | "));
        }
        Some(table)
    }

    /// The names of events; of all that share a message its name once.
    fn names(&self, events: &[usize]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for event in events {
            let event = &self.events[*event];
            let is_of = |other: &usize| self.events[*other].base() == event.base();
            let here = events.iter().filter(|other| is_of(other)).count();
            let all = (0..self.events.len()).filter(is_of).count();
            let message = ["client", "peer"].contains(&event.from);
            let name = if here == all {
                event.base()
            } else {
                &event.name
            };
            let name = match name.split_once(':') {
                Some((base, rest)) if message => format!("`{base}`:{rest}"),
                None if message => format!("`{name}`"),
                None if event.from == "time" => format!("timer `{name}`"),
                _ => name.to_owned(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn cell(&self, region: &Region, cell: &Cell, view: &View) -> String {
        let branches = cell.branches.iter();
        let branches: Vec<_> = branches
            .map(|branch| self.branch(region, branch, view))
            .collect();
        branches.join("<br>else ")
    }

    fn branch(&self, region: &Region, branch: &Branch, view: &View) -> String {
        let mut text = String::new();
        for (index, (region, states)) in branch.when.iter().enumerate() {
            let region = &self.regions[*region];
            let states: Vec<_> = states.iter().map(|s| region.states[*s].as_str()).collect();
            let states = states.join("* or *");
            let joint = if index == 0 { "if" } else { " and" };
            let _ = write!(text, "{joint} {} is *{states}*", region.name);
        }
        if !branch.when.is_empty() {
            text.push_str(": ");
        }
        match &branch.answer {
            Answer::Never => text.push('–'),
            Answer::Ignored => text.push_str("ignored"),
            Answer::Misuse => text.push_str("misuse"),
            Answer::Violation(id) => {
                let _ = write!(text, "violation {id}");
            }
            Answer::Step(to, out) => {
                if let Some(to) = to {
                    let _ = write!(text, "→ {}", region.states[*to]);
                } else if out.is_empty() {
                    text.push_str("stays");
                }
                if !out.is_empty() {
                    let joint = if to.is_some() { ": " } else { "" };
                    let out: Vec<_> = out.iter().map(|output| shown(output)).collect();
                    let _ = write!(text, "{joint}{}", out.join(", "));
                }
            }
        }
        if view.full && !branch.by.is_empty() {
            let _ = write!(text, " ({})", branch.by.join(", "));
        }
        text
    }

    /// The states of a region and what leads from one to another.
    pub(super) fn diagram(&self, region: usize) -> String {
        let region = &self.regions[region];
        let mut diagram = "\n```mermaid\nstateDiagram-v2\n    direction LR\n".to_owned();
        for (index, state) in region.states.iter().enumerate() {
            let _ = writeln!(diagram, "    state \"{state}\" as s{index}");
        }
        diagram.push_str("    [*] --> s0\n");
        for from in 0..region.states.len() {
            for to in 0..region.states.len() {
                let leads = |event: &usize| {
                    let branches = &region.cell(from, *event).branches;
                    let to = |b: &Branch| matches!(b.answer, Answer::Step(Some(t), _) if t == to);
                    branches.iter().any(to)
                };
                let events = (0..self.events.len()).filter(leads).collect::<Vec<_>>();
                if from != to && !events.is_empty() {
                    let names = self.names(&events).join("<br/>").replace('`', "");
                    let names = names.replace(": ", " – ");
                    let _ = writeln!(diagram, "    s{from} --> s{to} : {names}");
                }
            }
        }
        diagram + "```\n"
    }
}

fn is_written(region: &Region, event: usize) -> bool {
    (0..region.states.len()).any(|state| region.cell(state, event).written)
}

/// `send epoch paused` as `epoch` paused.
fn shown(output: &str) -> String {
    let (kind, what) = output.split_once(' ').unwrap_or((output, ""));
    match kind {
        "send" => match what.split_once(' ') {
            Some((message, rest)) => format!("`{message}` {rest}"),
            None => format!("`{what}`"),
        },
        "to" => match what.split_once(' ') {
            Some((end, message)) => format!("to the {end} {}", shown(&format!("send {message}"))),
            None => what.to_owned(),
        },
        "pass" => format!("to the other end {}", shown(&format!("send {what}"))),
        "tell" => format!("*{what}*"),
        _ => output.to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}
