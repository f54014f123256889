//! `cite`: completes and renews citations in place.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::citation::{self, Citing, Line, Standing};
use crate::outcome::{self, Failure, Outcome, Problem, count};
use crate::project::Project;
use crate::source::Source;
use crate::spec::Spec;

/// Whose changed sentences somebody has read, and held against the code.
#[derive(Debug)]
pub enum Accept {
    /// Those of these requirements.
    Ids(BTreeSet<String>),
    /// All.
    All,
}

impl Accept {
    fn has(&self, id: &str) -> bool {
        match self {
            Self::Ids(ids) => ids.contains(id),
            Self::All => true,
        }
    }
}

/// Expands short citations, mends the section of those whose sentence only moved, and renews the
/// hash of those that are accepted, in the given files and folders, or everywhere if none is
/// given. What cannot be mended is left as it is and listed.
///
/// # Errors
/// If an accepted id or a path is not there, or a file cannot be written.
pub fn cite(project: &Project, accept: &Accept, within: &[PathBuf]) -> Result<Outcome, Failure> {
    if let Accept::Ids(ids) = accept
        && let Some(id) = ids.iter().find(|id| project.spec.get(id).is_none())
    {
        return Err(Failure::new(format!(
            "--accept {id}: {}",
            project.spec.why_not(id)
        )));
    }
    let mut done = Vec::new();
    let mut problems = Vec::new();
    let mut files = 0;
    for source in chosen(project, within)? {
        let rewritten = rewrite(source, &project.spec, accept);
        problems.extend(rewritten.problems);
        if rewritten.text != source.text {
            let file = project.root.join(&source.path);
            fs::write(&file, rewritten.text).map_err(Failure::io("write", &file))?;
            done.extend(rewritten.done);
            files += 1;
        }
    }
    let success = problems.is_empty();
    let errors = count(problems.len(), "error");
    let (citations, files) = (count(done.len(), "citation"), count(files, "file"));
    let (done, problems) = (done.concat(), outcome::lines(problems));
    Ok(Outcome {
        text: format!("{done}{problems}spec cite: {citations} rewritten in {files}: {errors}\n"),
        success,
    })
}

fn chosen<'a>(project: &'a Project, within: &[PathBuf]) -> Result<Vec<&'a Source>, Failure> {
    if within.is_empty() {
        return Ok(project.sources.iter().collect());
    }
    let real = |path: &Path| path.canonicalize().map_err(Failure::io("find", path));
    let root = real(&project.root)?;
    let mut chosen = BTreeSet::new();
    for path in within {
        let wanted = real(path)?;
        let before = chosen.len();
        let sources = project.sources.iter().enumerate();
        let inside = sources.filter(|(_, source)| root.join(&source.path).starts_with(&wanted));
        chosen.extend(inside.map(|(index, _)| index));
        if chosen.len() == before {
            return Err(Failure::new(format!(
                "{}: no file there that can hold citations",
                path.display()
            )));
        }
    }
    Ok(chosen
        .into_iter()
        .map(|index| &project.sources[index])
        .collect())
}

/// A file after the work, with what was done and what could not be, by the lines of before.
struct Rewritten {
    text: String,
    done: Vec<String>,
    problems: Vec<Problem>,
}

fn rewrite(source: &Source, spec: &Spec, accept: &Accept) -> Rewritten {
    let mut result = Rewritten {
        text: String::with_capacity(source.text.len()),
        done: Vec::new(),
        problems: Vec::new(),
    };
    for (index, line) in source.text.split_inclusive('\n').enumerate() {
        let at = |message: String| Problem::new(&source.path, index + 1, message);
        let all = match citation::parse(line, source.marker) {
            Line::Citing(all) => all,
            Line::Other => Vec::new(),
            Line::Malformed(message) => {
                result.problems.push(at(message));
                Vec::new()
            }
        };
        // One line can hold several short citations: either all are completed, or it stays.
        let fates: Vec<_> = all
            .iter()
            .map(|c| fate(c, spec, accept, source.marker))
            .collect();
        let wrong = fates.iter().filter_map(|f| f.as_ref().err()).cloned();
        let wrong: Vec<_> = wrong.map(at).collect();
        let renewed: Vec<_> = fates.into_iter().flatten().flatten().collect();
        if wrong.is_empty() && !renewed.is_empty() {
            let indentation = &line[..line.len() - line.trim_start().len()];
            let ending = &line[line.trim_end().len()..];
            // The last line of a file may have no ending of its own to copy.
            let between = if ending.contains('\n') { ending } else { "\n" };
            let (what, lines): (Vec<_>, Vec<_>) = renewed.into_iter().unzip();
            let lines: Vec<_> = lines.iter().map(|l| format!("{indentation}{l}")).collect();
            result.text += &lines.join(between);
            result.text += ending;
            let line_of = |what| format!("{}\n", at(what));
            result.done.extend(what.into_iter().map(line_of));
        } else {
            result.text += line;
            result.problems.extend(wrong);
        }
    }
    result
}

/// What becomes of a citation: nothing, what is done and the new line, or why it must stay.
type Fate = Result<Option<(String, String)>, String>;

fn fate(citing: &Citing, spec: &Spec, accept: &Accept, marker: &str) -> Fate {
    let id = &citing.id;
    let requirement = spec.get(id).ok_or_else(|| spec.why_not(id))?;
    let what = match citing.standing(requirement) {
        Standing::Current => return Ok(None),
        Standing::Short => format!("[{id}] expanded"),
        Standing::Moved(_) => format!("[{id}] moved to {}", requirement.section()),
        Standing::Stale(_) if accept.has(id) => format!("[{id}] accepted"),
        Standing::Stale(_) => {
            return Err(format!(
                "stale: [{id}] reads now: \"{}\" Look at this code again, then add --accept {id}",
                requirement.text
            ));
        }
    };
    Ok(Some((what, citing.render(marker, requirement))))
}
