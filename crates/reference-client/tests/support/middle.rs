//! A hostile relay: the real one, and somebody before it who ends QUIC on both sides. In the way of the
//! sharer it has all in its hands that the two ends say to each other.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, unreachable_pub)]

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use alongside_relay::tls::Identity;
use alongside_wire::{
    envelope::Envelope,
    framing::Deframer,
    limits,
    record::{InputHeader, MEDIA, MediaHeader},
    rendezvous::{Deliver, Join, Message},
};
use quinn::{
    ClientConfig, Connection, ConnectionError, Endpoint, RecvStream, SendStream, ServerConfig,
    VarInt,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use rustls::{
    RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    version::TLS13,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const ALPN: &[u8] = b"alongside/1";
/// How long the last words have to arrive before a connection is closed. A close throws away what the
/// other end has not read yet, and over a real socket nothing but time tells that it has.
const LINGER: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    ToHelper,
    ToSharer,
}

/// What is made of what passes; by itself, nothing else.
pub trait Trick: Send + 'static {
    fn envelope(&mut self, way: Way, envelope: Envelope) -> Vec<(Way, Envelope)> {
        vec![(way, envelope)]
    }

    /// A record on a frame stream: media to the helper, input to the sharer.
    fn record(&mut self, _way: Way, record: Vec<u8>) -> Vec<Vec<u8>> {
        vec![record]
    }
}

/// Passes on what comes.
pub struct Honest;

impl Trick for Honest {}

/// A relay's certificate, with its key. Whoever is hostile has the one that clients believe.
pub struct Certificate {
    der: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl Certificate {
    pub fn new() -> (Self, Identity) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
        std::fs::write(&cert, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let identity = Identity::from_files(&cert, &key).unwrap();
        let der = made.cert.der().clone();
        let key = made.signing_key.serialize_der().into();
        (Self { der, key }, identity)
    }

    fn server(self) -> ServerConfig {
        let mut tls = rustls::ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.der], self.key.into())
            .unwrap();
        tls.alpn_protocols = vec![ALPN.to_vec()];
        ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()))
    }

    fn client(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let mut tls = rustls::ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![ALPN.to_vec()];
        ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()))
    }
}

/// Where the sharer connects.
pub struct Middle {
    pub address: SocketAddr,
    /// What its client closed connections with.
    pub closed: Arc<Mutex<Vec<u64>>>,
}

type Shared = Arc<Mutex<dyn Trick>>;
type Words = UnboundedSender<Word>;

/// What is to be said on a control stream, and how that ends.
enum Word {
    Say(Vec<u8>),
    Finish,
    Close,
}

impl Middle {
    pub fn start(relay: SocketAddr, certificate: Certificate, trick: Shared) -> Self {
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut onward = Endpoint::client(local).unwrap();
        onward.set_default_client_config(certificate.client());
        let endpoint = Endpoint::server(certificate.server(), local).unwrap();
        let address = endpoint.local_addr().unwrap();
        let closed = Arc::new(Mutex::new(Vec::new()));
        let codes = closed.clone();
        tokio::spawn(async move {
            while let Some(incoming) = endpoint.accept().await {
                // On a slow machine one may be given up before it stands, and is tried again.
                let Ok(client) = incoming.await else {
                    continue;
                };
                let Ok(relay) = onward.connect(relay, "localhost").unwrap().await else {
                    continue;
                };
                tokio::spawn(serve(client.clone(), relay, trick.clone()));
                let codes = codes.clone();
                tokio::spawn(async move {
                    let code = code(&client.closed().await);
                    codes.lock().unwrap().push(code.into_inner());
                });
            }
        });
        Self { address, closed }
    }
}

async fn serve(client: Connection, relay: Connection, trick: Shared) {
    let Ok((to_client, from_client)) = client.accept_bi().await else {
        return;
    };
    let Ok((to_relay, from_relay)) = relay.open_bi().await else {
        return;
    };
    let (up, upward) = unbounded_channel();
    let (down, downward) = unbounded_channel();
    let words = [up, down];
    tokio::spawn(say(to_relay, upward, client.clone(), relay.clone()));
    tokio::spawn(say(to_client, downward, relay.clone(), client.clone()));
    tokio::spawn(hear(
        from_client,
        Way::ToHelper,
        words.clone(),
        trick.clone(),
    ));
    tokio::spawn(hear(from_relay, Way::ToSharer, words, trick.clone()));
    let (there, back) = (client.clone(), relay.clone());
    tokio::spawn(frames(client, relay, Way::ToHelper, trick.clone()));
    tokio::spawn(frames(back, there, Way::ToSharer, trick));
}

