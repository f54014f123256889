//! `list`: each requirement and where it is cited.

use crate::citation::{Citation, Purpose};
use crate::outcome::{Outcome, count};
use crate::project::Project;
use crate::requirement::Requirement;

/// One requirement a line, with its citations; or only each MUST and MUST NOT that lacks one,
/// with what it lacks.
#[must_use]
pub fn list(project: &Project, only_uncited: bool) -> Outcome {
    let sources = project.sources.iter();
    let citations: Vec<Citation> = sources.flat_map(|s| s.citations().0).collect();
    let mut text = String::new();
    for requirement in &project.spec.requirements {
        let implemented = places(&citations, requirement, Purpose::Implementation);
        let tested = places(&citations, requirement, Purpose::Test);
        let what = if !only_uncited {
            format!(
                "implemented: {}  tested: {}",
                or_dash(&implemented),
                or_dash(&tested)
            )
        } else if !requirement.level.is_absolute() {
            continue;
        } else {
            match (implemented.is_empty(), tested.is_empty()) {
                (false, false) => continue,
                (true, false) => "missing: implementation".to_owned(),
                (false, true) => "missing: test".to_owned(),
                (true, true) => "missing: implementation, test".to_owned(),
            }
        };
        let Requirement {
            id,
            level,
            path,
            line,
            ..
        } = requirement;
        let level = level.keyword();
        text += &format!("{id}  {level}  {path}:{line}  {what}\n");
    }
    let errors = project.spec.problems.len();
    if errors > 0 {
        let errors = count(errors, "error");
        text += &format!("spec list: not complete, {errors} in the text: run `cargo spec check`\n");
    }
    Outcome {
        text,
        success: errors == 0,
    }
}

fn places(citations: &[Citation], requirement: &Requirement, purpose: Purpose) -> Vec<String> {
    citations
        .iter()
        .filter(|c| c.citing.id == requirement.id && c.citing.purpose == purpose)
        .map(|c| format!("{}:{}", c.path, c.line))
        .collect()
}

fn or_dash(places: &[String]) -> String {
    if places.is_empty() {
        "-".to_owned()
    } else {
        places.join(" ")
    }
}
