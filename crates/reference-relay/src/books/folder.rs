//! A shelf of files in a folder.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use alongside_state_machine::books::Shelf;
use alongside_wire::mutant::is as load;

use super::BooksError;

/// A folder with the files of a shelf. It keeps no file open and caches nothing, so that whoever
/// runs the relay may move or remove files as they like. `now` is Unix time in seconds.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    shelf: Shelf,
}

impl Folder {
    /// The folder at `path`, which is made if it is not there, for the relay's own user only.
    ///
    /// # Errors
    /// If it cannot be made, read or written to.
    pub fn create(path: &Path, shelf: Shelf) -> Result<Self, BooksError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(BooksError::at(path))?;
        let folder = Self::open(path, shelf);
        folder.starts()?;
        // Said at the start, and not at the end of the first session.
        let probe = path.join(".writable");
        fs::write(&probe, "").map_err(BooksError::at(path))?;
        fs::remove_file(&probe).map_err(BooksError::at(path))?;
        Ok(folder)
    }

    /// The folder at `path`, to be read.
    pub fn open(path: &Path, shelf: Shelf) -> Self {
        let path = path.to_owned();
        Self { path, shelf }
    }

    /// Adds a line, with its line feed, to the file of now.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, line: &str, now: u64) -> Result<(), BooksError> {
        let path = self.path.join(self.shelf.file(now));
        append(&path, line).map_err(BooksError::at(path))
    }

    /// Unlinks what is due.
    ///
    /// # Errors
    /// If a file that is due cannot be unlinked, after all others were.
    pub fn unlink_due(&self, now: u64) -> Result<(), BooksError> {
        let mut done = Ok(());
        for start in self.starts()? {
            if self.shelf.is_due(start, now) {
                let path = self.path.join(self.shelf.file(start));
                let unlinked = match fs::remove_file(&path) {
                    // Somebody else was faster.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                    unlinked => unlinked,
                };
                done = done.and(unlinked.map_err(BooksError::at(path)));
            }
        }
        done
    }

    /// When the next file is due, if there is one.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn next_due(&self) -> Result<Option<u64>, BooksError> {
        let starts = self.starts()?;
        Ok(starts.first().map(|start| self.shelf.due(*start)))
    }

    /// What is in the files that are not due, the oldest first.
    ///
    /// # Errors
    /// If the folder or a file cannot be read.
    pub fn read(&self, now: u64) -> Result<Vec<Vec<u8>>, BooksError> {
        let starts = self.starts()?.into_iter();
        let starts = starts.filter(|start| !self.shelf.is_due(*start, now));
        starts
            .map(|start| {
                let path = self.path.join(self.shelf.file(start));
                fs::read(&path).map_err(BooksError::at(path))
            })
            .collect()
    }

    /// When the spans of the files that are there began, in order.
    fn starts(&self) -> Result<Vec<u64>, BooksError> {
        let read = || {
            let mut starts = Vec::new();
            for entry in fs::read_dir(&self.path)? {
                let name = entry?.file_name();
                starts.extend(name.to_str().and_then(|name| self.shelf.start(name)));
            }
            starts.sort_unstable();
            Ok(starts)
        };
        read().map_err(BooksError::at(&self.path))
    }
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    //= spec/14-operation.md#journal [JOURNAL-6] bec150f9
    cut_torn(&mut file)?;
    if load("load/descriptors") {
        std::mem::forget(file.try_clone()?);
    }
    // One call, so that a relay that is killed has written it or has not.
    file.write_all(line.as_bytes())
}

/// Removes what follows the last line feed: a line that was never finished.
fn cut_torn(file: &mut File) -> io::Result<()> {
    let len = file.seek(SeekFrom::End(0))?;
    if len == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(());
    }
    let mut all = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut all)?;
    let whole = all.iter().rposition(|byte| *byte == b'\n');
    file.set_len(whole.map_or(0, |at| at as u64 + 1))
}
