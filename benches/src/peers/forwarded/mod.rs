//! The path through the relay of Alongside whose packets it forwards: beside the control connections of a bare
//! session one more QUIC connection, from the helper to the sharer, which the relay cannot read.

mod socket;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use alongside_client::Relay as Address;
use alongside_wire::{
    limits::PATH_PACKET,
    path::{CONNECTION_ID, PathToken, RoutingId},
};
use quinn::{
    Connection, ConnectionId, ConnectionIdGenerator, Endpoint, EndpointConfig, MtuDiscoveryConfig,
    TokioRuntime, TransportConfig,
};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    Route,
    ends::{Ends, Incoming as In, Outgoing as Out, begin, finish},
    quic,
};
use crate::{
    Failure, RelayProcess,
    client::Client,
    process::Process,
    quic::{Held, NAME, Windows, certified, trusting},
};

/// Through our relay, on packets that it forwards.
pub(super) struct Forwarded(RelayProcess);

impl Forwarded {
    pub(super) fn start() -> Result<Self, Failure> {
        Ok(Self(RelayProcess::start()?))
    }
}

impl Route for Forwarded {
    fn connect(&self, ends: &Ends) -> Result<(Out, In), Failure> {
        let address = self.0.address.clone();
        let coded = begin(&ends.receiver, async move {
            let mut helper = End::connect(&address).await?;
            let locator = helper.client.code().await?;
            Ok((helper, locator))
        });
        let (mut helper, locator) = finish(&ends.receiver, coded)?;
        let (mut takes, certificate) = certified()?;
        takes.transport_config(transport());
        let mut calls = trusting(certificate)?;
        calls.transport_config(transport());
        let address = self.0.address.clone();
        let at = address.address.parse()?;
        let joins = begin(&ends.sender, async move {
            let mut sharer = End::connect(&address).await?;
            sharer.client.join(locator).await?;
            // The helper may be told first that the path is open.
            sharer.endpoint.set_server_config(Some(takes));
            sharer.open().await?;
            let incoming = sharer.endpoint.accept().await.ok_or("nothing listens")?;
            let connection = incoming.await?;
            Ok(Out::Quic(
                quic::Outgoing::open(sharer.hold(connection)).await?,
            ))
        });
        let joined = begin(&ends.receiver, async move {
            helper.client.joined().await?;
            let first = begins_with(Some(helper.open().await?));
            calls.initial_dst_cid_provider(Arc::new(move || first));
            let connecting = helper.endpoint.connect_with(calls, at, NAME)?;
            let connection = connecting.await?;
            Ok(In::Quic(quic::Incoming::new(helper.hold(connection))))
        });
        let out = finish(&ends.sender, joins)?;
        Ok((out, finish(&ends.receiver, joined)?))
    }

    fn process(&self) -> Option<&Process> {
        Some(&self.0.process)
    }
}

/// A client with all that it has on one socket.
struct End {
    endpoint: Endpoint,
    client: Client,
    own: Own,
    checks: UnboundedReceiver<PathToken>,
}

impl End {
    async fn connect(relay: &Address) -> Result<Self, Failure> {
        let (socket, checks) = socket::bind()?;
        let own = Own::default();
        let ids = own.clone();
        let mut config = EndpointConfig::default();
        config.cid_generator(move || Box::new(ids.clone()));
        let runtime = Arc::new(TokioRuntime);
        let endpoint = Endpoint::new_with_abstract_socket(config, None, socket, runtime)?;
        Ok(Self {
            client: Client::connect_from(endpoint.clone(), relay).await?,
            endpoint,
            own,
            checks,
        })
    }

    /// Asks for a path, and waits until it is open: the routing id of the other end.
    async fn open(&mut self) -> Result<RoutingId, Failure> {
        let id = self.client.path().await?;
        self.own.0.set(id).map_err(|_| "a second path")?;
        let token = self.checks.recv().await.ok_or("the socket is gone")?;
        self.client.prove(token).await
    }

    /// Its path, with all that has to live as long.
    fn hold(self, connection: Connection) -> Held {
        Held::with(connection, (self.client, self.endpoint))
    }
}

/// Windows are those of the other QUIC paths; packets are as long as the relay forwards them.
fn transport() -> Arc<TransportConfig> {
    let mut discovery = MtuDiscoveryConfig::default();
    discovery.upper_bound(PATH_PACKET as u16);
    let mut transport = Windows::OfClient.transport();
    transport.mtu_discovery_config(Some(discovery));
    Arc::new(transport)
}

/// The routing id of an end, when it has one; its connection ids begin with it.
#[derive(Clone, Default)]
struct Own(Arc<OnceLock<RoutingId>>);

impl ConnectionIdGenerator for Own {
    fn generate_cid(&mut self) -> ConnectionId {
        begins_with(self.0.get().copied())
    }

    fn cid_len(&self) -> usize {
        CONNECTION_ID
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// A connection id that nobody has had.
fn begins_with(id: Option<RoutingId>) -> ConnectionId {
    let mut bytes = [0; CONNECTION_ID];
    // Without random numbers there would be no keys either.
    let _ = getrandom::fill(&mut bytes);
    if let (Some(id), Some(first)) = (id, bytes.first_chunk_mut()) {
        *first = id;
    }
    ConnectionId::new(&bytes)
}
