//! The relay that is tried, in a process of its own, with a small disk of its own for its journal.

use std::{
    ffi::OsStr,
    fs::{self, OpenOptions},
    io::Write as _,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use alongside_client::Relay as Address;
use alongside_wire::journal::Record;

use crate::{Failure, RelayProcess, process::Process, relay::RELAY};

/// Makes a disk of 16 MiB that nobody else sees, and becomes the relay.
const ON_A_SMALL_DISK: &str = "mount -t tmpfs -o size=16m none \"$1\" && shift && exec \"$@\"";
/// How often is looked whether something has come true.
const STEP: Duration = Duration::from_millis(50);

/// What a relay has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Has {
    pub(super) connections: usize,
    pub(super) codes: usize,
    pub(super) sessions: usize,
}

/// A relay, and where its journal is.
pub(super) struct Tried {
    pub(super) relay: RelayProcess,
    journal: PathBuf,
    /// The same folder, as everybody else sees it.
    folder: PathBuf,
    own_disk: bool,
    /// How many connections it takes.
    connections: usize,
}

impl Tried {
    /// Starts it, to take so many connections. The journal is on a file system in memory, which Linux lets a process have for itself; where it may
    /// not, on a disk that cannot be filled.
    pub(super) fn start(connections: usize) -> Result<Self, Failure> {
        let most = connections.to_string();
        let folder = std::env::temp_dir().join(format!("alongside-load-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let mut command = Command::new("unshare");
        command.args([
            "--mount",
            "--map-root-user",
            "sh",
            "-c",
            ON_A_SMALL_DISK,
            "sh",
        ]);
        command.arg(&folder).arg(std::env::current_exe()?);
        command.args([RELAY, "0", &most]).arg(&folder);
        let (process, journal) = match Process::started(command) {
            Ok(process) => {
                // Seen from outside, as the disk is the relay's alone.
                let root = PathBuf::from(format!("/proc/{}/root", process.pid()));
                let journal = root.join(folder.strip_prefix("/")?);
                (process, journal)
            }
            Err(_) => {
                let arguments = [OsStr::new("0"), OsStr::new(&most), folder.as_os_str()];
                (Process::in_role(RELAY, arguments)?, folder.clone())
            }
        };
        let own_disk = journal != folder;
        Ok(Self {
            relay: RelayProcess::of(process)?,
            journal,
            folder,
            own_disk,
            connections,
        })
    }

    /// So many connections stand or come about before who is new has to prove its address.
    pub(super) const fn retries_above(&self) -> usize {
        self.connections / 4
    }

    /// Whether its disk can be filled without harm to anybody else.
    pub(super) const fn has_own_disk(&self) -> bool {
        self.own_disk
    }

    pub(super) const fn address(&self) -> &Address {
        &self.relay.address
    }

    pub(super) fn memory_kib(&self) -> Result<u64, Failure> {
        self.relay.memory_kib()
    }

    pub(super) fn descriptors(&self) -> Result<usize, Failure> {
        self.relay.process.descriptors()
    }

    pub(super) fn cpu(&self) -> Result<Duration, Failure> {
        self.relay.cpu()
    }

    pub(super) fn has(&mut self) -> Result<Has, Failure> {
        let told = self.relay.process.ask("")?;
        let counts: Result<Vec<usize>, _> = told.split_whitespace().map(str::parse).collect();
        match counts?.as_slice() {
            &[connections, codes, sessions] => Ok(Has {
                connections,
                codes,
                sessions,
            }),
            _ => Err(format!("the relay is gone; it said {told:?}").into()),
        }
    }

    /// Waits until it has what is wanted, and says how long that took.
    pub(super) async fn comes_to(
        &mut self,
        what: &str,
        within: Duration,
        wanted: impl Fn(Has) -> bool,
    ) -> Result<Duration, Failure> {
        let began = Instant::now();
        loop {
            let has = self.has()?;
            if wanted(has) {
                return Ok(began.elapsed());
            }
            if began.elapsed() > within {
                return Err(format!("{what}: after {within:?} the relay has {has:?}").into());
            }
            tokio::time::sleep(STEP).await;
        }
    }

    /// Records of the journal. One that the disk had no room for may be torn at the end of its file until the next is written
    /// (JOURNAL-6), and no other.
    pub(super) fn records(&self) -> Result<usize, Failure> {
        let mut records = 0;
        for file in fs::read_dir(&self.journal)? {
            let file = file?;
            if file.file_name() == FILLER {
                continue;
            }
            let written = fs::read(file.path())?;
            let (whole, dropped) = Record::read_all(&written);
            if dropped > usize::from(!written.ends_with(b"\n")) {
                return Err(format!("{dropped} lines of the journal are no records").into());
            }
            records += whole.len();
        }
        Ok(records)
    }

    /// Leaves no byte on the disk of the journal, and in the pages that its files have already no room for a record.
    pub(super) fn fill_disk(&self) -> Result<(), Failure> {
        for file in fs::read_dir(&self.journal)? {
            let path = file?.path();
            let written = fs::read(&path)?;
            let mut lines = written.split_inclusive(|byte| *byte == b'\n');
            let Some(line) = lines.next_back().filter(|line| line.ends_with(b"\n")) else {
                continue;
            };
            let room = written.len().next_multiple_of(PAGE) - written.len();
            let mut file = OpenOptions::new().append(true).open(&path)?;
            file.write_all(&line.repeat(room / line.len()))?;
        }
        let all = vec![0; 32 * 1024 * 1024];
        match fs::write(self.journal.join(FILLER), all) {
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Ok(()),
            other => Err(format!("the disk was to be full, and writing gave {other:?}").into()),
        }
    }

    pub(super) fn empty_disk(&self) -> Result<(), Failure> {
        Ok(fs::remove_file(self.journal.join(FILLER))?)
    }

    /// Lets it open no more files than this; `None` lets it open many again.
    pub(super) fn limit_descriptors(&self, most: Option<usize>) -> Result<(), Failure> {
        // The hard limit stays, so that the other can go up again.
        let most = most.map_or("4096".to_owned(), |most| most.to_string());
        let pid = self.relay.process.pid().to_string();
        let set = Command::new("prlimit")
            .args(["--pid", &pid, &format!("--nofile={most}:")])
            .status()?;
        match set.success() {
            true => Ok(()),
            false => Err("prlimit of util-linux does not set the relay's limit".into()),
        }
    }
}

impl Drop for Tried {
    fn drop(&mut self) {
        // What was mounted there goes with the relay.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Bytes of what a file system in memory gives to a file at once.
const PAGE: usize = 4_096;

/// What fills the disk.
const FILLER: &str = "filler";
