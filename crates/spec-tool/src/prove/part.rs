//! The parts, and how one is run.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::counted::Counted;
use super::python;

/// What shows one thing.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    program: Program,
    folder: &'static str,
    arguments: &'static [&'static str],
    /// After the name of the one thing to run, if there is one.
    rest: &'static [&'static str],
    /// What it has to have counted.
    counts: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Program {
    /// This one.
    Spec,
    Cargo,
    /// With what the independent implementation needs.
    Python,
}

const INDEPENDENT: &str = "conformance/independent";

// Tests are run of the workspace and not of a package, for so they share what it is built with.
pub(super) const PARTS: &[Part] = &[
    Part {
        name: "text",
        about: "requirements, citations, tables, features",
        program: Program::Spec,
        folder: "",
        arguments: &["check"],
        rest: &[],
        counts: &["requirements"],
    },
    Part {
        name: "registry",
        about: "the numbers of the code are those of the registry",
        program: Program::Cargo,
        folder: "",
        arguments: &["test", "-q", "--workspace", "--test", "registry"],
        rest: &[],
        counts: &[],
    },
    Part {
        name: "tables",
        about: "the machines walk every cell",
        program: Program::Cargo,
        folder: "",
        arguments: &["test", "-q", "--workspace", "--test", "tables"],
        rest: &["--", "--nocapture"],
        counts: &["table cells"],
    },
    Part {
        name: "model",
        about: "every configuration, property and seeded fault",
        program: Program::Cargo,
        folder: "spec/model/checker",
        arguments: &["run", "-q", "--release", "--", "check"],
        rest: &[],
        counts: &["model", "properties"],
    },
    Part {
        name: "graphs",
        about: "the graphs are those of the model",
        program: Program::Cargo,
        folder: "spec/model/checker",
        arguments: &["run", "-q", "--release", "--", "graphs", "--check"],
        rest: &[],
        counts: &[],
    },
    Part {
        name: "lock-step",
        about: "the machines and the model, step by step",
        program: Program::Cargo,
        folder: "",
        arguments: &["test", "-q", "--workspace", "--test", "model"],
        rest: &["--", "--nocapture"],
        counts: &["lock-step"],
    },
    Part {
        name: "vectors",
        about: "the reference against its vectors and the others'",
        program: Program::Cargo,
        folder: "",
        arguments: &[
            "test",
            "-q",
            "--workspace",
            "--test",
            "chapters",
            "--test",
            "committed",
            "--test",
            "independent",
        ],
        rest: &["--", "--nocapture"],
        counts: &["vectors"],
    },
    Part {
        name: "python",
        about: "the independent implementation, and its tables",
        program: Program::Python,
        folder: INDEPENDENT,
        arguments: &["-W", "ignore", "-m", "unittest"],
        rest: &[],
        counts: &[],
    },
    Part {
        name: "python vectors",
        about: "every vector, by the independent implementation",
        program: Program::Python,
        folder: INDEPENDENT,
        arguments: &["-m", "alongside_independent", "check", "../../spec/vectors"],
        rest: &[],
        counts: &["vectors"],
    },
];

/// Which copy of the project is looked at.
pub(super) struct Place {
    root: PathBuf,
    /// Where what the independent implementation needs is put, once.
    tools: PathBuf,
}

impl Place {
    pub(super) fn of(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            tools: root.join("target"),
        }
    }

    /// A copy, with the tools of another.
    pub(super) fn copy(&self, root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            tools: self.tools.clone(),
        }
    }
}

/// How it went, with what was said.
pub(super) enum Check {
    Passed(String),
    Failed(String),
}

impl Part {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        PARTS.iter().find(|part| part.name == name)
    }

    /// Runs it, or one thing of it.
    pub(super) fn run(&self, place: &Place, only: Option<&str>) -> Check {
        match self.command(place, only) {
            Ok(mut command) => self.finish(&mut command, only.is_some()),
            Err(why) => Check::Failed(why),
        }
    }

    fn command(&self, place: &Place, only: Option<&str>) -> Result<Command, String> {
        let mut command = match self.program {
            Program::Spec => {
                let own = std::env::current_exe();
                let mut command = Command::new(own.map_err(|error| error.to_string())?);
                command.arg("--root").arg(&place.root);
                command
            }
            Program::Cargo => Command::new("cargo"),
            Program::Python => {
                let needs = place.root.join(INDEPENDENT).join("requirements.txt");
                Command::new(python::prepared(&place.tools, &needs)?)
            }
        };
        command
            .current_dir(place.root.join(self.folder))
            .args(self.arguments)
            .args(only)
            .args(self.rest);
        Ok(command)
    }

    fn finish(&self, command: &mut Command, is_one: bool) -> Check {
        let output = match command.output() {
            Ok(output) => output,
            Err(error) => {
                let program = command.get_program().to_string_lossy();
                return Check::Failed(format!("{program} cannot be run: {error}"));
            }
        };
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut counted = Counted::default();
        counted.read(&out);
        let mut missing = self.counts.iter().filter(|name| !counted.has(name));
        match missing.next() {
            _ if !output.status.success() => {
                let error = String::from_utf8_lossy(&output.stderr);
                Check::Failed(format!("{out}{error}"))
            }
            // A test that is not there does not fail.
            Some(name) if !is_one => Check::Failed(format!("{out}it has not counted: {name}")),
            _ => Check::Passed(out),
        }
    }
}
