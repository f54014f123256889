//! What failed: how, against which clause, and the line that runs it again.

use super::{chip, clause, section_link, text};
use crate::{
    report::{Report, bundle},
    requirements,
    run::{Outcome, Verdict},
};

/// Blocked cases that are shown one by one.
const MOST: usize = 200;

pub(super) fn section(report: &Report, spec: &str) -> String {
    let bad = report.bad();
    let mut out = String::from("<h2 id=\"failures\">Failures</h2>\n");
    if bad.is_empty() {
        return out + "<p>There are none.</p>\n";
    }
    for outcome in bad.iter().take(MOST) {
        out += &failure(outcome, report, spec);
    }
    if bad.len() > MOST {
        out += &format!(
            "<p>And {} more, in <code>report.json</code>.</p>\n",
            bad.len() - MOST
        );
    }
    out
}

fn failure(outcome: &Outcome, report: &Report, spec: &str) -> String {
    let (name, title) = (text(&outcome.name()), text(&outcome.title));
    let mut out = format!(
        "<div class=\"failure\" id=\"{name}\">\n<h3>{} {name}</h3>\n<p>{title}.</p>\n",
        chip(outcome.verdict)
    );
    out += &format!("<pre>{}</pre>\n", text(&outcome.detail));
    if outcome.verdict == Verdict::Blocked {
        return out + "</div>\n";
    }
    let broken = outcome.requirement.iter().chain(&outcome.or);
    for one in broken.filter_map(|id| requirements::all().get(id)) {
        let (id, said) = (&one.id, clause(&one.text));
        let section = section_link(&one.section, spec);
        out += &format!(
            "<blockquote><a class=\"id\" href=\"#{id}\">{id}</a> {said}<br><span class=\"faint\">{section}</span></blockquote>\n"
        );
    }
    out += &format!(
        "<p>To run it again:</p>\n<pre>{}</pre>\n",
        text(&bundle::again(&report.run, outcome))
    );
    if let Some(bundle) = &outcome.bundle {
        let bundle = text(bundle);
        out += &format!(
            "<p>All that was said and heard: <a href=\"{bundle}/README.md\">{bundle}</a></p>\n"
        );
    }
    out + "</div>\n"
}
