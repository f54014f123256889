//! `cargo load`: what the relay bears. See `--help`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use alongside_benches::{
    had_a_role,
    load::{Args, run},
};
use clap::Parser as _;

fn main() -> ExitCode {
    let done = match had_a_role() {
        Ok(false) => run(&Args::parse()),
        other => other.map(drop),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(io::stderr(), "error: {why}");
            ExitCode::FAILURE
        }
    }
}
