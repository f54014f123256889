//! A relay in a process of its own.

use std::{
    io::{self, BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use alongside_client::{Relay as Address, Trust};
use alongside_relay::{Options, Relay, RelayConfig, tls::Identity};

use crate::Failure;

/// The argument that makes the calling program a relay; its join tick in milliseconds may follow.
pub const RELAY: &str = "--be-a-relay";

/// Is a relay until its standard input ends; says where on its standard output.
///
/// # Errors
/// If it cannot start.
pub fn be_a_relay() -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    let _guard = runtime.enter();
    let identity = Identity::self_signed(vec!["localhost".to_owned()])?;
    let mut options = Options::new(([127, 0, 0, 1], 0).into(), identity);
    options.config = roomy();
    let mut arguments = std::env::args().skip_while(|argument| argument != RELAY);
    if let Some(tick) = arguments.nth(1) {
        options.config.join_tick_ms = tick.parse()?;
    }
    let relay = Relay::bind(options)?;
    let line = format!("{} {}\n", relay.local_addr()?, relay.fingerprint());
    io::Write::write_all(&mut io::stdout(), line.as_bytes())?;
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// The bounds of the registry, but for those of one source: here everybody is one, and there are many.
fn roomy() -> RelayConfig {
    let mut config = RelayConfig::default();
    config.connections *= 2;
    config.connections_per_source = config.connections;
    config.codes_per_source = config.connections;
    config
}

/// A relay in a process of its own, so that its memory is its own.
pub struct RelayProcess {
    child: Child,
    /// Where it is.
    pub address: Address,
}

impl RelayProcess {
    /// Starts this very program as a relay.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start() -> Result<Self, Failure> {
        Self::with(&[RELAY])
    }

    /// The same, except that it answers joins at once, and not on a tick.
    ///
    /// # Errors
    /// If it does not start.
    pub fn without_tick() -> Result<Self, Failure> {
        Self::with(&[RELAY, "1"])
    }

    fn with(arguments: &[&str]) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or("it has no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let (address, fingerprint) = line.trim().split_once(' ').ok_or("it said nothing")?;
        let trust = Trust::Fingerprint(fingerprint.parse()?);
        let address = Address {
            address: address.to_owned(),
            trust,
        };
        Ok(Self { child, address })
    }

    /// The most memory that it ever had, in KiB, if the system says so.
    pub fn peak_kib(&self) -> Option<u64> {
        self.status("VmHWM:")
    }

    /// The memory that it has, in KiB, if the system says so.
    pub fn memory_kib(&self) -> Option<u64> {
        self.status("VmRSS:")
    }

    fn status(&self, field: &str) -> Option<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).ok()?;
        let line = status.lines().find(|line| line.starts_with(field))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// The time that processors have spent on it, all its threads together, if the system says so.
    pub fn cpu(&self) -> Option<Duration> {
        let path = format!("/proc/{}/task", self.child.id());
        let mut all = Duration::ZERO;
        for thread in std::fs::read_dir(path).ok()? {
            let told = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            let nanoseconds = told.split_whitespace().next()?.parse().ok()?;
            all += Duration::from_nanos(nanoseconds);
        }
        Some(all)
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        // Either fails only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
