//! `cargo instructions`: see `--help`.

mod baseline;
mod count;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use alongside_benches_pure::Failure;
use clap::Parser;

use crate::baseline::{Baseline, Outcome};

/// Counts the instructions of each workload under valgrind, and compares them with
/// benches/instructions.toml
///
/// Ends with 0 if none needs many more than before, or if they cannot be compared because another
/// compiler, C library, valgrind or processor counted them; 1 if one does, or is not in the file; 2 if
/// nothing could be counted.
#[derive(Parser)]
#[command(name = "cargo instructions", bin_name = "cargo instructions")]
struct Arguments {
    /// Write what was counted into the file, in place of what is there
    #[arg(long, conflicts_with = "word")]
    accept: bool,
    /// Only workloads in whose names this is
    word: Option<String>,
    /// What is counted: every workload, one after the other
    #[arg(long, hide = true)]
    counted: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let word = arguments.word.as_deref().unwrap_or_default();
    let done = match arguments.counted {
        true => count::run(word).map(|()| true),
        false => compare(word, arguments.accept),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(io::stderr(), "cargo instructions: {why}");
            ExitCode::from(2)
        }
    }
}

/// Whether nothing is wrong.
fn compare(word: &str, accept: bool) -> Result<bool, Failure> {
    let counted = count::count(word)?;
    if accept {
        counted.write()?;
        say(&format!("{} accepted", counted.instructions.len()))?;
        return Ok(true);
    }
    let before = Baseline::read()?;
    let outcome = before.compare(&counted, word);
    say(&outcome.to_string())?;
    Ok(!matches!(outcome, Outcome::Compared(ref table) if table.is_wrong()))
}

fn say(text: &str) -> io::Result<()> {
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        // A reader that has seen enough, such as `head`, is no error.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
