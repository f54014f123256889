//! The ledger, `fuzz/mutation.toml`: what became of the mutants of each file, and why some survive.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::{Deserialize, Serialize};

use super::listed::{Key, Listed, Mutant, keys};

const HEAD: &str = "\
# What became of the mutants of each file of crates/wire and crates/state-machine. Written by `cargo adversary mutate`, but for
# `why`: a survivor without it is an error. `content` is the file's id in Git as it was then (`git hash-object`).

";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Ledger {
    /// The program that makes mutants, and its version: another makes others.
    pub(super) made_with: String,
    #[serde(default, rename = "file")]
    pub(super) files: Vec<Entry>,
}

/// A file that was run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Entry {
    pub(super) path: String,
    /// The file as it was then.
    pub(super) content: String,
    /// A test failed.
    pub(super) caught: usize,
    /// It does not compile.
    pub(super) unviable: usize,
    /// A test did not end, which counts as failed.
    pub(super) timed_out: usize,
    #[serde(default, rename = "survivor", skip_serializing_if = "Vec::is_empty")]
    pub(super) survivors: Vec<Survivor>,
}

/// A mutant by which no test fails.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Survivor {
    #[serde(flatten)]
    pub(super) key: Key,
    pub(super) why: String,
}

/// Whether the ledger has a file as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Run,
    Changed,
    NotRun,
}

impl Ledger {
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        toml::from_str(&fs::read_to_string(path)?).map_err(io::Error::other)
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        fs::write(path, format!("{HEAD}{text}"))
    }

    pub(super) fn entry(&self, path: &str) -> Option<&Entry> {
        self.files.iter().find(|entry| entry.path == path)
    }

    pub(super) fn state(&self, path: &str, content: &str) -> State {
        match self.entry(path) {
            None => State::NotRun,
            Some(entry) if entry.content == content => State::Run,
            Some(_) => State::Changed,
        }
    }

    /// Takes what became of a file; reasons that were written before stay with their survivors.
    pub(super) fn take(&mut self, mut entry: Entry) {
        if let Some(before) = self.entry(&entry.path) {
            for survivor in &mut entry.survivors {
                let same = before.survivors.iter().find(|one| one.key == survivor.key);
                survivor.why = same.map(|one| one.why.clone()).unwrap_or_default();
            }
        }
        self.files.retain(|one| one.path != entry.path);
        self.files.push(entry);
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// The reason for which a mutant may survive, if one is written.
    pub(super) fn why(&self, mutant: &Mutant) -> Option<&str> {
        let mut survivors = self.entry(&mutant.file)?.survivors.iter();
        let survivor = survivors.find(|one| one.key == mutant.key)?;
        Some(survivor.why.as_str()).filter(|why| !why.trim().is_empty())
    }

    /// What is wrong with it, held against the mutants that there are and the contents of their files.
    pub(super) fn faults(
        &self,
        listed: &Listed,
        contents: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        for entry in &self.files {
            let path = &entry.path;
            let Some(mutants) = listed.files.get(path) else {
                faults.push(format!("{path}: no such file, or it has no mutants"));
                continue;
            };
            let there = keys(mutants);
            for survivor in &entry.survivors {
                let Key { line, change, .. } = &survivor.key;
                if survivor.why.trim().is_empty() {
                    faults.push(format!(
                        "{path}: survives without a reason: {change}: {line}"
                    ));
                }
                if !there.contains(&survivor.key) {
                    faults.push(format!("{path}: there is no such mutant: {change}: {line}"));
                }
            }
            let counted = entry.caught + entry.unviable + entry.timed_out + entry.survivors.len();
            let is_as_run = contents.get(path) == Some(&entry.content);
            if is_as_run && counted != mutants.len() {
                let now = mutants.len();
                faults.push(format!(
                    "{path}: {counted} mutants were run, and there are {now}"
                ));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(change: &str) -> Key {
        Key {
            line: "a < b".into(),
            change: change.into(),
            again: 0,
        }
    }

    fn survivor(change: &str, why: &str) -> Survivor {
        Survivor {
            key: key(change),
            why: why.into(),
        }
    }

    fn entry(survivors: Vec<Survivor>) -> Entry {
        Entry {
            path: "f.rs".into(),
            content: "1".into(),
            caught: 1,
            survivors,
            ..Entry::default()
        }
    }

    fn ledger(entry: Entry) -> Ledger {
        Ledger {
            made_with: "cargo-mutants 1".into(),
            files: vec![entry],
        }
    }

    /// A file with these mutants, and its content.
    fn there(changes: &[&str]) -> (Listed, BTreeMap<String, String>) {
        let mutants = changes.iter().map(|change| Mutant {
            name: (*change).into(),
            file: "f.rs".into(),
            lines: [1, 1],
            key: key(change),
        });
        let listed = Listed {
            files: [("f.rs".into(), mutants.collect())].into(),
            named: 0,
        };
        (listed, [("f.rs".into(), "1".into())].into())
    }

    #[test]
    fn a_survivor_has_a_reason_and_a_mutant() {
        let (listed, contents) = there(&["caught", "survives"]);
        let faults = |entry| ledger(entry).faults(&listed, &contents).join("\n");
        assert_eq!(faults(entry(vec![survivor("survives", "the same")])), "");
        assert!(faults(entry(vec![survivor("survives", " ")])).contains("without a reason"));
        assert!(faults(entry(vec![survivor("gone", "the same")])).contains("no such mutant"));
        assert!(faults(entry(vec![])).contains("1 mutants were run, and there are 2"));
        let other = Entry {
            path: "g.rs".into(),
            ..entry(vec![])
        };
        assert!(faults(other).contains("no such file"));
    }

    #[test]
    fn a_file_that_changed_is_not_counted_again() {
        let (listed, _) = there(&["caught", "survives", "new"]);
        let now = BTreeMap::from([("f.rs".to_owned(), "2".to_owned())]);
        let ledger = ledger(entry(vec![survivor("survives", "the same")]));
        assert!(ledger.faults(&listed, &now).is_empty());
        assert_eq!(ledger.state("f.rs", "2"), State::Changed);
        assert_eq!(ledger.state("f.rs", "1"), State::Run);
        assert_eq!(ledger.state("g.rs", "1"), State::NotRun);
    }

    #[test]
    fn a_reason_stays_with_its_survivor() {
        let mut ledger = ledger(entry(vec![survivor("a", "the same")]));
        ledger.take(entry(vec![survivor("a", ""), survivor("b", "")]));
        let whys: Vec<_> = ledger.files[0]
            .survivors
            .iter()
            .map(|one| one.why.as_str())
            .collect();
        assert_eq!(whys, ["the same", ""]);
        let again: Ledger = toml::from_str(&toml::to_string(&ledger).unwrap()).unwrap();
        assert_eq!(again.files[0].survivors[0].why, "the same");
    }
}
