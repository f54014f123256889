//! `model check` checks every configuration of the formal model, and that each seeded fault is
//! caught. `model graphs` writes the graphs that the machines are held against; with `--check` it
//! fails if those on disk are others.

mod check;
mod graph;
mod plan;
mod work;

use std::{path::PathBuf, process::ExitCode};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "model check [--deep] [NAME…] | model graphs [--check] [NAME…] | model run MODULE [CFG [FAULT PROPERTY]]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let flag = |name| words.contains(&name);
    let names: Vec<&str> = words
        .iter()
        .skip(1)
        .copied()
        .filter(|word| !word.starts_with("--"))
        .collect();
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let done = match words.first() {
        Some(&"check") => check::all(&folder, &names, flag("--deep")),
        Some(&"graphs") => graph::all(&folder, &names, flag("--check")),
        Some(&"run") if !names.is_empty() => check::trace(&folder, &names),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
