//! What a client says to a relay, seen by a server that is none.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alongside_client::{
    By, Clock, Config, ConnectError, Ended, Relay, Trust,
    clipboard::Place,
    helper::{self, Command, Event},
};
use alongside_wire::{
    ErrorCode,
    framing::Deframer,
    rendezvous::{CodeIssued, Message, Refused, RelayHello},
};
use quinn::crypto::rustls::QuicServerConfig;
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, task::JoinHandle};

/// A QUIC server with the relay's ALPN, and its fingerprint.
fn server() -> (quinn::Endpoint, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let der = made.cert.der().clone();
    let fingerprint = hex::encode(Sha256::digest(&der));
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![der], key)
        .unwrap();
    tls.alpn_protocols = vec![b"alongside/1".to_vec()];
    let crypto = QuicServerConfig::try_from(tls).unwrap();
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let endpoint = quinn::Endpoint::server(config, ([127, 0, 0, 1], 0).into()).unwrap();
    (endpoint, fingerprint)
}

fn options(relay: Relay) -> helper::Options {
    helper::Options {
        relay,
        others: Vec::new(),
        sign_in: None,
        device: None,
        name: "Ada".to_owned(),
        config: Config::default(),
        views: Vec::new(),
        clipboard: Place::Nowhere,
        paths: true,
        clock: Clock::default(),
    }
}

//= test spec/08-transport.md#quic [TRANSPORT-2] 25aae274
//= test spec/08-transport.md#quic [TRANSPORT-9] a2f3c5d3
//= test spec/08-transport.md#quic [TRANSPORT-15] a0fc9466
//= test spec/05-session.md#end [END-3] 2657f0f0
#[tokio::test]
async fn a_client_says_what_it_has_to_say_and_closes_with_the_reason() {
    let (endpoint, fingerprint) = server();
    let relay = Relay {
        address: endpoint.local_addr().unwrap().to_string(),
        trust: Trust::Fingerprint(fingerprint.parse().unwrap()),
    };
    let mut client = Client::with_code(&endpoint, relay).await;
    client.commands.send(Command::End).await.unwrap();
    let heard = client.recv.read_to_end(10_000);
    let heard = tokio::time::timeout(Duration::from_secs(5), heard).await;
    let ended = Instant::now();
    let mut deframer = Deframer::new(65_536, "test");
    deframer.push(&heard.unwrap().unwrap());
    let mut names = Vec::new();
    while let Some(message) = Message::pull(&mut deframer).unwrap() {
        names.push(message.name());
    }
    assert_eq!(names, ["hello", "code-request", "leave"]);
    let quinn::ConnectionError::ApplicationClosed(close) = client.connection.closed().await else {
        panic!("it did not close")
    };
    assert!(ended.elapsed() < Duration::from_secs(1), "it lingers");
    let code = u64::from(ErrorCode::Done.to_wire());
    assert_eq!(close.error_code.into_inner(), code);
    let ended = client.session.await.unwrap().unwrap();
    assert_eq!((ended.by, ended.code), (By::Local, ErrorCode::Done));
}

/// A helper that has a code, and what the server has of it.
struct Client {
    session: JoinHandle<Result<Ended, ConnectError>>,
    commands: mpsc::Sender<Command>,
    _told: mpsc::Receiver<Event>,
    connection: quinn::Connection,
    _send: quinn::SendStream,
    recv: quinn::RecvStream,
}

impl Client {
    async fn with_code(endpoint: &quinn::Endpoint, relay: Relay) -> Self {
        let (commands, orders) = mpsc::channel(4);
        let (events, mut told) = mpsc::channel(1_024);
        let session = tokio::spawn(helper::run(options(relay), orders, events));
        let connection = endpoint.accept().await.unwrap().await.unwrap();
        let (mut send, recv) = connection.accept_bi().await.unwrap();
        assert_eq!(send.id().index(), 0, "the first stream");
        send.write_all(&code()).await.unwrap();
        loop {
            match told.recv().await.unwrap() {
                Event::Code { code, .. } => {
                    assert!(code.to_string().starts_with("4060-"));
                    break;
                }
                Event::Connected => {}
                other => panic!("{other:?}"),
            }
        }
        Self {
            session,
            commands,
            _told: told,
            connection,
            _send: send,
            recv,
        }
    }
}

