//! The suite's end of a path: a second QUIC connection on the socket of a first one, which ends at the other
//! client and not at the relay.

mod socket;
mod tls;

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use alongside_wire::path::{CONNECTION_ID, RoutingId};
use quinn::{
    Connection, ConnectionError, ConnectionId, ConnectionIdGenerator, Endpoint, EndpointConfig,
    default_runtime,
};
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use self::socket::Side;
pub use self::{
    socket::{Datagram, Socket, Traffic},
    tls::{Identity, Tickets},
};
use super::{
    Qlog,
    link::{Close, Link, Report},
    transport, wait,
};

/// The only protocol that is spoken on a path.
const PATH_ALPN: &[u8] = b"alongside-path/1";

/// How the suite's end of a path shows itself.
#[derive(Clone, Debug)]
pub struct Manner {
    /// What it shows, if anything.
    pub identity: Option<Identity>,
    /// What it speaks.
    pub alpn: Vec<u8>,
    /// What it remembers of connections before, as the client of one.
    pub tickets: Arc<Tickets>,
}

impl Manner {
    /// As the specification wants it, with this certificate.
    pub fn right(identity: &Identity) -> Self {
        Self {
            identity: Some(identity.clone()),
            alpn: PATH_ALPN.to_vec(),
            tickets: Arc::default(),
        }
    }
}

/// A connection that stands at the suite's end.
pub struct Met {
    /// The connection.
    pub link: Link,
    /// SHA-256 of the certificate that the other end showed.
    pub certificate: Option<[u8; 32]>,
    /// Where the other end is.
    pub from: SocketAddr,
}

/// One end of a path, with a routing id of its own.
pub struct PathEnd {
    endpoint: Endpoint,
    side: Arc<Side>,
    runtime: Handle,
    /// The log of its connections.
    pub qlog: Qlog,
}

impl PathEnd {
    /// Takes what comes with this routing id to this socket. It takes no connection.
    ///
    /// # Errors
    /// If the system does not let it; in words.
    pub fn start(socket: &Arc<Socket>, id: RoutingId, runtime: &Handle) -> Result<Self, String> {
        let _guard = runtime.enter();
        let quinn = default_runtime().ok_or("no runtime")?;
        let side = Arc::new(Side::new(socket, id));
        let mut config = EndpointConfig::default();
        config.cid_generator(move || Box::new(Ids(id)));
        let taken = Arc::clone(&side);
        let endpoint = Endpoint::new_with_abstract_socket(config, None, taken, quinn)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            endpoint,
            side,
            runtime: runtime.clone(),
            qlog: Qlog::default(),
        })
    }

    /// Takes connections from now on, so.
    ///
    /// # Errors
    /// If there is no such set-up; in words.
    pub fn takes(&self, manner: &Manner) -> Result<(), String> {
        let mut config = tls::server(manner).map_err(|error| error.to_string())?;
        config.transport_config(transport(IDLE, &self.qlog));
        self.endpoint.set_server_config(Some(config));
        Ok(())
    }

    /// The next connection that is made, if one comes within this time, or why it has failed.
    pub fn accept<T: Send + 'static>(
        &self,
        report: Report<T>,
        patience: Duration,
    ) -> Option<Result<Met, Close>> {
        let connecting = async {
            let incoming = self.endpoint.accept().await?;
            Some(incoming.await)
        };
        let connected = wait(&self.runtime, patience, connecting)??;
        Some(self.met(connected, report, patience))
    }

    /// Makes a connection to where the other end is for its relay, with this first destination connection id.
    ///
    /// # Errors
    /// How it failed, if there is none.
    pub fn dial<T: Send + 'static>(
        &self,
        (to, first): (SocketAddr, &[u8]),
        manner: &Manner,
        report: Report<T>,
        patience: Duration,
    ) -> Result<Met, Close> {
        let mut config = tls::client(manner).map_err(lost)?;
        let first = ConnectionId::new(first);
        config.initial_dst_cid_provider(Arc::new(move || first));
        config.transport_config(transport(IDLE, &self.qlog));
        let _guard = self.runtime.enter();
        let connecting = self
            .endpoint
            .connect_with(config, to, "path.invalid")
            .map_err(lost)?;
        let connected = wait(&self.runtime, patience, connecting);
        let connected = connected.ok_or_else(|| lost("nothing answers"))?;
        self.met(connected, report, patience)
    }

    fn met<T: Send + 'static>(
        &self,
        connected: Result<Connection, ConnectionError>,
        report: Report<T>,
        patience: Duration,
    ) -> Result<Met, Close> {
        let connection = connected.map_err(Close::from)?;
        let (certificate, from) = (certificate(&connection), connection.remote_address());
        let waits = (self.runtime.clone(), patience);
        let link = Link::watch(connection, None, report, waits);
        Ok(Met {
            link,
            certificate,
            from,
        })
    }

    /// What has come and gone until now.
    pub fn traffic(&self) -> Traffic {
        self.side.traffic()
    }

    /// Nothing goes either way any more.
    pub fn silence(&self) {
        self.side.silent.store(true, Ordering::SeqCst);
    }

    /// Goes on with the next connection id that the other end has issued, if it has issued one.
    pub fn next_id(&self) {
        let _guard = self.runtime.enter();
        // It fails only where a socket has no address.
        let _ = self
            .endpoint
            .rebind_abstract(Arc::<Side>::clone(&self.side));
    }
}

