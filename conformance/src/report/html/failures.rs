//! What failed: how, against which clause, and the line that runs it again.

use super::{chip, clause, section_link, text};
use crate::{
    report::{Report, bundle},
    requirements,
    run::{Outcome, Verdict},
};

/// Failures that are shown one by one.
const MOST: usize = 200;

/// Those, the worst first.
pub(super) fn shown(report: &Report) -> Vec<&Outcome> {
    let mut bad = report.bad();
    bad.truncate(MOST);
    bad
}

pub(super) fn section(report: &Report, spec: &str) -> String {
    let (shown, all) = (shown(report), report.bad().len());
    let mut out = String::from("<h2 id=\"failures\">Failures</h2>\n");
    if shown.is_empty() {
        return out + "<p>There are none.</p>\n";
    }
    let more = all - shown.len();
    for outcome in shown {
        out += &failure(outcome, report, spec);
    }
    if more > 0 {
        out += &format!("<p>And {more} more, in <code>report.json</code>.</p>\n");
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
