//! Streams as tasks: bytes in, bytes out, and word of what happened.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use alongside_state_machine::mutant;
use alongside_wire::ErrorCode;
use bytes::Bytes;
use quinn::{Connection, ConnectionError, RecvStream, SendStream, VarInt};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::link::Incoming;

/// The type of `gone`.
const GONE: u8 = 0x12;

/// The most bytes that are read from the control stream at once.
const CHUNK: usize = 64 * 1024;

pub(super) fn code(code: ErrorCode) -> VarInt {
    VarInt::from_u32(code.to_wire().into())
}

//= spec/08-transport.md#quic [TRANSPORT-13] de5e8b02
/// Reads the control stream until it ends, and then says when the connection is gone.
pub(super) async fn read_control(
    connection: Connection,
    mut recv: RecvStream,
    incoming: mpsc::Sender<Incoming>,
) {
    while let Ok(Some(chunk)) = recv.read_chunk(CHUNK, true).await {
        let is_gone = chunk.bytes.first() == Some(&GONE);
        if is_gone && mutant::is("TRANSPORT-13/late") {
            tokio::select! {
                biased;
                _ = connection.closed() => break,
                // A mutant alone sleeps, until the close has overtaken the word before it.
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
        if incoming.send(Incoming::Control(chunk.bytes)).await.is_err() {
            return;
        }
    }
    let lost = closed_with(&connection.closed().await);
    // Nobody may listen any more.
    let _ = incoming.send(Incoming::Lost(lost)).await;
}

fn closed_with(error: &ConnectionError) -> Option<ErrorCode> {
    match error {
        ConnectionError::ApplicationClosed(close) => {
            let code = u16::try_from(close.error_code.into_inner()).ok()?;
            ErrorCode::from_wire(code)
        }
        _ => None,
    }
}

/// What is said on the control stream, and how much of it the transport has not taken.
pub(super) struct Words {
    queue: mpsc::UnboundedSender<Vec<u8>>,
    waiting: watch::Sender<usize>,
    said: u64,
}

impl Words {
    /// Starts to write; the task ends when these words are dropped, and all has arrived.
    pub(super) fn start(mut send: SendStream) -> (Self, JoinHandle<()>) {
        let (queue, mut words) = mpsc::unbounded_channel::<Vec<u8>>();
        let waiting = watch::Sender::new(0_usize);
        let count = waiting.clone();
        let writer = tokio::spawn(async move {
            while let Some(bytes) = words.recv().await {
                if send.write_all(&bytes).await.is_err() {
                    // The connection is gone, and nothing waits for it any more.
                    words.close();
                    count.send_replace(0);
                    return;
                }
                count.send_modify(|waiting| *waiting = waiting.saturating_sub(bytes.len()));
            }
            let _ = send.finish();
            let _ = send.stopped().await;
        });
        let words = Self {
            queue,
            waiting,
            said: 0,
        };
        (words, writer)
    }

    pub(super) fn send(&mut self, bytes: Vec<u8>) {
        let len = bytes.len();
        self.said += len as u64;
        // Counted first, so that it is never taken before it was.
        self.waiting.send_modify(|waiting| *waiting += len);
        if self.queue.send(bytes).is_err() {
            // The connection is gone, which its reader tells.
            self.waiting.send_replace(0);
        }
    }

    /// Bytes that were sent, or wait.
    pub(super) fn said(&self) -> u64 {
        self.said
    }

    /// Waits until no more than so many bytes wait.
    pub(super) fn at_most(&self, bytes: usize) -> impl Future<Output = ()> + use<> {
        let mut waiting = self.waiting.subscribe();
        async move {
            // It fails when these words are dropped, and nothing is said any more.
            let _ = waiting.wait_for(|waiting| *waiting <= bytes).await;
        }
    }
}

/// Takes the frame streams that are opened on a connection, each on a task of its own. They are named by the numbers
/// after this one.
pub(super) async fn accept_frames(
    connection: Connection,
    incoming: mpsc::Sender<Incoming>,
    chunk: usize,
    number: Arc<AtomicU64>,
) {
    while let Ok(recv) = connection.accept_uni().await {
        let id = number.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::spawn(read_frames(recv, id, incoming.clone(), chunk));
    }
}

//= spec/06-media-input.md#media-records [MEDIA-8] e1248722
async fn read_frames(
    mut recv: RecvStream,
    id: u64,
    incoming: mpsc::Sender<Incoming>,
    chunk: usize,
) {
    // All that is there is taken at once: packets are small, and each turn of the loop has its price.
    let mut buffer = vec![0; chunk];
    loop {
        let (stop, stopped) = oneshot::channel();
        let next = match recv.read(&mut buffer).await {
            Ok(Some(read)) => Incoming::Stream {
                id,
                bytes: Bytes::copy_from_slice(buffer.get(..read).unwrap_or_default()),
                stop: Some(stop),
            },
            Ok(None) => Incoming::StreamEnded { id },
            Err(_) => Incoming::StreamReset { id },
        };
        let last = !matches!(next, Incoming::Stream { .. });
        if incoming.send(next).await.is_err() || last {
            return;
        }
        // The loop answers after it has handled the bytes: by dropping this, or by using it.
        if stopped.await.is_ok() {
            let _ = recv.stop(code(ErrorCode::Malformed));
            return;
        }
    }
}

/// A frame stream of ours.
pub(super) struct Outgoing {
    queue: mpsc::UnboundedSender<Bytes>,
    reset: Option<oneshot::Sender<()>>,
    waiting: Arc<AtomicUsize>,
}

impl Outgoing {
    pub(super) fn open(connection: Connection, incoming: mpsc::Sender<Incoming>) -> Self {
        let (queue, bytes) = mpsc::unbounded_channel();
        let (reset, given_up) = oneshot::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&waiting);
        tokio::spawn(async move {
            let Ok(mut send) = connection.open_uni().await else {
                return;
            };
            tokio::select! {
                () = write_frames(&mut send, bytes, &count, incoming) => {}
                Ok(()) = given_up => {
                    let _ = send.reset(code(ErrorCode::Done));
                }
            }
        });
        Self {
            queue,
            reset: Some(reset),
            waiting,
        }
    }

    pub(super) fn send(&self, bytes: Vec<u8>) {
        self.waiting.fetch_add(bytes.len(), Ordering::SeqCst);
        // It fails if the stream is broken, which its reader reports.
        let _ = self.queue.send(bytes.into());
    }

    pub(super) fn reset(mut self) {
        if let Some(reset) = self.reset.take() {
            let _ = reset.send(());
        }
    }

    /// Bytes that the transport has not taken yet.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}

async fn write_frames(
    send: &mut SendStream,
    mut queue: mpsc::UnboundedReceiver<Bytes>,
    waiting: &AtomicUsize,
    incoming: mpsc::Sender<Incoming>,
) {
    while let Some(bytes) = queue.recv().await {
        let len = bytes.len();
        // The transport keeps it as it is, and copies it into packets.
        if send.write_chunk(bytes).await.is_err() {
            // The other end stopped it. The session goes on; the stream is reset in time.
            queue.close();
            waiting.store(0, Ordering::SeqCst);
            return;
        }
        waiting.fetch_sub(len, Ordering::SeqCst);
        let _ = incoming.try_send(Incoming::Drained);
    }
    let _ = send.finish();
}
