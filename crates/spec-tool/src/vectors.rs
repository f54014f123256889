//! The test vectors in `spec/vectors`: which requirements they show, and how many there are.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::outcome::{Failure, Problem, count};
use crate::project::Project;
use crate::registry;
use crate::spec::Spec;

/// Their place in a project, with the folders of those made elsewhere.
const FOLDERS: [&str; 2] = ["spec/vectors", "spec/vectors/independent"];
/// What the files are to look like; no vectors.
const SCHEMA: &str = "schema.json";

pub(crate) struct Vectors {
    pub(crate) problems: Vec<Problem>,
    /// Nothing if there are none.
    pub(crate) counts: String,
}

/// The part of a file that this crate looks at. The rest is the schema's.
#[derive(Deserialize)]
struct File {
    kind: String,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    shows: Vec<String>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    name: Option<String>,
    requirement: String,
}

/// Vectors that show a requirement, or name an error, that is not there, or whose id is taken.
///
/// # Errors
/// If a file cannot be read, or is no file of vectors.
pub(crate) fn check(project: &Project) -> Result<Vectors, Failure> {
    let errors = registry::errors(&project.root)?;
    let mut problems = Vec::new();
    let mut seen = BTreeMap::new();
    let mut kinds: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for (path, file) in files(&project.root)? {
        let text = fs::read_to_string(&file).map_err(Failure::io("read", &file))?;
        let File { kind, vectors } = serde_json::from_str(&text)
            .map_err(|error| Failure::new(format!("{path}: {error}")))?;
        for vector in vectors {
            let tally = kinds.entry(kind.clone()).or_default();
            tally[usize::from(vector.error.is_some())] += 1;
            let quoted = format!("\"{}\"", vector.id);
            let line = text.lines().position(|line| line.contains(&quoted));
            let mut wrong: Vec<String> = unknown(&vector, &project.spec);
            if let Some(name) = vector.error.and_then(|error| error.name)
                && !errors.contains(&name)
            {
                wrong.push(format!("no error {name} in {}", registry::PATH));
            }
            if let Some(first) = seen.insert(vector.id.clone(), path.clone()) {
                wrong.push(format!("its id stands in {first} already"));
            }
            problems.extend(wrong.into_iter().map(|message| {
                let message = format!("{}: {message}", vector.id);
                Problem::new(&path, line.map_or(1, |index| index + 1), message)
            }));
        }
    }
    let counts = counts(&kinds);
    Ok(Vectors { problems, counts })
}

fn unknown(vector: &Vector, spec: &Spec) -> Vec<String> {
    let broken = vector.error.iter().map(|error| &error.requirement);
    let ids = vector.shows.iter().chain(broken);
    let mut unknown: Vec<_> = ids.filter(|id| spec.get(id).is_none()).collect();
    unknown.dedup();
    unknown.into_iter().map(|id| spec.why_not(id)).collect()
}

/// Paths relative to the root and absolute, in their order.
fn files(root: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        let entries = match fs::read_dir(root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(Failure::io("list", &root.join(folder))(error)),
        };
        for entry in entries {
            let file = entry
                .map_err(Failure::io("list", &root.join(folder)))?
                .path();
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(".json") && name != SCHEMA {
                files.push((format!("{folder}/{name}"), file.clone()));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn counts(kinds: &BTreeMap<String, [usize; 2]>) -> String {
    let sum = |which: usize| kinds.values().map(|kind| kind[which]).sum::<usize>();
    let (taken, refused) = (sum(0), sum(1));
    if taken + refused == 0 {
        return String::new();
    }
    let each: Vec<_> = kinds
        .iter()
        .map(|(kind, [taken, refused])| format!("{kind} {taken}+{refused}"))
        .collect();
    let all = count(taken + refused, "vector");
    format!(
        "{all}, {taken} valid and {refused} invalid: {}; ",
        each.join(", ")
    )
}
