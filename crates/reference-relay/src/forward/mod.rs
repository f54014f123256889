//! The socket of a relay: packets of paths go on at once, and QUIC gets the others.

mod batch;
pub(crate) mod sift;
#[cfg(test)]
mod tests;
mod ways;

use std::{
    fmt,
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Instant,
};

use alongside_wire::path::{Check, PathToken};
use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{RecvMeta, Transmit, UdpSocketState},
};
use tokio::{io::Interest, net::UdpSocket};

pub(crate) use self::{batch::Batches, sift::Out, ways::Ways};

/// How often packets are received in a row before others have a turn.
const ROUNDS: usize = 16;

/// The most bytes that a socket holds for so many paths: packets that leave together, and where packets go.
pub(crate) fn memory(paths: usize) -> u64 {
    let ways = (paths as u64).saturating_mul(Ways::OF_PATH as u64);
    ways.saturating_add(Batches::MEMORY as u64)
}

/// One UDP socket for all. It keeps no packet: what cannot go on at once is lost, as networks lose packets.
pub(crate) struct Socket {
    io: UdpSocket,
    quic: UdpSocketState,
    /// When the system refuses a batch, its state turns batches off; packets of clients must not do that to QUIC.
    paths: UdpSocketState,
    pub(crate) ways: Ways,
    /// The task that receives is the only one that takes this lock.
    batches: Mutex<Batches>,
}

impl Socket {
    /// Listens. Call it within a tokio runtime.
    pub(crate) fn bind(listen: SocketAddr) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(listen)?;
        let (quic, paths) = (state(&socket)?, state(&socket)?);
        Ok(Self {
            io: UdpSocket::from_std(socket)?,
            quic,
            paths,
            ways: Ways::default(),
            batches: Mutex::default(),
        })
    }

    /// Sends a check, or loses it.
    pub(crate) fn check(&self, to: SocketAddr, by: Option<IpAddr>, token: PathToken) {
        let check = Check { token }.encode();
        let _ = self.send(&Transmit {
            destination: to,
            ecn: None,
            contents: &check,
            segment_size: None,
            src_ip: by,
        });
    }

    /// It fails if it cannot be sent at once, or not at all.
    fn send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.io.try_io(Interest::WRITABLE, || {
            self.paths.try_send((&self.io).into(), transmit)
        })
    }
}

fn state(socket: &std::net::UdpSocket) -> io::Result<UdpSocketState> {
    UdpSocketState::new(socket.into())
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
        for _ in 0..ROUNDS {
            ready!(self.io.poll_recv_ready(cx))?;
            let received = self.io.try_io(Interest::READABLE, || {
                self.quic.recv((&self.io).into(), bufs, meta)
            });
            let received = match received {
                Ok(received) => received,
                Err(error) if passes(&error) => continue,
                Err(error) => return Poll::Ready(Err(error)),
            };
            let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
            let meta = meta.get_mut(..received).unwrap_or_default();
            let out = Out {
                most: self.paths.max_gso_segments(),
                send: |transmit: &Transmit<'_>| self.send(transmit),
            };
            let left = sift::sift(&self.ways, &mut batches, bufs, meta, Instant::now(), &out);
            if left > 0 {
                return Poll::Ready(Ok(left));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
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
