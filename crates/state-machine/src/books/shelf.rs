//! Files that each hold what was written in one span of time, and go as a whole.

use alloc::{format, string::String};

use alongside_wire::limits::timers;

/// A row of files, one for each span of time. None of them holds anything that is older than `keep`,
/// if all that are due are unlinked when they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shelf {
    /// What the name of a file ends with, after a full stop.
    suffix: &'static str,
    /// How many seconds one file is for.
    span: u64,
    /// How many seconds after the beginning of its span a file goes.
    keep: u64,
}

impl Shelf {
    //= spec/14-operation.md#journal [JOURNAL-3] 6bc825c2
    /// The journal: a file an hour.
    pub const JOURNAL: Self = Self {
        suffix: "journal",
        span: 3_600,
        keep: timers::JOURNAL_KEEP / 1_000,
    };

    //= spec/14-operation.md#reports [REPORT-10] 0362ca0f
    /// Reports of abuse: a file a day, for as long as the relay states.
    pub const fn reports(keep_ms: u64) -> Self {
        Self {
            suffix: "reports",
            span: 86_400,
            keep: keep_ms / 1_000,
        }
    }

    /// The name of the file for what is written now.
    pub fn file(&self, now: u64) -> String {
        format!("{}.{}", now - now % self.span, self.suffix)
    }

    /// When the span of a file began, or `None` for a name that is none of this shelf's.
    pub fn start(&self, name: &str) -> Option<u64> {
        let start = name.strip_suffix(self.suffix)?.strip_suffix('.')?;
        let start: u64 = start.parse().ok()?;
        // One name for each file: no sign, no leading zero, no time within a span.
        (self.file(start) == name).then_some(start)
    }

    //= spec/14-operation.md#journal [JOURNAL-4] 1a23776e
    //= spec/14-operation.md#journal [JOURNAL-5] 4038f15a
    /// Whether the file whose span began at `start` is to be unlinked now.
    pub fn is_due(&self, start: u64, now: u64) -> bool {
        // A file of a later span was written by a clock that has been set back since.
        start > now || now - start >= self.keep
    }

    /// When the file whose span began at `start` is to be unlinked, if the clock goes on.
    pub fn due(&self, start: u64) -> u64 {
        start.saturating_add(self.keep)
    }
}
