//! A path: beside the control connection, one more QUIC connection, with the other end itself, whose packets the relay
//! forwards. Whether there is to be one, and when it is over, the endpoint decides.

mod identity;
mod ids;
mod reach;
mod socket;
#[cfg(test)]
mod tests;
mod tls;

use std::net::SocketAddr;

use alongside_state_machine::mutant;
use alongside_wire::{
    ErrorCode,
    path::{PathToken, RoutingId},
};
use quinn::{Connection, Endpoint};
use tokio::{sync::mpsc, task::JoinSet};

use self::{identity::Identity, reach::Word};
pub(super) use self::{ids::Ids, socket::bind};
use super::{Fingerprint, streams::code};

/// The paths of one control connection, one after the other.
pub(super) struct Forwarded {
    endpoint: Endpoint,
    relay: SocketAddr,
    ids: Ids,
    checks: mpsc::Receiver<PathToken>,
    /// What the latest offer named, until it counts for an attempt.
    offered: Option<Identity>,
    attempt: Option<Attempt>,
}

/// From two offers to the end of what came of them.
struct Attempt {
    /// Whom the other end's offer names.
    other: Fingerprint,
    /// Who this end is, until the connection begins.
    identity: Option<Identity>,
    /// This end is the sharer's, whose media goes there.
    sends: bool,
    tasks: JoinSet<Word>,
    connection: Option<Connection>,
}

/// What happens to a path.
pub(crate) enum News {
    /// The relay wants this token back.
    Check(PathToken),
    /// Its connection stands.
    Up,
    /// Its connection is gone, or did not come about.
    Gone,
}

impl Forwarded {
    pub(super) fn new(
        endpoint: Endpoint,
        relay: SocketAddr,
        ids: Ids,
        checks: mpsc::Receiver<PathToken>,
    ) -> Self {
        Self {
            endpoint,
            relay,
            ids,
            checks,
            offered: None,
            attempt: None,
        }
    }

    /// Makes what an offer names, the fingerprint of a certificate that nobody has seen before, and lets `send` offer it,
    /// which tells if it could. If not, an offer that is out still names what it did. Without random numbers there is none.
    pub(super) fn offer(&mut self, send: impl FnOnce([u8; 32]) -> bool) {
        if let Ok(identity) = Identity::new()
            && send(identity.fingerprint().0)
        {
            self.offered = Some(identity);
        }
    }

    /// Both ends have made an offer; the other's names this certificate.
    pub(super) fn agreed(&mut self, certificate: [u8; 32]) {
        self.attempt = Some(Attempt {
            other: Fingerprint(certificate),
            identity: self.offered.take(),
            sends: false,
            tasks: JoinSet::new(),
            connection: None,
        });
    }

    /// Packets with this routing id come here from now on, and no others of a path.
    pub(super) fn routed(&mut self, id: RoutingId) {
        self.ids.begin_with(Some(id));
    }

    /// At the sharer: takes the connection of the helper, which comes to the routing id of this end.
    pub(super) fn await_other(&mut self) {
        let (endpoint, ids) = (&self.endpoint, self.ids.clone());
        if let Some((attempt, identity)) = begin(&mut self.attempt) {
            attempt.sends = true;
            let (tasks, other) = (&mut attempt.tasks, attempt.other);
            reach::accept(tasks, endpoint, self.relay, ids, identity, other);
        }
    }

    /// At the helper: connects to the sharer, which has this routing id.
    pub(super) fn call(&mut self, id: RoutingId) {
        let first = self.ids.for_other(id);
        //= spec/20-forwarded-packets.md#clients [PATH-20] df8ba147
        let another = mutant::is("PATH-20/another").then(|| Endpoint::client(([0; 4], 0).into()));
        let another = another.and_then(Result::ok);
        if let Some((attempt, identity)) = begin(&mut self.attempt) {
            let endpoint = another.as_ref().unwrap_or(&self.endpoint);
            let connecting = reach::connect(endpoint, self.relay, first, identity, attempt.other);
            attempt.tasks.spawn(connecting);
        }
    }

    //= spec/20-forwarded-packets.md#clients [PATH-31] cdb8d62d
    /// Ends the attempt or the path, if there is one.
    pub(super) fn close(&mut self, reason: ErrorCode) {
        if let Some(attempt) = self.attempt.take() {
            self.endpoint.set_server_config(None);
            self.ids.begin_with(None);
            if let Some(connection) = attempt.connection {
                connection.close(code(reason), b"");
            }
        }
    }

    /// The connection of the path, if there is one.
    pub(super) fn connection(&self) -> Option<&Connection> {
        self.attempt.as_ref()?.connection.as_ref()
    }

    //= spec/20-forwarded-packets.md#clients [PATH-26] cf905e6a
    /// What frame streams of this end go on in place of the control connection. Those of a helper have input, which
    /// never goes on a path.
    pub(super) fn outgoing(&self) -> Option<&Connection> {
        let attempt = self.attempt.as_ref().filter(|attempt| attempt.sends)?;
        attempt.connection.as_ref()
    }

    /// The next thing that happens to a path.
    pub(super) async fn next(&mut self) -> News {
        loop {
            let tasks = self.attempt.as_mut().map(|attempt| &mut attempt.tasks);
            let word = async {
                match tasks {
                    Some(tasks) => tasks.join_next().await,
                    None => None,
                }
            };
            let word = tokio::select! {
                Some(token) = self.checks.recv() => return News::Check(token),
                Some(word) = word => word,
                else => return std::future::pending().await,
            };
            let attempt = self.attempt.as_mut();
            match (word, attempt) {
                (Ok(Word::Up(connection)), Some(attempt)) => {
                    attempt.tasks.spawn(reach::lost(connection.clone()));
                    attempt.connection = Some(connection);
                    return News::Up;
                }
                (Ok(Word::Gone), Some(attempt)) => {
                    attempt.connection = None;
                    return News::Gone;
                }
                _ => {}
            }
        }
    }
}

impl Drop for Forwarded {
    fn drop(&mut self) {
        self.close(ErrorCode::Lost);
    }
}

/// What an attempt needs for its connection, if that has not begun.
fn begin(attempt: &mut Option<Attempt>) -> Option<(&mut Attempt, Identity)> {
    let attempt = attempt.as_mut()?;
    let identity = attempt.identity.take()?;
    Some((attempt, identity))
}
