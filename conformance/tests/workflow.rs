//! The workflow to copy: its lines do what it says, in the place of somebody else's CI.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use yaml_rust2::{Yaml, YamlLoader};

const SUITE: &str = env!("CARGO_BIN_EXE_alongside-conformance");
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// The repository of somebody else, where a job of the workflow is done.
struct Stranger {
    folder: tempfile::TempDir,
    job: &'static str,
    workflow: Yaml,
    environment: Vec<(String, String)>,
}

impl Stranger {
    /// With this in the place of what the workflow has under `env`.
    fn new(job: &'static str, own: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).expect("a folder");
        // It has everything that is asked for.
        let cargo = format!("#!/bin/sh\necho \"$@\" >> installed\nln -s '{SUITE}' bin/\n");
        fs::write(bin.join("cargo"), cargo).expect("written");
        let runs = fs::Permissions::from_mode(0o755);
        fs::set_permissions(bin.join("cargo"), runs).expect("a program");
        let path = std::env::var("PATH").expect("a path");
        let path = format!("{}:{path}", bin.display());

        let workflow = workflow();
        let given = workflow["env"].as_hash().expect("a map").iter();
        let mut environment: Vec<_> = given
            .map(|(name, value)| (text(name).to_owned(), text(value).to_owned()))
            .collect();
        for (name, value) in own {
            let (_, given) = environment
                .iter_mut()
                .find(|(other, _)| other == name)
                .expect("something to say under `env`");
            *given = (*value).to_owned();
        }
        environment.push(("PATH".into(), path));
        Self {
            folder,
            job,
            workflow,
            environment,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).expect("a file")
    }

    /// What is expected to fail, in the file that the workflow names.
    fn expects(&self, text: &str) {
        let variable = format!("EXPECTED_OF_{}", self.job.to_uppercase());
        let file = text_of(&self.workflow["env"], &variable);
        fs::write(self.file(file), text).expect("written");
    }

    /// Does the steps of the job, as GitHub does: the name of the one that failed.
    fn works(&self) -> Result<(), String> {
        let mut done = Ok(());
        let _ = fs::remove_dir_all(self.file("conformance"));
        for step in self.steps() {
            if done.is_err() && step["if"].as_str() != Some("always()") {
                continue;
            }
            match (step["run"].as_str(), step["uses"].as_str()) {
                (Some(line), None) if self.runs(line) => {}
                (Some(_), None) => done = Err(text_of(step, "name").to_owned()),
                (None, Some("actions/upload-artifact@v4")) => {
                    let folder = self.file(text_of(&step["with"], "path"));
                    for file in ["junit.xml", "report.html", "report.json"] {
                        assert!(folder.join(file).is_file(), "{file}");
                    }
                }
                (None, Some("actions/checkout@v4" | "actions/cache@v4")) => {}
                other => panic!("not a step: {other:?}"),
            }
        }
        done
    }

    fn steps(&self) -> &[Yaml] {
        let job = &self.workflow["jobs"][self.job];
        job["steps"].as_vec().expect("steps")
    }

    /// The line of the step with this name.
    fn line(&self, name: &str) -> &str {
        let mut steps = self.steps().iter();
        let step = steps.find(|step| step["name"].as_str() == Some(name));
        text_of(step.expect("a step"), "run")
    }

    #[expect(clippy::print_stdout, reason = "for whoever looks why a step failed")]
    fn runs(&self, line: &str) -> bool {
        let mut shell = Command::new("bash");
        shell.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", line]);
        shell.current_dir(&self.folder);
        shell.envs(self.environment.iter().cloned());
        let said = shell.output().expect("a shell");
        // What a test prints is shown when it fails.
        println!("{line}\n{}", String::from_utf8_lossy(&said.stdout));
        said.status.success()
    }
}

fn workflow() -> Yaml {
    let file = Path::new(HERE).join("examples/workflow.yml");
    let text = fs::read_to_string(file).expect("a file");
    let mut all = YamlLoader::load_from_str(&text).expect("YAML");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn text(value: &Yaml) -> &str {
    value.as_str().expect("a text")
}

fn text_of<'a>(map: &'a Yaml, name: &str) -> &'a str {
    text(&map[name])
}

#[test]
fn a_client_is_built_and_tested_by_the_suite_of_this_version() {
    let stranger = Stranger::new(
        "client",
        &[
            ("BUILD", "touch 'what is built'"),
            ("DRIVER", &format!("'{SUITE}' reference driver")),
            ("CASES", "--set 1.0 --run client/hello/first"),
        ],
    );
    stranger.expects("");
    assert_eq!(stranger.works(), Ok(()));
    assert!(
        stranger
            .read("conformance/junit.xml")
            .contains("client/hello/first")
    );
    assert!(stranger.file("what is built").is_file());
    // The second time it is there.
    assert_eq!(stranger.works(), Ok(()));
    let version = env!("CARGO_PKG_VERSION");
    let once = format!("install --locked alongside-conformance@{version}\n");
    assert_eq!(stranger.read("installed"), once);
}

#[test]
fn a_relay_is_built_and_tested() {
    let stranger = Stranger::new(
        "relay",
        &[
            ("BUILD", "true"),
            ("RELAY", &format!("'{SUITE}' reference relay {{setup}}")),
            ("CASES", "--set 1.0 --run relay/join/live"),
        ],
    );
    stranger.expects("");
    assert_eq!(stranger.works(), Ok(()));
    assert!(
        stranger
            .read("conformance/junit.xml")
            .contains("relay/join/live")
    );
}

#[test]
fn what_fails_turns_it_red_unless_it_is_known_to() {
    let liar = Path::new(HERE).join("tests/liar.py");
    let stranger = Stranger::new(
        "client",
        &[
            ("BUILD", "true"),
            ("DRIVER", &format!("python3 '{}' rejects", liar.display())),
            ("CASES", "--role sharer --run sharer/consent/given"),
        ],
    );
    let red = Err("Test the client".to_owned());
    assert!(!stranger.runs(stranger.line("Test the client")), "no file");
    // As it says how to begin: with an empty file.
    stranger.expects("");
    assert_eq!(stranger.works(), red);
    let line = stranger.line("Test the client");
    let same = "--write-expectations \"$EXPECTED_OF_CLIENT\"";
    stranger.runs(&format!("{line} {same}"));
    assert_eq!(stranger.works(), Ok(()));
    // It stays as it is when it is written again.
    assert!(stranger.runs(&format!("{line} {same}")));
    assert_eq!(stranger.works(), Ok(()));
}

#[test]
fn a_build_that_fails_half_way_is_red() {
    for (job, build) in [("client", "Build the client"), ("relay", "Build the relay")] {
        let stranger = Stranger::new(job, &[("BUILD", "false; true")]);
        assert!(!stranger.runs(stranger.line(build)));
    }
}
