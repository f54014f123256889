//! The file that receipts are written to.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use alongside_wire::receipt::{FILE_START, Receipt, append_card, append_receipt};

use super::{Failure, terminal::Terminal};

//= spec/16-receipts.md#when [RECEIPT-3] 57c9b542
/// A file that the person named. Each receipt is on the disk before the next decision.
pub(crate) struct Book {
    path: PathBuf,
    file: File,
    empty: bool,
    /// The cards that are in it.
    cards: Vec<Vec<u8>>,
}

impl Book {
    /// A new file, for this person's eyes alone. A file that is there already is never touched.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let made = options
            .open(path)
            .and_then(|mut file| file.write_all(FILE_START).map(|()| file));
        let file = made.map_err(|error| {
            let path = path.display();
            format!("{path}: {error}; name a new file for the receipts")
        })?;
        Ok(Self {
            path: path.into(),
            file,
            empty: true,
            cards: Vec::new(),
        })
    }

    /// What the person is to know before anything is signed.
    pub(crate) fn warning(&self, share: bool) -> String {
        let path = self.path.display();
        let whom = if share {
            "whoever has that file, and the helper,"
        } else {
            "whoever has that file"
        };
        format!("What you allow and refuse is signed into {path}: {whom} can prove it to others.")
    }

    //= spec/16-receipts.md#file [RECEIPT-19] ccd873ab
    fn append(&mut self, receipt: &Receipt, cards: Vec<Vec<u8>>) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        for card in cards {
            if !self.cards.contains(&card) {
                append_card(&card, &mut bytes);
                self.cards.push(card);
            }
        }
        append_receipt(receipt, &mut bytes);
        self.file.write_all(&bytes)?;
        self.empty = false;
        self.file.sync_data()
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        // Nothing was decided, so there is nothing to keep.
        if self.empty {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The first of FILE.1, FILE.2 and so on that is not there.
pub(crate) fn next(file: &Path) -> PathBuf {
    let numbered = |number: u32| {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    let free = (1..).map(numbered).find(|path| !path.exists());
    free.unwrap_or_else(|| file.into())
}

/// Writes a receipt, if there is a book. One that cannot be written is the last: what follows would
/// have a gap before it.
pub(crate) fn keep(
    book: &mut Option<Book>,
    receipt: &Receipt,
    cards: Vec<Vec<u8>>,
    terminal: &mut Terminal,
) {
    let Some(open) = book else {
        return;
    };
    if let Err(error) = open.append(receipt, cards) {
        let path = open.path.display().to_string();
        terminal.alert(&format!("No more receipts are kept: {path}: {error}."));
        *book = None;
    }
}
