//! What became of the mutants, a line for each, written as they come.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use serde::{Deserialize, Serialize};

/// The name of the file.
const FILE: &str = "mutants.jsonl";

/// What became of a mutant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Found {
    /// What it is called.
    pub(super) mutant: String,
    /// The requirement that it breaks.
    pub(super) requirement: String,
    /// Client, helper, sharer or relay.
    pub(super) of: String,
    /// The case that has to notice.
    pub(super) killed_by: String,
    /// It did, and no unrelated one.
    pub(super) killed: bool,
    /// All other cases were run as well.
    pub(super) whole: bool,
    /// Why it was not killed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) why: String,
    /// The cases that failed, each for the requirement.
    pub(super) noticed: Vec<String>,
    /// How long it took.
    pub(super) seconds: f64,
}

impl Found {
    pub(super) fn line(&self) -> String {
        match self.killed {
            true => {
                let more = match self.noticed.len() {
                    0 | 1 => String::new(),
                    count => format!(" and {} more", count - 1),
                };
                format!(
                    "killed    {:<28} by {}{more}\n",
                    self.mutant, self.killed_by
                )
            }
            false => format!("SURVIVES  {:<28} {}\n", self.mutant, self.why),
        }
    }
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
        if let (true, Ok(text)) = (resume, fs::read_to_string(&path)) {
            // The last line may have been cut off.
            let lines = text
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            let good = lines.filter(|found: &Found| found.killed && (found.whole || named));
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
