//! `write`: the requirements as data, for other tools and for review of a change.

use std::fs;

use crate::outcome::{self, Failure, Outcome, count};
use crate::project::Project;

/// Where it goes, relative to the root.
pub(crate) const PATH: &str = "spec/requirements.json";

/// Writes `spec/requirements.json`, unless the text has errors.
///
/// # Errors
/// If the file cannot be written.
pub fn write(project: &Project) -> Result<Outcome, Failure> {
    let spec = &project.spec;
    if !spec.problems.is_empty() {
        let errors = count(spec.problems.len(), "error");
        let list = outcome::lines(spec.problems.clone());
        return Ok(Outcome {
            text: format!("{list}spec write: {PATH} is left as it was: {errors} in the text\n"),
            success: false,
        });
    }
    let file = project.root.join(PATH);
    fs::write(&file, spec.json()?).map_err(Failure::io("write", &file))?;
    let requirements = count(spec.requirements.len(), "requirement");
    Ok(Outcome {
        text: format!("spec write: {requirements} in {PATH}\n"),
        success: true,
    })
}
