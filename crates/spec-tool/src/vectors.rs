//! The test vectors in `spec/vectors`: which requirements they show, and how many there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::observability::{self, Observability};
use crate::outcome::{self, Failure, Problem};
use crate::project::Project;
use crate::registry;
use crate::requirement::Requirement;
use crate::spec::Spec;

/// Their place in a project, with the folders of those made elsewhere.
const FOLDERS: [&str; 2] = ["spec/vectors", "spec/vectors/independent"];
/// What the files are to look like; no vectors.
const SCHEMA: &str = "schema.json";

pub(crate) struct Vectors {
    pub(crate) problems: Vec<Problem>,
    /// Nothing if there are none.
    pub(crate) counts: String,
    /// By the requirements that they show, or whose breach they are.
    pub(crate) shown: BTreeMap<String, Vec<Shown>>,
}

/// A vector of a requirement.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) line: usize,
    /// Its input is refused.
    pub(crate) invalid: bool,
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
    let mut shown: BTreeMap<String, Vec<Shown>> = BTreeMap::new();
    for (path, file) in files(&project.root)? {
        let text = fs::read_to_string(&file).map_err(Failure::io("read", &file))?;
        let File { kind, vectors } = serde_json::from_str(&text)
            .map_err(|error| Failure::new(format!("{path}: {error}")))?;
        for vector in vectors {
            let tally = kinds.entry(kind.clone()).or_default();
            tally[usize::from(vector.error.is_some())] += 1;
            let quoted = format!("\"{}\"", vector.id);
            let line = text.lines().position(|line| line.contains(&quoted));
            let line = line.map_or(1, |index| index + 1);
            for id in requirements(&vector) {
                shown.entry(id.clone()).or_default().push(Shown {
                    id: vector.id.clone(),
                    path: path.clone(),
                    line,
                    invalid: vector.error.is_some(),
                });
            }
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
                Problem::new(&path, line, message)
            }));
        }
    }
    problems.extend(unshown(&project.spec, &shown));
    let counts = counts(&kinds);
    Ok(Vectors {
        problems,
        counts,
        shown,
    })
}

/// The requirements that a vector is about, each once.
fn requirements(vector: &Vector) -> BTreeSet<&String> {
    let broken = vector.error.iter().map(|error| &error.requirement);
    vector.shows.iter().chain(broken).collect()
}

fn unknown(vector: &Vector, spec: &Spec) -> Vec<String> {
    let ids = requirements(vector).into_iter();
    let unknown = ids.filter(|id| spec.get(id).is_none());
    unknown.map(|id| spec.why_not(id)).collect()
}

/// Requirements that are said to be seen in vectors, and are in none.
fn unshown(spec: &Spec, shown: &BTreeMap<String, Vec<Shown>>) -> Vec<Problem> {
    let all = spec.requirements.iter();
    let unshown = all.filter(|r| {
        let seen = spec.observability.get(&r.id);
        seen == Some(&Observability::Vector) && !shown.contains_key(&r.id)
    });
    let problem = |r: &Requirement| {
        let message = format!(
            "[{}] is seen in vectors by {}, and no vector shows it",
            r.id,
            observability::PATH
        );
        Problem::new(&r.path, r.line, message)
    };
    unshown.map(problem).collect()
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
    let of = |which: usize| {
        kinds
            .iter()
            .map(move |(kind, tally)| (tally[which], &**kind))
    };
    outcome::counted("vectors / valid", of(0)) + &outcome::counted("vectors / invalid", of(1))
}
