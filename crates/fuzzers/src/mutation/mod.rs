//! Mutation testing: cargo-mutants changes `crates/wire` and `crates/state-machine` in one place after the other, and a test has
//! to fail. What became of each file is in a ledger, `fuzz/mutation.toml`, and so is a reason for each mutant that survives.

mod changed;
mod lab;
mod ledger;
mod listed;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
};

use changed::Before;
use lab::{Became, Lab, Tests, WIDE, near};
use ledger::{Entry, Ledger, State, Survivor};
use listed::{Listed, Mutant};

/// Where mutants are built and run, in `target`.
const WORK: &str = "mutation";

/// One of several parts of a run, each of which may be on a machine of its own; the first is 1.
#[derive(Clone, Copy, Debug)]
pub struct Shard {
    part: usize,
    of: usize,
}

impl Default for Shard {
    /// All of it.
    fn default() -> Self {
        Self { part: 1, of: 1 }
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let parts = parts.and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((part, of)) if (1..=of).contains(&part) => Ok(Self { part, of }),
            _ => Err("not a part as 1/4".into()),
        }
    }
}

/// Which mutants are run.
#[derive(Debug)]
pub enum Wanted {
    /// None.
    Nothing,
    /// Those of this part of the files that were not run as they are.
    Due(Shard),
    /// Those of these files and folders.
    In(Vec<String>),
    /// Those in lines that differ from those of a commit, or from those that were run.
    Changed {
        /// The commit.
        base: Option<String>,
        /// So many of them, from everywhere.
        at_most: usize,
    },
}

/// Runs mutants, and holds the ledger against them and the code. Says what is wrong, and whether nothing is.
///
/// # Errors
/// If cargo-mutants or Git is missing, the tests fail without a mutant, or a file cannot be read or written.
pub fn test(fuzz: &Path, wanted: &Wanted) -> io::Result<(String, bool)> {
    let bench = Bench::new(fuzz)?;
    let (mut told, mut faults) = (String::new(), Vec::new());
    match wanted {
        Wanted::Nothing => {}
        Wanted::Due(Shard { part, of }) => {
            let ledger = bench.ledger()?;
            let mine = bench
                .files(|_| true)
                .into_iter()
                .skip(part - 1)
                .step_by(*of);
            let due = mine.filter(|file| bench.state(&ledger, file) != State::Run);
            let work = match of {
                1 => WORK.to_owned(),
                of => format!("{WORK}-{part}-of-{of}"),
            };
            bench.run_files(due.collect(), &work)?;
        }
        Wanted::In(places) => {
            let files = bench.files(|file| {
                places
                    .iter()
                    .any(|place| Path::new(file).starts_with(place))
            });
            if files.is_empty() {
                return Err(io::Error::other("nothing there has mutants"));
            }
            bench.run_files(files, WORK)?;
        }
        Wanted::Changed { base, at_most } => {
            let changed = bench.changed(base.as_deref())?;
            let (all, some) = (changed.len(), changed.len().min(*at_most));
            told = format!("{all} mutants in changed lines, of which {some} were run\n");
            let spread = (0..some).map(|number| changed[number * all / some]);
            faults = bench.run_changed(&spread.collect::<Vec<_>>())?;
        }
    }
    let ledger = bench.ledger()?;
    faults.extend(ledger.faults(&bench.listed, &bench.contents));
    let mut text = told + &bench.told(&ledger);
    for fault in &faults {
        let _ = writeln!(text, "{fault}");
    }
    let _ = write!(text, "{} faults", faults.len());
    Ok((text, faults.is_empty()))
}

/// Where everything is, and what can be run.
struct Bench {
    root: PathBuf,
    place: PathBuf,
    listed: Listed,
    /// The ids of the files as they are.
    contents: BTreeMap<String, String>,
}

impl Bench {
    fn new(fuzz: &Path) -> io::Result<Self> {
        let root = fuzz.join("..").canonicalize()?;
        let place = root.join("fuzz/mutation.toml");
        let wanted = Ledger::read(&place)?.made_with;
        let version = said(Command::new("cargo").args(["mutants", "--version"]))?;
        if version.trim() != wanted {
            let told = format!("{wanted} is wanted, and this is {}", version.trim());
            return Err(io::Error::other(told));
        }
        let listed = listed::list(&root)?;
        let files: Vec<_> = listed.files.keys().cloned().collect();
        let mut ids = Command::new("git");
        let ids = said(ids.current_dir(&root).arg("hash-object").args(&files))?;
        let contents = files
            .into_iter()
            .zip(ids.lines().map(str::to_owned))
            .collect();
        Ok(Self {
            root,
            place,
            listed,
            contents,
        })
    }

    fn ledger(&self) -> io::Result<Ledger> {
        Ledger::read(&self.place)
    }

    fn state(&self, ledger: &Ledger, file: &str) -> State {
        ledger.state(file, &self.contents[file])
    }

