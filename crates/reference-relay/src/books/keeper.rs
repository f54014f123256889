//! A thread that writes to a folder, so that nobody waits for a disk.

use std::{
    io,
    path::Path,
    sync::mpsc::{self, RecvTimeoutError, SyncSender, TrySendError},
    thread::{self, JoinHandle},
    time::Duration,
};

use alongside_state_machine::books::Shelf;
use alongside_wire::mutant::is as load;

use super::{BooksError, Folder};
use crate::clock::unix_now;

/// Lines that wait for the disk at most. What does not fit is lost, and that is said.
const QUEUE: usize = 4_096;
/// The clock is looked at so often at least, because it may have been set.
const LOOK: Duration = Duration::from_secs(30);

/// Writes lines to a folder, and unlinks its files when they are due, until it is dropped; then what
/// waits is written first.
#[derive(Debug)]
pub(crate) struct Keeper {
    lines: Option<SyncSender<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Unlinks what is due already, and goes on from there.
    pub(crate) fn start(path: &Path, shelf: Shelf) -> Result<Self, BooksError> {
        let folder = Folder::create(path, shelf)?;
        folder.unlink_due(unix_now())?;
        let (lines, queue) = mpsc::sync_channel::<String>(QUEUE);
        let spawned = thread::Builder::new().name("books".to_owned());
        let thread = spawned.spawn(move || {
            loop {
                match queue.recv_timeout(wait(&folder)) {
                    Ok(line) => {
                        let written = folder.write(&line, unix_now());
                        if written.as_ref().is_err_and(gives_up) {
                            return;
                        }
                        report(written);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
                report(folder.unlink_due(unix_now()));
            }
        });
        Ok(Self {
            lines: Some(lines),
            thread: Some(thread.map_err(BooksError::at(path))?),
        })
    }

    /// Writes a line, with its line feed, soon.
    pub(crate) fn write(&self, line: String) {
        if let Some(lines) = &self.lines
            && let Err(TrySendError::Full(_)) = lines.try_send(line)
        {
            tracing::error!("the disk is too slow: a line is lost");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            // It fails if the thread panicked, and then there is nothing to wait for.
            let _ = thread.join();
        }
    }
}

/// Until the next file is due, or the clock is to be looked at.
fn wait(folder: &Folder) -> Duration {
    let due = folder.next_due().ok().flatten();
    let wait = due.map(|due| Duration::from_secs(due.saturating_sub(unix_now())));
    // A file that cannot be unlinked is tried again, and not without end.
    wait.unwrap_or(LOOK).clamp(Duration::from_secs(1), LOOK)
}

/// None does, but two mutants.
fn gives_up(error: &BooksError) -> bool {
    let is_full = error.error.kind() == io::ErrorKind::StorageFull;
    is_full && load("load/full-disk") || !is_full && load("load/no-files")
}

fn report(done: Result<(), BooksError>) {
    if let Err(error) = done {
        tracing::error!(%error, "the books");
    }
}
