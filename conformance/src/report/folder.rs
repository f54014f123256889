//! The folder of a report, written as the run goes on: a run that is killed leaves what it knew.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
};

use super::{Bundle, Report, Run, html, junit, mutants};
use crate::run::{Outcome, Verdict};

const RESULTS: &str = "results.jsonl";

/// A folder that is being written to.
pub struct Folder {
    path: PathBuf,
    results: File,
    run: Run,
    captures: Option<PathBuf>,
}

impl Folder {
    /// Begins a report in this folder, in place of an older one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn begin(path: &Path, run: Run, captures: Option<PathBuf>) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        for old in ["report.json", "junit.xml", "report.html"] {
            remove(fs::remove_file(path.join(old)))?;
        }
        remove(fs::remove_dir_all(path.join("bundles")))?;
        let mut results = File::create(path.join(RESULTS))?;
        writeln!(results, "{}", serde_json::to_string(&run)?)?;
        Ok(Self {
            path: path.to_owned(),
            results,
            run,
            captures,
        })
    }

    /// One more case is done.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, outcome: &mut Outcome) -> io::Result<()> {
        let evidence = std::mem::take(&mut outcome.evidence);
        if let (Some(captures), Verdict::Pass) = (&self.captures, outcome.verdict) {
            Bundle::new(outcome, &evidence, &self.run).write_capture(captures)?;
        }
        let says_more = !matches!(
            outcome.verdict,
            Verdict::Pass | Verdict::Xpass | Verdict::Unsupported | Verdict::Blocked
        );
        if says_more {
            let place = format!("bundles/{}", outcome.name());
            let bundle = Bundle::new(outcome, &evidence, &self.run);
            bundle.write(&self.path.join(&place))?;
            outcome.bundle = Some(place);
        }
        writeln!(self.results, "{}", serde_json::to_string(outcome)?)
    }

    /// The run is over.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn end(&self, report: &Report) -> io::Result<PathBuf> {
        write(&self.path, report)
    }
}

/// What is not there need not be removed.
fn remove(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(path: &Path, report: &Report) -> io::Result<PathBuf> {
    let json = serde_json::to_string_pretty(report)?;
    fs::write(path.join("report.json"), json + "\n")?;
    fs::write(path.join("junit.xml"), junit::text(report))?;
    let page = path.join("report.html");
    fs::write(
        &page,
        html::page(report, &spec_from(path), &mutants::read(path)),
    )?;
    Ok(page)
}

/// Where the specification is, from a page in this folder, if it is near.
fn spec_from(folder: &Path) -> String {
    let Ok(folder) = fs::canonicalize(folder) else {
        return String::new();
    };
    let above = folder.ancestors().enumerate();
    let mut homes = above.filter(|(_, home)| home.join("spec/requirements.json").is_file());
    homes
        .next()
        .map_or_else(String::new, |(up, _)| "../".repeat(up))
}

/// Makes the report of a run that was killed, of the cases that were done.
///
/// # Errors
/// If there are no results, or they cannot be read.
pub(crate) fn mend(path: &Path) -> io::Result<(Report, PathBuf)> {
    let mut lines = BufReader::new(File::open(path.join(RESULTS))?).lines();
    let none = || io::Error::other("there is no run in it");
    let run: Run = serde_json::from_str(&lines.next().ok_or_else(none)??)?;
    let mut outcomes = Vec::new();
    for line in lines {
        match serde_json::from_str(&line?) {
            Ok(outcome) => outcomes.push(outcome),
            // It was killed in the middle of a line.
            Err(error) if error.is_eof() => break,
            Err(error) => return Err(error.into()),
        }
    }
    let report = Report::new(run, outcomes, Vec::new());
    let page = write(path, &report)?;
    Ok((report, page))
}
