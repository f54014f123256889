//! `cargo measure`: see `--help`.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use alongside_benches::{
    Failure, Machine, Size, had_a_role, life, peers, pure,
    row::Row,
    targets::{Outcome, outcomes, table},
};
use clap::{Parser, ValueEnum};
use serde::Serialize;

/// Runs all benchmarks except `scale`, and says which targets were met; writes target/measure.json and
/// target/measure.txt, with the machine
///
/// It takes some ten minutes, and what else the machine does in them falls on the figures: ratios, which are
/// measured in turn, stand it best.
#[derive(Parser)]
#[command(name = "cargo measure", bin_name = "cargo measure")]
struct Arguments {
    /// Only show that it runs; the figures mean nothing
    #[arg(long)]
    smoke: bool,
    /// Only these
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// What runs in one thread
    Pure,
    /// Frames through the relay, next to QUIC without one
    Relayed,
    /// How sessions begin and end, and memory
    Session,
}

#[derive(Serialize)]
struct Results {
    machine: Machine,
    smoke: bool,
    rows: Vec<Row>,
    targets: Vec<Outcome>,
}

fn main() -> ExitCode {
    let done = match had_a_role() {
        Ok(false) => measure(&Arguments::parse()),
        other => other.map(drop),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(io::stderr(), "cargo measure: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Measures one part.
type Measure = fn(Size) -> Result<Vec<Row>, Failure>;

fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let smoke = arguments.smoke;
    let size = if smoke { Size::Smoke } else { Size::Whole };
    // Before anything runs, so that it is the load of others.
    let machine = Machine::this()?;
    let parts = [
        (Part::Pure, pure::rows as Measure),
        (Part::Relayed, peers::relayed),
        (Part::Session, life::rows),
    ];
    let mut rows = Vec::new();
    for (part, measure) in parts {
        if arguments.only.is_empty() || arguments.only.contains(&part) {
            rows.extend(measure(size)?);
        }
    }
    let results = Results {
        machine,
        smoke,
        targets: outcomes(&rows),
        rows,
    };
    let table = results.table()?;
    let target = target()?;
    std::fs::write(target.join("measure.txt"), &table)?;
    let json = serde_json::to_string_pretty(&results)?;
    std::fs::write(target.join("measure.json"), json)?;
    io::stdout().write_all(table.as_bytes())?;
    Ok(())
}

/// The folder that this program was built in.
fn target() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2);
    Ok(target.ok_or("it is in no folder of Cargo's")?.to_owned())
}

impl Results {
    fn table(&self) -> Result<String, Failure> {
        let mut text = String::new();
        if self.smoke {
            writeln!(text, "only smoke: these figures mean nothing")?;
        }
        writeln!(text, "{}", self.machine)?;
        for row in &self.rows {
            writeln!(text, "{row}")?;
        }
        writeln!(text, "\n{}", table(&self.targets))?;
        Ok(text)
    }
}
