//! `breaks`: one thing is broken at a time in a copy of the project, and a part has to find it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::part::{Check, Part, Place};
use super::say;
use crate::outcome::{Failure, Outcome};

/// The list, in the project.
const LIST: &str = "crates/spec-tool/breaks.toml";
/// Where the copy is made.
const COPY: &str = "target/breaks";
/// What has been built and need not be built again, in the project and in its copy.
const BUILT: [&str; 2] = ["target/debug", "spec/model/checker/target"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(rename = "break")]
    all: Vec<Break>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Break {
    what: String,
    file: String,
    /// Stands in the file once.
    find: String,
    put: String,
    /// The part that finds it.
    part: String,
    /// The one thing of that part that does.
    only: Option<String>,
    /// What it says then.
    says: String,
}

/// Breaks everything in the list, or what has these words, one after the other.
///
/// # Errors
/// If the list cannot be read or does not fit the project, or no copy can be made.
pub fn breaks(root: &Path, words: Option<&str>) -> Result<Outcome, Failure> {
    let file = root.join(LIST);
    let text = fs::read_to_string(&file).map_err(Failure::io("read", &file))?;
    let list: List = toml::from_str(&text).map_err(|e| Failure::new(format!("{LIST}: {e}")))?;
    let mut chosen = list.all;
    chosen.retain(|one| words.is_none_or(|words| one.what.contains(words)));
    for one in &chosen {
        one.broken(root)?;
    }
    let copy = root.join(COPY);
    let outcome = copy_of(root, &copy).and_then(|place| each(&place, &copy, &chosen));
    let gone = fs::remove_dir_all(&copy).map_err(Failure::io("remove", &copy));
    let outcome = outcome?;
    gone?;
    Ok(outcome)
}

impl Break {
    /// The file as it is, and broken.
    fn broken(&self, root: &Path) -> Result<(String, String), Failure> {
        let file = root.join(&self.file);
        let whole = fs::read_to_string(&file).map_err(Failure::io("read", &file))?;
        match whole.matches(&self.find).count() {
            1 => {
                let broken = whole.replace(&self.find, &self.put);
                Ok((whole, broken))
            }
            times => Err(Failure::new(format!(
                "{LIST}: {}: what is to be broken stands in {} {times} times",
                self.what, self.file
            ))),
        }
    }

    fn part(&self) -> Result<&'static Part, Failure> {
        let wrong = || Failure::new(format!("{LIST}: no part {}", self.part));
        Part::named(&self.part).ok_or_else(wrong)
    }

    fn check(&self, place: &Place) -> Result<Check, Failure> {
        Ok(self.part()?.run(place, self.only.as_deref()))
    }

    /// What was said about it, if it was found.
    fn found(&self, check: &Check) -> Result<String, String> {
        match check {
            Check::Passed(_) => Err("nothing: it passed".to_owned()),
            Check::Failed(text) => {
                let said = text.lines().find(|line| line.contains(&self.says));
                said.map(|line| line.trim().to_owned())
                    .ok_or(format!("something else:\n{text}"))
            }
        }
    }
}

/// The files of the project as they are now, and what was built from them.
fn copy_of(root: &Path, copy: &Path) -> Result<Place, Failure> {
    say("copying the project\n");
    let mut git = Command::new("git");
    git.current_dir(root);
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let listed = git.output().map_err(Failure::io("list", root))?;
    for name in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
        let (from, to) = (root.join(name), copy.join(name));
        if from.is_file() {
            let folder = to.parent().unwrap_or(copy);
            fs::create_dir_all(folder).map_err(Failure::io("make", folder))?;
            fs::copy(&from, &to).map_err(Failure::io("copy", &from))?;
        }
    }
    for built in BUILT {
        let (from, to) = (root.join(built), copy.join(built));
        if from.is_dir() {
            let folder = to.parent().unwrap_or(copy);
            fs::create_dir_all(folder).map_err(Failure::io("make", folder))?;
            let mut cp = Command::new("cp");
            let status = cp.arg("-a").arg(&from).arg(folder).status();
            status.map_err(Failure::io("copy", &from))?;
        }
    }
    Ok(Place::of(root).copy(copy))
}

fn each(place: &Place, copy: &Path, chosen: &[Break]) -> Result<Outcome, Failure> {
    let mut sound: Vec<(&str, Option<&str>)> = Vec::new();
    for one in chosen {
        let check = (one.part.as_str(), one.only.as_deref());
        if sound.contains(&check) {
            continue;
        }
        sound.push(check);
        say(&format!(
            "as it is: {} {}\n",
            one.part,
            check.1.unwrap_or("")
        ));
        if let Check::Failed(text) = one.check(place)? {
            let what = format!("{} fails before anything is broken:\n{text}", one.part);
            return Err(Failure::new(what));
        }
    }
    let (mut text, mut caught) = (String::new(), 0);
    for one in chosen {
        let (whole, broken) = one.broken(copy)?;
        let file = copy.join(&one.file);
        let put = |text: &str| fs::write(&file, text).map_err(Failure::io("write", &file));
        put(&broken)?;
        let found = one.found(&one.check(place)?);
        put(&whole)?;
        caught += usize::from(found.is_ok());
        let (caught, said) = match &found {
            Ok(said) => ("caught", said),
            Err(said) => ("NOT CAUGHT", said),
        };
        let short: String = said.chars().take(160).collect();
        let said = if found.is_ok() { &short } else { said };
        let line = format!(
            "{caught}: {} ({})\n    {}: {said}\n",
            one.what, one.file, one.part
        );
        say(&line);
        text += &line;
    }
    let all = chosen.len();
    let _ = writeln!(text, "spec breaks: {caught} of {all} caught");
    Ok(Outcome {
        success: caught == all && all > 0,
        text,
    })
}
