//! The socket of a relay: packets of paths go on at once, and QUIC gets the others.

mod batch;
mod outlet;
pub(crate) mod sift;
#[cfg(test)]
mod tests;
mod trouble;
mod ways;

use std::{
    fmt,
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use alongside_wire::path::{Check, PathToken};
use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState},
};
use tokio::{io::Interest, net::UdpSocket};

pub(crate) use self::{batch::Batches, sift::Out, ways::Ways};
use self::{outlet::Outlet, trouble::Trouble};

/// How often packets are received in a row before others have a turn.
const ROUNDS: usize = 16;
/// Bytes that may wait to be received, of all clients; the system counts what it adds to each packet.
const ROOM: usize = 4 * 1024 * 1024;
/// How long a socket may fail before it is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// How messages are received: as by [`UdpSocketState::recv`].
pub(crate) type Receive = fn(
    &UdpSocketState,
    UdpSockRef<'_>,
    &mut [IoSliceMut<'_>],
    &mut [RecvMeta],
) -> io::Result<usize>;

/// The most bytes that a socket holds for so many paths: packets that leave together, and where packets go.
pub(crate) fn memory(paths: usize) -> u64 {
    let ways = (paths as u64).saturating_mul(Ways::OF_PATH as u64);
    ways.saturating_add(batch::MEMORY as u64)
}

/// One UDP socket for all. It keeps no packet: what cannot go on at once is lost, as networks lose packets.
pub(crate) struct Socket {
    io: UdpSocket,
    quic: UdpSocketState,
    pub(crate) ways: Ways,
    receive: Receive,
    /// The task that receives is the only one that takes this lock.
    receiving: Mutex<Receiving>,
    given_up: OnceLock<String>,
}

/// What the task that receives has from one time to the next.
struct Receiving {
    batches: Batches,
    outlet: Outlet,
    trouble: Trouble,
}

impl Socket {
    /// Listens. Call it within a tokio runtime.
    pub(crate) fn bind(listen: SocketAddr) -> io::Result<Self> {
        Self::new(listen, UdpSocketState::recv, PATIENCE)
    }

    /// One that receives in this way, and is given up when that has failed for so long.
    pub(crate) fn new(
        listen: SocketAddr,
        receive: Receive,
        patience: Duration,
    ) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(listen)?;
        alongside_sift::widen(&socket, ROOM)?;
        let quic = UdpSocketState::new((&socket).into())?;
        let outlet = Outlet::new((&socket).into())?;
        Ok(Self {
            io: UdpSocket::from_std(socket)?,
            quic,
            ways: Ways::default(),
            receive,
            receiving: Mutex::new(Receiving {
                batches: Batches::default(),
                outlet,
                trouble: Trouble::new(patience),
            }),
            given_up: OnceLock::new(),
        })
    }

    /// Sends a check, or loses it.
    pub(crate) fn check(&self, to: SocketAddr, by: Option<IpAddr>, token: PathToken) {
        let check = Check { token }.encode();
        let _ = self.try_send(&Transmit {
            destination: to,
            ecn: None,
            contents: &check,
            segment_size: None,
            src_ip: by,
        });
    }

    /// Why nothing is received any more, if that is so.
    pub(crate) fn given_up(&self) -> Option<&str> {
        self.given_up.get().map(String::as_str)
    }

    /// Receives as long as there is something, and sends on what is of a path. Returns how many messages are left; none
    /// if others are to have a turn before more is received.
    fn forward(
        &self,
        receiving: &mut Receiving,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let Receiving {
            batches,
            outlet,
            trouble,
        } = receiving;
        let out = Out {
            most: outlet.most,
            send: |transmit: &Transmit<'_>| outlet.send(&self.io, transmit),
        };
        ready!(trouble.poll(cx));
        for _ in 0..ROUNDS {
            ready!(self.io.poll_recv_ready(cx))?;
            let mut received = Ok(0);
            let _ = self.io.try_io(Interest::READABLE, || {
                received = (self.receive)(&self.quic, (&self.io).into(), bufs, meta);
                match may_have_more(&received, bufs.len()) {
                    true => Ok(()),
                    false => Err(io::ErrorKind::WouldBlock.into()),
                }
            });
            let now = Instant::now();
            let received = match received {
                Ok(received) => received,
                Err(error) if passes(&error) => 0,
                Err(error) => {
                    trouble.fails(error, now)?;
                    ready!(trouble.poll(cx));
                    continue;
                }
            };
            trouble.works();
            let meta = meta.get_mut(..received).unwrap_or_default();
            let left = sift::sift(&self.ways, batches, bufs, meta, now, &out);
            if left > 0 {
                return Poll::Ready(Ok(left));
            }
        }
        Poll::Ready(Ok(0))
    }
}

/// Whether there may be more after this was received, for which there was room for so many messages. Where the system gives
/// many in one call, fewer than that are all that there were, and another call would be for nothing.
fn may_have_more(received: &io::Result<usize>, room: usize) -> bool {
    let gives_all = cfg!(any(target_os = "linux", target_os = "android"));
    match received {
        Ok(count) => !gives_all || *count >= room.min(BATCH_SIZE),
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

/// Whether a socket can receive after this error: there was nothing, or some other host brought it about.
fn passes(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionReset, Interrupted, WouldBlock};
    // Windows tells of a datagram that was too long (WSAEMSGSIZE), and of one that did not arrive (WSAENETRESET).
    let of_others = cfg!(windows) && matches!(error.raw_os_error(), Some(10_040 | 10_052));
    of_others || matches!(error.kind(), ConnectionReset | Interrupted | WouldBlock)
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Poller {
            socket: self,
            writable: None,
        })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.io.try_io(Interest::WRITABLE, || {
            self.quic.send((&self.io).into(), transmit)
        })
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut receiving = self
            .receiving
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let left = self.forward(&mut receiving, cx, bufs, meta);
        let Receiving {
            batches, outlet, ..
        } = &mut *receiving;
        batches.flush(&|transmit: &Transmit<'_>| outlet.send(&self.io, transmit));
        outlet.renew(&self.io);
        match left {
            Poll::Ready(Ok(0)) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(Err(error)) => {
                let why = self.given_up.get_or_init(|| error.to_string());
                tracing::error!(why, "the relay receives nothing any more");
                Poll::Ready(Err(error))
            }
            left => left,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    fn may_fragment(&self) -> bool {
        self.quic.may_fragment()
    }

    fn max_transmit_segments(&self) -> usize {
        self.quic.max_gso_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.quic.gro_segments()
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}

type Writable = Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>;

/// Waits until QUIC can send.
struct Poller {
    socket: Arc<Socket>,
    writable: Option<Writable>,
}

impl UdpPoller for Poller {
    fn poll_writable(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let socket = &this.socket;
        let writable = this.writable.get_or_insert_with(|| {
            let socket = Arc::clone(socket);
            Box::pin(async move { socket.io.writable().await })
        });
        let result = ready!(writable.as_mut().poll(cx));
        this.writable = None;
        Poll::Ready(result)
    }
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").finish_non_exhaustive()
    }
}
