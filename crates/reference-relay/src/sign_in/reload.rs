//! Files that are read again when they have changed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use super::AccessError;

/// What a file says, as of its last change.
pub(super) struct Reload<T> {
    path: PathBuf,
    parse: fn(&str) -> Result<T, String>,
    state: Mutex<(Option<Mark>, Arc<T>)>,
}

/// What tells one state of a file from the next.
type Mark = (SystemTime, u64);

impl<T> Reload<T> {
    pub(super) fn open(
        path: &Path,
        parse: fn(&str) -> Result<T, String>,
    ) -> Result<Self, AccessError> {
        let mark = mark(path);
        let value = read(path, parse)?;
        Ok(Self {
            path: path.to_owned(),
            parse,
            state: Mutex::new((mark, Arc::new(value))),
        })
    }

    /// What the file says now. One that has become unreadable or wrong is as it was: an operator who
    /// makes a mistake, or is in the middle of a change, does not shut everybody out.
    pub(super) fn get(&self) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = mark(&self.path);
        if mark.is_some() && mark != state.0 {
            state.0 = mark;
            match read(&self.path, self.parse) {
                Ok(value) => {
                    tracing::info!(path = %self.path.display(), "read again");
                    state.1 = Arc::new(value);
                }
                Err(error) => tracing::warn!(%error, "what was read before stays in force"),
            }
        }
        state.1.clone()
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Reads and parses a whole file.
pub(super) fn read<T>(path: &Path, parse: fn(&str) -> Result<T, String>) -> Result<T, AccessError> {
    let path = || path.to_owned();
    let text = fs::read_to_string(path()).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => AccessError::Wrong {
            path: path(),
            why: "it is not text".to_owned(),
        },
        _ => AccessError::Read {
            path: path(),
            error,
        },
    })?;
    parse(&text).map_err(|why| AccessError::Wrong { path: path(), why })
}

impl<T> std::fmt::Debug for Reload<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Reload").field(&self.path).finish()
    }
}
