//! A row of the table, and what it names.

use std::fmt;

use crate::features::{PATH, file};
use crate::outcome::Problem;
use crate::project::Project;
use crate::words;

/// `F12`: a kind of row and a number from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id {
    pub(crate) kind: char,
    pub(crate) number: u32,
}

impl Id {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let kind = text.chars().next().filter(char::is_ascii_uppercase)?;
        let number = &text[1..];
        let canonical = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
        let number = number.parse().ok().filter(|_| canonical)?;
        Some(Self { kind, number })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind, self.number)
    }
}

/// How far a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Shown,
    Open,
    Later,
}

/// One row. What its cells name is separated by commas; `-` is nothing.
pub(crate) struct Row {
    pub(crate) id: Id,
    pub(crate) line: usize,
    pub(crate) state: State,
    requirements: Vec<String>,
    /// `path`, or `path::item`.
    code: Vec<String>,
    /// `path::function`.
    pub(crate) tests: Vec<String>,
}

const HEADER: [&str; 6] = [
    "id",
    "what",
    "requirements",
    "implemented in",
    "shown by",
    "state",
];

impl Row {
    /// Reads a line of the table; none for its header and the rule below it.
    pub(crate) fn read(text: &str, line: usize) -> Result<Option<Self>, String> {
        let inner = text.trim().trim_start_matches('|').trim_end_matches('|');
        let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
        let rule = inner.bytes().all(|b| b"|-: ".contains(&b));
        if rule || cells == HEADER {
            return Ok(None);
        }
        let [id, what, requirements, code, tests, state] = cells.as_slice() else {
            return Err(format!(
                "a row has {} cells: {}",
                HEADER.len(),
                HEADER.join(", ")
            ));
        };
        let id = Id::read(id).ok_or_else(|| {
            format!("`{id}` is no id of a row: write a capital letter and a number from 1")
        })?;
        if what.is_empty() {
            return Err(format!("{id} does not say what it is"));
        }
        let state = match *state {
            "shown" => State::Shown,
            "open" => State::Open,
            "later" => State::Later,
            other => return Err(format!("{id} is shown, open or later, not `{other}`")),
        };
        Ok(Some(Self {
            id,
            line,
            state,
            requirements: names(requirements),
            code: names(code),
            tests: names(tests),
        }))
    }

    /// What the row names and is not there, and what it does not name and has to.
    pub(crate) fn wrong(&self, project: &Project) -> Vec<Problem> {
        let mut wrong = Vec::new();
        if self.state == State::Shown {
            let needed = [
                (&self.requirements, "a requirement"),
                (&self.code, "the code that implements it"),
                (&self.tests, "a test"),
            ];
            let missing = needed.iter().filter(|(names, _)| names.is_empty());
            wrong.extend(missing.map(|(_, what)| format!("does not name {what}")));
        }
        for id in &self.requirements {
            if !words::is_id(id) {
                wrong.push(format!("names `{id}`, which is no id of a requirement"));
            } else if project.spec.get(id).is_none() && !project.spec.broken.contains(id) {
                wrong.push(format!("names {id}: {}", project.spec.why_not(id)));
            }
        }
        wrong.extend(self.code.iter().filter_map(|name| no_code(project, name)));
        wrong.extend(self.tests.iter().filter_map(|name| no_test(project, name)));
        let at = |message: String| Problem::new(PATH, self.line, format!("{} {message}", self.id));
        wrong.into_iter().map(at).collect()
    }
}

fn names(cell: &str) -> Vec<String> {
    let names = cell.split(',').map(|name| name.trim().trim_matches('`'));
    let names = names.filter(|name| !name.is_empty() && *name != "-");
    names.map(str::to_owned).collect()
}

fn no_code(project: &Project, name: &str) -> Option<String> {
    let (path, item) = match name.split_once("::") {
        Some((path, item)) => (path, Some(item)),
        None => (name, None),
    };
    let text = match file(&project.root, path) {
        Ok(text) => text,
        Err(why) => return Some(format!("is not implemented there: {why}")),
    };
    let item = item?;
    let declared = text.lines().any(|line| declares(line, item));
    (!declared).then(|| format!("is not implemented there: `{path}` declares no `{item}`"))
}

/// Whether a line of Rust declares an item of this name.
fn declares(line: &str, item: &str) -> bool {
    const KINDS: [&str; 7] = ["fn", "struct", "enum", "trait", "mod", "const", "type"];
    let code = line.split("//").next().unwrap_or_default();
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = code
        .split(|c| !letter(c))
        .filter(|w| !w.is_empty())
        .collect();
    words
        .windows(2)
        .any(|pair| KINDS.contains(&pair[0]) && pair[1] == item)
}

fn no_test(project: &Project, name: &str) -> Option<String> {
    let Some((path, function)) = name.split_once("::") else {
        return Some(format!("names `{name}` as a test: write `path::function`"));
    };
    let text = match file(&project.root, path) {
        Ok(text) => text,
        Err(why) => return Some(format!("is not tested there: {why}")),
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let declaration = lines.iter().position(|line| is_function(line, function));
    let Some(at) = declaration else {
        return Some(format!(
            "is not tested there: `{path}` has no `fn {function}`"
        ));
    };
    // Attributes and comments, up to the end of whatever stands before them.
    let before = lines[..at].iter().rev();
    let belongs = |line: &&&str| {
        let over = line.is_empty() || line.ends_with(['}', '{', ';']);
        line.starts_with("//") || line.starts_with('#') || !over
    };
    let above = || before.clone().take_while(belongs);
    let has = |starts: &[&str]| above().any(|line| starts.iter().any(|s| line.starts_with(s)));
    if !has(&["#[test]", "#[tokio::test]", "#[tokio::test("]) {
        return Some(format!(
            "is not tested there: `{function}` in `{path}` is no test"
        ));
    }
    has(&["#[ignore"]).then(|| format!("is not tested there: `{function}` in `{path}` is ignored"))
}

fn is_function(line: &str, name: &str) -> bool {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let rest = line
        .strip_prefix("fn ")
        .and_then(|rest| rest.strip_prefix(name));
    rest.is_some_and(|rest| rest.starts_with(['(', '<']))
}
