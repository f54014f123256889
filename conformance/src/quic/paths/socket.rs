//! One UDP socket for more than one endpoint: a datagram goes to whoever takes its routing id, and all others
//! to the endpoint that the socket was made for.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use alongside_wire::path::{CONNECTION_ID, RoutingId, routing_id};
use quinn::{
    AsyncUdpSocket, Endpoint, EndpointConfig, UdpPoller, default_runtime,
    udp::{RecvMeta, Transmit},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How often packets are received in a row before others have a turn.
const ROUNDS: usize = 16;
/// How much is kept of each datagram that came or went, and of how many.
const HEAD: usize = 64;
const MOST: usize = 10_000;

/// A datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// The other address: where it came from, or went.
    pub at: SocketAddr,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// A UDP socket.
pub struct Socket {
    inner: Arc<dyn AsyncUdpSocket>,
    takers: Mutex<BTreeMap<RoutingId, UnboundedSender<Datagram>>>,
}

impl Socket {
    /// Listens. Call it within a tokio runtime.
    ///
    /// # Errors
    /// If there is no such address here.
    pub fn bind(at: SocketAddr) -> io::Result<Arc<Self>> {
        let socket = std::net::UdpSocket::bind(at)?;
        let runtime = default_runtime().ok_or_else(|| io::Error::other("no runtime"))?;
        Ok(Arc::new(Self {
            inner: runtime.wrap_udp_socket(socket)?,
            takers: Mutex::default(),
        }))
    }

    /// Reads this socket where no control connection does: nothing but what is taken is wanted of it. Call it within a
    /// tokio runtime.
    ///
    /// # Errors
    /// If the system does not let it; in words.
    pub fn read_alone(self: &Arc<Self>) -> Result<Endpoint, String> {
        let runtime = default_runtime().ok_or("no runtime")?;
        let (config, socket) = (EndpointConfig::default(), Arc::<Self>::clone(self));
        Endpoint::new_with_abstract_socket(config, None, socket, runtime)
            .map_err(|error| error.to_string())
    }

    /// Datagrams with this routing id come here from now on. A check is one with the id 0.
    pub fn take(&self, id: RoutingId) -> UnboundedReceiver<Datagram> {
        let (sender, taken) = unbounded_channel();
        lock(&self.takers).insert(id, sender);
        taken
    }

    /// Sends a datagram, or loses it.
    pub fn send(&self, to: SocketAddr, bytes: &[u8]) {
        // A datagram that cannot be sent is lost.
        let _ = self.inner.try_send(&Transmit {
            destination: to,
            ecn: None,
            contents: bytes,
            segment_size: None,
            src_ip: None,
        });
    }

    /// Hands over what is taken, and brings the other messages to the front; returns how many they are.
    fn sift(&self, bufs: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta]) -> usize {
        let takers = lock(&self.takers);
        let mut kept = 0;
        for at in 0..meta.len() {
            let (Some(buf), Some(about)) = (bufs.get_mut(at), meta.get(at).copied()) else {
                break;
            };
            let left = split(buf, &about, |bytes| {
                let taker = routing_id(bytes).and_then(|id| takers.get(&id));
                let Some(taker) = taker else {
                    return false;
                };
                let (at, bytes) = (about.addr, bytes.to_vec());
                // Whoever took it may be gone.
                let _ = taker.send(Datagram { at, bytes });
                true
            });
            if left > 0 {
                if let Some(meta) = meta.get_mut(kept) {
                    *meta = RecvMeta { len: left, ..about };
                }
                bufs.swap(kept, at);
                kept += 1;
            }
        }
        kept
    }
}

