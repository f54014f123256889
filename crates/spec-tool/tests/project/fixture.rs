//! A project in a temporary folder, and the program run on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub(crate) const CHAPTER: &str = "spec/session.md";
pub(crate) const FEATURES: &str = "spec/features.md";
pub(crate) const CODE: &str = "crates/a/src/lib.rs";
pub(crate) const REGISTRY: &str = "spec/registry.toml";
pub(crate) const SEEN: &str = "spec/observability.toml";
pub(crate) const JSON: &str = "spec/requirements.json";

const REGISTRY_TEXT: &str = "\
# Roles.
roles = [\"relay\", \"sharer\", \"relay operator\", \"encoder\"]
retired = [
    \"CODE-9\",
]
other = 3

[[session]]
name = \"pause\"

[[session]]
name = \"end\"

[[error]]
name = \"done\"
";

const ROLES: [&str; 3] = ["relay", "sharer", "encoder"];

/// Two requirements to implement and test, and one that asks for neither.
const TEXT: &str = "\
# Session {#session}

## Consent {#consent}

[CONSENT-1] The sharer MUST ask before the first frame.

- [CONSENT-2] The relay MUST NOT read
  what it forwards.
- [CONSENT-3] Each sharer MAY refuse.
";

/// One row, of which nothing is done.
const TABLE: &str = "\
# Features

- F1 to F1: facts.

| id | what | requirements | implemented in | shown by | state |
|---|---|---|---|---|---|
| F1 | one | - | - | - | open |
";

pub(crate) struct Fixture {
    folder: TempDir,
}

/// What a run said.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Fixture {
    /// A project in which `check` finds nothing.
    pub(crate) fn sound() -> Self {
        let fixture = Self::with_chapter(TEXT);
        fixture.put(
            CODE,
            &[
                "//= CONSENT-1 CONSENT-2",
                "fn a() {}",
                "//= test CONSENT-1",
                "//= test CONSENT-2",
            ]
            .join("\n"),
        );
        fixture.run(&["cite"]).succeeds();
        fixture.run(&["write"]).succeeds();
        fixture
    }

    /// A project with this chapter, and no code.
    pub(crate) fn with_chapter(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let fixture = Self { folder };
        fixture.put(REGISTRY, REGISTRY_TEXT);
        fixture.put(CHAPTER, text);
        fixture.put(FEATURES, TABLE);
        fixture.observe();
        fixture
    }

    /// Says of every requirement of the chapters that it is seen on the wire.
    pub(crate) fn observe(&self) {
        let mut areas: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for entry in fs::read_dir(self.path("spec")).expect("a folder") {
            let file = entry.expect("an entry").path();
            if file.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let text = fs::read_to_string(file).expect("a text");
            let words: Vec<&str> = text.split_whitespace().collect();
            for start in words.windows(3) {
                let id = start[0]
                    .strip_prefix('[')
                    .and_then(|id| id.strip_suffix(']'));
                let role = match start[2].trim_end_matches(',') {
                    "relay" if text.contains("relay operator") => "\"relay operator\"",
                    role => ROLES.into_iter().find(|known| *known == role).unwrap_or(""),
                };
                if let (Some((area, _)), false) =
                    (id.and_then(|id| id.split_once('-')), role.is_empty())
                {
                    areas.entry(area.to_owned()).or_default().insert(role);
                }
            }
        }
        let mut seen = String::new();
        for (area, roles) in areas {
            seen += &format!("[{area}]\n");
            let roles = roles.iter().map(|role| format!("{role} = \"wire\"\n"));
            seen += &roles.collect::<String>();
        }
        self.put(SEEN, &seen);
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn put(&self, path: &str, text: &str) {
        let file = self.path(path);
        fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        fs::write(file, text).expect("a file");
    }

    pub(crate) fn get(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("a file")
    }

    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.get(path);
        assert!(text.contains(from), "{path} has no {from:?}:\n{text}");
        self.put(path, &text.replacen(from, to, 1));
    }

    /// Runs in the root, which the program has to find.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run_in(self.folder.path(), arguments)
    }

    /// Holds that `check` finds exactly this: the start of the line, and parts of its message.
    #[track_caller]
    pub(crate) fn has_error(&self, place: &str, says: &[&str]) {
        let run = self.run(&["check"]);
        let errors = run.errors();
        assert_eq!(run.code, Some(1), "{}", run.out);
        assert_eq!(errors.len(), 1, "{}", run.out);
        assert!(errors[0].starts_with(&format!("{place}: ")), "{}", run.out);
        for part in says {
            assert!(errors[0].contains(part), "no {part:?} in {}", run.out);
        }
    }

    #[track_caller]
    pub(crate) fn is_sound(&self) {
        self.run(&["check"]).succeeds();
    }
}

impl Run {
    /// All lines but the last, which says how many there are, and those that count something else.
    pub(crate) fn errors(&self) -> Vec<&str> {
        let mut lines: Vec<_> = self.out.lines().collect();
        lines.pop();
        lines.retain(|line| !line.starts_with("counted "));
        lines
    }

    #[track_caller]
    pub(crate) fn succeeds(&self) {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
    }
}

pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_alongside-spec"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program runs");
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}
