//! A connection as the drivers see it: what came, and what is to be sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use alongside_state_machine::{
    endpoint::{
        Transmit,
        helper::{PATH_STREAMS, PathEvent},
    },
    mutant,
};
use alongside_wire::ErrorCode;
use quinn::{Connection, Endpoint};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    ConnectError, Relay,
    connect::Connected,
    forwarded::{Forwarded, News},
    streams::{Outgoing, Words, accept_frames, code, read_control},
};
use crate::clock::Stream;

/// Something that came from the relay.
pub(crate) enum Incoming {
    /// Bytes of the control stream.
    Control(bytes::Bytes),
    /// Bytes of a frame stream. Whoever uses `stop` wants no more of it.
    Stream {
        id: u64,
        bytes: bytes::Bytes,
        stop: Option<oneshot::Sender<()>>,
    },
    /// A frame stream ended.
    StreamEnded { id: u64 },
    /// A frame stream was given up.
    StreamReset { id: u64 },
    /// A frame stream of ours has taken something that waited.
    Drained,
    /// The connection is gone; the code if the relay closed it.
    Lost(Option<ErrorCode>),
    /// There is another connection.
    Connected,
    /// Something of a path.
    Path(News),
}

/// Chunks that wait for the driver; each has at most 64 KiB.
const QUEUE: usize = 16;
/// Nothing is read while more bytes than this wait for a relay that does not take them.
const WAITING: usize = 1024 * 1024;
/// Names that the frame streams of one path have.
const A_PATH: u64 = 1 << 32;
/// How long the last words may take to arrive.
const LINGER: Duration = Duration::from_secs(1);
/// How often it is looked whether a close was answered.
const GLANCE: Duration = Duration::from_millis(1);

/// Which end of a path this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathEnd {
    Helper,
    Sharer,
}

pub(crate) struct Link {
    endpoint: Endpoint,
    connection: Connection,
    incoming: mpsc::Receiver<Incoming>,
    feedback: mpsc::Sender<Incoming>,
    control: Option<Words>,
    /// Bytes that came on the control stream, and were given out.
    read: u64,
    writer: JoinHandle<()>,
    outgoing: BTreeMap<u64, Outgoing>,
    forwarded: Forwarded,
    /// Those of `outgoing` that go on a path.
    on_path: BTreeSet<u64>,
    /// Where the names of frame streams begin that come on the latest path.
    path_streams: u64,
    chunk: usize,
    /// Frame streams of the other end that the machine wants no more of.
    unwanted: Vec<u64>,
}

impl Link {
    /// Connects and opens the control stream. Frame streams are read in pieces of at most `chunk`
    /// bytes.
    pub(crate) async fn open(relay: &Relay, chunk: usize) -> Result<Self, ConnectError> {
        let Connected {
            endpoint,
            connection,
            ids,
            checks,
        } = relay.connect().await?;
        //= spec/08-transport.md#quic [TRANSPORT-2] 25aae274
        if mutant::is("TRANSPORT-2/second") {
            // It is not used; the control stream is the one after it.
            drop(connection.open_bi().await);
        }
        let (send, recv) = connection
            .open_bi()
            .await
            .map_err(|error| ConnectError::Refused(error.to_string()))?;
        let (feedback, incoming) = mpsc::channel(QUEUE);
        let (control, writer) = Words::start(send);
        tokio::spawn(read_control(connection.clone(), recv, feedback.clone()));
        let number = Arc::default();
        tokio::spawn(accept_frames(
            connection.clone(),
            feedback.clone(),
            chunk,
            number,
        ));
        let address = connection.remote_address();
        Ok(Self {
            forwarded: Forwarded::new(endpoint.clone(), address, ids, checks),
            on_path: BTreeSet::new(),
            path_streams: PATH_STREAMS,
            chunk,
            endpoint,
            connection,
            incoming,
            feedback,
            control: Some(control),
            read: 0,
            writer,
            outgoing: BTreeMap::new(),
            unwanted: Vec::new(),
        })
    }

