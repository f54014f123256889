//! What Criterion measured, read from its files.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use alongside_benches::{Failure, row::Row};
use serde::{Deserialize, de::DeserializeOwned};

/// What one workload is called.
#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

/// In nanoseconds.
#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// Runs the benchmark `pure`, which leaves its files in `home`.
pub(crate) fn rows(home: &Path, smoke: bool) -> Result<Vec<Row>, Failure> {
    if home.exists() {
        fs::remove_dir_all(home)?;
    }
    let mut bench = Command::new("cargo");
    bench.args(["bench", "--bench", "pure", "--", "--noplot"]);
    if smoke {
        bench.args(["--warm-up-time", "0.01", "--measurement-time", "0.01"]);
        bench.args(["--sample-size", "10"]);
    }
    let status = bench.env("CRITERION_HOME", home).status()?;
    if !status.success() {
        return Err(format!("the benchmark `pure` ended with {status}").into());
    }
    let mut medians = BTreeMap::new();
    read(home, &mut medians)?;
    let mut rows = Vec::new();
    for (name, nanos) in &medians {
        rows.push(Row::median(name, "ns", &mut [*nanos]));
        let raw = name
            .strip_prefix("media/")
            .map(|rest| format!("raw/{rest}"));
        if let Some(raw) = raw.and_then(|raw| medians.get(&raw)) {
            let name = format!("{name}/AEAD alone over it");
            rows.push(Row::median(name, "ratio", &mut [raw / nanos]));
        }
    }
    Ok(rows)
}

/// The medians in a folder and those below it.
fn read(folder: &Path, medians: &mut BTreeMap<String, f64>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        if entry.file_name() != "new" {
            read(&entry.path(), medians)?;
            continue;
        }
        let Benchmark { full_id } = from_json(&entry.path().join("benchmark.json"))?;
        let estimates: Estimates = from_json(&entry.path().join("estimates.json"))?;
        medians.insert(full_id, estimates.median.point_estimate);
    }
    Ok(())
}

fn from_json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = fs::read_to_string(path)?;
    serde_json::from_str(&text).map_err(|why| format!("{}: {why}", path.display()).into())
}
