//! One connection, seen from the suite.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::Sender,
    },
    time::Duration,
};

use quinn::{Connection, ConnectionError, RecvStream, SendStream, VarInt};
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
};

use super::wait;

/// The part of what something may take that is given to what is expected not to be possible: 200 ms of 5 s.
const IN_VAIN: u32 = 25;
/// The most that is heard of one connection, in bytes: what is under test does not fill the machine's memory.
const MOST: usize = 64 << 20;
/// What is counted for each thing that is seen, besides its bytes.
const EACH: usize = 64;

/// Something that came of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Bytes of the control stream.
    Control(Vec<u8>),
    /// The control stream has ended.
    ControlEnded,
    /// Bytes of a frame stream; the streams of the other side count from 0.
    Stream {
        /// Which.
        id: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A frame stream has ended in order.
    StreamEnded(u64),
    /// A frame stream was reset.
    StreamReset(u64),
    /// The other side does not want more of a stream of the suite's.
    StreamStopped(u64),
    /// The other side opened a second bidirectional stream.
    SecondControl,
    /// The connection is gone; the last thing that is seen of it.
    Closed(Close),
}

impl Seen {
    /// How much it takes to remember.
    fn size(&self) -> usize {
        EACH + match self {
            Self::Control(bytes) | Self::Stream { bytes, .. } => bytes.len(),
            _ => 0,
        }
    }
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Close {
    /// The other side closed it with this code.
    Code(u64),
    /// It was lost, or QUIC itself failed; in words.
    Lost(String),
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "closed with 0x{code:04X}"),
            Self::Lost(why) => f.write_str(why),
        }
    }
}

/// A connection.
pub struct Link {
    connection: Connection,
    words: mpsc::UnboundedSender<Word>,
    /// Bytes of the control stream that the transport has taken.
    taken: Arc<AtomicUsize>,
    /// Whether the control stream is read.
    reading: watch::Sender<bool>,
    streams: Mutex<BTreeMap<u64, SendStream>>,
    incoming: Incoming,
    runtime: Handle,
    /// How long something may take that has to be possible.
    patience: Duration,
}

/// Frame streams of the other side that can still be stopped.
type Incoming = Arc<Mutex<BTreeMap<u64, mpsc::UnboundedSender<u32>>>>;

enum Word {
    Bytes(Vec<u8>),
    End,
}

/// Where what is seen goes.
pub(super) type Report<T> = (Sender<T>, fn(Seen) -> T);

