//! `cargo adversary`: what fuzzers begin with, what their corpus reaches, whether they find what is wrong, what
//! another implementation says of what they found, sessions by the thousand, and whether tests notice what is changed.

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
use alongside_fuzzers::{
    TARGETS, coverage, dictionary,
    mutation::{self, Shard, Wanted},
    plants, seeds,
};
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
    /// Changes crates/wire and crates/state-machine in one place after the other (cargo-mutants), sees whether a test
    /// fails, and writes what became of it into fuzz/mutation.toml. Ends with 1 if one survives without a reason there,
    /// or the file is not true.
    Mutate {
        /// The files and folders. Without: all files that were not run as they are.
        files: Vec<String>,
        /// This part of them, as 1/4.
        #[arg(long, value_name = "PART/OF", conflicts_with = "files")]
        shard: Option<Shard>,
        /// Only lines that differ from this commit, or from what was run before. Writes nothing.
        #[arg(long, value_name = "COMMIT", num_args = 0..=1, conflicts_with_all = ["files", "shard"])]
        changed: Option<Option<String>>,
        /// Only so many mutants of the changed lines, from everywhere.
        #[arg(long, default_value_t = usize::MAX, requires = "changed", hide_default_value = true)]
        at_most: usize,
        /// Runs none.
        #[arg(long, conflicts_with_all = ["files", "shard", "changed"])]
        check: bool,
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
        Arguments::Mutate { check: true, .. } => mutate(&Wanted::Nothing),
        Arguments::Mutate {
            changed: Some(base),
            at_most,
            ..
        } => mutate(&Wanted::Changed { base, at_most }),
        Arguments::Mutate { files, shard, .. } => mutate(&match files.is_empty() {
            true => Wanted::Due(shard.unwrap_or_default()),
            false => Wanted::In(files),
        }),
        Arguments::Differential { corpus, program } => {
            let folder = corpus.unwrap_or_else(|| fuzz().join("corpus/decode"));
            let compared = differential::compare(&folder, &program)?;
            say(&compared.to_string())?;
            let same = compared.differences.is_empty() && compared.inputs > 0;
            Ok(ExitCode::from(u8::from(!same)))
        }
    }
}

fn mutate(wanted: &Wanted) -> io::Result<ExitCode> {
    let (text, is_well) = mutation::test(&fuzz(), wanted)?;
    say(&text)?;
    Ok(ExitCode::from(u8::from(!is_well)))
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
