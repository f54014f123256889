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

impl Found {
    /// How many of the others noticed. A mutant of both ends has its own case run against each, which makes two
    /// of its own in what noticed.
    pub(crate) fn others_that_noticed(&self) -> usize {
        let is_own = |name: &&String| name.split('@').next() == Some(&self.killed_by);
        self.noticed.iter().filter(|name| !is_own(name)).count()
    }
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

#[cfg(test)]
mod tests {
    use super::Found;

    fn found(noticed: &[&str]) -> Found {
        Found {
            mutant: "KEX-7/lenient".to_owned(),
            requirement: "KEX-7".to_owned(),
            of: "client".to_owned(),
            killed_by: "client/exchange/fresh".to_owned(),
            killed: true,
            others: Some(9),
            why: String::new(),
            noticed: noticed.iter().map(ToString::to_string).collect(),
            seconds: 1.0,
        }
    }

    #[test]
    fn its_own_case_is_no_other_whatever_it_was_run_against() {
        let own = [
            "client/exchange/fresh@helper",
            "client/exchange/fresh@sharer",
        ];
        assert_eq!(found(&own).others_that_noticed(), 0);
        let more = [own[0], own[1], "client/exchange/fresh-too@helper"];
        assert_eq!(found(&more).others_that_noticed(), 1);
        // Whatever somebody wrote into the file.
        assert_eq!(found(&[]).others_that_noticed(), 0);
    }
}
