//! The codes that were joined on this machine lately, in a file that the person named: a program that is
//! started again does not give a lying relay a second guess then.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alongside_wire::{code::Locator, limits::timers::SHARER_SPENT};

use super::Failure;

//= spec/02-codes.md#spent [CODE-10] a161176f
//= spec/02-codes.md#spent [CODE-11] 2173fa4b
/// Marks a locator of a relay as spent in this file, before it is sent; whether it was not marked
/// within 45 minutes.
///
/// # Errors
/// If it cannot be marked.
pub(crate) fn spend(file: &Path, relay: &str, locator: &Locator) -> Result<bool, Failure> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    spend_at(file, relay, locator, now)
}

/// The time of day is used because the file outlives the program. A clock that was set back makes
/// codes stay spent for longer, never for less.
fn spend_at(file: &Path, relay: &str, locator: &Locator, now: Duration) -> Result<bool, Failure> {
    let wrong = |error: io::Error| {
        let file = file.display();
        format!("{file}: {error}; the code must be noted there before it is used")
    };
    let known = match fs::read_to_string(file) {
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
        return Ok(false);
    }
    lines.push(format!("{}{mark}", (now + lifetime).as_secs()));
    write(file, &(lines.join("\n") + "\n")).map_err(wrong)?;
    Ok(true)
}

/// Whole or not at all, and on the disk before it counts.
fn write(file: &Path, text: &str) -> io::Result<()> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut part = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    part.write_all(text.as_bytes())?;
    part.as_file().sync_all()?;
    part.persist(file).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use alongside_wire::code::Code;

    use super::*;

    //= test spec/02-codes.md#spent [CODE-10] a161176f
    //= test spec/02-codes.md#spent [CODE-11] 2173fa4b
    #[test]
    fn a_code_is_used_once_whichever_process_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let code = |text| Code::parse(text).unwrap().locator;
        let at = |seconds: u64| Duration::from_secs(1_000_000 + seconds);
        let file = &folder.path().join("spent");
        let spend = |relay, text, now| spend_at(file, relay, &code(text), now).unwrap();
        assert!(spend("relay:443", "4060-r0gx", at(0)));
        assert!(!spend("relay:443", "4060-r0gx", at(1)));
        assert!(!spend("relay:443", "4060-0000", at(2)), "another secret");
        assert!(spend("other:443", "4060-r0gx", at(3)));
        assert!(spend("relay:443", "4061-r0gx", at(4)));
        assert!(!spend("relay:443", "4060-r0gx", at(2_699)));
        assert!(spend("relay:443", "4060-r0gx", at(2_700)));
        fs::write(file, "not\nwhat it\n was").unwrap();
        assert!(spend("relay:443", "4060-r0gx", at(2_701)), "a damaged file");
        assert!(!spend("relay:443", "4060-r0gx", at(2_702)));
    }
}
