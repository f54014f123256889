//! `prove`: everything that shows that text, tables, model, machines and vectors say the same, in turn.

mod breaks;
mod counted;
mod part;
mod python;

pub use breaks::breaks;

use std::io::{self, Write as _};
use std::path::Path;
use std::time::Instant;

use crate::outcome::{Failure, Outcome};
use counted::Counted;
use part::{Check, PARTS, Place};

/// Runs each part, says how far it is, and ends with what was counted.
///
/// # Errors
/// If the table cannot be written.
pub fn prove(root: &Path) -> Result<Outcome, Failure> {
    let place = Place::of(root);
    let (mut counted, mut failed) = (Counted::default(), Vec::new());
    let begin = Instant::now();
    for (number, part) in PARTS.iter().enumerate() {
        say(&format!(
            "{}/{} {}: {} ",
            number + 1,
            PARTS.len(),
            part.name,
            part.about
        ));
        let start = Instant::now();
        let check = part.run(&place, None);
        let time = start.elapsed().as_secs();
        match check {
            Check::Passed(text) => {
                counted.read(&text);
                say(&format!("- {time} s\n"));
            }
            Check::Failed(text) => {
                failed.push(part.name);
                say(&format!("- FAILED after {time} s\n{text}\n"));
            }
        }
    }
    let passed = PARTS.len() - failed.len();
    let mut left_out = counted.left_out("vectors", "valid");
    left_out.extend(counted.left_out("vectors", "invalid"));
    let success = failed.is_empty() && left_out.is_empty();
    let failed = match failed.as_slice() {
        [] => String::new(),
        failed => format!("; failed: {}", failed.join(", ")),
    };
    let seconds = begin.elapsed().as_secs();
    let text = format!(
        "{}\n{}spec prove: {passed} of {} parts passed in {seconds} s{failed}\n",
        counted.table(),
        left_out
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
        PARTS.len()
    );
    Ok(Outcome { text, success })
}

/// Tells how far it is; nobody has to listen.
fn say(what: &str) {
    let mut out = io::stderr();
    let _ = out.write_all(what.as_bytes());
    let _ = out.flush();
}
