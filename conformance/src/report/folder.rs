//! The folder of a report, written as the run goes on: a run that is killed leaves what it knew.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{Bundle, Form, Report, Run, html, junit, mutants};
use crate::run::{Outcome, Verdict};

const RESULTS: &str = "results.jsonl";
/// What a run leaves beside its results.
const FILES: [&str; 3] = ["report.json", "junit.xml", "report.html"];
const BUNDLES: &str = "bundles";
/// More than the line for a run ever has.
const LONGEST_HEAD: u64 = 1 << 20;

/// A folder that is being written to.
pub struct Folder {
    path: PathBuf,
    results: File,
    run: Run,
    captures: Option<PathBuf>,
}

impl Folder {
    /// Whether a report may begin here: what has one of its names is of an older one.
    ///
    /// # Errors
    /// If it is somebody else's; in words.
    pub fn is_free(path: &Path) -> Result<(), String> {
        if is_ours(&path.join(RESULTS)) {
            return Ok(());
        }
        let mut names = [RESULTS, BUNDLES].into_iter().chain(FILES);
        match names.find(|name| fs::symlink_metadata(path.join(name)).is_ok()) {
            None => Ok(()),
            Some(name) => Err(format!(
                "{name} in it would be replaced, and no {RESULTS} shows that a run has left it: \
                 name another folder, or remove it yourself"
            )),
        }
    }

    /// Begins a report in this folder, in place of an older one.
    ///
    /// # Errors
    /// If it cannot be written, or what is there is not of a report.
    pub fn begin(path: &Path, run: Run, captures: Option<PathBuf>) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Self::is_free(path).map_err(io::Error::other)?;
        for old in FILES {
            remove(fs::remove_file(path.join(old)))?;
        }
        remove(fs::remove_dir_all(path.join(BUNDLES)))?;
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
            let written = Bundle::new(outcome, &evidence, &self.run).write_capture(captures);
            written.map_err(|error| {
                io::Error::other(format!("--captures {}: {error}", captures.display()))
            })?;
        }
        let says_more = !matches!(
            outcome.verdict,
            Verdict::Pass | Verdict::Xpass | Verdict::Unsupported | Verdict::Blocked
        );
        if says_more {
            let place = format!("{BUNDLES}/{}", outcome.name());
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

/// Whether a run has written this, of whatever form.
fn is_ours(results: &Path) -> bool {
    #[derive(Deserialize)]
    struct Head {
        #[serde(rename = "format")]
        _format: u32,
        #[serde(rename = "suite")]
        _suite: String,
    }
    let Ok(file) = File::open(results) else {
        return false;
    };
    let mut head = Vec::new();
    let read = BufReader::new(file)
        .take(LONGEST_HEAD)
        .read_until(b'\n', &mut head);
    read.is_ok() && serde_json::from_slice::<Head>(&head).is_ok()
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
    let (run, outcomes) = results(&fs::read(path.join(RESULTS))?)?;
    let report = Report::new(run, outcomes, Vec::new());
    let page = write(path, &report)?;
    Ok((report, page))
}

/// What was known when the last whole line was written.
fn results(bytes: &[u8]) -> io::Result<(Run, Vec<Outcome>)> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let head = lines.next().unwrap_or_default();
    let form: Form = serde_json::from_slice(head)?;
    form.is_known().map_err(io::Error::other)?;
    let run: Run = serde_json::from_slice(head)?;
    let mut outcomes = Vec::new();
    for line in lines {
        match serde_json::from_slice(line) {
            Ok(outcome) => outcomes.push(outcome),
            // It was killed in the middle of a line, perhaps of a letter.
            Err(error) if error.is_eof() => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok((run, outcomes))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use super::{Folder, RESULTS, Run, mend, results};
    use crate::run::{Verdict, outcome_of};

    fn run() -> Run {
        Run::begin(String::new(), BTreeMap::new())
    }

    #[test]
    fn what_somebody_else_has_there_stays() {
        for name in [
            "bundles/app.js",
            "report.json",
            "junit.xml",
            "report.html",
            RESULTS,
        ] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "mine").unwrap();
            let why = Folder::is_free(folder.path()).expect_err(name);
            assert!(why.starts_with(name.trim_end_matches("/app.js")), "{why}");
            assert!(Folder::begin(folder.path(), run(), None).is_err(), "{name}");
            assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        }
    }

    #[test]
    fn an_older_report_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mutants.jsonl"), "").unwrap();
        let mut first = Folder::begin(folder.path(), run(), None).unwrap();
        first.add(&mut outcome_of(Verdict::Fail)).unwrap();
        let bundles = folder.path().join("bundles");
        assert!(bundles.is_dir());
        Folder::begin(folder.path(), run(), None).unwrap();
        assert!(!bundles.exists());
        assert!(folder.path().join("mutants.jsonl").is_file());
    }

    #[test]
    fn a_line_that_is_cut_off_anywhere_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let mut begun = Folder::begin(path, run(), None).unwrap();
        begun.add(&mut outcome_of(Verdict::Pass)).unwrap();
        let whole = fs::read(path.join(RESULTS)).unwrap().len();
        let mut last = outcome_of(Verdict::Pass);
        last.detail = "ü".repeat(3);
        begun.add(&mut last).unwrap();
        let bytes = fs::read(path.join(RESULTS)).unwrap();
        for end in whole..=bytes.len() {
            let (_, outcomes) = results(&bytes[..end]).unwrap();
            // The end of the line is not needed.
            let last = usize::from(end >= bytes.len() - 1);
            assert_eq!(outcomes.len(), 1 + last, "after {end} bytes");
        }
    }

    #[test]
    fn results_of_another_form_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut other = run();
        other.format += 1;
        Folder::begin(folder.path(), other, None).unwrap();
        let why = mend(folder.path()).expect_err("another form").to_string();
        assert!(why.contains("of form 2"), "{why}");
        // A run may still take its place.
        Folder::begin(folder.path(), run(), None).unwrap();
    }
}
