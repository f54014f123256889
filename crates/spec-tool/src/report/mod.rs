//! `report`: the whole text as one page, with all that stands behind each requirement.

mod index;
mod links;
mod panel;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::evidence::Evidence;
use crate::outcome::{Failure, Outcome, count};
use crate::project::Project;
use crate::requirement::Requirement;
use crate::spec;
use crate::tables;
use links::Links;
use panel::Panel;
use text::Chapter;

const STYLE: &str = include_str!("style.css");

/// Writes the page. It needs no other file and no network, and runs no script. `sources` leads to the
/// project's files; without it, the way from the page to the project's folder does.
///
/// # Errors
/// If a file cannot be read, or the page cannot be written.
pub fn report(project: &Project, file: &Path, sources: Option<&str>) -> Result<Outcome, Failure> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(Failure::io("make", folder))?;
    let chapters = chapters(project)?;
    let pages = chapters.iter().map(|(path, _)| path.clone()).collect();
    let links = match sources {
        Some(base) => Links::new(base, pages),
        None => Links::new(&links::way(folder, &project.root)?, pages),
    };
    let evidence = Evidence::collect(project)?;
    let panels = project.spec.requirements.iter().map(|requirement| {
        let panel = Panel::new(requirement, project, &evidence);
        (requirement.id.as_str(), panel)
    });
    let panels: BTreeMap<&str, Panel<'_>> = panels.collect();
    fs::write(file, page(project, &chapters, &links, &panels)?)
        .map_err(Failure::io("write", file))?;

    let lacking = panels.values().filter(|panel| !panel.lacks.is_empty());
    let lacking = lacking.count();
    let requirements = count(panels.len(), "requirement");
    let errors = project.spec.problems.len();
    let mut text = format!(
        "spec report: {requirements}, {lacking} lacking something, in {}\n",
        file.display()
    );
    if errors > 0 {
        let errors = count(errors, "error");
        text +=
            &format!("spec report: not complete, {errors} in the text: run `cargo spec check`\n");
    }
    Ok(Outcome {
        text,
        success: errors == 0,
    })
}

/// Paths and texts, the one that lists them first, the state tables last.
fn chapters(project: &Project) -> Result<Vec<(String, String)>, Failure> {
    let mut chapters = spec::chapters(&project.root)?;
    chapters.sort_by_key(|(path, _)| path != "spec/README.md");
    let (pages, _) = tables::pages(&project.root, &project.machines)?;
    let pages = pages.into_iter().filter(|page| {
        let mut known = chapters.iter();
        !known.any(|(path, _)| *path == page.path)
    });
    let pages: Vec<_> = pages.map(|page| (page.path, page.wanted)).collect();
    chapters.extend(pages);
    Ok(chapters)
}

fn page(
    project: &Project,
    chapters: &[(String, String)],
    links: &Links,
    panels: &BTreeMap<&str, Panel<'_>>,
) -> Result<String, Failure> {
    let mut contents = String::new();
    let mut body = String::new();
    for (path, source) in chapters {
        let here = project.spec.requirements.iter();
        let here: BTreeMap<usize, &Requirement> = here
            .filter(|r| r.path == *path)
            .map(|r| (r.line, r))
            .collect();
        let chapter = Chapter {
            path,
            source,
            requirements: &here,
            links,
            panels,
        };
        let (title, html) = chapter.html()?;
        let stem = links::stem(path);
        contents += &format!("<li><a href=\"#{stem}\">{}</a></li>\n", escape(&title));
        body += &format!("<section id=\"{stem}\">\n{html}</section>\n");
    }
    let title = "The specification and what stands behind it";
    let index = index::html(project, panels);
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n\
         <nav>\n<ul>\n<li><a href=\"#index\">Requirements by area</a></li>\n{contents}</ul>\n</nav>\n</header>\n\
         <main>\n{index}{body}</main>\n</body>\n</html>\n"
    ))
}

/// Text as it is to be seen, in an element or an attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
