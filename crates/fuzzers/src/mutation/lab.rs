//! Runs cargo-mutants in a copy of the tree, so that a run that is stopped leaves nothing changed, and the next one finds most
//! of it built.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use serde_json::Value;
use toml::Table;

use super::listed::Mutant;

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    Caught,
    Unviable,
    TimedOut,
    Missed,
}

/// Tests that a mutant is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tests {
    packages: &'static [&'static str],
    /// Which of their tests are built and run.
    which: &'static [&'static str],
    /// A test of those that is left out.
    but: Option<&'static str>,
}

/// Those that catch most, by the beginning of a file's path: what is built for each mutant takes most of the time.
const NEAR: &[(&str, Tests)] = &[
    ("crates/wire/", of(&["alongside-wire"], &["--tests"])),
    (
        "crates/state-machine/src/relay/",
        machine(&["--test=relay"]),
    ),
    (
        "crates/state-machine/src/books/",
        machine(&["--test=books"]),
    ),
    (
        "crates/state-machine/src/identity/",
        machine(&["--test=identity"]),
    ),
    (
        "crates/state-machine/src/receipt/",
        machine(&["--test=receipt"]),
    ),
    (
        "crates/",
        // It seals two million records, which takes longer than all the others.
        machine(&["--test=session"]).but("a_sealer_goes_on_in_the_next_block"),
    ),
];

/// Those that those are held against which survive.
pub(super) const WIDE: Tests = of(
    &["alongside-state-machine", "alongside-vectors"],
    &[
        "--test=committed",
        "--test=tables",
        "--test=session",
        "--test=relay",
        "--test=identity",
        "--test=receipt",
        "--test=books",
    ],
);

const fn of(packages: &'static [&'static str], which: &'static [&'static str]) -> Tests {
    Tests {
        packages,
        which,
        but: None,
    }
}

const fn machine(which: &'static [&'static str]) -> Tests {
    of(&["alongside-state-machine"], which)
}

impl Tests {
    const fn but(self, test: &'static str) -> Self {
        Self {
            but: Some(test),
            ..self
        }
    }

    /// What the programs of the tests are told.
    fn told(self) -> impl Iterator<Item = &'static str> {
        let skip = self.but.map(|test| ["--", "--skip", test]);
        skip.into_iter().flatten()
    }
}

/// The tests for a file that come first.
pub(super) fn near(file: &str) -> Tests {
    let found = NEAR.iter().find(|(begins, _)| file.starts_with(begins));
    found.map_or(WIDE, |(_, tests)| *tests)
}

/// A copy of the tree, in which mutants are run.
pub(super) struct Lab {
    work: PathBuf,
    tree: PathBuf,
    /// What `.cargo/mutants.toml` says.
    config: Table,
    /// The seconds that tests have, of those that were seen to pass without a mutant.
    passed: BTreeMap<Tests, u64>,
}