    //= spec/09-limits-errors.md#kinds [ERROR-3] 72eec8fc
    /// The next thing that came; that the connection is gone, once. What came may have to be
    /// answered, so nothing is read while too much waits to be said.
    pub(crate) async fn next(&mut self) -> Incoming {
        if let Some(control) = &self.control {
            control.at_most(WAITING).await;
        }
        let incoming = loop {
            let incoming = tokio::select! {
                // It stays open: a sender of it is in `self`.
                Some(incoming) = self.incoming.recv() => incoming,
                news = self.forwarded.next() => Incoming::Path(news),
            };
            if !self.is_late(&incoming) {
                break incoming;
            }
        };
        match &incoming {
            Incoming::Control(bytes) => self.read += bytes.len() as u64,
            Incoming::Path(News::Up) => self.read_path(),
            Incoming::Path(News::Gone) => self.forget_path(),
            _ => {}
        }
        incoming
    }

    /// Whether this came on a path that is over: the machine has forgotten how its records began.
    fn is_late(&self, incoming: &Incoming) -> bool {
        let (Incoming::Stream { id, .. }
        | Incoming::StreamEnded { id }
        | Incoming::StreamReset { id }) = incoming
        else {
            return false;
        };
        let present = self.forwarded.connection().map(|_| self.path_streams);
        *id >= PATH_STREAMS && present.is_none_or(|present| id - id % A_PATH != present)
    }

    /// Takes what comes on a path that stands; a sharer allows nothing to come.
    fn read_path(&mut self) {
        if mutant::is("PATH-29/deaf") {
            return;
        }
        if let Some(path) = self.forwarded.connection() {
            self.path_streams += A_PATH;
            let number = Arc::new(self.path_streams.into());
            let (path, incoming) = (path.clone(), self.feedback.clone());
            tokio::spawn(accept_frames(path, incoming, self.chunk, number));
        }
    }

    /// What was to go on a path goes nowhere any more.
    fn forget_path(&mut self) {
        for id in std::mem::take(&mut self.on_path) {
            self.outgoing.remove(&id);
        }
    }

    /// Makes what an offer of a path names, and lets `send` offer it, which tells if it could.
    pub(crate) fn offer_path(&mut self, send: impl FnOnce([u8; 32]) -> bool) {
        self.forwarded.offer(send);
    }

    /// Carries out what is decided of a path, at this end of it.
    pub(crate) fn follow(&mut self, end: PathEnd, event: PathEvent) {
        match (event, end) {
            // It is answered, or not, by an offer.
            (PathEvent::Offered, _) | (PathEvent::Open { .. }, PathEnd::Sharer) => {}
            (PathEvent::Agreed { certificate }, _) => self.forwarded.agreed(certificate),
            (PathEvent::Routed { id }, end) => {
                self.forwarded.routed(id);
                if end == PathEnd::Sharer {
                    self.forwarded.await_other();
                }
            }
            (PathEvent::Open { id }, PathEnd::Helper) => self.forwarded.call(id),
            (PathEvent::Over { code }, _) => {
                self.forwarded.close(code);
                self.forget_path();
            }
        }
    }

    /// Carries out what a machine wants of the transport.
    pub(crate) fn transmit(&mut self, transmit: Transmit) {
        match transmit {
            Transmit::Control(bytes) => {
                if let Some(control) = &mut self.control {
                    control.send(bytes);
                }
            }
            Transmit::Stream { id, bytes, fin } => {
                self.outgoing(id).send(bytes);
                if fin {
                    self.outgoing.remove(&id);
                    self.on_path.remove(&id);
                }
            }
            Transmit::Reset { id } => {
                self.on_path.remove(&id);
                if let Some(stream) = self.outgoing.remove(&id) {
                    stream.reset();
                }
            }
            Transmit::Stop { id } => self.unwanted.push(id),
            // Whoever has the link gives it up.
            Transmit::Disconnect => {}
        }
    }