fn code(why: &ConnectionError) -> VarInt {
    match why {
        ConnectionError::ApplicationClosed(close) => close.error_code,
        _ => VarInt::from_u32(0),
    }
}

/// Reads a control stream to its end.
async fn hear(mut recv: RecvStream, way: Way, words: [Words; 2], trick: Shared) {
    let mut deframer = Deframer::new(limits::CONTROL_MESSAGE, "the middle");
    let end = loop {
        match recv.read_chunk(65_536, true).await {
            Ok(Some(chunk)) => deframer.push(&chunk.bytes),
            Ok(None) => break Word::Finish,
            Err(_) => break Word::Close,
        }
        while let Some(message) = Message::pull(&mut deframer).unwrap() {
            for (way, message) in play(&trick, way, message) {
                let mut bytes = Vec::new();
                message.encode(&mut bytes);
                let _ = words[way as usize].send(Word::Say(bytes));
            }
        }
    };
    let _ = words[way as usize].send(end);
}

fn play(trick: &Shared, way: Way, message: Message) -> Vec<(Way, Message)> {
    let (envelope, join) = match message {
        Message::Join(join) => (join.offer, Some((join.locator, join.link))),
        Message::Deliver(Deliver { envelope }) => (envelope, None),
        other => return vec![(way, other)],
    };
    let envelope = Envelope::read(&envelope).unwrap().unwrap();
    let played = trick.lock().unwrap().envelope(way, envelope);
    let wrap = |(way, envelope): (Way, Envelope)| {
        let bytes = envelope.to_bytes();
        let message = match (&envelope, join) {
            (Envelope::Offer(_), Some((locator, link))) => Message::Join(Join {
                locator,
                link,
                offer: bytes,
            }),
            _ => Message::Deliver(Deliver { envelope: bytes }),
        };
        (way, message)
    };
    played.into_iter().map(wrap).collect()
}

/// Says what there is to say, and closes as the other side closed.
async fn say(
    mut send: SendStream,
    mut words: UnboundedReceiver<Word>,
    from: Connection,
    to: Connection,
) {
    while let Some(word) = words.recv().await {
        match word {
            Word::Say(bytes) => {
                let _ = send.write_all(&bytes).await;
            }
            Word::Finish => {
                let _ = send.finish();
                break;
            }
            Word::Close => break,
        }
    }
    let why = from.closed().await;
    tokio::time::sleep(LINGER).await;
    to.close(code(&why), b"");
}

async fn frames(from: Connection, to: Connection, way: Way, trick: Shared) {
    while let Ok(recv) = from.accept_uni().await {
        if let Ok(send) = to.open_uni().await {
            tokio::spawn(carry(recv, send, way, trick.clone()));
        }
    }
}

/// Carries a frame stream, record by record.
async fn carry(mut recv: RecvStream, mut send: SendStream, way: Way, trick: Shared) {
    let mut bytes = Vec::new();
    loop {
        match recv.read_chunk(65_536, true).await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk.bytes),
            Ok(None) => {
                let _ = send.finish();
                return;
            }
            Err(_) => {
                let _ = send.reset(VarInt::from_u32(0));
                return;
            }
        }
        while let Some(len) = record_len(&bytes).filter(|len| *len <= bytes.len()) {
            let rest = bytes.split_off(len);
            let record = std::mem::replace(&mut bytes, rest);
            let played = trick.lock().unwrap().record(way, record);
            if send.write_all(&played.concat()).await.is_err() {
                let _ = recv.stop(VarInt::from_u32(0));
                return;
            }
        }
    }
}

fn record_len(bytes: &[u8]) -> Option<usize> {
    if *bytes.first()? == MEDIA {
        let header = MediaHeader::read(bytes.first_chunk()?).unwrap();
        return Some(MediaHeader::LEN + header.length as usize);
    }
    Some(InputHeader::LEN + InputHeader::LENGTH)
}
