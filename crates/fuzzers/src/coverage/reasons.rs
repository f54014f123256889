//! Why lines are not reached: `fuzz/uncovered.toml`, held against what was counted.
//!
//! What is not reached comes in runs of lines, without one in between that is. A reason is for the runs in which one of its
//! `lines` is, or that begin right behind a line with one of the parts in `behind`; without either, for all of a file or a
//! folder. It is wrong if it is for nothing, or if a line that it names was reached.

use std::{collections::BTreeMap, io};

/// One reason.
#[derive(Debug)]
struct Reason {
    /// A file, or a folder.
    of: String,
    /// Parts of lines that are not reached, and whether there were some.
    lines: Vec<(String, bool)>,
    /// Parts of the lines before those, and whether there were some.
    behind: Vec<(String, bool)>,
    why: String,
    /// Whether it is for anything.
    used: bool,
}

/// All reasons, in the order in which they are looked for.
#[derive(Debug)]
pub(super) struct Reasons(Vec<Reason>);

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Judged {
    /// Lines that are not reached, each with its reason.
    pub(super) explained: Vec<String>,
    /// Lines without a reason, and reasons that do not hold.
    pub(super) wrong: Vec<String>,
}

/// Reasons, and what they were held against so far.
pub(super) struct Ledger {
    reasons: Reasons,
    judged: Judged,
}

impl Reasons {
    /// Reads `[[reason]]` with `of`, `why`, and perhaps `lines` or `behind`.
    ///
    /// # Errors
    /// If it is something else.
    pub(super) fn read(text: &str) -> io::Result<Self> {
        let table: toml::Table = text.parse().map_err(io::Error::other)?;
        let all = table.get("reason").and_then(toml::Value::as_array);
        let text =
            |reason: &toml::Value, field: &str| Some(reason.get(field)?.as_str()?.to_owned());
        let parts = |reason: &toml::Value, field: &str| {
            let all = reason.get(field).and_then(toml::Value::as_array);
            let parts = all.into_iter().flatten().filter_map(toml::Value::as_str);
            parts.map(|part| (part.to_owned(), false)).collect()
        };
        let read = |reason: &toml::Value| {
            Some(Reason {
                of: text(reason, "of")?,
                lines: parts(reason, "lines"),
                behind: parts(reason, "behind"),
                why: text(reason, "why").filter(|why| !why.is_empty())?,
                used: false,
            })
        };
        let read: Option<Vec<_>> = all.into_iter().flatten().map(read).collect();
        let read = read.ok_or_else(|| io::Error::other("a reason has `of` and `why`"))?;
        Ok(Self(read))
    }
}

impl Reason {
    /// Whether it is for a run of lines, behind this one; notes by what.
    fn is_for(&mut self, file: &str, before: &str, run: &[&str]) -> bool {
        if !file.starts_with(&self.of) {
            return false;
        }
        let mut fits = self.lines.is_empty() && self.behind.is_empty();
        for (part, used) in &mut self.lines {
            if run.iter().any(|line| line.contains(&**part)) {
                (fits, *used) = (true, true);
            }
        }
        for (part, used) in &mut self.behind {
            if before.contains(&**part) {
                (fits, *used) = (true, true);
            }
        }
        self.used |= fits;
        fits
    }

    /// What it says of a line that was reached, if it speaks of that.
    fn denies(&self, file: &str, line: &str) -> Option<String> {
        if !file.starts_with(&self.of) {
            return None;
        }
        if self.lines.is_empty() && self.behind.is_empty() {
            return Some(self.of.clone());
        }
        let part = self.lines.iter().find(|(part, _)| line.contains(part));
        part.map(|(part, _)| format!("`{part}` of {}", self.of))
    }
}

impl Ledger {
    pub(super) fn new(reasons: Reasons) -> Self {
        Self {
            reasons,
            judged: Judged::default(),
        }
    }

    /// A file, of which these lines were counted.
    pub(super) fn file(&mut self, file: &str, text: &[&str], counted: &BTreeMap<usize, bool>) {
        let line = |number: usize| text.get(number - 1).copied().unwrap_or_default();
        let mut run: Vec<usize> = Vec::new();
        for (number, reached) in counted {
            if !reached {
                run.push(*number);
                continue;
            }
            self.run(file, text, &std::mem::take(&mut run));
            let mut reasons = self.reasons.0.iter();
            if let Some(denied) = reasons.find_map(|reason| reason.denies(file, line(*number))) {
                let wrong = format!(
                    "is reached: {file}:{number}, and there is a reason why {denied} is not"
                );
                self.judged.wrong.push(wrong);
            }
        }
        self.run(file, text, &run);
    }