impl Link {
    /// Watches a connection whose control stream is known, and gives what has to come of it so long.
    pub(super) fn watch<T: Send + 'static>(
        connection: Connection,
        control: Option<(SendStream, RecvStream)>,
        (sender, wrap): Report<T>,
        (runtime, patience): (Handle, Duration),
    ) -> Self {
        let (ear, hung_up) = (Arc::new(AtomicUsize::new(0)), connection.clone());
        let say = move |seen: Seen| {
            let heard = ear.fetch_add(seen.size(), Ordering::SeqCst) + seen.size();
            let seen = match seen {
                seen if heard <= MOST => seen,
                Seen::Closed(_) => Seen::Closed(Close::Lost(too_much())),
                _ => return hung_up.close(0_u32.into(), b""),
            };
            // Nobody listens when the case is over.
            let _ = sender.send(wrap(seen));
        };
        let (words, queue) = mpsc::unbounded_channel();
        let incoming = Incoming::default();
        let taken = Arc::new(AtomicUsize::new(0));
        let (reading, is_read) = watch::channel(true);
        let words_of = (queue, Arc::clone(&taken), is_read);
        runtime.spawn(hear(connection.clone(), control, words_of, say.clone()));
        runtime.spawn(take_streams(connection.clone(), Arc::clone(&incoming), say));
        Self {
            connection,
            words,
            taken,
            reading,
            streams: Mutex::default(),
            incoming,
            runtime,
            patience,
        }
    }

    /// What has to be possible, if it comes in time.
    fn wait<R>(&self, done: impl Future<Output = R>) -> Option<R> {
        wait(&self.runtime, self.patience, done)
    }

    /// What is expected not to be possible, if it is all the same.
    fn try_for_a_moment<R>(&self, done: impl Future<Output = R>) -> Option<R> {
        wait(&self.runtime, self.patience / IN_VAIN, done)
    }

    /// Where the other side is.
    pub fn remote(&self) -> SocketAddr {
        self.connection.remote_address()
    }

    /// Writes to the control stream.
    pub fn control(&self, bytes: Vec<u8>) {
        // It fails if the connection is gone, which is seen.
        let _ = self.words.send(Word::Bytes(bytes));
    }

    /// Ends the control stream.
    pub fn end_control(&self) {
        let _ = self.words.send(Word::End);
    }

    /// How many bytes of the control stream the transport has taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Reads the control stream, or leaves it.
    pub fn read(&self, on: bool) {
        self.reading.send_replace(on);
    }

    /// Opens a frame stream, if the other side lets it.
    pub fn open_stream(&self) -> Option<u64> {
        let stream = self.wait(self.connection.open_uni())?.ok()?;
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let id = stream.id().index();
        streams.insert(id, stream);
        Some(id)
    }

    /// Whether another frame stream can be opened at once.
    pub fn has_room_for_a_stream(&self) -> bool {
        let opened = self.try_for_a_moment(self.connection.open_uni());
        opened.is_some_and(|opened| opened.is_ok())
    }

    /// Writes to a frame stream of the suite's; false if the other side does not take it.
    pub fn stream(&self, id: u64, bytes: &[u8]) -> bool {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stream) = streams.get_mut(&id) else {
            return false;
        };
        let written = self.wait(stream.write_all(bytes));
        matches!(written, Some(Ok(())))
    }

    /// Ends a frame stream of the suite's.
    pub fn end_stream(&self, id: u64) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut stream) = streams.remove(&id) {
            // It fails if the other side has stopped it, which is as good.
            let _ = stream.finish();
        }
    }

    /// Resets a frame stream of the suite's.
    pub fn reset_stream(&self, id: u64) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut stream) = streams.remove(&id) {
            let _ = stream.reset(VarInt::from_u32(0));
        }
    }

    /// Waits for the other side to stop a frame stream of the suite's.
    pub fn is_stopped(&self, id: u64) -> bool {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stream) = streams.get_mut(&id) else {
            return false;
        };
        let stopped = self.wait(stream.stopped());
        matches!(stopped, Some(Ok(Some(_))))
    }

    /// Stops a frame stream of the other side's.
    pub fn stop_stream(&self, id: u64) {
        let incoming = self.incoming.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stop) = incoming.get(&id) {
            let _ = stop.send(0);
        }
    }

    /// Opens a second bidirectional stream; whether the other side lets it.
    pub fn open_second_control(&self) -> bool {
        let opened = self.try_for_a_moment(self.connection.open_bi());
        opened.is_some_and(|opened| opened.is_ok())
    }

    /// Closes the connection with a code.
    pub fn close(&self, code: u16) {
        self.connection.close(u32::from(code).into(), b"");
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.connection.close(0_u32.into(), b"");
    }
}

