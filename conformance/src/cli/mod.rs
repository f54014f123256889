//! The command line.

mod doctor;
mod fuzz;
#[cfg(feature = "mutants")]
mod kill;
mod list;
mod read;
mod reference;
mod test;
mod vectors;
mod what;
mod words;

use std::{
    io::{Write as _, stdout},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};

/// Everything that is under test does what the specification says.
pub const CONFORMANT: u8 = 0;
/// It does not, or what was expected to fail did not.
pub const NOT_CONFORMANT: u8 = 1;
/// The command was no command, or no case was run.
pub const USAGE: u8 = 2;
/// The suite itself has broken down.
pub const HARNESS: u8 = 3;

/// Checks a client or a relay of the Alongside protocol against its specification.
#[derive(Parser)]
#[command(name = "alongside-conformance", version, after_help = EXITS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXITS: &str = "Ends with 0 if what is under test conforms, 1 if it does not (or an expectation is stale), 2 if the command is wrong or no case was run, 3 if the suite itself has broken down.";

#[derive(Subcommand)]
enum Command {
    /// Run cases against a client or a relay
    #[command(subcommand)]
    Test(Box<what::What>),
    /// Play sessions with something wrong in them with a client or a relay, until it does something wrong itself
    #[command(subcommand, after_long_help = fuzz::TEACHES)]
    Fuzz(Box<fuzz::Fuzz>),
    /// List the cases
    List(list::Options),
    /// Make the reference wrong, in one way after another, and see that the suite notices each
    #[cfg(feature = "mutants")]
    Kill(kill::Options),
    /// Check a driver step by step, before anything is tested with it
    Doctor(doctor::Options),
    /// Check the test vectors, or let a driver compute them
    Vectors(vectors::Options),
    /// Print captures field by field
    Decode(read::Decode),
    /// Print the bundle of a failure, decoded
    Replay(read::Replay),
    /// Say what changed between two reports; ends with 1 if anything got worse
    Diff(read::Diff),
    /// Make the report of a run that was killed
    Report {
        /// Its folder
        #[arg(value_name = "FOLDER", default_value = "target/conformance")]
        out: PathBuf,
    },
    /// Be the reference client's driver, or the reference relay under test
    #[command(subcommand, hide = true)]
    Reference(reference::Reference),
}

/// Runs the command that was given to the program.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let usage = error.use_stderr();
            // Nothing can be done about a terminal that is gone.
            let _ = error.print();
            return ExitCode::from(if usage { USAGE } else { CONFORMANT });
        }
    };
    let code = match arguments.command {
        Command::Test(what) => test::run(*what),
        Command::Fuzz(what) => fuzz::fuzz(*what),
        Command::List(options) => list::run(&options),
        #[cfg(feature = "mutants")]
        Command::Kill(options) => kill::run(&options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Vectors(options) => vectors::run(&options),
        Command::Decode(options) => read::decoded(&options),
        Command::Replay(options) => read::replay(&options),
        Command::Diff(options) => read::differ(&options),
        Command::Report { out } => test::mend(&out),
        Command::Reference(part) => reference::be(&part),
    };
    ExitCode::from(code)
}

fn print(text: &str) {
    // A reader that has gone away does not want it.
    let _ = stdout().write_all(text.as_bytes());
}

#[expect(
    clippy::print_stderr,
    reason = "the person at the terminal is to read it"
)]
fn complain(what: &str) -> u8 {
    eprintln!("alongside-conformance: {what}");
    USAGE
}

fn broke_down(how: &str) -> u8 {
    complain(how);
    HARNESS
}