    fn run(&mut self, file: &str, text: &[&str], run: &[usize]) {
        let line = |number: usize| text.get(number - 1).copied().unwrap_or_default();
        let Some(first) = run.first() else {
            return;
        };
        let before = first.checked_sub(2).and_then(|place| text.get(place));
        let before = before.copied().unwrap_or_default();
        let lines: Vec<_> = run.iter().map(|number| line(*number)).collect();
        let mut reasons = self.reasons.0.iter_mut();
        let reason = reasons.find_map(|reason| {
            let fits = reason.is_for(file, before, &lines);
            fits.then_some(&reason.why)
        });
        for number in run {
            let told = format!("{file}:{number}: {}", line(*number));
            match reason {
                Some(why) => self.judged.explained.push(format!("{told} ({why})")),
                None => self.judged.wrong.push(format!("no reason: {told}")),
            }
        }
    }

    /// A file with code that is not in the program.
    pub(super) fn left_out(&mut self, file: &str) {
        let mut reasons = self.reasons.0.iter_mut();
        let reason = reasons.find_map(|reason| {
            let fits = reason.lines.is_empty() && reason.is_for(file, "", &[]);
            fits.then_some(&reason.why)
        });
        match reason {
            Some(why) => self.judged.explained.push(format!("{file} ({why})")),
            None => self.judged.wrong.push(format!("no reason: {file}")),
        }
    }

    /// What came of it; reasons for nothing are wrong.
    pub(super) fn judged(mut self) -> Judged {
        for reason in &self.reasons.0 {
            let parts = reason.lines.iter().chain(&reason.behind);
            let idle = parts.filter(|(_, used)| !used).map(|(part, _)| part);
            let idle: Vec<_> = idle.cloned().collect();
            let of = &reason.of;
            let mut wrong = |what: &str| {
                let wrong = format!("a reason for nothing: {what} of {of}");
                self.judged.wrong.push(wrong);
            };
            if !reason.used {
                wrong("all");
            }
            idle.iter().for_each(|part| wrong(&format!("`{part}`")));
        }
        self.judged
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const TEXT: [&str; 6] = ["if a {", "b();", "c();", "}", "d();", "e();"];

    fn judged(list: &str, not: &[usize]) -> Judged {
        let mut ledger = Ledger::new(Reasons::read(list).unwrap());
        let lines = (1..=6).map(|number| (number, !not.contains(&number)));
        ledger.file("src/a.rs", &TEXT, &lines.collect());
        ledger.judged()
    }

    #[test]
    fn a_line_that_is_not_reached_needs_a_reason() {
        assert_eq!(judged("", &[2]).wrong, ["no reason: src/a.rs:2: b();"]);
        assert_eq!(judged("", &[]), Judged::default());
    }

    #[test]
    fn a_reason_is_for_a_run_of_lines() {
        for part in ["lines = ['c();']", "behind = ['if a']"] {
            let list = format!("[[reason]]\nof = 'src/a.rs'\n{part}\nwhy = 'so'");
            let found = judged(&list, &[2, 3]);
            assert_eq!((found.explained.len(), found.wrong.len()), (2, 0), "{part}");
            // What is elsewhere is not meant.
            let found = judged(&list, &[2, 3, 5]);
            assert_eq!(found.wrong, ["no reason: src/a.rs:5: d();"], "{part}");
        }
    }

    #[test]
    fn what_is_reached_and_what_is_not_there_has_no_reason() {
        let list = "[[reason]]\nof = 'src'\nlines = ['b();', 'd();']\nwhy = 'so'";
        let found = judged(list, &[2]);
        assert_eq!(found.wrong.len(), 2, "{:?}", found.wrong);
        let list = "[[reason]]\nof = 'src/b.rs'\nwhy = 'so'";
        assert_eq!(
            judged(list, &[]).wrong,
            ["a reason for nothing: all of src/b.rs"]
        );
        let whole = "[[reason]]\nof = 'src/a.rs'\nwhy = 'so'";
        assert_eq!(judged(whole, &[1, 2, 3, 4, 5, 6]).wrong, [""; 0]);
        assert!(!judged(whole, &[1, 2, 3, 4, 5]).wrong.is_empty());
    }

    #[test]
    fn a_file_that_is_not_built_needs_a_reason() {
        let mut ledger = Ledger::new(Reasons::read("").unwrap());
        ledger.left_out("src/c.rs");
        assert_eq!(ledger.judged().wrong, ["no reason: src/c.rs"]);
    }

    #[test]
    fn a_reason_says_why() {
        assert!(Reasons::read("[[reason]]\nof = 'src'").is_err());
        assert!(Reasons::read("[[reason]]\nof = 'src'\nwhy = ''").is_err());
    }
}
