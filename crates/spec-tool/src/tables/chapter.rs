//! Where tables are shown: a page for each machine, and parts of them in the chapters.
//!
//! A chapter says `<!-- table MACHINE REGION [from SOURCE, …] [in STATE, …] -->` or
//! `<!-- diagram MACHINE REGION -->`, and what stands from there to `<!-- end of table -->` is
//! generated.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::{FOLDER, Machine, show::View};
use crate::outcome::{Failure, Problem};
use crate::spec;

const END: &str = "<!-- end of table -->";
const GENERATED: &str =
    "<!-- Generated from the file of the same name in .toml by `cargo spec write`. -->";

/// A file with generated parts.
#[derive(Debug)]
pub(crate) struct Page {
    /// Relative to the root.
    pub(crate) path: String,
    /// As it is; nothing if it is not there.
    pub(crate) held: String,
    /// As it has to be.
    pub(crate) wanted: String,
}

impl Page {
    /// The first line that is not as it has to be, if there is one.
    pub(crate) fn stale_at(&self) -> Option<usize> {
        let lines = self.held.lines().zip(self.wanted.lines());
        let same = lines.take_while(|(a, b)| a == b).count();
        (self.held != self.wanted).then_some(same + 1)
    }
}

/// All files that show tables, and what is wrong with their markers.
pub(crate) fn pages(
    root: &Path,
    machines: &[Machine],
) -> Result<(Vec<Page>, Vec<Problem>), Failure> {
    let (mut pages, mut problems) = (Vec::new(), Vec::new());
    for machine in machines {
        let path = format!("{FOLDER}/{}.md", machine.name);
        let file = root.join(&path);
        let held = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            read => read.map_err(Failure::io("read", &file))?,
        };
        let wanted = machine.page(GENERATED);
        pages.push(Page { path, held, wanted });
    }
    for (path, held) in spec::chapters(root)? {
        if held.lines().any(|line| marker(line).is_some()) {
            let wanted = filled(&path, &held, machines, &mut problems);
            pages.push(Page { path, held, wanted });
        }
    }
    Ok((pages, problems))
}

/// A chapter with its generated parts made anew.
fn filled(path: &str, text: &str, machines: &[Machine], problems: &mut Vec<Problem>) -> String {
    let mut filled = String::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        filled.push_str(line);
        filled.push('\n');
        let marker = line
            .strip_prefix("<!-- ")
            .and_then(|l| l.strip_suffix(" -->"));
        let Some((kind, rest)) = marker.and_then(|marker| marker.split_once(' ')) else {
            continue;
        };
        if !["table", "diagram"].contains(&kind) {
            continue;
        }
        let mut problem = |message: String| problems.push(Problem::new(path, index + 1, message));
        match part(kind, rest, machines) {
            Ok(part) => filled.push_str(&format!("\n{}\n{END}\n", part.trim_start())),
            Err(message) => problem(message),
        }
        if !lines.any(|(_, line)| line == END) {
            problem(format!("no {END} after this"));
        }
    }
    filled
}

/// `table` or `diagram`, and of what.
fn marker(line: &str) -> Option<(&str, &str)> {
    let marker = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    let (kind, rest) = marker.split_once(' ')?;
    ["table", "diagram"].contains(&kind).then_some((kind, rest))
}

fn part(kind: &str, wanted: &str, machines: &[Machine]) -> Result<String, String> {
    let (named, states) = split(wanted, " in ");
    let (named, sources) = split(named, " from ");
    let (machine, region) = split(named, " ");
    let machine = machines
        .iter()
        .find(|known| known.name == machine)
        .ok_or(format!("no table of \"{machine}\""))?;
    let region = region.unwrap_or("");
    let index = machine.regions.iter().position(|r| r.name == region);
    let index = index.ok_or(format!("{} has no region \"{region}\"", machine.name))?;
    if kind == "diagram" {
        return Ok(machine.diagram(index));
    }
    let known = &machine.regions[index].states;
    let state = |state: &str| {
        let found = known.iter().position(|known| known == state);
        found.ok_or(format!("{region} has no state \"{state}\""))
    };
    let view = View {
        sources: listed(sources).map(str::to_owned).collect(),
        states: listed(states).map(state).collect::<Result<_, _>>()?,
        full: false,
    };
    let table = machine.table(index, &view);
    table.ok_or(format!("nothing of {region} is from there"))
}

fn split<'a>(text: &'a str, at: &str) -> (&'a str, Option<&'a str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn listed(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.into_iter().flat_map(|list| list.split(", "))
}
