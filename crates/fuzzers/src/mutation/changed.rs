//! Which lines of a file are not as they were.

use std::{io, ops::RangeInclusive, path::Path, process::Command};

/// Lines, from 1.
pub(super) type Lines = Vec<RangeInclusive<usize>>;

/// What a file is compared with.
#[derive(Clone, Copy)]
pub(super) enum Before<'a> {
    /// The same file in a commit.
    Commit(&'a str),
    /// An id of its content.
    Content(&'a str),
}

/// The lines of a file that differ; all of them, if Git does not know what it was before.
///
/// # Errors
/// If there is no such commit.
pub(super) fn lines(root: &Path, file: &str, before: Before<'_>) -> io::Result<Lines> {
    let mut diff = Command::new("git");
    diff.current_dir(root);
    diff.args(["diff", "--unified=0", "--no-color", "--no-ext-diff"]);
    let output = match before {
        Before::Commit(commit) => diff.args([commit, "--", file]).output()?,
        Before::Content(id) => diff.args([id, file]).output()?,
    };
    match (output.status.success(), before) {
        (true, _) => Ok(of_diff(&String::from_utf8_lossy(&output.stdout))),
        // A clone without history.
        (false, Before::Content(_)) => Ok(vec![1..=usize::MAX]),
        (false, Before::Commit(_)) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(io::Error::other(said))
        }
    }
}

/// The new lines of a diff without context; where lines were only taken out, those beside.
fn of_diff(diff: &str) -> Lines {
    let hunk = |line: &str| {
        let new = line.strip_prefix("@@ ")?.split('+').nth(1)?;
        let new = new.split(' ').next()?;
        let (from, count) = new.split_once(',').unwrap_or((new, "1"));
        let (from, count) = (from.parse().ok()?, count.parse::<usize>().ok()?);
        Some(match count {
            0 => from..=from + 1,
            count => from..=from + count - 1,
        })
    };
    diff.lines().filter_map(hunk).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_lines_are_those_of_the_hunks() {
        let diff = "--- a/f.rs\n+++ b/f.rs\n@@ -3 +3 @@ fn f() {\n-a\n+b\n@@ -7,0 +8,2 @@\n+c\n+d\n@@ -9,2 +10,0 @@\n-e\n";
        assert_eq!(of_diff(diff), [3..=3, 8..=9, 10..=11]);
    }
}
