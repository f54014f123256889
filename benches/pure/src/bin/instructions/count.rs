//! Counting: this program runs itself under callgrind, which counts inside of one function alone.

use std::{
    collections::BTreeMap,
    hint::black_box,
    io::{self, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use alongside_benches_pure::{Failure, Turns, workloads};

use crate::baseline::{Baseline, Machine};

/// So many turns are counted of each workload, after one that is not.
const TURNS: u64 = 100;

/// What callgrind looks for: the end of the name of the function below, and of no other.
const FUNCTION: &str = "*instructions_are_counted_in_here";

#[inline(never)]
fn instructions_are_counted_in_here(turns: &mut Turns) -> bool {
    // Not the last thing here, or it would be a jump, after which nothing returns to here.
    black_box(turns(TURNS))
}

/// Runs every workload, and says at first what this processor is said to be able to do.
pub(crate) fn run(word: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{}", processor())?;
    for workload in workloads() {
        if workload.name.contains(word) {
            let mut turns = workload.begin()?;
            let right = turns(1) && instructions_are_counted_in_here(&mut turns);
            if !right {
                return Err(format!("{} came out wrong", workload.name).into());
            }
        }
    }
    Ok(())
}

/// Counts every workload in whose name `word` is.
pub(crate) fn count(word: &str) -> Result<Baseline, Failure> {
    let valgrind = said("valgrind", &["--version"]).map_err(
        |_| "there is no valgrind, which counts; `apt-get install -y valgrind` installs it",
    )?;
    // It stays, for who wants to know where the instructions are.
    let profile = std::env::current_exe()?.with_extension("callgrind");
    let processor = run_counted(&profile, word)?;
    let names = workloads().into_iter().map(|workload| workload.name);
    let names: Vec<_> = names.filter(|name| name.contains(word)).collect();
    let totals = totals(&std::fs::read_to_string(profile)?)?;
    // The last part is what came after the last workload.
    if totals.len() != names.len() + 1 {
        return Err(format!("{} workloads, and {} counts", names.len(), totals.len()).into());
    }
    let instructions: BTreeMap<_, _> = names.into_iter().zip(totals).collect();
    let machine = Machine {
        rustc: said("rustc", &["--version"])?,
        valgrind,
        libc: said("getconf", &["GNU_LIBC_VERSION"]).unwrap_or_else(|_| "another".to_owned()),
        processor,
    };
    Ok(Baseline {
        machine,
        instructions,
    })
}

/// What the program says that is counted.
fn run_counted(profile: &Path, word: &str) -> Result<String, Failure> {
    let mut out = std::ffi::OsString::from("--callgrind-out-file=");
    out.push(profile);
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind", "--combine-dumps=yes"])
        .arg(format!("--toggle-collect={FUNCTION}"))
        .arg(format!("--dump-after={FUNCTION}"))
        .arg(out)
        .arg(std::env::current_exe()?)
        .arg("--counted")
        .args(Some(word).filter(|word| !word.is_empty()))
        // Some of what may be in it changes how memory is given out and copied.
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("valgrind ended with {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The instructions of a turn in each part of a profile.
fn totals(profile: &str) -> Result<Vec<u64>, Failure> {
    let totals = profile
        .lines()
        .filter_map(|line| line.strip_prefix("totals:"));
    let totals = totals.map(|total| Ok(total.trim().parse::<u64>()? / TURNS));
    totals.collect()
}

/// What a program says, in one line.
fn said(program: &str, arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new(program).args(arguments).output()?;
    if !output.status.success() {
        return Err(format!("{program} ended with {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The architecture, and which of the extensions are there for which something that is counted has code
/// of its own. Valgrind hides those that it cannot count.
fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    let known = [
        ("aes", is_x86_feature_detected!("aes")),
        ("pclmulqdq", is_x86_feature_detected!("pclmulqdq")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("bmi2", is_x86_feature_detected!("bmi2")),
        ("sha", is_x86_feature_detected!("sha")),
        ("vaes", is_x86_feature_detected!("vaes")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let known: [(&str, bool); 0] = [];
    let there = known.into_iter().filter(|(_, there)| *there);
    let names = there.map(|(name, _)| name);
    let all: Vec<_> = [std::env::consts::ARCH].into_iter().chain(names).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_profile_has_its_total() {
        let profile =
            "version: 1\npart: 1\nfn=(1) x\n4 500\ntotals: 500\n\npart: 2\ntotals: 1299\n";
        assert_eq!(totals(profile).unwrap(), [5, 12]);
        assert!(totals("totals: many").is_err());
    }
}