    //= spec/20-forwarded-packets.md#clients [PATH-28] 3c2bda24
    /// The frame stream of ours with this name, which opens where media goes at that moment.
    fn outgoing(&mut self, id: u64) -> &mut Outgoing {
        let (control, path) = (&self.connection, self.forwarded.outgoing());
        let (feedback, on_path) = (&self.feedback, &mut self.on_path);
        self.outgoing.entry(id).or_insert_with(|| {
            if path.is_some() {
                on_path.insert(id);
            }
            if let Some(path) = path.filter(|_| mutant::is("PATH-26/more")) {
                Outgoing::open(path.clone(), feedback.clone()).send(vec![0]);
            }
            let connection = path.unwrap_or(control);
            Outgoing::open(connection.clone(), feedback.clone())
        })
    }

    /// Whether the machine has asked for this stream to be stopped since it was last asked.
    pub(crate) fn take_unwanted(&mut self, id: u64) -> bool {
        let before = self.unwanted.len();
        self.unwanted.retain(|unwanted| *unwanted != id);
        self.unwanted.len() < before
    }

    /// Where the control stream is.
    pub(crate) fn stream(&self) -> Stream<impl Future<Output = ()> + use<>> {
        let control = self.control.as_ref();
        let handed_over = control.map(|control| control.at_most(0));
        Stream {
            read: self.read,
            said: control.map_or(0, Words::said),
            handed_over: async move {
                if let Some(handed_over) = handed_over {
                    handed_over.await;
                }
            },
        }
    }

    /// Bytes of frames that the transport has not taken yet.
    pub(crate) fn waiting(&self) -> usize {
        self.outgoing.values().map(Outgoing::waiting).sum()
    }

    //= spec/12-reconnect.md#link [RECON-6] 2c213753
    /// Closes the connection at once, to come back on another: the relay is to hold the place.
    pub(crate) fn give_up(self) {
        // The path goes with it.
        self.connection.close(code(ErrorCode::Lost), b"");
    }

    //= spec/08-transport.md#quic [TRANSPORT-9] a2f3c5d3
    //= spec/08-transport.md#quic [TRANSPORT-15] a0fc9466
    /// Says what is left, and closes the connection.
    pub(crate) async fn close(mut self, reason: ErrorCode) {
        for (_, stream) in std::mem::take(&mut self.outgoing) {
            stream.reset();
        }
        self.forwarded.close(reason);
        self.control = None;
        let _ = tokio::time::timeout(LINGER, &mut self.writer).await;
        if mutant::is("TRANSPORT-15/lingers") {
            // A mutant alone sleeps, for longer than it may.
            tokio::time::sleep(2 * LINGER).await;
        }
        let reason = match mutant::is("TRANSPORT-9/other") {
            true => ErrorCode::Idle,
            false => reason,
        };
        self.connection.close(code(reason), b"");
        let known = async {
            tokio::select! {
                () = answered(&self.connection) => {}
                () = self.endpoint.wait_idle() => {}
            }
        };
        let _ = tokio::time::timeout(LINGER, known).await;
    }
}

//= spec/08-transport.md#quic [TRANSPORT-15] a0fc9466
impl Drop for Link {
    /// Who gives a session up without a word is gone at once. What was closed before stays closed as it was.
    fn drop(&mut self) {
        self.connection.close(code(ErrorCode::Done), b"");
    }
}