/// Shows each datagram of a message; those that are not taken come together at its beginning. Returns their bytes.
///
/// The references have a crate for this, `alongside-sift`. The suite does without: what that lost, joined or let through
/// in a relay, it could lose, join or hide in the same place here.
fn split(buf: &mut [u8], about: &RecvMeta, mut takes: impl FnMut(&[u8]) -> bool) -> usize {
    let (mut at, mut left) = (0, 0);
    while at < about.len {
        let end = at.saturating_add(about.stride.max(1)).min(about.len);
        if !buf.get(at..end).is_some_and(&mut takes) {
            buf.copy_within(at..end, left);
            left += end - at;
        }
        at = end;
    }
    left
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.inner).create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.inner.try_send(transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        for _ in 0..ROUNDS {
            let received = ready!(self.inner.poll_recv(cx, bufs, meta))?;
            let left = self.sift(bufs, meta.get_mut(..received).unwrap_or_default());
            if left > 0 {
                return Poll::Ready(Ok(left));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn may_fragment(&self) -> bool {
        self.inner.may_fragment()
    }

    fn max_transmit_segments(&self) -> usize {
        self.inner.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.inner.max_receive_segments()
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// The beginnings of the datagrams of one end, in order.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// What came.
    pub came: Vec<Datagram>,
    /// What went.
    pub went: Vec<Datagram>,
}

/// What is taken with one routing id, as a socket of its own.
pub(super) struct Side {
    socket: Arc<Socket>,
    taken: Mutex<UnboundedReceiver<Datagram>>,
    traffic: Mutex<Traffic>,
    pub(super) silent: AtomicBool,
}

impl Side {
    pub(super) fn new(socket: &Arc<Socket>, id: RoutingId) -> Self {
        Self {
            socket: Arc::clone(socket),
            taken: Mutex::new(socket.take(id)),
            traffic: Mutex::default(),
            silent: AtomicBool::new(false),
        }
    }

    pub(super) fn traffic(&self) -> Traffic {
        lock(&self.traffic).clone()
    }
}

/// Keeps the beginning of a datagram.
fn note(all: &mut Vec<Datagram>, at: SocketAddr, bytes: &[u8]) {
    if all.len() < MOST {
        let bytes = bytes.get(..HEAD).unwrap_or(bytes).to_vec();
        all.push(Datagram { at, bytes });
    }
}

impl AsyncUdpSocket for Side {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.socket).create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        if self.silent.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.socket.try_send(transmit)?;
        note(
            &mut lock(&self.traffic).went,
            transmit.destination,
            transmit.contents,
        );
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            let Some(Datagram { at, bytes }) = ready!(lock(&self.taken).poll_recv(cx)) else {
                return Poll::Pending;
            };
            if self.silent.load(Ordering::SeqCst) {
                continue;
            }
            note(&mut lock(&self.traffic).came, at, &bytes);
            let (Some(buf), Some(meta)) = (bufs.first_mut(), meta.first_mut()) else {
                return Poll::Ready(Ok(0));
            };
            let Some(place) = buf.get_mut(..bytes.len()) else {
                continue;
            };
            place.copy_from_slice(&bytes);
            *meta = RecvMeta {
                addr: at,
                len: bytes.len(),
                stride: bytes.len(),
                ecn: None,
                dst_ip: None,
            };
            return Poll::Ready(Ok(1));
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

impl fmt::Debug for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

impl Datagram {
    /// The connection ids of a packet with a long header: where it goes, and where it comes from.
    pub fn long(&self) -> Option<(&[u8], &[u8])> {
        let (first, rest) = self.bytes.split_first()?;
        if first & 0x80 == 0 {
            return None;
        }
        let (length, rest) = rest.get(4..)?.split_first()?;
        let (to, rest) = rest.split_at_checked(usize::from(*length))?;
        let (length, rest) = rest.split_first()?;
        Some((to, rest.get(..usize::from(*length))?))
    }

    /// Where a packet goes, if all connection ids have 16 bytes.
    pub fn goes_to(&self) -> Option<&[u8]> {
        match self.long() {
            Some((to, _)) => Some(to),
            None => self.bytes.get(1..1 + CONNECTION_ID),
        }
    }

    /// Whether it begins with a packet of early data of version 1.
    pub fn is_early(&self) -> bool {
        matches!(self.bytes.as_slice(), [first, 0, 0, 0, 1, ..] if first & 0xB0 == 0x90)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