impl Lab {
    /// Copies what belongs to the tree, and has changed since it was copied before.
    pub(super) fn new(root: &Path, work: &Path) -> io::Result<Self> {
        let tree = work.join("tree");
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root)
            .output()?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let is_there = |file: &&str| root.join(file).is_file();
        let files: BTreeSet<_> = listed.split('\0').filter(is_there).collect();
        for file in &files {
            let (from, to) = (root.join(file), tree.join(file));
            let new = fs::read(&from)?;
            if fs::read(&to).is_ok_and(|old| old == new) {
                continue;
            }
            fs::create_dir_all(to.parent().unwrap_or(&tree))?;
            fs::copy(&from, &to)?;
        }
        // A test that is no more would be built on.
        let copied = work.join("copied");
        let before = fs::read_to_string(&copied).unwrap_or_default();
        for file in before.split('\0').filter(|file| !files.contains(file)) {
            // It may be gone already.
            let _ = fs::remove_file(tree.join(file));
        }
        fs::write(copied, Vec::from_iter(files).join("\0"))?;
        let config = fs::read_to_string(root.join(".cargo/mutants.toml"))?;
        Ok(Self {
            work: work.to_owned(),
            tree,
            config: config.parse().map_err(io::Error::other)?,
            passed: BTreeMap::new(),
        })
    }

    /// Runs these mutants of one package.
    pub(super) fn run(
        &mut self,
        mutants: &[&Mutant],
        tests: Tests,
    ) -> io::Result<BTreeMap<String, Became>> {
        if mutants.is_empty() {
            return Ok(BTreeMap::new());
        }
        let seconds = self.seconds(tests)?;
        let mut config = self.config.clone();
        let names = mutants.iter().map(|mutant| exactly(&mutant.name).into());
        config.insert("examine_re".into(), toml::Value::Array(names.collect()));
        // The other alone would let fields of structures through, which it does not know.
        let files: BTreeSet<_> = mutants.iter().map(|mutant| &mutant.file).collect();
        let files = files.into_iter().map(|file| file.as_str().into());
        config.insert("examine_globs".into(), toml::Value::Array(files.collect()));
        let file = self.work.join("mutants.toml");
        fs::write(&file, config.to_string())?;
        let mut command = self.cargo("mutants");
        command
            .args(["--in-place", "--baseline=skip", "--build-timeout=900"])
            .arg(format!("--timeout={seconds}"))
            .arg(format!("--test-package={}", tests.packages.join(",")))
            .arg("--config")
            .arg(&file)
            .arg("--output")
            .arg(&self.work);
        for which in tests.which {
            command.arg(format!("--cargo-arg={which}"));
        }
        for told in tests.told() {
            command.arg(format!("--cargo-test-arg={told}"));
        }
        // How it ends follows from what became of the mutants.
        command.status()?;
        let outcomes = fs::read(self.work.join("mutants.out/outcomes.json"))?;
        let became = read(&serde_json::from_slice(&outcomes)?);
        match mutants
            .iter()
            .find(|mutant| !became.contains_key(&mutant.name))
        {
            None => Ok(became),
            Some(missing) => Err(io::Error::other(format!("was not run: {}", missing.name))),
        }
    }

    /// How long tests may take. They have to pass without a mutant.
    fn seconds(&mut self, tests: Tests) -> io::Result<u64> {
        if let Some(seconds) = self.passed.get(&tests) {
            return Ok(*seconds);
        }
        let profile = self.config.get("profile").and_then(toml::Value::as_str);
        let mut took = 0;
        for more in [&["--no-run"][..], &[]] {
            let mut command = self.cargo("test");
            command.args(["--quiet", "--profile", profile.unwrap_or("test")]);
            for package in tests.packages {
                command.args(["--package", package]);
            }
            let began = Instant::now();
            command.args(tests.which).args(more).args(tests.told());
            if !command.status()?.success() {
                return Err(io::Error::other("the tests fail without a mutant"));
            }
            took = began.elapsed().as_secs();
        }
        let seconds = 30 + 5 * took;
        self.passed.insert(tests, seconds);
        Ok(seconds)
    }

    fn cargo(&self, what: &str) -> Command {
        let mut command = Command::new("cargo");
        command
            .arg(what)
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", self.work.join("built"))
            // What finds one mutant is not kept for the next.
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1");
        command
    }
}

/// An expression that is found in this name alone.
fn exactly(name: &str) -> String {
    let mut expression = String::from("^");
    for character in name.chars() {
        // Others have a meaning with a backslash, and none without.
        if r"\.+*?()|[]{}^$".contains(character) {
            expression.push('\\');
        }
        expression.push(character);
    }
    expression.push('$');
    expression
}

/// What became of each mutant, by its name.
fn read(outcomes: &Value) -> BTreeMap<String, Became> {
    let all = outcomes["outcomes"].as_array().into_iter().flatten();
    let read = |outcome: &Value| {
        let name = outcome["scenario"]["Mutant"]["name"].as_str()?;
        let became = match outcome["summary"].as_str()? {
            "CaughtMutant" => Became::Caught,
            "Unviable" => Became::Unviable,
            "Timeout" => Became::TimedOut,
            "MissedMutant" => Became::Missed,
            _ => return None,
        };
        Some((name.to_owned(), became))
    };
    all.filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn outcomes_are_read() {
        let outcome = |summary| {
            json!({
                "scenario": { "Mutant": { "name": summary } }, "summary": summary,
            })
        };
        let outcomes = json!({ "outcomes": [
            { "scenario": "Baseline", "summary": "Success" },
            outcome("CaughtMutant"), outcome("MissedMutant"), outcome("Timeout"), outcome("Unviable"),
        ] });
        let became: Vec<_> = read(&outcomes).into_values().collect();
        assert_eq!(
            became,
            [
                Became::Caught,
                Became::Missed,
                Became::TimedOut,
                Became::Unviable
            ]
        );
    }

    #[test]
    fn a_name_stands_for_itself() {
        assert_eq!(exactly("a.rs: x -> (y)"), r"^a\.rs: x -> \(y\)$");
    }
}
