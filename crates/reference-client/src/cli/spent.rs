//! The codes that were joined on this machine lately, in a file: a program that is started again
//! must not give a lying relay a second guess.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alongside_wire::{code::Locator, limits::timers::SHARER_SPENT};

use super::Failure;

const FILE: &str = "spent-codes";

//= spec/02-codes.md#spent [CODE-10] a161176f
//= spec/02-codes.md#spent [CODE-11] 62599ae4
/// Marks a locator of a relay as spent, before it is sent.
///
/// # Errors
/// If it was marked within 45 minutes, or cannot be marked.
pub(crate) fn spend(relay: &str, locator: &Locator) -> Result<(), Failure> {
    let folder = folder().ok_or("there is no home directory; set XDG_STATE_HOME to a folder")?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    spend_in(&folder, relay, locator, now)
}

fn folder() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    let state = set("XDG_STATE_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(set("HOME")?).join(".local/state"));
    Some(state.or_else(home)?.join("alongside"))
}

/// The time of day is used because the file outlives the program. A clock that was set back makes
/// codes stay spent for longer, never for less.
fn spend_in(folder: &Path, relay: &str, locator: &Locator, now: Duration) -> Result<(), Failure> {
    let path = folder.join(FILE);
    let wrong = |error: io::Error| {
        let path = path.display();
        format!("{path}: {error}; the code must be noted there before it is used")
    };
    let known = match fs::read_to_string(&path) {
        Ok(known) => known,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(wrong(error).into()),
    };
    let lifetime = Duration::from_millis(SHARER_SPENT);
    // Each line: second of its end, locator, relay.
    let alive = known.lines().filter(|line| {
        let until = line.split(' ').next().and_then(|until| until.parse().ok());
        until.is_some_and(|until: u64| until > now.as_secs())
    });
    let mark = format!(" {locator} {relay}");
    let mut lines: Vec<String> = alive.map(str::to_owned).collect();
    if lines.iter().any(|line| line.ends_with(&mark)) {
        return Err("this code has been used on this machine; ask for a new one".into());
    }
    lines.push(format!("{}{mark}", (now + lifetime).as_secs()));
    write(folder, &path, &(lines.join("\n") + "\n")).map_err(|error| wrong(error).into())
}

/// Whole or not at all, and on the disk before it counts.
fn write(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut part = tempfile::NamedTempFile::new_in(folder)?;
    part.write_all(text.as_bytes())?;
    part.as_file().sync_all()?;
    part.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use alongside_wire::code::Code;

    use super::*;

    //= test spec/02-codes.md#spent [CODE-10] a161176f
    //= test spec/02-codes.md#spent [CODE-11] 62599ae4
    #[test]
    fn a_code_is_used_once_whichever_process_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let code = |text| Code::parse(text).unwrap().locator;
        let at = |seconds: u64| Duration::from_secs(1_000_000 + seconds);
        let spend = |relay, text, now| spend_in(folder.path(), relay, &code(text), now).is_ok();
        assert!(spend("relay:443", "4060-r0gx", at(0)));
        assert!(!spend("relay:443", "4060-r0gx", at(1)));
        assert!(!spend("relay:443", "4060-0000", at(2)), "another secret");
        assert!(spend("other:443", "4060-r0gx", at(3)));
        assert!(spend("relay:443", "4061-r0gx", at(4)));
        assert!(!spend("relay:443", "4060-r0gx", at(2_699)));
        assert!(spend("relay:443", "4060-r0gx", at(2_700)));
        fs::write(folder.path().join(FILE), "not\nwhat it\n was").unwrap();
        assert!(spend("relay:443", "4060-r0gx", at(2_701)), "a damaged file");
        assert!(!spend("relay:443", "4060-r0gx", at(2_702)));
    }
}
