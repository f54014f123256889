//! `cargo vectors write` makes the vectors of `spec/vectors` anew; `cargo vectors check` says what
//! differs from the committed ones, and counts them.

use std::{env, io::Write as _, process::ExitCode};

use alongside_vectors::{all, files};

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let wrong = match env::args().nth(1).as_deref() {
        Some("write") => files::write().map(|()| Vec::new()),
        Some("check") => files::drift(),
        _ => {
            let _ = writeln!(out, "cargo vectors write | check");
            return ExitCode::from(2);
        }
    };
    let wrong = wrong.unwrap_or_else(|error| vec![error.to_string()]);
    for line in &wrong {
        let _ = writeln!(out, "{line}");
    }
    for file in all() {
        let _ = writeln!(out, "{:20}{:5}", file.kind, file.vectors().len());
    }
    if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
