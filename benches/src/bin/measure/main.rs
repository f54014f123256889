//! `cargo measure`: see `--help`.

mod machine;
mod pure;

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use alongside_benches::{Failure, Size, be_a_relay, is_to_be_a_relay, life, relayed, row::Row};
use clap::Parser;
use serde::Serialize;

use crate::machine::Machine;

/// Runs all benchmarks except `scale`, and writes target/measure.json and target/measure.txt, with the machine
///
/// It takes some minutes, and what else the machine does in them falls on the figures: ratios, which are
/// measured in turn, stand it best.
#[derive(Parser)]
#[command(name = "cargo measure", bin_name = "cargo measure")]
struct Arguments {
    /// Only show that it runs; the figures mean nothing
    #[arg(long)]
    smoke: bool,
}

#[derive(Serialize)]
struct Results {
    machine: Machine,
    smoke: bool,
    rows: Vec<Row>,
}

fn main() -> ExitCode {
    let done = match is_to_be_a_relay() {
        true => be_a_relay(),
        false => measure(Arguments::parse().smoke),
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

fn measure(smoke: bool) -> Result<(), Failure> {
    let size = if smoke { Size::Smoke } else { Size::Whole };
    // Before anything runs, so that it is the load of others.
    let machine = Machine::this()?;
    let target = target()?;
    let mut rows = pure::rows(&target.join("measure-criterion"), smoke)?;
    let runtime = tokio::runtime::Runtime::new()?;
    rows.extend(runtime.block_on(async {
        let mut rows = relayed::throughput(size).await?;
        rows.extend(relayed::latency(size).await?);
        rows.extend(life::times(size).await?);
        rows.extend(life::memory(size).await?);
        rows.extend(life::pictures(size).await?);
        Ok::<_, Failure>(rows)
    })?);
    let results = Results {
        machine,
        smoke,
        rows,
    };
    let table = results.table()?;
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
        let mut table = String::new();
        if self.smoke {
            writeln!(table, "only smoke: these figures mean nothing")?;
        }
        writeln!(table, "{}", self.machine)?;
        for row in &self.rows {
            writeln!(table, "{row}")?;
        }
        Ok(table)
    }
}