/// Waits until the relay has said that it knows of the close: QUIC answers one with another, and tells nobody but its
/// own books. Without this it is waited for whatever packets might still come, three times as long as they could take.
async fn answered(connection: &Connection) {
    while connection.stats().frame_rx.connection_close == 0 {
        tokio::time::sleep(GLANCE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use quinn::crypto::rustls::QuicServerConfig;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::Trust;

    /// A QUIC server with the relay's ALPN, and how to find it.
    fn server() -> (Endpoint, Relay) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let der = made.cert.der().clone();
        let fingerprint = hex::encode(Sha256::digest(&der));
        let key = made.signing_key.serialize_der().try_into().unwrap();
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
        let endpoint = Endpoint::server(config, ([127, 0, 0, 1], 0).into()).unwrap();
        let relay = Relay {
            address: endpoint.local_addr().unwrap().to_string(),
            trust: Trust::Fingerprint(fingerprint.parse().unwrap()),
        };
        (endpoint, relay)
    }

    #[tokio::test]
    async fn what_a_path_left_behind_is_not_read() {
        let (endpoint, relay) = server();
        let (link, _connection) = tokio::join!(Link::open(&relay, 1_024), async {
            endpoint.accept().await.unwrap().await.unwrap()
        });
        let mut link = link.unwrap();
        let stream = |id| Incoming::Stream {
            id,
            bytes: bytes::Bytes::from_static(b"the middle of a record"),
            stop: None,
        };
        let id = PATH_STREAMS + A_PATH + 1;
        let late = [
            stream(id),
            Incoming::StreamEnded { id },
            Incoming::StreamReset { id },
        ];
        for incoming in late.into_iter().chain([stream(1)]) {
            link.feedback.send(incoming).await.unwrap();
        }
        let next = link.next().await;
        assert!(matches!(next, Incoming::Stream { id: 1, .. }), "not late");
    }

    #[tokio::test]
    async fn what_has_come_of_a_frame_is_taken_at_once() {
        let (endpoint, relay) = server();
        let (link, connection) = tokio::join!(Link::open(&relay, 64 * 1_024), async {
            endpoint.accept().await.unwrap().await.unwrap()
        });
        let mut link = link.unwrap();
        let much = 40_000;
        let mut send = connection.open_uni().await.unwrap();
        send.write_all(&vec![7; much]).await.unwrap();
        send.finish().unwrap();
        // It is acknowledged, and so it is there.
        send.stopped().await.unwrap();
        let mut took = Vec::new();
        while took.iter().sum::<usize>() < much {
            let Incoming::Stream { bytes, .. } = link.next().await else {
                panic!("something else came");
            };
            took.push(bytes.len());
        }
        // The first of it may have been taken before the rest was there.
        assert!(took.len() <= 2, "{took:?}");
    }

    //= test spec/09-limits-errors.md#kinds [ERROR-3] 72eec8fc
    #[tokio::test]
    async fn nothing_is_read_while_too_much_waits_to_be_said() {
        let (endpoint, relay) = server();
        let (link, connection) = tokio::join!(Link::open(&relay, 1_024), async {
            endpoint.accept().await.unwrap().await.unwrap()
        });
        let mut link = link.unwrap();
        // More than the transport takes for somebody who does not read, and more than may wait.
        let much = 16 * 1_024 * 1_024;
        link.transmit(Transmit::Control(vec![7; much]));
        let (mut send, mut recv) = connection.accept_bi().await.unwrap();
        send.write_all(b"read me").await.unwrap();
        // Real time: it is shown that nothing happens.
        let read = tokio::time::timeout(Duration::from_millis(300), link.next()).await;
        assert!(read.is_err(), "it was read");
        let taken = tokio::spawn(async move {
            let mut bytes = vec![0; much];
            recv.read_exact(&mut bytes).await.unwrap();
        });
        let Incoming::Control(bytes) = link.next().await else {
            panic!("something else came");
        };
        assert_eq!(bytes, "read me");
        taken.await.unwrap();
        // Whoever is gone takes nothing, and that is told all the same.
        link.transmit(Transmit::Control(vec![7; much]));
        connection.close(code(ErrorCode::RelayShutdown), b"");
        let Incoming::Lost(Some(ErrorCode::RelayShutdown)) = link.next().await else {
            panic!("it was not told");
        };
    }
}
