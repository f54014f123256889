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
                Some(others) => format!(", {} of {others} others", found.others_that_noticed()),
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
    /// Begins the file, or goes on with it: what is known stays, but for what is found again.
    pub(super) fn open(folder: &Path, found_again: impl Fn(&Found) -> bool) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let kept = read(folder).into_iter().filter(|found| !found_again(found));
        let kept: Vec<_> = kept.collect();
        let mut results = Self {
            file: File::create(folder.join(FILE))?,
            known: BTreeMap::new(),
        };
        kept.into_iter().try_for_each(|found| results.add(found))?;
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{FILE, Results, read};

    const KNOWN: &str = r#"{"mutant":"KEX-7/lenient","requirement":"KEX-7","of":"client","killed_by":"client/exchange/fresh","killed":true,"noticed":[],"seconds":1.0}
{"mutant":"KEX-8/lenient","requirement":"KEX-8","of":"client","killed_by":"client/exchange/fresh","killed":true,"noticed":[],"seconds":1.0}
"#;

    #[test]
    fn what_is_not_found_again_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), KNOWN).unwrap();
        let results = Results::open(folder.path(), |found| found.mutant == "KEX-8/lenient");
        let results = results.unwrap();
        assert!(results.has("KEX-7/lenient"));
        assert!(!results.has("KEX-8/lenient"));
        let kept: Vec<_> = read(folder.path())
            .into_iter()
            .map(|found| found.mutant)
            .collect();
        assert_eq!(kept, ["KEX-7/lenient"]);
    }
}
