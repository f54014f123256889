//! What `kill` has found: which mutants of the reference the suite notices.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::requirements;

/// The file, in the folder of a report.
pub(crate) const FILE: &str = "mutants.jsonl";

/// What became of a mutant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    /// What it is called.
    pub(crate) mutant: String,
    /// The requirement that it breaks.
    pub(crate) requirement: String,
    /// Client, helper, sharer or relay.
    pub(crate) of: String,
    /// The case that has to notice.
    pub(crate) killed_by: String,
    /// It did, and no unrelated one.
    pub(crate) killed: bool,
    /// How many other cases were run as well: all that come to its place and do not depend on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) others: Option<usize>,
    /// Why it was not killed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) why: String,
    /// The cases that failed, each for the requirement.
    pub(crate) noticed: Vec<String>,
    /// How long it took.
    pub(crate) seconds: f64,
}

/// What is known of mutants in this folder, in the order of the requirements.
pub(crate) fn read(folder: &Path) -> Vec<Found> {
    let text = fs::read_to_string(folder.join(FILE)).unwrap_or_default();
    // The last line may have been cut off.
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let mut all: Vec<Found> = lines.collect();
    let key = |found: &Found| {
        let (area, number) = requirements::order(&found.requirement);
        (area.to_owned(), number, found.mutant.clone())
    };
    all.sort_by_key(key);
    all
}
