//! Carries frame streams between two clients, unread.

use std::{
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alongside_state_machine::mutant;
use alongside_wire::ErrorCode;
use bytes::Bytes;
use quinn::{ReadError, RecvStream, ResetError, SendStream, VarInt};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, Sleep, sleep},
};

use crate::{
    hub::{Client, Hub, Peer},
    quic::code as close_code,
};

/// Chunks that are taken from a stream at once; each came in one packet.
const CHUNKS: usize = 16;
/// The most bytes that are between two streams: the largest packets that are taken, times the
/// chunks.
pub(crate) const MOST: usize = CHUNKS * 1_472;

/// For how long nobody looks whether a frame that waits to be written was given up. Each packet of a stream wakes who
/// waits for its reset, and a relay that is faster than a receiver waits all the time.
const PATIENCE: Duration = Duration::from_millis(10);

/// quinn keeps the waker of who has waited for a reset of a stream that then ends in order until the connection is
/// gone (0.11.12; with debug assertions it complains as well), and with it what is left of a task. One
/// client leaves behind so many at most; after that a reset waits until what came before it is written.
const LEFT_BEHIND: usize = 64;
/// More than the bytes that one of them takes.
const EACH_LEFT: usize = 4_096;
/// The most bytes that they take.
pub(crate) const LEFT: usize = LEFT_BEHIND * EACH_LEFT;

/// Takes the frame streams of a client and carries each to its peer, as many at once as may be.
pub(crate) async fn carry(hub: &Hub, client: &Client) -> std::convert::Infallible {
    let places = Arc::new(Semaphore::new(hub.frame_streams));
    let mut peer = client.peer();
    let left = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return std::future::pending().await;
        };
        let Ok(mut from) = client.connection.accept_uni().await else {
            // The connection is gone, which somebody else waits for.
            return std::future::pending().await;
        };
        let now = peer.borrow_and_update().clone();
        //= spec/08-transport.md#quic [TRANSPORT-7] 57e93d06
        let Some(to) = now else {
            if mutant::is("TRANSPORT-7/takes") {
                let _ = from.read_to_end(usize::MAX).await;
                continue;
            }
            stop(&mut from, close_code(ErrorCode::UnexpectedMessage));
            continue;
        };
        hub.streamed(client.id);
        let (session, left) = (peer.clone(), left.clone());
        // It ends with the session at the latest, and then resets what it had begun; if it were
        // aborted, quinn would finish it instead.
        tokio::spawn(async move {
            splice(from, &to, session, &left).await;
            drop(place);
        });
    }
}

//= spec/08-transport.md#quic [TRANSPORT-6] f21dad7e
/// How the way from one stream to another came to its end.
enum End {
    Finished,
    /// The sender abandoned it, or cannot be heard any more.
    Reset(VarInt),
    /// The receiver does not want it.
    Stopped(VarInt),
}

//= spec/08-transport.md#quic [TRANSPORT-5] 8fd8156a
async fn splice(
    mut from: RecvStream,
    peer: &Client,
    mut session: watch::Receiver<Peer>,
    left: &AtomicUsize,
) {
    let over = close_code(ErrorCode::Lost);
    let mut watch = Watch {
        left,
        waited: false,
        patience: pin!(sleep(PATIENCE)),
    };
    let opened = tokio::select! {
        opened = peer.connection.open_uni() => opened.ok(),
        _ = session.changed() => None,
        Ok(Some(_)) = watch.reset(&mut from), if watch.may() => return,
    };
    let Some(mut to) = opened else {
        stop(&mut from, over);
        return;
    };
    let stopped = to.stopped();
    let end = tokio::select! {
        end = copy(&mut from, &mut to, &mut watch) => end,
        Ok(Some(code)) = stopped => End::Stopped(code),
        _ = session.changed() => End::Stopped(over),
    };
    // What fails here is closed already.
    match end {
        End::Finished => {
            let _ = to.finish();
        }
        End::Reset(code) => {
            let _ = to.reset(code);
        }
        End::Stopped(code) => {
            stop(&mut from, code);
            let _ = to.reset(code);
        }
    }
}

async fn copy(from: &mut RecvStream, to: &mut SendStream, watch: &mut Watch<'_>) -> End {
    let lost = close_code(ErrorCode::Lost);
    let mut chunks = [const { Bytes::new() }; CHUNKS];
    loop {
        let read = match from.read_chunks(&mut chunks).await {
            Ok(Some(read)) => read,
            Ok(None) => {
                watch.ends();
                return End::Finished;
            }
            Err(ReadError::Reset(_)) if mutant::is("TRANSPORT-6/ends") => return End::Finished,
            Err(ReadError::Reset(code)) => return End::Reset(code),
            Err(_) => return End::Reset(lost),
        };
        let read = chunks.get_mut(..read).unwrap_or_default();
        if mutant::is("TRANSPORT-5/loses")
            && let Some(first) = read.first_mut()
        {
            *first = first.slice(1..);
        }
        // A frame that its sender gives up must not wait for the receiver to take what came of it.
        tokio::select! {
            biased;
            written = to.write_all_chunks(read) => match written {
                Ok(()) => {}
                Err(quinn::WriteError::Stopped(code)) => return End::Stopped(code),
                Err(_) => return End::Stopped(lost),
            },
            Ok(Some(code)) = watch.reset(from), if watch.may() => return End::Reset(code),
        }
    }
}

/// Waits for resets of one stream, as long as its client has not left too much behind.
struct Watch<'a> {
    left: &'a AtomicUsize,
    waited: bool,
    patience: Pin<&'a mut Sleep>,
}

impl Watch<'_> {
    fn may(&self) -> bool {
        self.left.load(Ordering::Relaxed) < LEFT_BEHIND
    }

    async fn reset(&mut self, from: &mut RecvStream) -> Result<Option<VarInt>, ResetError> {
        self.patience.as_mut().await;
        // Not before it is over, so that a timer is not set for each write.
        self.patience.as_mut().reset(Instant::now() + PATIENCE);
        self.waited = true;
        from.received_reset().await
    }

    /// The stream has ended in order.
    fn ends(&self) {
        self.left
            .fetch_add(usize::from(self.waited), Ordering::Relaxed);
    }
}

fn stop(stream: &mut RecvStream, code: VarInt) {
    // It fails if the stream is over, which is as well.
    let _ = stream.stop(code);
}
