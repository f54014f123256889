//! A client that knows the rendezvous and no more, over real QUIC.
#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod ends;
pub(crate) mod process;
pub(crate) mod tap;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use alongside_relay::{Options, Relay, RelayConfig, tls::Identity};
use alongside_wire::{
    ErrorCode,
    code::Locator,
    framing::Deframer,
    rendezvous::{
        CodeRequest, Deliver, Gone, Hello, Join, Joined, Message, PeerLost, Place, Refused,
    },
};
use quinn::{
    ClientConfig, Connection, ConnectionError, Endpoint, RecvStream, SendStream, TransportConfig,
    VarInt, crypto::rustls::QuicClientConfig,
};
use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{self, WebPkiSupportedAlgorithms},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sha2::{Digest as _, Sha256};

/// Waits for what must happen; a test that hangs says where.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what)
        .await
        .expect("it takes far too long")
}

/// Looks again and again until there is something to see. Another program, or a thread that writes
/// files, keeps no virtual time and tells nobody when it is done.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn start(set: impl FnOnce(&mut RelayConfig)) -> Relay {
    start_with(|options| set(&mut options.config))
}

pub(crate) fn start_with(set: impl FnOnce(&mut Options)) -> Relay {
    let identity = Identity::self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let mut options = Options::new(([127, 0, 0, 1], 0).into(), identity);
    set(&mut options);
    Relay::bind(options).expect("a relay")
}

pub(crate) fn code(code: ErrorCode) -> VarInt {
    VarInt::from_u32(code.to_wire().into())
}

pub(crate) fn gone(code: ErrorCode) -> Message {
    let code = code.to_wire();
    Gone { code }.into()
}

pub(crate) fn refused(code: ErrorCode) -> Message {
    let code = code.to_wire();
    Refused { code }.into()
}

pub(crate) fn peer_lost() -> Message {
    PeerLost {}.into()
}

pub(crate) fn deliver(envelope: &[u8]) -> Deliver {
    let envelope = envelope.to_vec();
    Deliver { envelope }
}

/// As a client is told of a certificate.
pub(crate) fn fingerprint_of(certificate: &CertificateDer<'_>) -> String {
    let digest = Sha256::digest(certificate);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes the one certificate that has this fingerprint.
#[derive(Debug)]
struct Pinned(String, WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if fingerprint_of(end_entity) == self.0 {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::General("another certificate".to_owned()))
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 only".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls13_signature(message, cert, dss, &self.1)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.supported_schemes()
    }
}

/// Connects and does nothing else.
pub(crate) async fn connect(
    relay: SocketAddr,
    fingerprint: &str,
    alpn: &str,
) -> Result<(Endpoint, Connection), ConnectionError> {
    connect_as(relay, fingerprint, alpn, TransportConfig::default()).await
}

async fn connect_as(
    relay: SocketAddr,
    fingerprint: &str,
    alpn: &str,
    transport: TransportConfig,
) -> Result<(Endpoint, Connection), ConnectionError> {
    let mut endpoint = Endpoint::client(([127, 0, 0, 1], 0).into()).expect("a socket");
    endpoint.set_default_client_config(config(fingerprint, alpn, transport));
    let connecting = endpoint.connect(relay, "localhost").expect("an address");
    let connection = soon(connecting).await?;
    Ok((endpoint, connection))
}

/// What a client connects with to whom it knows by a fingerprint.
pub(crate) fn config(fingerprint: &str, alpn: &str, transport: TransportConfig) -> ClientConfig {
    let provider = Arc::new(crypto::ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned(fingerprint.to_owned(), algorithms)))
        .with_no_client_auth();
    tls.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    let crypto = QuicClientConfig::try_from(tls).expect("a cipher");
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(Arc::new(transport));
    config
}

pub(crate) struct Client {
    /// It must live as long as the connection.
    pub(crate) endpoint: Endpoint,
    pub(crate) connection: Connection,
    pub(crate) send: SendStream,
    pub(crate) recv: RecvStream,
    deframer: Deframer,
    /// What takes its place in the session again.
    pub(crate) token: Option<[u8; 32]>,
}

