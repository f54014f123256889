//! `write`: the requirements as data, for other tools and for review of a change; and the state
//! tables where the text shows them.

use std::fs;

use crate::outcome::{self, Failure, Outcome, count};
use crate::project::Project;
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
    let problems = [&spec.problems, &project.table_problems, &wrong]
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
    let file = project.root.join(PATH);
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
