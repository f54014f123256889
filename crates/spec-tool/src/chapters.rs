//! The list of chapters in `spec/README.md`: each file once.

use std::fs;
use std::io::ErrorKind;

use crate::outcome::{Failure, Problem};
use crate::project::Project;
use crate::spec;

/// Its place in a project.
const PATH: &str = "spec/README.md";

/// Chapters that the list does not name, or names twice; nothing if there is no such file.
///
/// # Errors
/// If a file cannot be read.
pub(crate) fn check(project: &Project) -> Result<Vec<Problem>, Failure> {
    let file = project.root.join(PATH);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::io("read", &file)(error)),
    };
    let mut problems = Vec::new();
    for (path, _) in spec::chapters(&project.root)? {
        let name = path.trim_start_matches("spec/");
        if path == PATH {
            continue;
        }
        let link = format!("]({name})");
        // In a row's first cell: elsewhere it is a mention.
        let first = |line: &str| {
            line.split('|')
                .nth(1)
                .is_some_and(|cell| cell.contains(&link))
        };
        let lines = text.lines().enumerate();
        let rows = lines.filter(|(_, line)| line.starts_with('|') && first(line));
        let rows: Vec<usize> = rows.map(|(index, _)| index + 1).collect();
        match rows.as_slice() {
            [_] => {}
            [] => problems.push(Problem::new(PATH, 1, format!("does not list {name}"))),
            [_, again, ..] => {
                problems.push(Problem::new(PATH, *again, format!("lists {name} again")));
            }
        }
    }
    Ok(problems)
}
