//! What is counted, and how it is told.

use std::{collections::BTreeMap, fmt, time::Duration};

use alongside_wire::ErrorCode;

/// What is done to a session, or to all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Packets that are lost, and come later.
    Loss,
    /// A stream of pictures that breaks.
    BrokenStream,
    /// Nothing comes through for a while, and the connection survives it, or not.
    Partition,
    /// The connection is gone, and both ends of it know.
    Disconnect,
    /// An end's clock is suddenly later.
    ClockJump,
    /// An end's machine sleeps; its clock stops meanwhile, or not.
    Suspend,
    /// An end has another address, and knows.
    AddressChange,
    /// An end is gone for good.
    Death,
    /// Somebody else joins by the code at the same time.
    DuplicateJoin,
    /// Somebody joins by a code that is spent.
    StaleJoin,
    /// The relay is gone, and another is in its place: for all of its sessions.
    RelayRestart,
}

/// Counts of a simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Sessions that were begun.
    pub sessions: u64,
    /// Sessions in which pictures were seen, and those with input that was carried out.
    pub viewed: u64,
    /// See there.
    pub injected: u64,
    /// Things that happened: packets, deadlines, acts, faults.
    pub steps: u64,
    /// Virtual time of all sessions, in milliseconds.
    pub virtual_ms: u64,
    /// Invariants that were checked.
    pub checks: u64,
    /// Faults by their kind.
    pub faults: BTreeMap<Fault, u64>,
    /// Sessions by how they were over for the sharer; `None` is for those whose sharer never had one, or died.
    pub ends: BTreeMap<Option<ErrorCode>, u64>,
}

impl Tally {
    pub(super) fn fault(&mut self, fault: Fault) {
        *self.faults.entry(fault).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.sessions += other.sessions;
        self.viewed += other.viewed;
        self.injected += other.injected;
        self.steps += other.steps;
        self.virtual_ms += other.virtual_ms;
        self.checks += other.checks;
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (end, count) in &other.ends {
            *self.ends.entry(*end).or_default() += count;
        }
    }

    /// In words, with the time that it took.
    pub fn told(&self, seconds: Duration) -> String {
        let hours = self.virtual_ms / 3_600_000;
        let seconds = seconds.as_secs_f64();
        let exchange = if super::is_exchange_real() {
            "real"
        } else {
            "fake"
        };
        format!(
            "{self}{hours} hours of virtual time in {seconds:.1} s; records are sealed by a fake, the key exchange is {exchange}"
        )
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sessions,
            viewed,
            injected,
            steps,
            checks,
            ..
        } = self;
        writeln!(
            f,
            "{sessions} sessions, {viewed} with pictures, {injected} with input; {steps} steps, {checks} invariants checked"
        )?;
        for (fault, count) in &self.faults {
            writeln!(f, "  {count:>10} {fault:?}")?;
        }
        for (end, count) in &self.ends {
            match end {
                Some(code) => writeln!(f, "  {count:>10} ended as {}", code.name())?,
                None => writeln!(f, "  {count:>10} without an end at the sharer")?,
            }
        }
        Ok(())
    }
}
