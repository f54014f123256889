//! What became of the mutants, a line for each, written as they come.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use serde::de::DeserializeOwned;

use crate::report::mutants::{FILE, Found, read};

/// As it is told.
pub(super) fn line(found: &Found) -> String {
    match found.killed {
        true => {
            let others = match found.others {
                None => String::new(),
                Some(others) => format!(", {} of {others} others", found.noticed.len() - 1),
            };
            format!(
                "killed    {:<28} by {}{others}\n",
                found.mutant, found.killed_by
            )
        }
        false => format!("SURVIVES  {:<28} {}\n", found.mutant, found.why),
    }
}

/// What the lines of a file say; the last may have been cut off.
pub(super) fn lines<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().map(serde_json::from_str);
    lines.filter_map(Result::ok).collect()
}

/// The file, and what is in it.
pub(super) struct Results {
    file: File,
    known: BTreeMap<String, Found>,
}

impl Results {
    /// Begins the file, or goes on with it.
    pub(super) fn open(folder: &Path, named: bool, resume: bool) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join(FILE);
        let mut known = BTreeMap::new();
        if resume {
            let good = read(folder).into_iter();
            let good = good.filter(|found| found.killed && (found.others.is_some() || named));
            known = good.map(|found| (found.mutant.clone(), found)).collect();
        }
        let mut results = Self {
            file: File::create(path)?,
            known: BTreeMap::new(),
        };
        known
            .into_values()
            .try_for_each(|found| results.add(found))?;
        Ok(results)
    }

    pub(super) fn has(&self, mutant: &str) -> bool {
        self.known.contains_key(mutant)
    }

    pub(super) fn get(&self, mutant: &str) -> Option<&Found> {
        self.known.get(mutant)
    }

    pub(super) fn add(&mut self, found: Found) -> io::Result<()> {
        writeln!(self.file, "{}", serde_json::to_string(&found)?)?;
        self.known.insert(found.mutant.clone(), found);
        Ok(())
    }
}