impl Client {
    /// A client that has said hello.
    pub(crate) async fn new(relay: &Relay) -> Self {
        let address = relay.local_addr().expect("an address");
        Self::at(address, relay.fingerprint()).await
    }

    /// The same, that takes only so many bytes before it reads them.
    pub(crate) async fn with_window(relay: &Relay, bytes: u32) -> Self {
        let address = relay.local_addr().expect("an address");
        let mut transport = TransportConfig::default();
        transport.stream_receive_window(bytes.into());
        let protocol = "alongside/1";
        let connected = connect_as(address, relay.fingerprint(), protocol, transport).await;
        Self::greet(connected.expect("a connection")).await
    }

    pub(crate) async fn at(address: SocketAddr, fingerprint: &str) -> Self {
        let connected = connect(address, fingerprint, "alongside/1").await;
        Self::greet(connected.expect("a connection")).await
    }

    /// Says hello on a connection that is there.
    pub(crate) async fn greet((endpoint, connection): (Endpoint, Connection)) -> Self {
        let (send, recv) = soon(connection.open_bi()).await.expect("a stream");
        let deframer = Deframer::new(65_536, "test");
        let mut client = Self {
            endpoint,
            connection,
            send,
            recv,
            deframer,
            token: None,
        };
        client.say(Hello::default()).await;
        assert_eq!(client.hear().await.name(), "relay-hello");
        client
    }

    pub(crate) async fn say(&mut self, message: impl Into<Message>) {
        let mut bytes = Vec::new();
        message.into().encode(&mut bytes);
        soon(self.send.write_all(&bytes)).await.expect("written");
    }

    pub(crate) async fn hear(&mut self) -> Message {
        loop {
            match Message::pull(&mut self.deframer).expect("readable") {
                Some(Message::Place(Place { token })) => {
                    self.token = Some(token);
                    continue;
                }
                Some(message) => return message,
                None => {}
            }
            let chunk = soon(self.recv.read_chunk(65_536, true)).await;
            let chunk = chunk.expect("a connection").expect("more to come");
            self.deframer.push(&chunk.bytes);
        }
    }

    /// What the relay closed the connection with.
    pub(crate) async fn closed(&self) -> VarInt {
        match soon(self.connection.closed()).await {
            ConnectionError::ApplicationClosed(close) => close.error_code,
            other => panic!("expected a code, got {other}"),
        }
    }

    pub(crate) async fn issue(&mut self) -> Locator {
        self.say(CodeRequest {}).await;
        match self.hear().await {
            Message::CodeIssued(issued) => issued.locator,
            other => panic!("expected a code, got {other:?}"),
        }
    }

    pub(crate) async fn join(&mut self, locator: Locator) {
        let offer = b"offer".to_vec();
        self.say(Join {
            locator,
            link: false,
            offer,
        })
        .await;
    }
}

/// A helper and a sharer in a session, both of which have heard from the other.
pub(crate) async fn session(relay: &Relay) -> (Client, Client) {
    pair(Client::new(relay).await, Client::new(relay).await).await
}

/// The same of two clients that are outside a session.
pub(crate) async fn pair(mut helper: Client, mut sharer: Client) -> (Client, Client) {
    let locator = helper.issue().await;
    sharer.join(locator).await;
    let offer = b"offer".to_vec();
    assert_eq!(helper.hear().await, Joined { offer }.into());
    talk(&mut helper, &mut sharer).await;
    (helper, sharer)
}

/// One delivery each way.
pub(crate) async fn talk(one: &mut Client, other: &mut Client) {
    one.say(deliver(b"there")).await;
    assert_eq!(other.hear().await, deliver(b"there").into());
    other.say(deliver(b"and back")).await;
    assert_eq!(one.hear().await, deliver(b"and back").into());
}
