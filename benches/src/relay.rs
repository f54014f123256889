//! A relay in a process of its own.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    time::Duration,
};

use alongside_client::{Relay as Address, Trust};
use alongside_relay::{Options, Relay, RelayConfig, Status, tls::Identity};
use alongside_wire::limits;

use crate::{Failure, process::Process};

/// The argument that makes the calling program a relay; its join tick in milliseconds may follow, then how many connections it
/// takes, and then the folder of its journal.
pub(crate) const RELAY: &str = "--be-a-relay";

/// Is a relay until its standard input ends; says where on its standard output, and for each line that it is told
/// what it has: connections, codes, sessions.
pub(crate) fn be_a_relay([tick, connections, journal]: [Option<String>; 3]) -> Result<(), Failure> {
    #[cfg(feature = "mutants")]
    if let Ok(bug) = std::env::var(crate::load::PLANT) {
        // Those of `cargo load` alone are in no registry.
        alongside_state_machine::mutant::choose(&bug);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let _guard = runtime.enter();
    let identity = Identity::self_signed(vec!["localhost".to_owned()])?;
    let mut options = Options::new(([127, 0, 0, 1], 0).into(), identity);
    let connections = connections.map(|most| most.parse()).transpose()?;
    options.config = roomy(connections.unwrap_or(CONNECTIONS));
    if let Some(tick) = tick {
        options.config.join_tick_ms = tick.parse()?;
    }
    options.journal = journal.map(PathBuf::from);
    let relay = Relay::bind(options)?;
    writeln!(
        io::stdout(),
        "{} {}",
        relay.local_addr()?,
        relay.fingerprint()
    )?;
    for asked in io::stdin().lines() {
        asked?;
        let Status {
            connections,
            codes,
            sessions,
            ..
        } = relay.status();
        writeln!(io::stdout(), "{connections} {codes} {sessions}")?;
    }
    Ok(())
}

/// The connections that such a relay takes, unless it is told.
pub(crate) const CONNECTIONS: usize = 2 * limits::CONNECTIONS;

/// The bounds of the registry, but for so many connections, and those of one source: here everybody is one, and there are many.
fn roomy(connections: usize) -> RelayConfig {
    RelayConfig {
        connections,
        connections_per_source: connections,
        codes_per_source: connections,
        // A join counts as failed until it is answered, and after so many a source has to wait for seconds.
        free_joins: connections,
        ..RelayConfig::default()
    }
}

/// A relay in a process of its own, so that its memory is its own.
pub struct RelayProcess {
    pub(crate) process: Process,
    /// Where it is.
    pub address: Address,
    /// What it is trusted by, as it says it.
    pub(crate) fingerprint: String,
}

impl RelayProcess {
    /// Starts this very program as a relay.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start() -> Result<Self, Failure> {
        Self::with(&[])
    }

    /// The same, except that it answers joins at once, and not on a tick.
    ///
    /// # Errors
    /// If it does not start.
    pub fn without_tick() -> Result<Self, Failure> {
        Self::with(&["0"])
    }

    fn with(arguments: &[&str]) -> Result<Self, Failure> {
        Self::of(Process::in_role(RELAY, arguments)?)
    }

    /// The relay that this process is.
    pub(crate) fn of(process: Process) -> Result<Self, Failure> {
        let said = process.said().split_once(' ');
        let (address, fingerprint) = said.ok_or("it said no fingerprint")?;
        let fingerprint = fingerprint.to_owned();
        let address = Address {
            address: address.to_owned(),
            trust: Trust::Fingerprint(fingerprint.parse()?),
        };
        Ok(Self {
            process,
            address,
            fingerprint,
        })
    }

    /// The memory of its own that it has now, in KiB; that of its program's file does not count.
    ///
    /// # Errors
    /// If the system does not say, as Linux does.
    pub fn memory_kib(&self) -> Result<u64, Failure> {
        self.process.memory_kib()
    }

    /// The time that processors have spent on it, all its threads together.
    ///
    /// # Errors
    /// If the system does not say, as Linux does.
    pub fn cpu(&self) -> Result<Duration, Failure> {
        self.process.cpu()
    }
}
