//! `write`: the requirements as data, for other tools and for review of a change; and the state
//! tables where the text shows them.

use std::fs;
use std::io::ErrorKind;

use serde::Deserialize;

use crate::outcome::{self, Failure, Outcome, Problem, count};
use crate::project::Project;
use crate::registry;
use crate::tables;

/// Where it goes, relative to the root.
pub(crate) const PATH: &str = "spec/requirements.json";

/// Writes `spec/requirements.json` and what is generated from `spec/tables`, unless the text or a
/// table has errors.
///
/// # Errors
/// If a file cannot be written.
pub fn write(project: &Project) -> Result<Outcome, Failure> {
    let spec = &project.spec;
    let (pages, wrong) = tables::pages(&project.root, &project.machines)?;
    let file = project.root.join(PATH);
    let gone = match fs::read_to_string(&file) {
        Ok(held) => gone(project, &held),
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Failure::io("read", &file)(error)),
    };
    let problems = [&spec.problems, &project.table_problems, &wrong, &gone]
        .map(Clone::clone)
        .concat();
    if !problems.is_empty() {
        let errors = count(problems.len(), "error");
        let list = outcome::lines(problems);
        return Ok(Outcome {
            text: format!("{list}spec write: {PATH} is left as it was: {errors} in the text\n"),
            success: false,
        });
    }
    fs::write(&file, spec.json()?).map_err(Failure::io("write", &file))?;
    for page in pages.iter().filter(|page| page.stale_at().is_some()) {
        let file = project.root.join(&page.path);
        fs::write(&file, &page.wanted).map_err(Failure::io("write", &file))?;
    }
    let requirements = count(spec.requirements.len(), "requirement");
    Ok(Outcome {
        text: format!("spec write: {requirements} in {PATH}\n"),
        success: true,
    })
}

/// Ids that the file has and the text has not, and that are not retired: nobody would know that they
/// are used up.
pub(crate) fn gone(project: &Project, held: &str) -> Vec<Problem> {
    #[derive(Deserialize)]
    struct Held {
        id: String,
    }
    let spec = &project.spec;
    // A file that cannot be read differs from the text, and is made anew.
    let known: Vec<Held> = serde_json::from_str(held).unwrap_or_default();
    let gone = known.into_iter().map(|known| known.id).filter(|id| {
        spec.get(id).is_none() && !spec.broken.contains(id) && !spec.retired.contains(id)
    });
    let problem = |id: String| {
        let quoted = format!("\"{id}\"");
        let line = held.lines().position(|line| line.contains(&quoted));
        let message = format!(
            "[{id}] is gone from the text: list it as `retired` in {}, so that it is not used again",
            registry::PATH
        );
        Problem::new(PATH, line.map_or(1, |index| index + 1), message)
    };
    gone.map(problem).collect()
}
