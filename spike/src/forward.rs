//! A socket that moves packets of paths, and gives a QUIC endpoint the others.

use std::{
    collections::HashMap,
    fmt,
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    sync::{
        Mutex, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{EcnCodepoint, RecvMeta, Transmit, UdpSocketState},
};
use tokio::io::Interest;

pub type Id = [u8; 8];

#[derive(Clone, Copy)]
pub struct Route {
    pub from: SocketAddr,
    pub to: SocketAddr,
}

pub struct Forwarder {
    io: tokio::net::UdpSocket,
    own: UdpSocketState,
    way_on: UdpSocketState,
    pub routes: RwLock<HashMap<Id, Route>>,
    batches: Mutex<Vec<Batch>>,
    merge: bool,
    pub stats: Stats,
}

#[derive(Default)]
pub struct Stats {
    pub calls: AtomicU64,
    pub messages: AtomicU64,
    pub packets: AtomicU64,
    pub bytes: AtomicU64,
    pub sends: AtomicU64,
    pub dropped: AtomicU64,
}

impl Stats {
    fn add(count: &AtomicU64, n: usize) {
        count.fetch_add(n as u64, Ordering::Relaxed);
    }
}

/// Packets of one way on, of one size but for the last.
struct Batch {
    to: SocketAddr,
    ecn: Option<EcnCodepoint>,
    size: usize,
    bytes: Vec<u8>,
    whole: bool,
}

const MOST_BYTES: usize = 65_000;
const MOST_PACKETS: usize = 64;
const ROUNDS: usize = 16;

impl fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forwarder")
    }
}

pub fn id(datagram: &[u8]) -> Option<Id> {
    let at = if datagram.first()? & 0x80 == 0 {
        1
    } else if *datagram.get(5)? == 16 {
        6
    } else {
        return None;
    };
    datagram.get(at..at + 8)?.try_into().ok()
}

impl Forwarder {
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    pub fn new(listen: SocketAddr, merge: bool) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(listen)?;
        let own = UdpSocketState::new((&socket).into())?;
        let way_on = UdpSocketState::new((&socket).into())?;
        Ok(Self {
            io: tokio::net::UdpSocket::from_std(socket)?,
            own,
            way_on,
            routes: RwLock::default(),
            batches: Mutex::default(),
            merge,
            stats: Stats::default(),
        })
    }

    fn send(&self, to: SocketAddr, ecn: Option<EcnCodepoint>, size: usize, contents: &[u8]) {
        let transmit = Transmit {
            destination: to,
            ecn,
            contents,
            segment_size: (contents.len() > size).then_some(size),
            src_ip: None,
        };
        let sent = self.io.try_io(Interest::WRITABLE, || {
            self.way_on.try_send((&self.io).into(), &transmit)
        });
        Stats::add(&self.stats.sends, 1);
        if sent.is_err() {
            Stats::add(&self.stats.dropped, contents.len().div_ceil(size));
        }
    }

    fn flush(&self, batch: &mut Batch) {
        if !batch.bytes.is_empty() {
            self.send(batch.to, batch.ecn, batch.size, &batch.bytes);
            batch.bytes.clear();
            batch.whole = true;
        }
    }

    /// Packets of one size but for the last, all with one way on.
    fn forward(
        &self,
        batches: &mut Vec<Batch>,
        to: SocketAddr,
        ecn: Option<EcnCodepoint>,
        size: usize,
        bytes: &[u8],
    ) {
        Stats::add(&self.stats.packets, bytes.len().div_ceil(size));
        Stats::add(&self.stats.bytes, bytes.len());
        if !self.merge {
            for part in bytes.chunks(size * MOST_PACKETS.min(MOST_BYTES / size)) {
                self.send(to, ecn, size, part);
            }
            return;
        }
        let at = match batches.iter().position(|batch| batch.to == to) {
            Some(at) => at,
            None => {
                batches.push(Batch {
                    to,
                    ecn,
                    size,
                    bytes: Vec::with_capacity(MOST_BYTES),
                    whole: true,
                });
                batches.len() - 1
            }
        };
        let batch = &mut batches[at];
        for packet in bytes.chunks(size) {
            let room = batch.bytes.len() + packet.len() <= MOST_BYTES
                && batch.bytes.len() / batch.size.max(1) < MOST_PACKETS;
            let fits = batch.bytes.is_empty()
                || (batch.whole && room && batch.ecn == ecn && packet.len() <= batch.size);
            if !fits {
                self.flush(batch);
            }
            if batch.bytes.is_empty() {
                batch.size = packet.len();
                batch.ecn = ecn;
                batch.whole = true;
            }
            batch.whole = packet.len() == batch.size;
            batch.bytes.extend_from_slice(packet);
        }
    }

    /// Moves what is of a path; returns how many messages are left, at the front.
    fn sift(&self, bufs: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta], messages: usize) -> usize {
        let routes = self.routes.read().unwrap();
        let mut batches = self.batches.lock().unwrap();
        let mut kept = 0;
        for message in 0..messages {
            let about = meta[message];
            let way = |packet: &[u8]| {
                let route = routes.get(&id(packet)?)?;
                (route.from == about.addr).then_some(route.to)
            };
            let mut left = 0;
            let mut at = 0;
            while at < about.len {
                let end = |at: usize| (at + about.stride).min(about.len);
                let buf = &mut bufs[message];
                let to = way(&buf[at..end(at)]);
                let start = at;
                at = end(at);
                while at < about.len && way(&buf[at..end(at)]) == to {
                    at = end(at);
                }
                match to {
                    Some(to) => {
                        self.forward(&mut batches, to, about.ecn, about.stride, &buf[start..at]);
                    }
                    None => {
                        if left < start {
                            buf.copy_within(start..at, left);
                        }
                        left += at - start;
                    }
                }
            }
            if left > 0 {
                meta[kept] = RecvMeta { len: left, ..about };
                bufs.swap(kept, message);
                kept += 1;
            }
        }
        for batch in batches.iter_mut() {
            self.flush(batch);
        }
        kept
    }
}

impl AsyncUdpSocket for Forwarder {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Poller {
            socket: self,
            waiting: None,
        })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.io.try_io(Interest::WRITABLE, || {
            self.own.send((&self.io).into(), transmit)
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
            let Ok(messages) = self.io.try_io(Interest::READABLE, || {
                self.own.recv((&self.io).into(), bufs, meta)
            }) else {
                continue;
            };
            Stats::add(&self.stats.calls, 1);
            Stats::add(&self.stats.messages, messages);
            let left = self.sift(bufs, meta, messages);
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
        self.own.may_fragment()
    }

    fn max_transmit_segments(&self) -> usize {
        self.own.max_gso_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.own.gro_segments()
    }
}

type Waiting = Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>;

struct Poller {
    socket: Arc<Forwarder>,
    waiting: Option<Waiting>,
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Poller")
    }
}

impl UdpPoller for Poller {
    fn poll_writable(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = self.socket.clone();
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(async move { socket.io.writable().await }));
        let result = waiting.as_mut().poll(cx);
        if result.is_ready() {
            self.waiting = None;
        }
        result
    }
}
