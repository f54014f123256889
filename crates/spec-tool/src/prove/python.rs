//! What the independent implementation is run by.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python with what the file of requirements lists, in a folder of its own that is made once.
pub(super) fn prepared(tools: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let needs = fs::read_to_string(requirements)
        .map_err(|error| format!("{}: {error}", requirements.display()))?;
    let folder = tools.join("python");
    let (python, done) = (folder.join("bin/python"), folder.join("requirements.txt"));
    if fs::read_to_string(&done).is_ok_and(|held| held == needs) {
        return Ok(python);
    }
    let able = Command::new("python3")
        .args(["-c", "import ensurepip, tomllib"])
        .output();
    if !able.is_ok_and(|output| output.status.success()) {
        return Err(
            "there is no python3 of 3.11 or later with venv: install python3 and python3-venv, then run this again"
                .to_owned(),
        );
    }
    let mut make = Command::new("python3");
    run(make.args(["-m", "venv"]).arg(&folder))?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "-q", "-r"]);
    run(install.arg(requirements))
        .map_err(|why| format!("{why}\nlet pip reach a package index, then run this again"))?;
    fs::write(&done, needs).map_err(|error| format!("{}: {error}", done.display()))?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
