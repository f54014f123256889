//! The matrix: a row for each requirement, a column for each target.

use std::collections::BTreeSet;

use super::{chip, class, clause, failures, section_link, text};
use crate::{
    case::Target,
    report::{
        Report,
        matrix::{Cell, Matrix, Row},
    },
    requirements,
    run::{Outcome, Verdict},
};

pub(super) fn section(matrix: &Matrix, report: &Report, spec: &str) -> String {
    let shown: usize = matrix.areas.iter().map(|(_, rows)| rows.len()).sum();
    let others = requirements::all().len() - shown;
    let mut out = String::from("<h2 id=\"requirements\">Requirements</h2>\n<p>");
    for (area, _) in &matrix.areas {
        out += &format!("<a href=\"#area-{area}\">{area}</a> ");
    }
    out += &format!(
        "</p>\n<p class=\"faint\">{shown} requirements that what was tested has to obey; {others} are for others.</p>\n"
    );
    let told = failures::shown(report).into_iter().map(Outcome::name);
    let told: BTreeSet<_> = told.collect();
    for (area, rows) in &matrix.areas {
        out += &format!(
            "<h3 id=\"area-{area}\">{area}</h3>\n<table class=\"matrix\">\n<colgroup><col class=\"id\"><col>"
        );
        out += &"<col class=\"to\">".repeat(matrix.targets.len());
        out += "</colgroup>\n<thead><tr><th>id</th><th>requirement</th>";
        for target in &matrix.targets {
            out += &format!("<th>{target}</th>");
        }
        out += "</tr></thead>\n<tbody>\n";
        for row in rows {
            out += &line(row, &matrix.targets, &told, spec);
        }
        out += "</tbody>\n</table>\n";
    }
    out
}

fn line(row: &Row, targets: &[Target], told: &BTreeSet<String>, spec: &str) -> String {
    let one = row.requirement;
    let (id, said) = (&one.id, clause(&one.text));
    let section = section_link(&one.section, spec);
    let mut out = format!(
        "<tr id=\"{id}\"><th><span class=\"id\">{id}</span></th><td>{said}<br><span class=\"faint\">{section}</span></td>"
    );
    for (cell, target) in row.cells.iter().zip(targets) {
        let inner = match cell {
            Cell::NotTheirs => String::new(),
            Cell::Unseen => none(&format!("cannot be seen from outside: {}", one.reason)),
            Cell::Vector => none("shown by vectors: see the command vectors"),
            Cell::NoCase => "<span class=\"v odd\">no case</span>".to_owned(),
            Cell::NotRun => none("not run"),
            Cell::Verdicts(verdicts) => {
                let of = verdicts.iter();
                let all: Vec<_> = of
                    .map(|(verdict, name)| entry(*verdict, name, *target, told))
                    .collect();
                all.join("<br>")
            }
        };
        out += &format!("<td class=\"to\" data-to=\"{target}\">{inner}</td>");
    }
    out + "</tr>\n"
}

fn entry(verdict: Verdict, name: &str, target: Target, told: &BTreeSet<String>) -> String {
    // The column says against what, but not against which pair.
    let case = name.strip_suffix(&format!("@{target}")).unwrap_or(name);
    let is_told = told.contains(name);
    let (name, case) = (text(name), text(case));
    match is_told {
        true => format!(
            "<a class=\"v {}\" href=\"#{name}\">{verdict}</a> {case}",
            class(verdict)
        ),
        false => format!("{} {case}", chip(verdict)),
    }
}

fn none(words: &str) -> String {
    format!("<span class=\"none\">{}</span>", text(words))
}
