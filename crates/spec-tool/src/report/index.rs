//! The index: a row for each area, a mark for each requirement, and what is lacking.

use std::collections::BTreeMap;

use super::escape;
use super::panel::Panel;
use crate::observability::Observability;
use crate::project::Project;

pub(super) fn html(project: &Project, panels: &BTreeMap<&str, Panel<'_>>) -> String {
    // In the order of the text, which is that of the requirements.
    let all = project.spec.requirements.iter();
    let all: Vec<_> = all.filter_map(|r| panels.get(r.id.as_str())).collect();
    let mut areas: Vec<(&str, Vec<&Panel<'_>>)> = Vec::new();
    for &panel in &all {
        let area = panel.requirement.area();
        match areas.iter_mut().find(|(name, _)| *name == area) {
            Some((_, panels)) => panels.push(panel),
            None => areas.push((area, vec![panel])),
        }
    }
    let mut html = "<section id=\"index\">\n<h2>Requirements by area</h2>\n".to_owned();
    html += &lacking(&all);
    html += "<div class=\"wide\"><table>\n<thead><tr><th>area</th>";
    for head in HEADS
        .iter()
        .chain(&Observability::NAMES)
        .chain(&["lacking"])
    {
        html += &format!("<th>{head}</th>");
    }
    html += "</tr></thead>\n<tbody>\n";
    for (area, panels) in &areas {
        let first = escape(&panels[0].requirement.id);
        let name = format!("<a href=\"#{first}\">{}</a>", escape(area));
        html += &row(&name, panels);
    }
    html += "</tbody>\n<tfoot>\n";
    html += &row("all", &all);
    html += "</tfoot>\n</table></div>\n<p>Code, tests, cells, vectors and model: how many of the \
             requirements have some. Wire, driver, vector, none: where it is seen from outside whether \
             one is obeyed.</p>\n";
    for (area, panels) in &areas {
        html += &format!("<p class=\"marks\"><b>{}</b>", escape(area));
        for panel in panels {
            let id = escape(&panel.requirement.id);
            let lacks = if panel.lacks.is_empty() { "" } else { " lacks" };
            let number = id.rsplit('-').next().unwrap_or(&id);
            let seen = panel.seen_by();
            html += &format!(
                " <a class=\"seen {seen}{lacks}\" href=\"#{id}\" title=\"{id}, {seen}\">{number}</a>"
            );
        }
        html += "</p>\n";
    }
    html + "</section>\n"
}

const HEADS: [&str; 6] = ["all", "code", "tests", "cells", "vectors", "model"];

fn row(name: &str, panels: &[&Panel<'_>]) -> String {
    let count = |has: &dyn Fn(&Panel<'_>) -> bool| panels.iter().filter(|p| has(p)).count();
    let mut cells = vec![
        panels.len(),
        count(&|p| !p.code.is_empty()),
        count(&|p| !p.tests.is_empty()),
        count(&|p| !p.cells.is_empty()),
        count(&|p| !p.vectors.is_empty()),
        count(&|p| !p.model.is_empty()),
    ];
    cells.extend(Observability::NAMES.map(|name| count(&|p| p.seen_by() == name)));
    let cells: String = cells.iter().map(|n| format!("<td>{n}</td>")).collect();
    let lacking = count(&|p| !p.lacks.is_empty());
    let class = if lacking > 0 { " class=\"lacks\"" } else { "" };
    format!("<tr><th>{name}</th>{cells}<td{class}>{lacking}</td></tr>\n")
}

fn lacking(all: &[&Panel<'_>]) -> String {
    let lacking: Vec<_> = all.iter().filter(|panel| !panel.lacks.is_empty()).collect();
    if lacking.is_empty() {
        return "<p>No requirement lacks its code, its test or its observability.</p>\n".to_owned();
    }
    let items = lacking.iter().map(|panel| {
        let id = escape(&panel.requirement.id);
        let lacks = panel.lacks.join(", ");
        format!("<li><a href=\"#{id}\">{id}</a>: <b class=\"lack\">{lacks}</b></li>\n")
    });
    let items: String = items.collect();
    format!("<div class=\"lacks\"><p>Lacking something:</p>\n<ul>\n{items}</ul></div>\n")
}
