//! The report as JUnit has it, for a CI server.
//!
//! A *failure* is what is under test doing wrong; an *error* is that it is not known what it does.

use std::fmt::Write as _;

use super::Report;
use crate::run::{Outcome, Verdict};

enum Mark {
    None,
    Failure,
    Error,
    Skipped,
}

impl Mark {
    const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass | Verdict::Info => Self::None,
            Verdict::Fail | Verdict::Warn | Verdict::Timeout | Verdict::Xpass | Verdict::Flaky => {
                Self::Failure
            }
            Verdict::Crash | Verdict::HarnessError | Verdict::Blocked | Verdict::Untestable => {
                Self::Error
            }
            Verdict::Unsupported | Verdict::Xfail => Self::Skipped,
        }
    }
}

/// The file.
pub(super) fn text(report: &Report) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let stale = report.stale.len();
    let count = |outcomes: &[&Outcome], mark: fn(Mark) -> bool| {
        let marked = outcomes
            .iter()
            .filter(|outcome| mark(Mark::of(outcome.verdict)));
        marked.count()
    };
    let numbers = |outcomes: &[&Outcome], stale: usize| {
        let seconds: f64 = outcomes.iter().map(|outcome| outcome.seconds).sum();
        format!(
            "tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{seconds:.3}\"",
            outcomes.len() + stale,
            count(outcomes, |mark| matches!(mark, Mark::Failure)) + stale,
            count(outcomes, |mark| matches!(mark, Mark::Error)),
        )
    };
    // The schema has no such attribute for all suites together.
    let skipped = |outcomes: &[&Outcome]| count(outcomes, |mark| matches!(mark, Mark::Skipped));
    let all: Vec<_> = report.outcomes.iter().collect();
    line(
        &mut out,
        &format!(
            "<testsuites name=\"alongside-conformance\" {}>",
            numbers(&all, stale)
        ),
    );
    for target in report.targets() {
        let of: Vec<_> = all
            .iter()
            .copied()
            .filter(|one| one.target == target)
            .collect();
        let began = report.run.began.trim_end_matches('Z');
        let head = format!(
            "<testsuite name=\"{target}\" timestamp=\"{began}\" {} skipped=\"{}\">",
            numbers(&of, 0),
            skipped(&of)
        );
        line(&mut out, &head);
        for outcome in of {
            case(&mut out, outcome);
        }
        line(&mut out, "</testsuite>");
    }
    if stale > 0 {
        line(
            &mut out,
            &format!("<testsuite name=\"expectations\" {}>", numbers(&[], stale)),
        );
        for one in &report.stale {
            let (name, why) = (escape(&one.case), escape(&one.why));
            line(
                &mut out,
                &format!("<testcase classname=\"expectations\" name=\"{name}\" time=\"0\">"),
            );
            line(
                &mut out,
                &format!("<failure type=\"STALE\" message=\"{why}\"/>\n</testcase>"),
            );
        }
        line(&mut out, "</testsuite>");
    }
    line(&mut out, "</testsuites>");
    out
}

fn case(out: &mut String, outcome: &Outcome) {
    let (name, target) = (escape(&outcome.case), outcome.on());
    let head = format!(
        "<testcase classname=\"{target}\" name=\"{name}\" time=\"{:.3}\"",
        outcome.seconds
    );
    let (kind, detail) = (outcome.verdict.name(), escape(&outcome.detail));
    let because = outcome.expected.as_deref().unwrap_or(&outcome.detail);
    let inner = match Mark::of(outcome.verdict) {
        Mark::None => return line(out, &format!("{head}/>")),
        Mark::Failure => format!("<failure type=\"{kind}\" message=\"{detail}\"/>"),
        Mark::Error => format!("<error type=\"{kind}\" message=\"{detail}\"/>"),
        Mark::Skipped => format!("<skipped message=\"{kind}: {}\"/>", escape(because)),
    };
    line(out, &format!("{head}>\n{inner}\n</testcase>"));
}

fn line(out: &mut String, text: &str) {
    // It cannot fail: it is a string.
    let _ = writeln!(out, "{text}");
}

/// Text inside an attribute. What XML cannot hold at all becomes U+FFFD.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        io::Write as _,
        process::{Command, Stdio},
    };

    use super::text;
    use crate::{
        report::{Report, Run},
        run::{Verdict, expect::Stale, outcome_of},
    };

    /// As a parser that is not ours reads it.
    fn parsed(document: &str) -> String {
        let script = "
import sys, xml.etree.ElementTree as tree
for suite in tree.fromstring(sys.stdin.buffer.read()):
    print(suite.get('name'), *(suite.get(n) for n in ('tests', 'failures', 'errors', 'skipped')))
    for case in suite:
        for mark in case:
            print(' ', mark.tag, mark.get('type'), ascii(mark.get('message')))
";
        let mut python = Command::new("python3")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let mut stdin = python.stdin.take().expect("a pipe");
        stdin.write_all(document.as_bytes()).expect("it reads");
        drop(stdin);
        let output = python.wait_with_output().expect("it ends");
        assert!(output.status.success(), "no XML: {document}");
        String::from_utf8(output.stdout).expect("ASCII")
    }

    #[test]
    fn a_failure_is_no_error() {
        let outcomes = Verdict::ALL.iter().map(|verdict| outcome_of(*verdict));
        let stale = Stale {
            case: "old".to_owned(),
            why: "gone".to_owned(),
        };
        let run = Run::begin("again".to_owned(), BTreeMap::new());
        let report = Report::new(run, outcomes.collect(), vec![stale]);
        let said = parsed(&text(&report));
        let marks: Vec<_> = said
            .lines()
            .filter_map(|line| line.strip_prefix("  "))
            .filter_map(|line| line.split(" '").next().or(Some(line)))
            .map(|line| line.split(" \"").next().unwrap_or(line))
            .collect();
        assert!(said.starts_with("sharer 13 5 4 2\n"), "{said}");
        assert!(said.contains("\nexpectations 1 1 0 None\n"), "{said}");
        for wanted in [
            "failure FAIL",
            "failure TIMEOUT",
            "failure XPASS",
            "failure FLAKY",
            "failure WARN",
            "error CRASH",
            "error HARNESS_ERROR",
            "error BLOCKED",
            "error UNTESTABLE",
            "skipped None",
            "failure STALE",
        ] {
            assert!(marks.contains(&wanted), "{wanted} is not in {marks:?}");
        }
    }

    #[test]
    fn what_is_said_can_hold_anything() {
        let mut outcome = outcome_of(Verdict::Fail);
        outcome.detail = "<a b=\"c\"> & 'd'\n\u{1}\u{FFFF} ü ]]>".to_owned();
        let run = Run::begin(String::new(), BTreeMap::new());
        let said = parsed(&text(&Report::new(run, vec![outcome], Vec::new())));
        let wanted = r#"'<a b="c"> & \'d\'\n\ufffd\ufffd \xfc ]]>'"#;
        assert!(said.contains(wanted), "{said}");
    }
}
