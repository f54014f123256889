//! Ends in a process of their own, which can be killed.

use std::io::{self, Read as _, Write as _};

use alongside_client::{Relay as Address, Trust};

use crate::{
    Failure, RelayProcess,
    idle::{Idle, Sockets},
    process::Process,
};

/// The argument that makes the calling program both ends of some sessions; the relay's address, its fingerprint and
/// the number of sessions follow.
pub(crate) const ENDS: &str = "--be-ends";

/// Is both ends of so many idle sessions until its standard input ends; says when they are there.
pub(crate) fn be_ends(address: &str, fingerprint: String, sessions: &str) -> Result<(), Failure> {
    let relay = Address {
        address: address.to_owned(),
        trust: Trust::Fingerprint(fingerprint.parse()?),
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let many: usize = sessions.parse()?;
    let _sessions = runtime.block_on(async {
        let sockets = Sockets::new()?;
        let mut all = Vec::new();
        for number in 0..many {
            all.push(Idle::begin(&sockets, number, &relay).await?);
        }
        Ok::<_, Failure>(all)
    })?;
    writeln!(io::stdout(), "{many}")?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Starts such a process.
pub(super) fn start(relay: &RelayProcess, sessions: usize) -> Result<Process, Failure> {
    let (address, sessions) = (&relay.address.address, sessions.to_string());
    Process::in_role(ENDS, [address, &relay.fingerprint, &sessions])
}
