//! Sessions in which nothing but heartbeats is said, by clients that cost this machine little: with thousands of
//! reference clients it would be they who have no processor left.

use std::time::Duration;

use alongside_client::Relay as Address;
use alongside_wire::limits::timers::HEARTBEAT;
use quinn::Endpoint;
use tokio::task::JoinHandle;

use crate::{Failure, client::Client, quic::anywhere};

/// Bytes of a heartbeat when it is sealed: spec/04-key-exchange.md has two of them.
const SEALED: usize = 20;
/// Sockets for all clients together. To the relay a client is a connection, wherever it comes from.
const SOCKETS: usize = 64;

/// The sockets that idle sessions share.
pub struct Sockets(Vec<Endpoint>);

impl Sockets {
    /// Sockets on ports of this machine.
    ///
    /// # Errors
    /// If it has none.
    pub fn new() -> Result<Self, Failure> {
        let all: Result<_, _> = (0..SOCKETS).map(|_| anywhere()).collect();
        Ok(Self(all?))
    }

    /// The helper and the sharer of the session of this number, paired.
    ///
    /// # Errors
    /// If the relay does not pair them.
    pub(crate) async fn pair(
        &self,
        session: usize,
        relay: &Address,
    ) -> Result<(Client, Client), Failure> {
        let at = |number: usize| self.0[number % SOCKETS].clone();
        Client::pair_from(at(2 * session), at(2 * session + 1), relay).await
    }
}

/// A helper and a sharer, paired at the relay, who send what the heartbeats of real ends are to it: as many, as
/// often, as long.
pub struct Idle([JoinHandle<Failure>; 2]);

impl Idle {
    /// Begins the session of this number.
    ///
    /// # Errors
    /// If the relay does not pair them.
    pub async fn begin(
        sockets: &Sockets,
        session: usize,
        relay: &Address,
    ) -> Result<Self, Failure> {
        let every = Duration::from_millis(HEARTBEAT);
        let ends = sockets.pair(session, relay).await?;
        Ok(Self(
            <[Client; 2]>::from(ends).map(|end| tokio::spawn(end.beat(every, SEALED))),
        ))
    }

    /// Whether an end of it was closed.
    pub fn is_over(&self) -> bool {
        self.0.iter().any(JoinHandle::is_finished)
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}