    fn files(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<&String> {
        let files = self.listed.files.keys();
        files.filter(|file| is_wanted(file)).collect()
    }

    fn lab(&self, work: &str) -> io::Result<Lab> {
        Lab::new(&self.root, &self.root.join("target").join(work))
    }

    /// Runs all mutants of these files. The ledger has each as soon as it was run.
    fn run_files(&self, files: Vec<&String>, work: &str) -> io::Result<()> {
        let mut lab = self.lab(work)?;
        for file in files {
            let mutants: Vec<_> = self.listed.files[file].iter().collect();
            let became = run(&mut lab, &mutants)?;
            let count = |what| became.values().filter(|became| **became == what).count();
            let survivors = mutants
                .iter()
                .filter(|mutant| became[&mutant.name] == Became::Missed);
            let entry = Entry {
                path: file.clone(),
                content: self.contents[file].clone(),
                caught: count(Became::Caught),
                unviable: count(Became::Unviable),
                timed_out: count(Became::TimedOut),
                survivors: survivors
                    .map(|mutant| Survivor {
                        key: mutant.key.clone(),
                        why: String::new(),
                    })
                    .collect(),
            };
            // Another part may have written as well.
            let mut ledger = self.ledger()?;
            ledger.take(entry);
            ledger.write(&self.place)?;
        }
        Ok(())
    }

    /// The mutants in lines that changed.
    fn changed(&self, base: Option<&str>) -> io::Result<Vec<&Mutant>> {
        let ledger = self.ledger()?;
        let mut mutants = Vec::new();
        for (file, all) in &self.listed.files {
            let before = match (base, ledger.entry(file)) {
                (Some(commit), _) => Before::Commit(commit),
                (None, Some(entry)) if entry.content != self.contents[file] => {
                    Before::Content(&entry.content)
                }
                (None, _) => continue,
            };
            let lines = changed::lines(&self.root, file, before)?;
            let is_in = |mutant: &&Mutant| {
                let [first, last] = mutant.lines;
                lines
                    .iter()
                    .any(|lines| *lines.start() <= last && first <= *lines.end())
            };
            mutants.extend(all.iter().filter(is_in));
        }
        Ok(mutants)
    }

    /// Runs these mutants, and says which of them are not as the ledger has them.
    fn run_changed(&self, mutants: &[&Mutant]) -> io::Result<Vec<String>> {
        if mutants.is_empty() {
            return Ok(Vec::new());
        }
        let ledger = self.ledger()?;
        let became = run(&mut self.lab(WORK)?, mutants)?;
        let fault = |mutant: &&Mutant| {
            let Mutant { name, key, .. } = mutant;
            match (became[name], ledger.why(mutant)) {
                (Became::Missed, None) => {
                    Some(format!("{name}: survives without a reason: {}", key.line))
                }
                (Became::Caught | Became::TimedOut, Some(_)) => {
                    Some(format!("{name}: does not survive any more: {}", key.line))
                }
                _ => None,
            }
        };
        Ok(mutants.iter().filter_map(fault).collect())
    }

    /// What was run, in words.
    fn told(&self, ledger: &Ledger) -> String {
        let mut text = String::new();
        let mut counts = [0; 3];
        for file in self.listed.files.keys() {
            let state = self.state(ledger, file);
            counts[state as usize] += 1;
            let of = self.listed.files[file].len();
            let _ = match state {
                State::Run => Ok(()),
                State::Changed => writeln!(text, "changed since it was run: {file} ({of} mutants)"),
                State::NotRun => writeln!(text, "not run: {file} ({of} mutants)"),
            };
        }
        let sum = |of: fn(&Entry) -> usize| ledger.files.iter().map(of).sum::<usize>();
        let [run, changed, not_run] = counts;
        let all: usize = self.listed.files.values().map(Vec::len).sum();
        let _ = writeln!(
            text,
            "{run} files were run as they are, {changed} changed since, {not_run} were not run"
        );
        let _ = writeln!(
            text,
            "{} of {all} mutants: {} caught, {} without an end, {} that do not compile, {} survive; {} more are left to `kill`",
            sum(|entry| entry.caught + entry.timed_out + entry.unviable + entry.survivors.len()),
            sum(|entry| entry.caught),
            sum(|entry| entry.timed_out),
            sum(|entry| entry.unviable),
            sum(|entry| entry.survivors.len()),
            self.listed.named,
        );
        text
    }
}

/// Runs mutants with the tests that are near, and those that survive with more. One that does not end is tried again: the machine may
/// have been busy.
fn run(lab: &mut Lab, mutants: &[&Mutant]) -> io::Result<BTreeMap<String, Became>> {
    let mut became = BTreeMap::new();
    for what in [None, Some(Became::TimedOut)] {
        let mut parts: BTreeMap<Tests, Vec<&Mutant>> = BTreeMap::new();
        for mutant in mutants {
            if became.get(&mutant.name) == what.as_ref() {
                parts.entry(near(&mutant.file)).or_default().push(mutant);
            }
        }
        for (tests, mutants) in parts {
            became.extend(lab.run(&mutants, tests)?);
        }
    }
    let survives = |mutant: &&&Mutant| became[&mutant.name] == Became::Missed;
    let survivors: Vec<_> = mutants.iter().filter(survives).copied().collect();
    became.extend(lab.run(&survivors, WIDE)?);
    Ok(became)
}

/// What a program prints.
fn said(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr))),
    }
}
