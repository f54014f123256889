//! What changed between two reports.

use std::{cmp::Ordering, collections::BTreeMap, fs, path::Path};

use serde::Deserialize;

use super::{Form, Report};
use crate::run::{Outcome, Verdict};

/// What changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// In words, by case.
    pub lines: Vec<String>,
    /// Something is worse than it was.
    pub worse: bool,
}

/// Reads a `report.json`, or the one in a folder.
///
/// # Errors
/// If it is none; in words.
pub fn read(path: &Path) -> Result<Report, String> {
    #[derive(Deserialize)]
    struct Head {
        run: Form,
    }
    let wrong = |why: String| format!("{}: {why}", path.display());
    let inside = path.join("report.json");
    let path = if path.is_dir() { &inside } else { path };
    let bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let no_report = |error| wrong(format!("it is no report: {error}"));
    let head: Head = serde_json::from_slice(&bytes).map_err(no_report)?;
    head.run.is_known().map_err(wrong)?;
    serde_json::from_slice(&bytes).map_err(no_report)
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
                let order = rank(after).cmp(&rank(before));
                let word = match order {
                    Ordering::Greater => "worse",
                    Ordering::Equal => "other",
                    Ordering::Less => "better",
                };
                let verdicts = format!("{} -> {}", before.verdict, after.verdict);
                changes.add(order.is_gt(), word, name, &verdicts, &after.detail);
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
    use std::{collections::BTreeMap, fs};

    use super::{Report, diff, read};
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

    /// The mark and the word of what changed.
    fn told(before: Option<Verdict>, after: Option<Verdict>) -> String {
        let one = |verdict: Option<Verdict>| report(verdict.map(outcome_of).into_iter().collect());
        let changes = diff(&one(before), &one(after));
        let told: Vec<_> = changes
            .lines
            .iter()
            .map(|line| line[..8].trim_end())
            .collect();
        let told = told.join("\n");
        assert_eq!(told.contains('!'), changes.worse);
        told
    }

    #[test]
    fn only_what_got_worse_is() {
        use Verdict::{Blocked, Fail, Pass, Timeout, Unsupported, Xfail};
        assert_eq!(told(Some(Pass), Some(Pass)), "");
        assert_eq!(told(Some(Pass), Some(Fail)), "! worse");
        assert_eq!(told(Some(Fail), Some(Pass)), "  better");
        assert_eq!(told(Some(Pass), Some(Unsupported)), "! worse");
        assert_eq!(told(Some(Xfail), Some(Fail)), "! worse");
        assert_eq!(told(Some(Fail), Some(Timeout)), "  other");
        assert_eq!(told(Some(Timeout), Some(Blocked)), "  other");
        assert_eq!(told(Some(Pass), None), "! gone");
        assert_eq!(told(Some(Fail), None), "  gone");
        assert_eq!(told(None, Some(Pass)), "  new");
        assert_eq!(told(None, Some(Fail)), "! new");
    }

    #[test]
    fn one_of_another_form_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut one = report(Vec::new());
        for (format, is_read) in [(1, true), (2, false)] {
            one.run.format = format;
            let text = serde_json::to_string(&one).unwrap();
            fs::write(folder.path().join("report.json"), text).unwrap();
            assert_eq!(read(folder.path()).is_ok(), is_read, "form {format}");
        }
        let why = read(folder.path()).expect_err("another form");
        assert!(why.contains("of form 2"), "{why}");
    }
}
