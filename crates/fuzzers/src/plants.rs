//! Whether a fuzzer finds something: a bug is planted for each, which it looks for from its seeds, without the corpus.

use std::{
    fmt, fs, io,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::Target;

/// Where the fuzzers are built, and for which system.
const BUILT: &str = "target/x86_64-unknown-linux-gnu/release";

/// What became of a plant.
pub struct Found {
    target: &'static str,
    plant: [&'static str; 2],
    /// How long it took, if it was found.
    pub after: Option<Duration>,
    /// Inputs that were tried.
    executions: u64,
    /// What the fuzzer panicked with.
    pub what: String,
}

/// What is above the rows of all [`Found`].
pub const HEAD: &str = "| fuzzer | plant | found after | executions |\n|---|---|---|---|";

/// Builds all fuzzers with all plants, none of which is chosen.
///
/// # Errors
/// If they cannot be built.
pub fn build(fuzz: &Path) -> io::Result<()> {
    let status = Command::new("cargo")
        .args([
            "+nightly",
            "fuzz",
            "build",
            "--sanitizer",
            "none",
            "--features",
            "mutants",
        ])
        .arg("--fuzz-dir")
        .arg(fuzz)
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other("the fuzzers cannot be built")),
    }
}

/// Has a fuzzer look for its plant for so many seconds.
///
/// # Errors
/// If it cannot be run.
pub fn hunt(fuzz: &Path, seeds: &Path, target: &'static Target, seconds: u64) -> io::Result<Found> {
    let work = fuzz.join("target/plants").join(target.name);
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    let corpus = work.join("corpus");
    fs::create_dir_all(&corpus)?;
    let began = Instant::now();
    let output = Command::new(fuzz.join(BUILT).join(target.name))
        .env("ALONGSIDE_PLANT", target.plant[0])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", work.display()))
        .arg(format!("-dict={}", seeds.join("dictionary").display()))
        .args(["-seed=1", "-timeout=20", "-print_final_stats=1"])
        .args([&corpus, &seeds.join(target.name)])
        .stdout(Stdio::null())
        .output()?;
    let after = began.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    let panic = said
        .lines()
        .skip_while(|line| !line.contains("panicked at"));
    let what = panic.take(2).collect::<Vec<_>>().join(" ");
    let executions = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let executions = executions.and_then(|number| number.trim().parse().ok());
    let found = !output.status.success() && !what.is_empty();
    Ok(Found {
        target: target.name,
        plant: target.plant,
        after: found.then_some(after),
        executions: executions.unwrap_or_default(),
        what,
    })
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [name, about] = self.plant;
        write!(f, "| `{}` | {about} (`{name}`) | ", self.target)?;
        match self.after {
            Some(after) => write!(f, "{:.1} s", after.as_secs_f64())?,
            None => f.write_str("not found")?,
        }
        write!(f, " | {} |", self.executions)
    }
}
