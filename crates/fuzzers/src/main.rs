//! `cargo adversary`: what fuzzers begin with, what their corpus reaches, whether they find what is wrong, what
//! another implementation says of what they found, and sessions by the thousand.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    num::NonZero,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Instant,
};

use alongside_adversary::{differential, simulate};
use alongside_fuzzers::{TARGETS, coverage, dictionary, plants, seeds};
use clap::Parser;

/// Inputs of the fuzzers in `fuzz/`, and simulations.
#[derive(Parser)]
#[command(name = "cargo adversary", bin_name = "cargo adversary")]
enum Arguments {
    /// Writes what fuzzers begin with into a folder for each, from the test vectors, and the dictionary for all of them.
    Seeds {
        /// The folder.
        #[arg(long, value_name = "DIR", default_value_os_t = fuzz().join("target/seeds"))]
        out: PathBuf,
    },
    /// Replays the corpus, and prints the coverage of crates/wire and crates/state-machine. Ends with 1 if it is too
    /// small, or a line is not covered and no reason is given for it.
    Coverage {
        /// Prints each line that is not covered, whatever reason there is.
        #[arg(long)]
        all: bool,
    },
    /// Plants a bug for each fuzzer, and waits until it is found. Ends with 1 if one is not.
    Plants {
        /// Only these fuzzers.
        targets: Vec<String>,
        /// The seconds that each has.
        #[arg(long, default_value_t = 120)]
        seconds: u64,
        /// Takes the fuzzers as they were built before.
        #[arg(long)]
        built: bool,
    },
    /// Plays sessions by the thousand on virtual time, through faults. Ends with 1 at a finding.
    Simulate {
        /// How many.
        #[arg(long, default_value_t = 10_000)]
        sessions: u64,
        /// What all chance follows from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Plays this session again, and tells what happens in it.
        #[arg(long, value_name = "SESSION")]
        only: Option<u64>,
        /// Threads; as many as there are cores without.
        #[arg(long)]
        threads: Option<usize>,
        /// Has real key exchanges as well. They take longer than all else.
        #[arg(long)]
        real: bool,
        /// Puts a bug in, one of the suite's mutants, and waits for it to be found.
        #[cfg(feature = "mutants")]
        #[arg(long, value_name = "MUTANT")]
        plant: Option<String>,
    },
    /// Has another implementation read the corpus of `decode`, and says where it reads something else. Ends with 1
    /// if it does.
    Differential {
        /// The folder to read instead.
        #[arg(long, value_name = "DIR")]
        corpus: Option<PathBuf>,
        /// The other program: `python -m alongside_independent compute`, in conformance/independent.
        #[arg(required = true, last = true)]
        program: Vec<String>,
    },
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn main() -> io::Result<ExitCode> {
    match Arguments::parse() {
        Arguments::Seeds { out } => {
            for target in TARGETS {
                say(&format!(
                    "{}: {}",
                    target.name,
                    write_seeds(target.name, &out)?
                ))?;
            }
            fs::write(out.join("dictionary"), dictionary::text())?;
            Ok(ExitCode::SUCCESS)
        }
        Arguments::Coverage { all } => {
            let report = coverage::measure(&fuzz())?;
            say(&report.text(all))?;
            Ok(ExitCode::from(u8::from(!report.is_enough())))
        }
        Arguments::Plants {
            targets,
            seconds,
            built,
        } => {
            let seeds = fuzz().join("target/seeds");
            for target in TARGETS {
                write_seeds(target.name, &seeds)?;
            }
            fs::write(seeds.join("dictionary"), dictionary::text())?;
            if !built {
                plants::build(&fuzz())?;
            }
            let mut all = Vec::new();
            let wanted = |name: &str| targets.is_empty() || targets.iter().any(|one| one == name);
            for target in TARGETS.iter().filter(|target| wanted(target.name)) {
                let found = plants::hunt(&fuzz(), &seeds, target, seconds)?;
                say(&format!("{}: {}", target.name, found.what))?;
                all.push(found);
            }
            let rows: Vec<_> = all.iter().map(ToString::to_string).collect();
            say(&format!("{}\n{}", plants::HEAD, rows.join("\n")))?;
            let missed = all.iter().any(|found| found.after.is_none());
            Ok(ExitCode::from(u8::from(missed)))
        }
        Arguments::Simulate {
            sessions,
            seed,
            only,
            threads,
            real,
            #[cfg(feature = "mutants")]
            plant,
        } => {
            if !real {
                simulate::do_without_exchange();
            }
            #[cfg(feature = "mutants")]
            if let Some(plant) = plant
                && !alongside_state_machine::mutant::choose(&plant)
            {
                return Err(io::Error::other(format!("there is no mutant {plant}")));
            }
            let cores = thread::available_parallelism().map_or(1, NonZero::get);
            let begun = Instant::now();
            let played = match only {
                Some(session) => simulate::only(seed, session, sessions.max(session + 1))
                    .map(|story| story.join("\n")),
                None => simulate::run(seed, sessions, threads.unwrap_or(cores))
                    .map(|tally| tally.told(begun.elapsed())),
            };
            match played {
                Ok(told) => {
                    say(&told)?;
                    Ok(ExitCode::SUCCESS)
                }
                Err(finding) => {
                    say(&finding.to_string())?;
                    Ok(ExitCode::FAILURE)
                }
            }
        }
        Arguments::Differential { corpus, program } => {
            let folder = corpus.unwrap_or_else(|| fuzz().join("corpus/decode"));
            let compared = differential::compare(&folder, &program)?;
            say(&compared.to_string())?;
            let same = compared.differences.is_empty() && compared.inputs > 0;
            Ok(ExitCode::from(u8::from(!same)))
        }
    }
}

/// Writes the seeds of a target into a folder of its name, and says how many they are.
fn write_seeds(target: &str, out: &Path) -> io::Result<usize> {
    let (folder, seeds) = (out.join(target), seeds::of(target));
    fs::create_dir_all(&folder)?;
    for seed in &seeds {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        fs::write(folder.join(format!("{:016x}", hasher.finish())), seed)?;
    }
    Ok(seeds.len())
}

fn say(line: &str) -> io::Result<()> {
    use io::Write as _;
    writeln!(io::stdout(), "{line}")
}
