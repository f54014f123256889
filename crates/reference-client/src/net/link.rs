//! A connection as the drivers see it: what came, and what is to be sent.

use std::{collections::BTreeMap, time::Duration};

use alongside_state_machine::endpoint::Transmit;
use alongside_wire::ErrorCode;
use quinn::{Connection, Endpoint};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    ConnectError, Relay,
    streams::{Outgoing, accept_frames, code, read_control, write_control},
};

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
}

/// Chunks that wait for the driver; each has at most 64 KiB.
const QUEUE: usize = 16;
/// How long the last words may take to arrive.
const LINGER: Duration = Duration::from_secs(1);

pub(crate) struct Link {
    endpoint: Endpoint,
    connection: Connection,
    incoming: mpsc::Receiver<Incoming>,
    feedback: mpsc::Sender<Incoming>,
    control: Option<mpsc::UnboundedSender<Vec<u8>>>,
    writer: JoinHandle<()>,
    outgoing: BTreeMap<u64, Outgoing>,
    /// Frame streams of the other end that the machine wants no more of.
    unwanted: Vec<u64>,
}

impl Link {
    /// Connects and opens the control stream. Frame streams are read in pieces of at most `chunk`
    /// bytes.
    pub(crate) async fn open(relay: &Relay, chunk: usize) -> Result<Self, ConnectError> {
        let (endpoint, connection) = relay.connect().await?;
        //= spec/08-transport.md#quic [TRANSPORT-2] 25aae274
        let (send, recv) = connection
            .open_bi()
            .await
            .map_err(|error| ConnectError::Refused(error.to_string()))?;
        let (feedback, incoming) = mpsc::channel(QUEUE);
        let (control, queue) = mpsc::unbounded_channel();
        let writer = tokio::spawn(write_control(send, queue));
        tokio::spawn(read_control(connection.clone(), recv, feedback.clone()));
        tokio::spawn(accept_frames(connection.clone(), feedback.clone(), chunk));
        Ok(Self {
            endpoint,
            connection,
            incoming,
            feedback,
            control: Some(control),
            writer,
            outgoing: BTreeMap::new(),
            unwanted: Vec::new(),
        })
    }

    /// The next thing that came; that the connection is gone, once.
    pub(crate) async fn next(&mut self) -> Incoming {
        match self.incoming.recv().await {
            Some(incoming) => incoming,
            // It stays open: a sender of it is in `self`.
            None => std::future::pending().await,
        }
    }

    /// Carries out what a machine wants of the transport.
    pub(crate) fn transmit(&mut self, transmit: Transmit) {
        match transmit {
            Transmit::Control(bytes) => {
                if let Some(control) = &self.control {
                    // It fails if the connection is gone, which is told by `next`.
                    let _ = control.send(bytes);
                }
            }
            Transmit::Stream { id, bytes, .. } => self
                .outgoing
                .entry(id)
                .or_insert_with(|| Outgoing::open(self.connection.clone(), self.feedback.clone()))
                .send(bytes),
            Transmit::Reset { id } => {
                if let Some(stream) = self.outgoing.remove(&id) {
                    stream.reset();
                }
            }
            Transmit::Stop { id } => self.unwanted.push(id),
            // Whoever has the link gives it up.
            Transmit::Disconnect => {}
        }
    }

    /// Whether the machine has asked for this stream to be stopped since it was last asked.
    pub(crate) fn take_unwanted(&mut self, id: u64) -> bool {
        let before = self.unwanted.len();
        self.unwanted.retain(|unwanted| *unwanted != id);
        self.unwanted.len() < before
    }

    /// Bytes of frames that the transport has not taken yet.
    pub(crate) fn waiting(&self) -> usize {
        self.outgoing.values().map(Outgoing::waiting).sum()
    }

    //= spec/12-reconnect.md#link [RECON-6] 2c213753
    /// Closes the connection at once, to come back on another: the relay is to hold the place.
    pub(crate) fn give_up(self) {
        self.connection.close(code(ErrorCode::Lost), b"");
    }

    //= spec/08-transport.md#quic [TRANSPORT-9] a2f3c5d3
    /// Says what is left, and closes the connection.
    pub(crate) async fn close(mut self, reason: ErrorCode) {
        for (_, stream) in std::mem::take(&mut self.outgoing) {
            stream.reset();
        }
        self.control = None;
        let _ = tokio::time::timeout(LINGER, &mut self.writer).await;
        self.connection.close(code(reason), b"");
        let _ = tokio::time::timeout(LINGER, self.endpoint.wait_idle()).await;
    }
}
