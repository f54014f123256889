//! `cargo peers`: the relay of Alongside and its peers side by side. See `benches/README.md`.

use std::process::ExitCode;

use alongside_benches::{
    Failure, had_a_role,
    peers::{Args, run},
};
use clap::Parser as _;

fn main() -> Result<ExitCode, Failure> {
    Ok(match had_a_role()? || run(Args::parse())? {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