/// The relay's hello, and a code.
fn code() -> Vec<u8> {
    let mut said = Vec::new();
    Message::from(RelayHello::default()).encode(&mut said);
    let locator = serde_json::from_str("\"4060\"").unwrap();
    let lifetime_ms = 600_000;
    Message::from(CodeIssued {
        locator,
        lifetime_ms,
    })
    .encode(&mut said);
    said
}

/// Nobody waits longer for a client than it takes the relay to hear that it is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_ends_as_soon_as_the_relay_knows() {
    let (endpoint, fingerprint) = server();
    let relay = Relay {
        address: endpoint.local_addr().unwrap().to_string(),
        trust: Trust::Fingerprint(fingerprint.parse().unwrap()),
    };
    let mut least = Duration::MAX;
    for _ in 0..5 {
        let client = Client::with_code(&endpoint, relay.clone()).await;
        client.commands.send(Command::End).await.unwrap();
        client.connection.closed().await;
        let known = Instant::now();
        client.session.await.unwrap().unwrap();
        least = least.min(known.elapsed());
    }
    // Real time, that of QUIC, and the least of it: a machine may be busy. An acknowledgement may take 25 ms, and
    // QUIC waits three times as long for packets that are still under way.
    assert!(least < Duration::from_millis(40), "{least:?}");
}

/// A relay that sends what no relay sends is left, with the reason.
#[tokio::test]
async fn garbage_from_a_relay_ends_the_client_with_the_clause() {
    let (endpoint, fingerprint) = server();
    let relay = Relay {
        address: endpoint.local_addr().unwrap().to_string(),
        trust: Trust::Fingerprint(fingerprint.parse().unwrap()),
    };
    let (_commands, orders) = mpsc::channel(4);
    let (events, _told) = mpsc::channel(1_024);
    let session = tokio::spawn(helper::run(options(relay), orders, events));
    let connection = endpoint.accept().await.unwrap().await.unwrap();
    let (mut send, _recv) = connection.accept_bi().await.unwrap();
    send.write_all(&[0xFF; 1_000]).await.unwrap();
    let ended = session.await.unwrap().unwrap();
    assert_eq!((ended.by, ended.code), (By::Relay, ErrorCode::Malformed));
    assert_eq!(ended.fault.unwrap().clause(), "WIRE-1");
}

//= test spec/08-transport.md#quic [TRANSPORT-13] de5e8b02
/// What a relay said before it closed is heard before the close, however little time is between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_words_of_a_relay_are_heard() {
    let (endpoint, fingerprint) = server();
    let relay = Relay {
        address: endpoint.local_addr().unwrap().to_string(),
        trust: Trust::Fingerprint(fingerprint.parse().unwrap()),
    };
    for _ in 0..50 {
        let (_commands, orders) = mpsc::channel(4);
        let (events, _told) = mpsc::channel(1_024);
        let session = tokio::spawn(helper::run(options(relay.clone()), orders, events));
        let connection = endpoint.accept().await.unwrap().await.unwrap();
        let (mut send, _recv) = connection.accept_bi().await.unwrap();
        let mut said = Vec::new();
        Message::from(RelayHello::default()).encode(&mut said);
        let code = ErrorCode::NotFound.to_wire();
        Message::from(Refused { code }).encode(&mut said);
        send.write_all(&said).await.unwrap();
        send.finish().unwrap();
        let _ = send.stopped().await;
        let code = u32::from(ErrorCode::RelayShutdown.to_wire());
        connection.close(code.into(), b"");
        let ended = session.await.unwrap().unwrap();
        assert_eq!((ended.by, ended.code), (By::Relay, ErrorCode::NotFound));
    }
}
