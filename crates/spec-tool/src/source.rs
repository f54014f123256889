//! The files that can hold citations.

use std::fs;
use std::path::Path;

use crate::citation::{self, Citation, Line};
use crate::outcome::{Failure, Problem};

/// Folders whose Rust files are looked at.
const RUST_FOLDERS: [&str; 4] = ["crates/", "conformance/", "fuzz/", "benches/"];

/// A file that can hold citations.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// What a citation starts with in its language.
    pub(crate) marker: &'static str,
    pub(crate) text: String,
}

impl Source {
    /// The citations in this file, and the lines that only look like some.
    pub(crate) fn citations(&self) -> (Vec<Citation>, Vec<Problem>) {
        let mut citations = Vec::new();
        let mut problems = Vec::new();
        for (index, text) in self.text.lines().enumerate() {
            let at = |citing| Citation {
                path: self.path.clone(),
                line: index + 1,
                citing,
            };
            match citation::parse(text, self.marker) {
                Line::Other => {}
                Line::Citing(all) => citations.extend(all.into_iter().map(at)),
                Line::Malformed(message) => {
                    problems.push(Problem::new(&self.path, index + 1, message));
                }
            }
        }
        (citations, problems)
    }
}

/// All sources below `root`, in the order of their paths.
pub(crate) fn load(root: &Path) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    walk(root, "", &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn walk(folder: &Path, prefix: &str, sources: &mut Vec<Source>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(Failure::io("list", folder))? {
        let entry = entry.map_err(Failure::io("list", folder))?;
        let file = entry.path();
        // Links are not followed: they would count a file twice, or never end.
        let kind = entry.file_type().map_err(Failure::io("look at", &file))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            let hidden = name.starts_with('.') && path != ".ci";
            if !hidden && name != "target" {
                walk(&file, &format!("{path}/"), sources)?;
            }
        } else if kind.is_file()
            && let Some(marker) = marker(&path)
        {
            let text = fs::read_to_string(&file).map_err(Failure::io("read", &file))?;
            sources.push(Source { path, marker, text });
        }
    }
    Ok(())
}

/// What marks a citation in this file, if it can hold any.
fn marker(path: &str) -> Option<&'static str> {
    let extension = Path::new(path).extension().and_then(|e| e.to_str());
    match extension {
        Some("rs") if RUST_FOLDERS.iter().any(|f| path.starts_with(f)) => Some("//="),
        Some("py" | "sh") => Some("#="),
        _ => (path == ".ci/run").then_some("#="),
    }
}
