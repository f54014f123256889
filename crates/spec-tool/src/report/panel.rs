//! What stands behind one requirement, below its sentence.

use super::escape;
use super::links::{self, Links};
use crate::citation::Purpose;
use crate::evidence::{Cells, Evidence, Place};
use crate::model::Definition;
use crate::observability::Observability;
use crate::outcome::count;
use crate::project::Project;
use crate::requirement::Requirement;
use crate::vectors::Shown;

pub(super) struct Panel<'a> {
    pub(super) requirement: &'a Requirement,
    pub(super) seen: Option<&'a Observability>,
    pub(super) code: Vec<&'a Place>,
    pub(super) tests: Vec<&'a Place>,
    pub(super) cells: Vec<Cells<'a>>,
    pub(super) vectors: &'a [Shown],
    pub(super) model: &'a [Definition],
    /// What is missing.
    pub(super) lacks: Vec<&'static str>,
}

impl<'a> Panel<'a> {
    pub(super) fn new(
        requirement: &'a Requirement,
        project: &'a Project,
        evidence: &'a Evidence<'_>,
    ) -> Self {
        Self {
            requirement,
            seen: project.spec.observability.get(&requirement.id),
            code: evidence.places(requirement, Purpose::Implementation),
            tests: evidence.places(requirement, Purpose::Test),
            cells: evidence.cells(requirement),
            vectors: evidence.vectors(requirement),
            model: evidence.model(requirement),
            lacks: evidence.lacks(requirement),
        }
    }

    /// How many cells name it.
    pub(super) fn size(&self) -> usize {
        self.cells.iter().map(|cells| cells.states.len()).sum()
    }

    /// How it is seen, as a class and a word.
    pub(super) fn seen_by(&self) -> &'static str {
        self.seen.map_or("unknown", Observability::name)
    }

    pub(super) fn html(&self, links: &Links) -> String {
        let mut html = String::new();
        let (class, open) = if self.lacks.is_empty() {
            ("", "")
        } else {
            (" lacks", " open")
        };
        html += &format!("<details class=\"behind{class}\"{open}><summary>");
        for lack in &self.lacks {
            html += &format!("<b class=\"lack\">{lack}</b> ");
        }
        html += &format!(
            "<span class=\"seen {0}\">{0}</span> {1} · {2}",
            self.seen_by(),
            plural(self.code.len(), "place in code", "places in code"),
            count(self.tests.len(), "test"),
        );
        for (n, thing) in [
            (self.size(), "cell"),
            (self.vectors.len(), "vector"),
            (self.model.len(), "definition"),
        ] {
            if n > 0 {
                html += &format!(" · {}", count(n, thing));
            }
        }
        html += "</summary>\n<dl>\n";
        let role = escape(&self.requirement.role);
        html += &format!("<dt>role</dt><dd>{role}</dd>\n");
        html += &format!("<dt>seen</dt><dd>{}</dd>\n", self.seen_text());
        html += &rows("code", &self.code, |place| place_html(place, links));
        html += &rows("tests", &self.tests, |place| place_html(place, links));
        html += &rows("cells", &self.cells, cells_html);
        html += &rows("vectors", self.vectors, |vector| {
            let href = escape(&links.file(&vector.path, vector.line));
            let refused = if vector.invalid { " refused" } else { "" };
            format!("<a href=\"{href}\">{}</a>{refused}", escape(&vector.id))
        });
        html += &rows("model", self.model, |definition| {
            let Definition { path, line, name } = definition;
            let href = escape(&links.file(path, *line));
            let (path, name) = (escape(path), escape(name));
            format!("<a href=\"{href}\">{path}:{line}</a> <code>{name}</code>")
        });
        html + "</dl>\n</details>\n"
    }

    fn seen_text(&self) -> String {
        match self.seen {
            Some(Observability::Wire) => {
                "at the connection of the other end or the relay".to_owned()
            }
            Some(Observability::Driver) => {
                "by a driver: what a person was shown or asked, what was injected".to_owned()
            }
            Some(Observability::Vector) => "in what comes of a vector".to_owned(),
            Some(Observability::None { reason }) => format!("nowhere: {}", escape(reason)),
            None => "nobody has said where".to_owned(),
        }
    }
}

fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn rows<T>(name: &str, all: &[T], html: impl Fn(&T) -> String) -> String {
    if all.is_empty() {
        return String::new();
    }
    let items: String = all
        .iter()
        .map(|one| format!("<li>{}</li>", html(one)))
        .collect();
    format!("<dt>{name}</dt><dd><ul>{items}</ul></dd>\n")
}

fn place_html(place: &Place, links: &Links) -> String {
    let Place {
        path,
        line,
        what,
        stale,
    } = place;
    let href = escape(&links.file(path, *line));
    let stale = if *stale {
        "<b class=\"lack\">stale</b> "
    } else {
        ""
    };
    let (path, what) = (escape(path), escape(what));
    format!("{stale}<a href=\"{href}\">{path}:{line}</a> <code>{what}</code>")
}

fn cells_html(cells: &Cells<'_>) -> String {
    let page = links::stem(&format!("spec/tables/{}.md", cells.machine));
    let region = links::stem(cells.region);
    format!(
        "<a href=\"#{page}--{region}\">{}, {}</a>: <i>{}</i> in {}",
        escape(cells.machine),
        escape(cells.region),
        escape(cells.event),
        escape(&cells.states.join(", "))
    )
}