/// Writes the words of the suite and reads those of the other side, until the connection is gone.
async fn hear(
    connection: Connection,
    control: Option<(SendStream, RecvStream)>,
    (mut queue, taken, mut is_read): (
        mpsc::UnboundedReceiver<Word>,
        Arc<AtomicUsize>,
        watch::Receiver<bool>,
    ),
    say: impl Fn(Seen) + Clone + Send + 'static,
) {
    let control = match control {
        Some(control) => Some(control),
        None => connection.accept_bi().await.ok(),
    };
    if let Some((mut send, mut recv)) = control {
        let writer = tokio::spawn(async move {
            while let Some(Word::Bytes(bytes)) = queue.recv().await {
                if send.write_all(&bytes).await.is_err() {
                    return;
                }
                taken.fetch_add(bytes.len(), Ordering::SeqCst);
            }
            let _ = send.finish();
            // The stream is not to be reset by its end here.
            let _ = send.stopped().await;
        });
        let second = tokio::spawn({
            let (connection, say) = (connection.clone(), say.clone());
            async move {
                if connection.accept_bi().await.is_ok() {
                    say(Seen::SecondControl);
                }
            }
        });
        let ended = loop {
            // It fails when nobody holds the link any more.
            if is_read.wait_for(|on| *on).await.is_err() {
                break false;
            }
            match recv.read_chunk(65_536, true).await {
                Ok(Some(chunk)) => say(Seen::Control(chunk.bytes.to_vec())),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        if ended {
            say(Seen::ControlEnded);
        }
        let closed = connection.closed().await;
        writer.abort();
        second.abort();
        say(Seen::Closed(closed.into()));
        return;
    }
    say(Seen::Closed(connection.closed().await.into()));
}

async fn take_streams(
    connection: Connection,
    incoming: Incoming,
    say: impl Fn(Seen) + Clone + Send + 'static,
) {
    while let Ok(stream) = connection.accept_uni().await {
        let (stop, stopped) = mpsc::unbounded_channel();
        let id = stream.id().index();
        incoming
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, stop);
        tokio::spawn(read_stream(stream, stopped, say.clone()));
    }
}

async fn read_stream(
    mut stream: RecvStream,
    mut stopped: mpsc::UnboundedReceiver<u32>,
    say: impl Fn(Seen),
) {
    let id = stream.id().index();
    loop {
        let read = tokio::select! {
            read = stream.read_chunk(65_536, true) => read,
            Some(code) = stopped.recv() => {
                let _ = stream.stop(code.into());
                return;
            }
        };
        match read {
            Ok(Some(chunk)) => say(Seen::Stream {
                id,
                bytes: chunk.bytes.to_vec(),
            }),
            Ok(None) => return say(Seen::StreamEnded(id)),
            Err(quinn::ReadError::Reset(_)) => return say(Seen::StreamReset(id)),
            Err(_) => return,
        }
    }
}

fn too_much() -> String {
    let mib = MOST >> 20;
    format!("the suite hung up: more than {mib} MiB came of one connection")
}

impl From<ConnectionError> for Close {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::ApplicationClosed(close) => Self::Code(close.error_code.into_inner()),
            other => Self::Lost(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::quic::{ALPN, Qlog, Server, dial};

    #[test]
    fn what_floods_is_hung_up_on() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let patience = Duration::from_secs(30);
        let server = Server::start(runtime.handle()).unwrap();
        let (to, certificate) = (server.address, server.certificate.clone());
        let handle = runtime.handle().clone();
        let flood = std::thread::spawn(move || {
            let (sender, _heard) = channel();
            let report: Report<Seen> = (sender, |seen| seen);
            let (from, qlog) = ([127, 0, 0, 1].into(), Qlog::default());
            let link = dial(
                to,
                &certificate,
                from,
                &[ALPN],
                &qlog,
                report,
                (&handle, patience),
            );
            let link = link.unwrap();
            for _ in 0..MOST >> 20 {
                link.control(vec![0; 1 << 20]);
            }
            // Nothing is taken before this is over, so that it comes from the whole of it.
            link.wait(link.connection.closed())
        });
        let (sender, heard) = channel();
        let _link = server.accept((sender, |seen| seen), patience).unwrap();
        let (mut bytes, mut last) = (0, None);
        while let Ok(seen) = heard.recv_timeout(patience) {
            bytes += seen.size();
            last = Some(seen);
            if matches!(last, Some(Seen::Closed(_))) {
                break;
            }
        }
        assert_eq!(last, Some(Seen::Closed(Close::Lost(too_much()))));
        assert!(bytes <= MOST + 2 * EACH, "{bytes}");
        assert!(flood.join().unwrap().is_some());
    }
}
