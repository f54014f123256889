//! What was measured on.

use std::{fmt, fs, process::Command};

use serde::Serialize;

use crate::Failure;

/// A machine, what builds on it, and what it had to do.
#[derive(Serialize)]
pub struct Machine {
    processor: String,
    cores: usize,
    kernel: String,
    rustc: String,
    /// The commit, with `-dirty` if there was more.
    code: String,
    /// Of the last minute, the last five and the last fifteen, before this run.
    load: String,
}

impl Machine {
    /// This one, now.
    ///
    /// # Errors
    /// If the system does not say how many cores there are.
    pub fn this() -> Result<Self, Failure> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = read("/proc/cpuinfo");
        let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
        let model = model.and_then(|line| line.split_once(": "));
        let load = read("/proc/loadavg");
        let load: Vec<_> = load.split_whitespace().take(3).collect();
        Ok(Self {
            processor: model.map_or("unknown", |(_, model)| model).to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: said("rustc", &["--version"]),
            code: said("git", &["describe", "--always", "--dirty", "--abbrev=12"]),
            load: load.join(" "),
        })
    }
}

/// What a program says, or that it does not.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.ok().filter(|output| output.status.success());
    let said = output.and_then(|output| String::from_utf8(output.stdout).ok());
    said.map_or("unknown".to_owned(), |said| said.trim().to_owned())
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            processor,
            cores,
            kernel,
            rustc,
            code,
            load,
        } = self;
        writeln!(f, "{processor}, {cores} cores, Linux {kernel}, load {load}")?;
        writeln!(f, "{rustc}; code {code}")
    }
}
