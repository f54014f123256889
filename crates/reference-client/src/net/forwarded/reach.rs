//! How the two ends of a path find each other.

use std::net::SocketAddr;

use alongside_state_machine::mutant;
use quinn::{Connection, ConnectionId, Endpoint, Incoming};
use tokio::{sync::oneshot, task::JoinSet};

use super::{identity::Identity, ids::Ids, tls};
use crate::net::Fingerprint;

/// What the tasks of an attempt tell.
pub(super) enum Word {
    Up(Connection),
    Gone,
    /// Nothing.
    None,
}

/// A name has to be given, and is not sent.
const NAME: &str = "alongside";

/// Takes one connection to the routing id of this end.
pub(super) fn accept(
    tasks: &mut JoinSet<Word>,
    endpoint: &Endpoint,
    relay: SocketAddr,
    ids: Ids,
    identity: Identity,
    other: Fingerprint,
) {
    let Ok(config) = tls::server(identity, other) else {
        tasks.spawn(async { Word::Gone });
        return;
    };
    endpoint.set_server_config(Some(config));
    let (first, comes) = oneshot::channel();
    tasks.spawn(door(endpoint.clone(), relay, ids, first));
    tasks.spawn(async move {
        let Ok(incoming) = comes.await else {
            return Word::Gone;
        };
        match incoming.accept() {
            Ok(connecting) => up(connecting).await,
            Err(_) => Word::Gone,
        }
    });
}

//= spec/20-forwarded-packets.md#clients [PATH-33] dd5dd6a4
/// Hands on the first connection that is for this attempt, and ignores all others.
async fn door(
    endpoint: Endpoint,
    relay: SocketAddr,
    ids: Ids,
    first: oneshot::Sender<Incoming>,
) -> Word {
    let mut first = Some(first);
    while let Some(incoming) = endpoint.accept().await {
        let fits = incoming.remote_address() == relay && ids.is_own(&incoming.orig_dst_cid());
        let late = match first.take_if(|_| fits || mutant::is("PATH-33/any")) {
            // It comes back if the attempt is over.
            Some(first) => first.send(incoming).err(),
            None => Some(incoming),
        };
        if let Some(late) = late {
            late.ignore();
        }
    }
    Word::None
}

/// Connects to the end to which this destination id leads.
pub(super) fn connect(
    endpoint: &Endpoint,
    relay: SocketAddr,
    first: ConnectionId,
    identity: Identity,
    other: Fingerprint,
) -> impl Future<Output = Word> + use<> {
    let config = tls::client(identity, other, first).ok();
    let connecting = config.and_then(|config| endpoint.connect_with(config, relay, NAME).ok());
    async {
        match connecting {
            Some(connecting) => up(connecting).await,
            None => Word::Gone,
        }
    }
}

async fn up(connecting: quinn::Connecting) -> Word {
    connecting.await.map_or(Word::Gone, Word::Up)
}

/// Waits until a path is gone.
pub(super) async fn lost(connection: Connection) -> Word {
    connection.closed().await;
    Word::Gone
}
