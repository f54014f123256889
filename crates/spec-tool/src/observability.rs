//! `spec/observability.toml`: where somebody outside sees whether a requirement is obeyed.
//!
//! An area has a table. In it a role says what holds for all its requirements of that area, and an id
//! what holds for that one instead.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Serialize;
use toml::{Table, Value};

use crate::outcome::{Failure, Problem};
use crate::requirement::Requirement;
use crate::spec::Spec;
use crate::words;

/// Its place in a project.
pub(crate) const PATH: &str = "spec/observability.toml";

/// Where a breach shows. The first that suffices counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "observability", rename_all = "lowercase")]
pub(crate) enum Observability {
    /// In what comes over the connection of the other end or of the relay.
    Wire,
    /// In what a driver says that a person was shown or asked, or that was injected.
    Driver,
    /// In what comes of a vector.
    Vector,
    /// Nowhere, and why not.
    None { reason: String },
}

impl Observability {
    /// In the order in which they are shown.
    pub(crate) const NAMES: [&str; 4] = ["wire", "driver", "vector", "none"];

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Driver => "driver",
            Self::Vector => "vector",
            Self::None { .. } => "none",
        }
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(name) => match name.as_str() {
                "wire" => Ok(Self::Wire),
                "driver" => Ok(Self::Driver),
                "vector" => Ok(Self::Vector),
                "none" => Err("none needs a reason: write { none = \"why\" }".to_owned()),
                _ => Err(format!("\"{name}\" is none of {}", Self::NAMES.join(", "))),
            },
            Value::Table(table) => match (table.len(), table.get("none")) {
                (1, Some(Value::String(reason))) if !reason.trim().is_empty() => Ok(Self::None {
                    reason: reason.clone(),
                }),
                _ => Err("none needs a reason: write { none = \"why\" }".to_owned()),
            },
            _ => Err("write a name, or { none = \"why\" }".to_owned()),
        }
    }
}

/// By id, and what is wrong with the file.
type Loaded = (BTreeMap<String, Observability>, Vec<Problem>);

/// What holds for each requirement.
///
/// # Errors
/// If the file is there and cannot be read.
pub(crate) fn load(root: &Path, spec: &Spec) -> Result<Loaded, Failure> {
    let file = root.join(PATH);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let message = "is not there: say where each requirement is seen";
            let problem = Problem::new(PATH, 1, message);
            return Ok((BTreeMap::new(), vec![problem]));
        }
        Err(error) => return Err(Failure::io("read", &file)(error)),
    };
    let areas: Table = match toml::from_str(&text) {
        Ok(areas) => areas,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let line = text[..at].matches('\n').count() + 1;
            let problem = Problem::new(PATH, line, error.message());
            return Ok((BTreeMap::new(), vec![problem]));
        }
    };
    let mut reader = Reader {
        text: &text,
        spec,
        found: BTreeMap::new(),
        unread: BTreeSet::new(),
        problems: Vec::new(),
    };
    for (name, area) in &areas {
        reader.area(name, area);
    }
    reader.complete();
    Ok((reader.found, reader.problems))
}

struct Reader<'a> {
    text: &'a str,
    spec: &'a Spec,
    found: BTreeMap<String, Observability>,
    /// Areas with an id or a role of which something is said that cannot be read.
    unread: BTreeSet<(String, String)>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn area(&mut self, name: &str, area: &Value) {
        let spec = self.spec;
        let Value::Table(area) = area else {
            return self.problem(name, None, "an area is a table".to_owned());
        };
        let mut roles = BTreeMap::new();
        for (key, value) in area {
            let read = match Observability::read(value) {
                Ok(read) => read,
                Err(message) => {
                    self.problem(name, Some(key), format!("{key}: {message}"));
                    self.unread.insert((name.to_owned(), key.clone()));
                    continue;
                }
            };
            if !words::is_id(key) {
                roles.insert(key.as_str(), read);
            } else if spec.get(key).is_some_and(|r| r.area() == name) {
                self.found.insert(key.clone(), read);
            } else if spec.get(key).is_some() {
                self.problem(name, Some(key), format!("[{key}] is not of this area"));
            } else if !spec.broken.contains(key) {
                self.problem(name, Some(key), spec.why_not(key));
            }
        }
        for (role, said) in roles {
            let all = spec.requirements.iter();
            let mut taken = false;
            for requirement in all.filter(|r| r.area() == name && r.role == role) {
                let id = &requirement.id;
                match self.found.get(id) {
                    Some(own) if *own == said => {
                        let message = format!("{id} says what {role} says already");
                        self.problem(name, Some(id), message);
                        taken = true;
                    }
                    Some(_) => {}
                    None => {
                        taken = true;
                        self.found.insert(id.clone(), said.clone());
                    }
                }
            }
            // While the text has errors, those that take it can be missing.
            if !taken && spec.broken.is_empty() {
                let message = format!("no requirement of {name} takes what is said for {role}");
                self.problem(name, Some(role), message);
            }
        }
    }

    fn complete(&mut self) {
        let unread = |r: &Requirement, key: &String| {
            let said = (r.area().to_owned(), key.clone());
            self.unread.contains(&said)
        };
        let lacking = self.spec.requirements.iter();
        let lacking = lacking.filter(|r| !self.found.contains_key(&r.id));
        let lacking = lacking.filter(|r| !unread(r, &r.id) && !unread(r, &r.role));
        let lacking: Vec<_> = lacking
            .map(|r| {
                let area = r.area();
                let message = format!(
                    "[{}] has no observability: say in {PATH} under [{area}], for {} or for {}, where it is seen",
                    r.id, r.role, r.id
                );
                Problem::new(&r.path, r.line, message)
            })
            .collect();
        self.problems.extend(lacking);
    }

    fn problem(&mut self, area: &str, key: Option<&str>, message: String) {
        let lines = self.text.lines().enumerate();
        let mut lines = lines.skip_while(|(_, line)| *line != format!("[{area}]"));
        let head = lines.next().map_or(0, |(index, _)| index);
        let is_key = |line: &str| {
            let before = line.split('=').next().unwrap_or(line).trim();
            key.is_some_and(|key| before.trim_matches('"') == key)
        };
        let index = lines
            .find(|(_, line)| is_key(line))
            .map_or(head, |(index, _)| index);
        self.problems.push(Problem::new(PATH, index + 1, message));
    }
}
