//! What the relay writes to disk, if it is told to: lines, in files that are unlinked whole.

mod folder;
mod keeper;
mod print;

use std::{fmt, io, path::PathBuf};

pub use folder::Folder;
pub(crate) use keeper::Keeper;
pub use print::{print_journal, print_reports};

/// What a relay was told to keep.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) journal: Option<Keeper>,
    pub(crate) reports: Option<Keeper>,
}

/// Why a folder cannot be written to or read.
#[derive(Debug)]
pub struct BooksError {
    path: PathBuf,
    error: io::Error,
}

impl BooksError {
    fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |error| Self { path, error }
    }
}

impl fmt::Display for BooksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, error } = self;
        let path = path.display();
        write!(f, "{path}: {error}; name a folder that the relay may use")
    }
}

impl std::error::Error for BooksError {}
