//! Where links of the text, and links to files, lead on the page.

use std::path::{Component, Path};

use crate::outcome::Failure;

/// The way to files, and which of them are on the page.
pub(super) struct Links {
    /// Ends with a slash, if it is not empty.
    base: String,
    pages: Vec<String>,
}

impl Links {
    pub(super) fn new(base: &str, pages: Vec<String>) -> Self {
        let slash = if base.is_empty() || base.ends_with('/') {
            ""
        } else {
            "/"
        };
        let base = format!("{base}{slash}");
        Self { base, pages }
    }

    /// A line of a file of the project.
    pub(super) fn file(&self, path: &str, line: usize) -> String {
        format!("{}{path}#L{line}", self.base)
    }

    /// What a link of a chapter leads to; nothing if it may not be followed.
    pub(super) fn of_chapter(&self, chapter: &str, link: &str) -> Option<String> {
        let elsewhere = ["https://", "http://", "mailto:"];
        if elsewhere.iter().any(|scheme| link.starts_with(scheme)) {
            return Some(link.to_owned());
        }
        // Another scheme, such as javascript, or another host.
        if link.contains([':', '\\']) || link.starts_with('/') {
            return None;
        }
        let (path, anchor) = match link.split_once('#') {
            Some((path, anchor)) => (path, Some(anchor)),
            None => (link, None),
        };
        let path = if path.is_empty() {
            chapter.to_owned()
        } else {
            joined(chapter, path)?
        };
        if self.pages.contains(&path) {
            let stem = stem(&path);
            return Some(match anchor {
                Some(anchor) => format!("#{stem}--{anchor}"),
                None => format!("#{stem}"),
            });
        }
        let anchor = anchor
            .map(|anchor| format!("#{anchor}"))
            .unwrap_or_default();
        Some(format!("{}{path}{anchor}", self.base))
    }
}

/// The name of a chapter on the page: `05-session` for `spec/05-session.md`.
pub(super) fn stem(path: &str) -> String {
    let path = path.trim_start_matches("spec/").trim_end_matches(".md");
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    path.chars().map(plain).collect()
}

/// A path beside a file, from the project's folder; nothing if it leads out of that.
fn joined(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The way from one folder to another, with `/`.
pub(super) fn way(from: &Path, to: &Path) -> Result<String, Failure> {
    let real = |path: &Path| path.canonicalize().map_err(Failure::io("find", path));
    let (from, to) = (real(from)?, real(to)?);
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (from.components().collect(), to.components().collect());
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[same..].iter().map(|_| "..".to_owned());
    let down = to[same..].iter();
    let down = down.map(|part| part.as_os_str().to_string_lossy().into_owned());
    Ok(up.chain(down).collect::<Vec<_>>().join("/"))
}
