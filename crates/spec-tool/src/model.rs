//! The formal model in `spec/model`: which requirements its definitions name.

use std::collections::BTreeMap;
use std::fs;

use crate::outcome::{Failure, Problem};
use crate::project::Project;
use crate::words;

/// Its place in a project.
const FOLDER: &str = "spec/model";

/// A definition that names a requirement.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) path: String,
    pub(crate) line: usize,
    /// The first definition from there on.
    pub(crate) name: String,
}

/// Definitions by the ids that comments above or in them name.
pub(crate) fn definitions(project: &Project) -> Result<BTreeMap<String, Vec<Definition>>, Failure> {
    let mut found: BTreeMap<String, Vec<Definition>> = BTreeMap::new();
    let folder = project.root.join(FOLDER);
    if !folder.is_dir() {
        return Ok(found);
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Failure::io("list", &folder))? {
        let entry = entry.map_err(Failure::io("list", &folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        names.extend(name.ends_with(".tla").then_some(name));
    }
    names.sort();
    for name in names {
        let file = folder.join(&name);
        let text = fs::read_to_string(&file).map_err(Failure::io("read", &file))?;
        for (id, line, definition) in named(&text) {
            let path = format!("{FOLDER}/{name}");
            let name = definition.to_owned();
            let all = found.entry(id.to_owned()).or_default();
            all.push(Definition { path, line, name });
        }
    }
    Ok(found)
}

/// Names of requirements that are not there.
///
/// # Errors
/// If a module cannot be read.
pub(crate) fn check(project: &Project) -> Result<Vec<Problem>, Failure> {
    let spec = &project.spec;
    let all = definitions(project)?.into_iter();
    let unknown = all.filter(|(id, _)| {
        // Other names have the same form, such as SHA-256: only those of an area are ids.
        let area = id.split('-').next().unwrap_or(id);
        let is_area = spec.requirements.iter().any(|r| r.area() == area);
        is_area && spec.get(id).is_none()
    });
    let problems = unknown.flat_map(|(id, places)| {
        let message = spec.why_not(&id);
        let problem = move |at: Definition| Problem::new(&at.path, at.line, message.clone());
        places.into_iter().map(problem)
    });
    Ok(problems.collect())
}

/// Each id in a comment, its line, and what it stands at.
fn named(text: &str) -> Vec<(&str, usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut named = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let comment = line.find("(*").or_else(|| line.find("\\*"));
        let Some(comment) = comment.map(|at| &line[at..]) else {
            continue;
        };
        let words = comment.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        for id in words.filter(|word| words::is_id(word)) {
            let after = lines[index..].iter().find_map(|line| definition(line));
            named.push((id, index + 1, after.unwrap_or("")));
        }
    }
    named
}

/// What a line defines: `Name == …` or `Name(a, b) == …`.
fn definition(line: &str) -> Option<&str> {
    let (head, _) = line.split_once("==")?;
    let head = head.split('(').next()?.trim_end();
    let is_name = head.starts_with(|c: char| c.is_ascii_alphabetic())
        && head.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then_some(head)
}
