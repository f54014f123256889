//! A client of which one endpoint has its control connection and its path.

use std::{
    net::UdpSocket,
    sync::{Arc, Mutex},
};

use alongside_relay::Relay;
use alongside_sift as sift;
use alongside_wire::{
    path::{Check, PathToken, RoutingId},
    rendezvous::{Message, PathProof, PathRequest},
};
use quinn::{
    AsyncUdpSocket, ConnectionId, ConnectionIdGenerator, Endpoint, EndpointConfig, Runtime,
    ServerConfig, TokioRuntime, TransportConfig, crypto::rustls::QuicServerConfig, udp::RecvMeta,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::sync::mpsc;

use super::{Client, config, fingerprint_of, soon};

pub(crate) const ALPN: &str = "alongside-path/1";

/// What all connection ids of an endpoint begin with.
type Prefix = Arc<Mutex<RoutingId>>;

/// A client whose socket shows the checks that come to it.
pub(crate) struct Tapped {
    pub(crate) client: Client,
    prefix: Prefix,
    checks: mpsc::UnboundedReceiver<PathToken>,
    sender: mpsc::UnboundedSender<PathToken>,
}

impl Tapped {
    pub(crate) async fn new(relay: &Relay) -> Self {
        let prefix = Prefix::new(Mutex::new([0xFE; 8]));
        let (sender, checks) = mpsc::unbounded_channel();
        let mut quic = EndpointConfig::default();
        let ids = prefix.clone();
        quic.cid_generator(move || Box::new(Ids(ids.clone())));
        let runtime = Arc::new(TokioRuntime);
        let tap = tap(sender.clone());
        let endpoint = Endpoint::new_with_abstract_socket(quic, None, tap, runtime);
        let endpoint = endpoint.expect("an endpoint");
        let to_relay = config(
            relay.fingerprint(),
            "alongside/1",
            TransportConfig::default(),
        );
        let address = relay.local_addr().expect("an address");
        let connecting = endpoint.connect_with(to_relay, address, "localhost");
        let connection = soon(connecting.expect("an address")).await;
        let connection = connection.expect("a connection");
        Self {
            client: Client::greet((endpoint, connection)).await,
            prefix,
            checks,
            sender,
        }
    }

    /// Asks for a path, and shows where it is.
    pub(crate) async fn asks(&mut self) {
        self.client.say(PathRequest {}).await;
        let Message::Path(path) = self.client.hear().await else {
            panic!("no path");
        };
        *self.prefix.lock().expect("a prefix") = path.id;
        self.proves().await;
    }

    /// Returns the token of the next check.
    pub(crate) async fn proves(&mut self) {
        let token = soon(self.checks.recv()).await.expect("a check");
        self.client.say(PathProof { token }).await;
    }

    /// What packets to the other end are known by, when the path is open.
    pub(crate) async fn opened(&mut self) -> RoutingId {
        match self.client.hear().await {
            Message::PathOpen(open) => open.id,
            other => panic!("expected path-open, got {other:?}"),
        }
    }

    /// Takes a connection that the other end begins; returns the fingerprint of its certificate.
    pub(crate) fn listens(&self) -> String {
        let made = rcgen::generate_simple_self_signed(vec!["path".to_owned()]);
        let made = made.expect("a certificate");
        let certificate = made.cert.der().clone();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .expect("a certificate with its key");
        tls.alpn_protocols = vec![ALPN.as_bytes().to_vec()];
        let crypto = QuicServerConfig::try_from(tls).expect("a cipher");
        let server = ServerConfig::with_crypto(Arc::new(crypto));
        self.client.endpoint.set_server_config(Some(server));
        fingerprint_of(&certificate)
    }

    /// Goes on from another address.
    pub(crate) fn moves(&self) {
        let tap = tap(self.sender.clone());
        self.client.endpoint.rebind_abstract(tap).expect("moved");
    }
}

/// A first destination id, or any other, that begins with this.
pub(crate) fn id(prefix: RoutingId) -> ConnectionId {
    let mut id = [0; 16];
    let (front, rest) = id.split_at_mut(8);
    front.copy_from_slice(&prefix);
    getrandom::fill(rest).expect("random bytes");
    ConnectionId::new(&id)
}

struct Ids(Prefix);

impl ConnectionIdGenerator for Ids {
    fn generate_cid(&mut self) -> ConnectionId {
        id(*self.0.lock().expect("a prefix"))
    }

    fn cid_len(&self) -> usize {
        16
    }

    fn cid_lifetime(&self) -> Option<std::time::Duration> {
        None
    }
}

/// A socket of which the checks are told. Call it within a tokio runtime.
fn tap(checks: mpsc::UnboundedSender<PathToken>) -> Arc<dyn AsyncUdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let inner = TokioRuntime.wrap_udp_socket(socket).expect("a socket");
    sift::Socket::new(inner, move |_: &RecvMeta, datagram: &[u8]| {
        let check = Check::decode(datagram);
        if let Some(check) = &check {
            // Nobody listens when the test is over.
            let _ = checks.send(check.token);
        }
        check.is_some()
    })
}
