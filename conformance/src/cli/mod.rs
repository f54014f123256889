//! The command line.

#[cfg(feature = "mutants")]
mod kill;
mod list;
mod test;

use std::process::ExitCode;

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
    Test(test::What),
    /// List the cases
    List(list::Options),
    /// Make the reference wrong, in one way after another, and see that the suite notices each
    #[cfg(feature = "mutants")]
    Kill(kill::Options),
    /// Be the reference client's driver, or the reference relay under test
    #[command(subcommand, hide = true)]
    Reference(test::Reference),
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
        Command::Test(what) => test::run(what),
        Command::List(options) => list::run(&options),
        #[cfg(feature = "mutants")]
        Command::Kill(options) => kill::run(&options),
        Command::Reference(role) => test::be(&role),
    };
    ExitCode::from(code)
}

#[expect(
    clippy::print_stderr,
    reason = "the person at the terminal is to read it"
)]
fn complain(what: &str) -> u8 {
    eprintln!("alongside-conformance: {what}");
    USAGE
}
