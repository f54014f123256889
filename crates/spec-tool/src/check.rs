//! `check`: all errors, and the counts.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;

use crate::chapters;
use crate::citation::{Citation, Purpose, Standing};
use crate::features;
use crate::model;
use crate::observability::Observability;
use crate::outcome::{self, Failure, Outcome, Problem, count};
use crate::project::Project;
use crate::requirement::Requirement;
use crate::spec::Spec;
use crate::tables;
use crate::vectors;
use crate::words::Level;
use crate::write;

/// Lists every error of the text, of the citations, of what is not cited, of the list of chapters, of
/// the state tables and where they are shown, of the table of features and of `spec/requirements.json`, and ends with the counts.
///
/// # Errors
/// If a file of `spec` is there and cannot be read.
pub fn check(project: &Project) -> Result<Outcome, Failure> {
    let spec = &project.spec;
    let mut problems = spec.problems.clone();
    let mut cited = Cited::default();
    for source in &project.sources {
        let (citations, malformed) = source.citations();
        problems.extend(malformed);
        for citation in &citations {
            problems.extend(wrong(citation, spec));
            cited.add(citation);
        }
    }
    problems.extend(spec.requirements.iter().filter_map(|r| uncited(r, &cited)));
    problems.extend(stale_json(project)?);
    problems.extend(chapters::check(project)?);
    problems.extend(project.table_problems.clone());
    let cells = show_tables(project, &mut problems)?;
    let features = features::check(project)?;
    problems.extend(features.problems);
    let vectors = vectors::check(project)?;
    problems.extend(vectors.problems);
    problems.extend(model::check(project)?);

    let mut text = outcome::lines(problems.clone());
    text += &counts(spec, &cited);
    text += &cells;
    text += &vectors.counts;
    text += &features.counts;
    let errors = count(problems.len(), "error");
    Ok(Outcome {
        success: problems.is_empty(),
        text: format!("{text}spec check: {errors}\n"),
    })
}

/// The ids that are cited, by purpose. A citation with an error counts, so that one mistake is
/// one error.
#[derive(Default)]
struct Cited {
    implemented: BTreeSet<String>,
    tested: BTreeSet<String>,
}

impl Cited {
    fn add(&mut self, citation: &Citation) {
        let ids = match citation.citing.purpose {
            Purpose::Implementation => &mut self.implemented,
            Purpose::Test => &mut self.tested,
        };
        ids.insert(citation.citing.id.clone());
    }
}

fn wrong(citation: &Citation, spec: &Spec) -> Option<Problem> {
    let id = &citation.citing.id;
    let message = match spec.get(id) {
        None if spec.broken.contains(id) => return None, // The text has its own error.
        None => spec.why_not(id),
        Some(requirement) => disagreement(citation, requirement)?,
    };
    Some(Problem::new(&citation.path, citation.line, message))
}

fn disagreement(citation: &Citation, requirement: &Requirement) -> Option<String> {
    let Requirement { id, hash, text, .. } = requirement;
    let section = requirement.section();
    match citation.citing.standing(requirement) {
        Standing::Current => None,
        Standing::Short => Some(format!("short citation of {id}: run `cargo spec cite`")),
        Standing::Moved(seen) => Some(format!(
            "[{id}] stands in {section}, not in {}: run `cargo spec cite`",
            seen.section
        )),
        Standing::Stale(seen) => Some(format!(
            "stale: [{id}] was cited from {} as {} and reads now, in {section} as {hash}: \"{text}\" Look at this code again, then run `cargo spec cite --accept {id}`",
            seen.section, seen.hash
        )),
    }
}

fn uncited(requirement: &Requirement, cited: &Cited) -> Option<Problem> {
    let Requirement { id, level, .. } = requirement;
    let missing = match (cited.implemented.contains(id), cited.tested.contains(id)) {
        _ if !level.is_absolute() => return None,
        (true, true) => return None,
        (false, true) => format!("implementation: cite it with `//= {id}`"),
        (true, false) => format!("test: cite it with `//= test {id}`"),
        (false, false) => {
            format!("implementation and no test: cite it with `//= {id}` and `//= test {id}`")
        }
    };
    let message = format!("[{id}] {} without {missing}", level.keyword());
    Some(Problem::new(&requirement.path, requirement.line, message))
}

fn stale_json(project: &Project) -> Result<Vec<Problem>, Failure> {
    let file = project.root.join(write::PATH);
    let at = |line, what| {
        vec![Problem::new(
            write::PATH,
            line,
            format!("{what}: run `cargo spec write`"),
        )]
    };
    let held = match fs::read_to_string(&file) {
        Ok(held) => held,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(at(1, "is not there")),
        Err(error) => return Err(Failure::io("read", &file)(error)),
    };
    let gone = write::gone(project, &held);
    let wanted = project.spec.json()?;
    if held == wanted || !gone.is_empty() {
        return Ok(gone);
    }
    let same = held.lines().zip(wanted.lines()).take_while(|(a, b)| a == b);
    Ok(at(
        same.count() + 1,
        "differs from the text from this line on",
    ))
}

/// Where tables are shown they are as their files say; counts their cells.
fn show_tables(project: &Project, problems: &mut Vec<Problem>) -> Result<String, Failure> {
    let machines = &project.machines;
    let (pages, wrong) = tables::pages(&project.root, machines)?;
    problems.extend(wrong);
    if project.table_problems.is_empty() {
        let stale = pages.iter().filter_map(|page| {
            let message = "a table differs from its file from this line on: run `cargo spec write`";
            Some(Problem::new(&page.path, page.stale_at()?, message))
        });
        problems.extend(stale);
    }
    let cells = machines.iter().map(tables::Machine::size).sum();
    let all = [(machines.len(), "in all"), (cells, "cells")];
    Ok(outcome::counted("state tables", all))
}

fn counts(spec: &Spec, cited: &Cited) -> String {
    let all = &spec.requirements;
    let of = |level: &Level| all.iter().filter(|r| r.level == *level).count();
    let levels = Level::ALL.iter().map(|level| (of(level), level.keyword()));
    let within = |ids: &BTreeSet<String>| all.iter().filter(|r| ids.contains(&r.id)).count();
    let held = [
        (within(&(&cited.implemented | &cited.tested)), "cited"),
        (within(&cited.implemented), "implemented"),
        (within(&cited.tested), "tested"),
    ];
    let of = |name: &&str| {
        let seen = spec.observability.values();
        seen.filter(|o| o.name() == *name).count()
    };
    let seen = Observability::NAMES.iter().map(|name| (of(name), *name));
    let counts = [(all.len(), "in all")].into_iter().chain(levels);
    outcome::counted("requirements", counts.chain(held)) + &outcome::counted("seen by", seen)
}