impl Drop for PathEnd {
    fn drop(&mut self) {
        self.endpoint.close(0_u32.into(), b"");
    }
}

/// After so long a silence the suite gives a path up, if its client has not.
const IDLE: Duration = Duration::from_secs(10);

/// SHA-256 of what was shown.
fn certificate(connection: &Connection) -> Option<[u8; 32]> {
    let chain = connection.peer_identity()?;
    let chain = chain.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    chain.first().map(|first| Sha256::digest(first).into())
}

fn lost(error: impl ToString) -> Close {
    Close::Lost(error.to_string())
}

/// A connection id of 16 bytes that begins with a routing id.
pub fn connection_id(id: RoutingId) -> [u8; CONNECTION_ID] {
    let mut bytes = [0; CONNECTION_ID];
    let (front, back) = bytes.split_at_mut(id.len());
    front.copy_from_slice(&id);
    // Where a system has no random numbers, no key could be made before.
    let _ = getrandom::fill(back);
    bytes
}

/// Connection ids that begin with a routing id.
struct Ids(RoutingId);

impl ConnectionIdGenerator for Ids {
    fn generate_cid(&mut self) -> ConnectionId {
        ConnectionId::new(&connection_id(self.0))
    }

    fn cid_len(&self) -> usize {
        CONNECTION_ID
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, sync::mpsc::channel, time::Instant};

    use alongside_wire::path::Check;
    use tokio::runtime::Runtime;

    use super::*;
    use crate::quic::Seen;

    const PATIENCE: Duration = Duration::from_secs(30);
    const MOMENT: Duration = Duration::from_millis(100);
    const HELPER: RoutingId = [7; 8];
    const SHARER: RoutingId = [9; 8];

    fn socket(runtime: &Runtime) -> Arc<Socket> {
        let _guard = runtime.enter();
        Socket::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap()
    }

    fn at(socket: &Arc<Socket>) -> SocketAddr {
        quinn::AsyncUdpSocket::local_addr(&**socket).unwrap()
    }

    /// Two ends of one path. Each socket is read by an endpoint that is no part of it, as that of a control connection.
    struct World {
        runtime: Runtime,
        sockets: [Arc<Socket>; 2],
        _others: [Endpoint; 2],
        helper: PathEnd,
        sharer: PathEnd,
        identity: Identity,
    }

    fn world() -> World {
        let runtime = Runtime::new().unwrap();
        let sockets = [socket(&runtime), socket(&runtime)];
        let others = sockets.each_ref().map(|socket| {
            let _guard = runtime.enter();
            socket.read_alone().unwrap()
        });
        let [one, other] = &sockets;
        let helper = PathEnd::start(one, HELPER, runtime.handle()).unwrap();
        let sharer = PathEnd::start(other, SHARER, runtime.handle()).unwrap();
        let identity = Identity::new().unwrap();
        World {
            runtime,
            sockets,
            _others: others,
            helper,
            sharer,
            identity,
        }
    }

