//! What changed between two reports.

use std::{collections::BTreeMap, fs, path::Path};

use super::Report;
use crate::run::{Outcome, Verdict};

/// What changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// In words, by case.
    pub lines: Vec<String>,
    /// Something is worse than it was.
    pub worse: bool,
}

/// Reads a `report.json`.
///
/// # Errors
/// If it is none; in words.
pub fn read(path: &Path) -> Result<Report, String> {
    let wrong = |why: String| format!("{}: {why}", path.display());
    let inside = path.join("report.json");
    let path = if path.is_dir() { &inside } else { path };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(format!("it is no report: {error}")))
}

/// What is otherwise in the second.
pub fn diff(old: &Report, new: &Report) -> Changes {
    let of = |report: &Report| -> BTreeMap<String, Outcome> {
        let outcomes = report.outcomes.iter();
        outcomes
            .map(|outcome| (outcome.name(), outcome.clone()))
            .collect()
    };
    let (old, new) = (of(old), of(new));
    let mut changes = Changes::default();
    for (name, before) in &old {
        match new.get(name) {
            None => changes.add(is_good(before), "gone", name, before.verdict.name(), ""),
            Some(after) if after.verdict != before.verdict => {
                let worse = rank(after) > rank(before);
                let word = if worse { "worse" } else { "better" };
                let verdicts = format!("{} -> {}", before.verdict, after.verdict);
                changes.add(worse, word, name, &verdicts, &after.detail);
            }
            Some(_) => {}
        }
    }
    for (name, after) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        changes.add(
            after.is_bad(),
            "new",
            name,
            after.verdict.name(),
            &after.detail,
        );
    }
    changes
}

impl Changes {
    fn add(&mut self, worse: bool, word: &str, name: &str, verdict: &str, detail: &str) {
        self.worse |= worse;
        let mark = if worse { '!' } else { ' ' };
        let line = format!("{mark} {word:<6} {name}  {verdict}");
        self.lines.push(match detail.is_empty() {
            true => line,
            false => format!("{line}\n           {detail}"),
        });
    }
}

fn is_good(outcome: &Outcome) -> bool {
    outcome.verdict == Verdict::Pass
}

/// From a pass over what is no failure to one.
fn rank(outcome: &Outcome) -> u8 {
    match outcome.verdict {
        Verdict::Pass => 0,
        // It is good news, and a stale expectation.
        Verdict::Xpass => 1,
        _ if !outcome.is_bad() => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Report, diff};
    use crate::{
        report::Run,
        run::{Outcome, Verdict, outcome_of},
    };

    fn report(outcomes: Vec<Outcome>) -> Report {
        Report::new(
            Run::begin(String::new(), BTreeMap::new()),
            outcomes,
            Vec::new(),
        )
    }

    fn worse(before: Option<Verdict>, after: Option<Verdict>) -> (usize, bool) {
        let one = |verdict: Option<Verdict>| report(verdict.map(outcome_of).into_iter().collect());
        let changes = diff(&one(before), &one(after));
        (changes.lines.len(), changes.worse)
    }

    #[test]
    fn only_what_got_worse_is() {
        use Verdict::{Fail, Pass, Timeout, Unsupported, Xfail};
        assert_eq!(worse(Some(Pass), Some(Pass)), (0, false));
        assert_eq!(worse(Some(Pass), Some(Fail)), (1, true));
        assert_eq!(worse(Some(Fail), Some(Pass)), (1, false));
        assert_eq!(worse(Some(Pass), Some(Unsupported)), (1, true));
        assert_eq!(worse(Some(Xfail), Some(Fail)), (1, true));
        assert_eq!(worse(Some(Fail), Some(Timeout)), (1, false));
        assert_eq!(worse(Some(Pass), None), (1, true));
        assert_eq!(worse(Some(Fail), None), (1, false));
        assert_eq!(worse(None, Some(Pass)), (1, false));
        assert_eq!(worse(None, Some(Fail)), (1, true));
    }
}
