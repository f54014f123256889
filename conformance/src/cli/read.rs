//! `decode`, `replay`, `diff`: what can be read without anything under test.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{CONFORMANT, NOT_CONFORMANT, complain, print};
use crate::{
    capture::{Capture, KeyLog, decode},
    report::{bundle, diff},
    run::Outcome,
};

/// What is decoded.
#[derive(clap::Args)]
pub(super) struct Decode {
    /// Captures: the transcript.json of a bundle, or a file of conformance/captures
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The key log of the session; without it the one beside each capture, if there is one
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

pub(super) fn decoded(options: &Decode) -> u8 {
    for file in &options.files {
        match one(file, options.keys.as_ref()) {
            Ok(text) => print(&text),
            Err(why) => return complain(&why),
        }
    }
    CONFORMANT
}

fn one(file: &Path, keys: Option<&PathBuf>) -> Result<String, String> {
    let capture = Capture::read(file)?;
    let beside = [
        file.with_extension("keys"),
        file.with_file_name(bundle::KEYS),
    ];
    let near = beside.iter().find(|path| path.is_file());
    let Some(path) = keys.or(near) else {
        return Ok(decode(&capture, &KeyLog::default()).text);
    };
    let decoded = decode(&capture, &KeyLog::read(path)?);
    match (decoded.opened, decoded.shut) {
        (0, 1..) => Err(format!(
            "{}: nothing that is sealed in it opens with {}, so these are the keys of another session; \
             name its own by --keys, or /dev/null to read it without",
            file.display(),
            path.display()
        )),
        _ => Ok(decoded.text),
    }
}

/// A bundle.
#[derive(clap::Args)]
pub(super) struct Replay {
    /// The folder of a bundle
    #[arg(value_name = "BUNDLE")]
    folder: PathBuf,
}

pub(super) fn replay(options: &Replay) -> u8 {
    match replayed(&options.folder) {
        Ok(text) => {
            print(&text);
            CONFORMANT
        }
        Err(why) => complain(&why),
    }
}

fn replayed(folder: &Path) -> Result<String, String> {
    if !folder.join(bundle::OUTCOME).is_file() {
        let folder = folder.display();
        return Err(format!(
            "{folder} is no bundle; those of a run are in its folder, bundles/CASE@TARGET"
        ));
    }
    let text = one(&folder.join(bundle::TRANSCRIPT), None)?;
    let path = folder.join(bundle::OUTCOME);
    let outcome = fs::read_to_string(&path).map_err(|error| error.to_string());
    let outcome: Outcome = outcome
        .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
        .map_err(|why| format!("{}: {why}", path.display()))?;
    let Outcome {
        verdict, detail, ..
    } = &outcome;
    Ok(format!("{text}\n{verdict}  {detail}\n"))
}

/// Two reports.
#[derive(clap::Args)]
pub(super) struct Diff {
    /// The report.json of before, or its folder
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The report.json of now, or its folder
    #[arg(value_name = "NEW")]
    new: PathBuf,
}

pub(super) fn differ(options: &Diff) -> u8 {
    let read = diff::read(&options.old).and_then(|old| Ok((old, diff::read(&options.new)?)));
    let changes = match read {
        Ok((old, new)) => diff::diff(&old, &new),
        Err(why) => return complain(&why),
    };
    let lines = changes.lines.iter();
    print(&lines.map(|line| format!("{line}\n")).collect::<String>());
    if changes.worse {
        NOT_CONFORMANT
    } else {
        CONFORMANT
    }
}
