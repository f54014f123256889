//! What a command answers: problems found in the project, or a failure to look at it at all.

use std::fmt;
use std::path::Path;

/// What a command has to say, and whether all was well.
#[derive(Debug)]
pub struct Outcome {
    /// Lines for standard output, each ended.
    pub text: String,
    /// False if the project has errors.
    pub success: bool,
}

/// Why a command could not do its work: a wrong argument, or a file that cannot be read.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// For `map_err`: what was tried, on which path.
    pub(crate) fn io(doing: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let what = format!("cannot {doing} {}", path.display());
        move |error| Self(format!("{what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// An error in the project, at a place that an editor can jump to. Ordered by place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// Relative to the project's root, with `/`.
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// The problems, one a line, in the order of their places.
pub(crate) fn lines(mut problems: Vec<Problem>) -> String {
    problems.sort();
    problems.iter().map(|p| format!("{p}\n")).collect()
}

/// `counted NAME: 3 cited, 2 tested`, of what there is any: the form that `prove` reads. Nothing, if there is
/// nothing.
pub(crate) fn counted<'a>(
    name: &str,
    counts: impl IntoIterator<Item = (usize, &'a str)>,
) -> String {
    let counts = counts.into_iter().filter(|(n, _)| *n > 0);
    let counts: Vec<_> = counts.map(|(n, thing)| format!("{n} {thing}")).collect();
    if counts.is_empty() {
        return String::new();
    }
    format!("counted {name}: {}\n", counts.join(", "))
}

/// `1 error`, `2 errors`.
pub(crate) fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}
