//! A finding as a file, which says what is wrong and how to see it again.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{played::Breach, step::Step};
use crate::{case::Target, requirements};

/// One finding. The file is TOML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Finding {
    /// What was under test.
    pub target: Target,
    /// The requirement that is broken, as far as can be told.
    pub requirement: String,
    /// Its sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub clause: String,
    /// What must be.
    pub expected: String,
    /// What was.
    pub seen: String,
    /// The command that sees whether it is still there, but for the file.
    pub replay: String,
    /// The command that found it.
    pub found_by: String,
    /// All that the suite draws while it plays the session follows from it.
    pub seed: u32,
    /// What has to happen.
    pub step: Vec<Step>,
}

impl Finding {
    /// A finding of a session.
    pub fn new(target: Target, breach: &Breach, (seed, step): (u32, Vec<Step>)) -> Self {
        let known = requirements::all().get(&breach.requirement);
        Self {
            target,
            requirement: breach.requirement.clone(),
            clause: known.map(|known| known.text.clone()).unwrap_or_default(),
            expected: breach.expected.clone(),
            seen: breach.seen.clone(),
            replay: String::new(),
            found_by: String::new(),
            seed,
            step,
        }
    }

    /// What is in the file.
    ///
    /// # Errors
    /// If there is no such file, or it is none of a finding.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| toml::from_str(&text).map_err(|error| error.to_string()))
            .map_err(|why| format!("{}: {why}", path.display()))
    }

    /// Writes it into a folder, beside those that are there. `replay` makes the command of the name of the file.
    ///
    /// # Errors
    /// If nothing can be written there.
    pub fn write(
        &mut self,
        folder: &Path,
        replay: impl FnOnce(&str) -> String,
    ) -> io::Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let path = (1..)
            .map(|number| folder.join(self.name(number)))
            .find(|path| !path.exists())
            .unwrap_or_else(|| folder.join(self.name(0)));
        self.replay = replay(&path.to_string_lossy());
        let text = toml::to_string_pretty(self).map_err(io::Error::other)?;
        fs::write(&path, text)?;
        Ok(path)
    }

    fn name(&self, number: u32) -> String {
        format!("{}-{}-{number}.toml", self.target, self.requirement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::{
        edit::Edit,
        step::{Plane, Wrong},
    };

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let breach = Breach {
            requirement: "CONTROL-9".to_owned(),
            expected: "nothing".to_owned(),
            seen: "something".to_owned(),
        };
        let wrong = Wrong {
            plane: Plane::Session,
            message: "pad".to_owned(),
            edits: vec![
                Edit::Set(1, 2),
                Edit::Insert(0, vec![1, 2]),
                Edit::Cut(3),
                Edit::Twice,
            ],
        };
        let steps = vec![Step::event("join"), Step::Wrong(wrong)];
        let mut finding = Finding::new(Target::Sharer, &breach, (u32::MAX, steps));
        assert!(finding.clause.contains("prompt"), "{}", finding.clause);
        let fuzz_it = |file: &str| format!("fuzz it --replay {file}");
        let path = finding.write(folder.path(), fuzz_it).expect("a file");
        assert_eq!(Finding::read(&path), Ok(finding.clone()));
        let again = finding.write(folder.path(), fuzz_it).expect("a file");
        assert_ne!(path, again);
        assert_eq!(finding.replay, fuzz_it(again.to_str().expect("a name")));
        assert!(finding.replay.ends_with("sharer-CONTROL-9-2.toml"));
    }

    #[test]
    fn what_is_no_finding_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.toml");
        let read = |text: &str| {
            fs::write(&path, text).expect("a file");
            Finding::read(&path)
        };
        let right = r#"
            target = "relay"
            requirement = "RDV-4"
            expected = "a close"
            seen = "none"
            replay = ""
            found-by = ""
            seed = 7
            step = [{ event = "hello" }, { plane = "relay", message = "join", edits = [{ cut = 2 }, "twice"] }]
        "#;
        let steps = read(right).expect("a finding").step;
        let told: Vec<_> = steps.iter().map(Step::to_string).collect();
        assert_eq!(
            told,
            [
                "hello",
                "\"join\" to or from the relay, changed: [Cut(2), Twice]"
            ]
        );
        for wrong in [
            right.replace("relay\"\n", "printer\"\n"),
            right.replace("seed = 7", ""),
            right.replace("seed = 7", "seed = 7\nmore = 1"),
            right.replace("cut = 2", "cut = -2"),
            right.replace("event", "events"),
        ] {
            assert_ne!(right, wrong);
            let why = read(&wrong).expect_err("it is none");
            assert!(why.contains("x.toml: "), "{why}");
        }
    }
}
