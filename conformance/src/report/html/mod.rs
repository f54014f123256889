//! A page for a person: one file that needs no other and no network.

mod failures;
mod mutants;
mod rows;

use super::{Report, matrix::Matrix, mutants::Found};
use crate::{
    case::Target,
    cli::{CONFORMANT, HARNESS, USAGE},
    run::Verdict,
};

const STYLE: &str = include_str!("style.css");

/// The page. The specification is at `spec`, if it is near.
pub(super) fn page(report: &Report, spec: &str, mutants: &[Found]) -> String {
    let matrix = Matrix::new(report);
    let mut out = String::new();
    out += "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
    out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    out += &format!(
        "<title>Alongside conformance: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        names(report)
    );
    out += &head(report);
    out += &sum(report, &matrix.targets);
    out += &failures::section(report, spec);
    out += &rows::section(&matrix, report, spec);
    out += &mutants::section(mutants);
    out += "</body>\n</html>\n";
    out
}

fn names(report: &Report) -> String {
    let targets = report.targets();
    let names: Vec<_> = targets.iter().map(ToString::to_string).collect();
    names.join(", ")
}

fn head(report: &Report) -> String {
    let (class, words) = match report.exit {
        CONFORMANT => ("good", "Conformant, as far as these cases see"),
        HARNESS => (
            "bad",
            "The suite itself has broken down: nothing follows from this run",
        ),
        USAGE => ("odd", "No case was run"),
        _ => ("bad", "Not conformant"),
    };
    let run = &report.run;
    let mut out =
        format!("<h1>Alongside conformance</h1>\n<p class=\"verdict {class}\">{words}</p>\n<p>");
    for (target, described) in &run.targets {
        let name = text(&format!("{} {}", described.name, described.version));
        let has = match described.capabilities.is_empty() {
            true => "nothing that is optional".to_owned(),
            false => text(&described.capabilities.join(", ")),
        };
        out += &format!("<b>{target}</b>: {name} <span class=\"faint\">({has})</span><br>\n");
    }
    let seconds = report.outcomes.iter().map(|outcome| outcome.seconds);
    let (began, suite, seconds) = (text(&run.began), text(&run.suite), seconds.sum::<f64>());
    out += &format!(
        "<span class=\"faint\">{began}, suite {suite}, {seconds:.1} s in all cases</span></p>\n"
    );
    out += &format!("<pre>{}</pre>\n", text(&run.command));
    for stale in &report.stale {
        let (case, why) = (text(&stale.case), text(&stale.why));
        out += &format!(
            "<p><span class=\"v bad\">STALE</span> the expectation of <code>{case}</code>: {why}</p>\n"
        );
    }
    out
}

fn sum(report: &Report, targets: &[Target]) -> String {
    let mut out =
        String::from("<h2 id=\"sum\">Sum</h2>\n<table class=\"sum\">\n<thead><tr><th></th>");
    for verdict in report.sum.keys() {
        out += &format!("<th>{}</th>", chip(*verdict));
    }
    out += "<th>cases</th></tr></thead>\n<tbody>\n";
    for target in targets {
        let of = || {
            report
                .outcomes
                .iter()
                .filter(|outcome| outcome.target == *target)
        };
        out += &format!("<tr><th>{target}</th>");
        for verdict in report.sum.keys() {
            let count = of().filter(|outcome| outcome.verdict == *verdict).count();
            out += &format!("<td>{count}</td>");
        }
        out += &format!("<td>{}</td></tr>\n", of().count());
    }
    out + "</tbody>\n</table>\n"
}

/// How it looks.
const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::Warn | Verdict::Info | Verdict::Unsupported | Verdict::Xfail => "odd",
        Verdict::Untestable | Verdict::Blocked => "odd",
        Verdict::Fail
        | Verdict::Timeout
        | Verdict::Crash
        | Verdict::HarnessError
        | Verdict::Xpass
        | Verdict::Flaky => "bad",
    }
}

fn chip(verdict: Verdict) -> String {
    format!("<span class=\"v {}\">{verdict}</span>", class(verdict))
}

/// Where a section of the specification is.
fn section_link(section: &str, spec: &str) -> String {
    let shown = text(section);
    match spec.is_empty() {
        true => shown,
        false => format!("<a href=\"{}{shown}\">{shown}</a>", text(spec)),
    }
}

/// Text as HTML.
fn text(plain: &str) -> String {
    plain
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The text of a requirement, with its code as code.
fn clause(plain: &str) -> String {
    let parts = plain.split('`').enumerate();
    let parts = parts.map(|(place, part)| match place % 2 {
        0 => text(part),
        _ => format!("<code>{}</code>", text(part)),
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::page;
    use crate::{
        report::{Report, Run},
        run::{Verdict, outcome_of},
    };

    #[test]
    fn a_page_has_the_failure_and_needs_nothing_else() {
        let mut failed = outcome_of(Verdict::Fail);
        failed.requirement = Some("CONSENT-2".to_owned());
        let run = Run::begin(
            "alongside-conformance test client".to_owned(),
            BTreeMap::new(),
        );
        let survivor = r#"{"mutant":"END-2/silent","requirement":"END-2","of":"client",
            "killed_by":"client/end/own","killed":false,"why":"it <passes>",
            "noticed":[],"seconds":1.0}"#;
        let mutants = [serde_json::from_str(survivor).expect("one")];
        let page = page(&Report::new(run, vec![failed], Vec::new()), "", &mutants);
        for wanted in [
            "expected &lt;this&gt; &amp; that",
            "--run sharer/consent/given --seed 1",
            "id=\"CONSENT-2\"",
            "not run",
            "cannot be seen from outside",
            "END-2/silent",
            "it &lt;passes&gt;",
        ] {
            assert!(page.contains(wanted), "{wanted}");
        }
        for foreign in ["http://", "https://", "<script", "<link", "@import", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }

    /// Of more failures than a page shows, no link leads to one that is not there.
    #[test]
    fn each_link_within_the_page_leads_somewhere() {
        let failed = (0..300).map(|place| {
            let mut failed = outcome_of(Verdict::Fail);
            failed.case = format!("sharer/consent/{place}");
            failed.requirement = Some("CONSENT-2".to_owned());
            failed
        });
        let run = Run::begin(String::new(), BTreeMap::new());
        let page = page(&Report::new(run, failed.collect(), Vec::new()), "", &[]);
        let links = page.split("href=\"#").skip(1);
        let mut links = links.filter_map(|rest| rest.split('"').next());
        assert!(links.clone().count() > 200);
        let nowhere = links.find(|link| !page.contains(&format!("id=\"{link}\"")));
        assert_eq!(nowhere, None);
    }
}
