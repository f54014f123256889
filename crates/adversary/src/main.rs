//! `cargo adversary`: what fuzzers begin with, and what another implementation says of what they found.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::PathBuf,
    process::ExitCode,
};

use alongside_adversary::{TARGETS, differential, seeds};
use clap::Parser;

/// Inputs of the fuzzers in `fuzz/`.
#[derive(Parser)]
#[command(name = "cargo adversary", bin_name = "cargo adversary")]
enum Arguments {
    /// Writes what fuzzers begin with into fuzz/corpus: the test vectors.
    Seeds,
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

fn main() -> io::Result<ExitCode> {
    let all = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus"));
    match Arguments::parse() {
        Arguments::Seeds => {
            for target in TARGETS {
                let (folder, seeds) = (all.join(target.name), seeds::of(target.name));
                fs::create_dir_all(&folder)?;
                for seed in &seeds {
                    let mut hasher = DefaultHasher::new();
                    seed.hash(&mut hasher);
                    fs::write(folder.join(format!("{:016x}", hasher.finish())), seed)?;
                }
                say(&format!("{}: {}", target.name, seeds.len()))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Arguments::Differential { corpus, program } => {
            let folder = corpus.unwrap_or_else(|| all.join("decode"));
            let compared = differential::compare(&folder, &program)?;
            say(&compared.to_string())?;
            let same = compared.differences.is_empty() && compared.inputs > 0;
            Ok(ExitCode::from(u8::from(!same)))
        }
    }
}

fn say(line: &str) -> io::Result<()> {
    use io::Write as _;
    writeln!(io::stdout(), "{line}")
}
