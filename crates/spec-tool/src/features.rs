//! The table of features: each row has its requirements, its code and its test, or says that it is
//! open.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::feature::{Id, Row, State};
use crate::markdown::{self, Kind};
use crate::outcome::{self, Failure, Problem};
use crate::project::Project;

/// Its place in a project.
pub(crate) const PATH: &str = "spec/features.md";

/// What was found out about the table.
pub(crate) struct Features {
    pub(crate) problems: Vec<Problem>,
    /// One line.
    pub(crate) counts: String,
}

/// Reads the table and holds it against the project.
///
/// # Errors
/// If a file cannot be read.
pub(crate) fn check(project: &Project) -> Result<Features, Failure> {
    let file = project.root.join(PATH);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let message = "is not there: write the table of features";
            return Ok(Features {
                problems: vec![Problem::new(PATH, 1, message)],
                counts: String::new(),
            });
        }
        Err(error) => return Err(Failure::io("read", &file)(error)),
    };
    let table = Table::read(&text);
    let mut problems = table.problems.clone();
    problems.extend(table.missing());
    for row in &table.rows {
        problems.extend(table.misplaced(row));
        problems.extend(row.wrong(project));
    }
    Ok(Features {
        problems,
        counts: table.counts(),
    })
}

/// The table with what stands above it.
#[derive(Default)]
struct Table {
    /// Each kind of row: its letter, and the first and last number, with the line that says so.
    kinds: BTreeMap<char, (u32, u32, usize)>,
    /// Rows that may wait for a later version.
    later: Vec<Id>,
    /// Folders whose tests run programs or libraries over a real network.
    real: Vec<String>,
    rows: Vec<Row>,
    problems: Vec<Problem>,
}

impl Table {
    fn read(text: &str) -> Self {
        let mut table = Self::default();
        // What is wrong with the text itself is reported where all text is looked at.
        let (blocks, _) = markdown::read(PATH, text);
        for block in blocks {
            match block.kind {
                Kind::Item => table.item(&block.text, block.line),
                Kind::TableRow => match Row::read(&block.text, block.line) {
                    Ok(row) => table.rows.extend(row),
                    Err(message) => table.problems.push(Problem::new(PATH, block.line, message)),
                },
                Kind::Paragraph | Kind::Quote | Kind::Code | Kind::Heading(_) => {}
            }
        }
        if table.kinds.is_empty() {
            let message =
                "no list of what rows there are: write items such as `- F1 to F23: facts`";
            table.problems.push(Problem::new(PATH, 1, message));
        }
        table
    }

    /// An item of the list above the table.
    fn item(&mut self, text: &str, line: usize) {
        let Some((what, rest)) = text.split_once(": ") else {
            return;
        };
        let words = |text: &str| -> Vec<String> {
            let word = |word: &str| word.trim_matches(['`', ',', '.', ';']).to_owned();
            text.split_whitespace().map(word).collect()
        };
        match what {
            "later" => self
                .later
                .extend(words(rest).iter().filter_map(|w| Id::read(w))),
            "real" => self.real.extend(words(rest)),
            _ => {
                let ends = what.split_once(" to ");
                let ends = ends.and_then(|(a, b)| Id::read(a).zip(Id::read(b)));
                if let Some((first, last)) = ends
                    && first.kind == last.kind
                {
                    let range = (first.number, last.number, line);
                    self.kinds.insert(first.kind, range);
                }
            }
        }
    }

    /// Rows that are announced and not there.
    fn missing(&self) -> impl Iterator<Item = Problem> {
        let announced = self.kinds.iter().flat_map(|(&kind, &(first, last, line))| {
            (first..=last).map(move |number| (Id { kind, number }, line))
        });
        let missing = announced.filter(|(id, _)| !self.rows.iter().any(|row| row.id == *id));
        missing.map(|(id, line)| Problem::new(PATH, line, format!("there is no row {id}")))
    }

    fn misplaced(&self, row: &Row) -> Option<Problem> {
        let id = row.id;
        let range = self.kinds.get(&id.kind);
        let first = self.rows.iter().find(|other| other.id == id);
        let message =
            if !range.is_some_and(|(first, last, _)| (*first..=*last).contains(&id.number)) {
                format!("{id} is none of the rows that the list above the table announces")
            } else if let Some(first) = first.filter(|first| first.line != row.line) {
                format!("{id} stands on line {} already", first.line)
            } else if row.state == State::Later && !self.later.contains(&id) {
                format!("{id} is not in the list of what may come later: show it, or mark it open")
            } else {
                return None;
            };
        Some(Problem::new(PATH, row.line, message))
    }

    fn counts(&self) -> String {
        let of = |state| self.rows.iter().filter(move |row| row.state == state);
        let real = |row: &&Row| {
            let real = |test: &String| self.real.iter().any(|folder| test.starts_with(folder));
            row.tests.iter().any(real)
        };
        let shown = of(State::Shown).count();
        let counts = [
            (self.rows.len(), "in all"),
            (shown, "shown"),
            (of(State::Shown).filter(real).count(), "on the real stack"),
            (of(State::Open).count(), "open"),
            (of(State::Later).count(), "later"),
        ];
        outcome::counted("features", counts)
    }
}

/// The text of a file of the project that a row names, or why it cannot be had.
pub(crate) fn file(root: &Path, path: &str) -> Result<String, String> {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    if !path.split('/').all(plain) {
        return Err(format!("`{path}` is no path inside the project"));
    }
    fs::read_to_string(root.join(path)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("there is no file `{path}`"),
        _ => format!("`{path}` cannot be read: {error}"),
    })
}
