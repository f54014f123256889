//! The suite as somebody runs it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

/// The suite with these arguments.
pub(crate) fn suite(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alongside-conformance"));
    command.args(arguments);
    command
}

/// What it says, and ends with.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) text: String,
}

pub(crate) fn run(arguments: &[&str]) -> Said {
    let Output {
        status,
        stdout,
        stderr,
    } = suite(arguments).output().expect("it starts");
    let text = [stdout, stderr].concat();
    Said {
        code: status.code().expect("it ends by itself"),
        text: String::from_utf8_lossy(&text).into_owned(),
    }
}

/// The command of the driver that lies in this way.
pub(crate) fn liar(lie: &str) -> String {
    format!("python3 {} {lie}", beside("liar.py").display())
}

/// A file of this folder.
pub(crate) fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name)
}

/// A report, as a program reads it.
pub(crate) fn report(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("report.json")).expect("a report");
    serde_json::from_str(&text).expect("JSON")
}

/// What became of each case, as `case@target VERDICT`.
pub(crate) fn verdicts(folder: &Path) -> Vec<String> {
    let report = report(folder);
    let outcomes = report["outcomes"].as_array().expect("a list").iter();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    outcomes
        .map(|one| {
            format!(
                "{}@{} {}",
                word(&one["case"]),
                word(&one["target"]),
                word(&one["verdict"])
            )
        })
        .collect()
}