    /// A connection from one to the other, as both ends see it.
    fn meet(world: &World, manner: &Manner) -> (Result<Met, Close>, Result<Met, Close>) {
        world.sharer.takes(&Manner::right(&world.identity)).unwrap();
        let (sender, _seen) = channel();
        let to = (at(&world.sockets[1]), &connection_id(SHARER)[..]);
        std::thread::scope(|scope| {
            let accepting = scope.spawn(|| {
                let (sender, _seen) = channel();
                world.sharer.accept((sender, |seen: Seen| seen), PATIENCE)
            });
            let report: Report<Seen> = (sender, |seen| seen);
            let dialled = world.helper.dial(to, manner, report, PATIENCE);
            (dialled, accepting.join().unwrap().unwrap())
        })
    }

    #[test]
    fn two_ends_meet_and_know_each_other() {
        let world = world();
        let own = Identity::new().unwrap();
        let (dialled, accepted) = meet(&world, &Manner::right(&own));
        let (dialled, accepted) = (dialled.ok().unwrap(), accepted.ok().unwrap());
        assert_eq!(dialled.certificate, Some(world.identity.fingerprint()));
        assert_eq!(accepted.certificate, Some(own.fingerprint()));
        assert_eq!(accepted.from, at(&world.sockets[0]));
        let first = world.sharer.traffic().came.first().cloned().unwrap();
        let (to, from) = first.long().unwrap();
        assert_eq!((to.len(), from.len()), (16, 16));
        assert!(to.starts_with(&SHARER) && from.starts_with(&HELPER));
        assert!(!first.is_early());
    }

    #[test]
    fn a_connection_goes_on_with_the_next_id_of_the_other_end() {
        let world = world();
        let met = meet(&world, &Manner::right(&Identity::new().unwrap()));
        let stands = met.0.is_ok() && met.1.is_ok();
        assert!(stands);
        let ids = || {
            let went = world.helper.traffic().went;
            let short = went.iter().filter(|packet| packet.long().is_none());
            let mut ids: Vec<_> = short.filter_map(|packet| packet.goes_to()).collect();
            ids.dedup();
            assert!(ids.iter().all(|id| id.starts_with(&SHARER)));
            ids.len()
        };
        let deadline = Instant::now() + PATIENCE;
        while ids() < 3 {
            assert!(Instant::now() < deadline);
            // The ids that the other end issues come when they come.
            std::thread::sleep(Duration::from_millis(20));
            world.helper.next_id();
        }
    }

    #[test]
    fn who_shows_nothing_or_speaks_something_else_is_seen() {
        let world = world();
        let own = Identity::new().unwrap();
        let nobody = Manner {
            identity: None,
            ..Manner::right(&own)
        };
        let (_, accepted) = meet(&world, &nobody);
        assert_eq!(accepted.ok().unwrap().certificate, None);
        let stranger = Manner {
            alpn: b"another/1".to_vec(),
            ..Manner::right(&own)
        };
        let (dialled, accepted) = meet(&world, &stranger);
        assert!(dialled.is_err() && accepted.is_err());
    }

    #[test]
    fn whose_key_is_another_does_not_come_in() {
        let world = world();
        let (own, other) = (Identity::new().unwrap(), Identity::new().unwrap());
        let manner = Manner::right(&own.with_key_of(&other));
        let (_, accepted) = meet(&world, &manner);
        assert!(accepted.is_err());
    }

    #[test]
    fn checks_are_taken_by_their_id() {
        let world = world();
        let [one, other] = &world.sockets;
        let mut checks = one.take([0; 8]);
        let check = Check { token: [5; 16] }.encode();
        // What is sent before the runtime knows the socket for writable is lost.
        let came = (0..100).find_map(|_| {
            other.send(at(one), &check);
            wait(world.runtime.handle(), MOMENT, checks.recv()).flatten()
        });
        let (at, bytes) = (at(other), check.to_vec());
        assert_eq!(came, Some(Datagram { at, bytes }));
    }
}
