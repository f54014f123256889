//! A way between a client of the suite and a relay that can be made bad: it loses, delays, reorders,
//! falls silent, or goes on from another address. It is a UDP socket on each side, and needs no rights.
//! Datagrams of the client that are none of its connection leave by it as well, and are kept when they come.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alongside_wire::path::{RoutingId, routing_id};
use quinn::udp::EcnCodepoint;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore as _, SeedableRng as _};
use tokio::{
    net::UdpSocket,
    runtime::Handle,
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

use super::outer::Outer;

/// What becomes of a packet on its way, in either direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// None gets through.
    pub silent: bool,
    /// So many of 100 are lost.
    pub lost: u32,
    /// So many of 100 come after those that were sent later.
    pub late: u32,
    /// How long each takes.
    pub delay: Duration,
}

/// A datagram that is none of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// All of it.
    pub bytes: Vec<u8>,
    /// What networks have marked it with.
    pub ecn: Option<EcnCodepoint>,
    /// Where it comes from.
    pub from: SocketAddr,
}

/// How much later a packet is that comes late.
const LATE: Duration = Duration::from_millis(20);
/// So many datagrams are kept.
const MOST: usize = 10_000;

/// A way to a relay.
pub struct Proxy {
    /// Where the client finds it.
    pub address: SocketAddr,
    relay: SocketAddr,
    shared: Arc<Shared>,
    outer: watch::Sender<Arc<Outer>>,
    runtime: Handle,
}

struct Shared {
    sky: Mutex<(Weather, ChaCha20Rng)>,
    retries: Mutex<usize>,
    /// Bytes that the client has sent.
    sent: AtomicUsize,
    /// Routing ids by which datagrams are known that are none of the connection, and those that came.
    apart: Mutex<(BTreeSet<RoutingId>, Vec<Raw>)>,
    /// Packets that take their time, in their order.
    line: mpsc::UnboundedSender<Packet>,
}

struct Packet {
    due: Instant,
    bytes: Vec<u8>,
    by: Arc<UdpSocket>,
    to: SocketAddr,
}

impl Proxy {
    /// A way to `relay`, for which it comes from the address `from`.
    ///
    /// # Errors
    /// If there is no such address here.
    pub fn start(
        relay: SocketAddr,
        from: IpAddr,
        weather: Weather,
        seed: u64,
        runtime: &Handle,
    ) -> io::Result<Self> {
        let inner = runtime.block_on(UdpSocket::bind(("127.0.0.1", 0)))?;
        let address = inner.local_addr()?;
        let socket = Arc::new(Outer::bind(from, runtime)?);
        let (outer, sockets) = watch::channel(socket);
        let (line, packets) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            sky: Mutex::new((weather, ChaCha20Rng::seed_from_u64(seed))),
            retries: Mutex::new(0),
            sent: AtomicUsize::new(0),
            // Checks have the one that is all zeros.
            apart: Mutex::new((BTreeSet::from([[0; 8]]), Vec::new())),
            line,
        });
        runtime.spawn(keep_in_line(packets));
        let carried = carry(Arc::new(inner), sockets, relay, Arc::clone(&shared));
        runtime.spawn(carried);
        Ok(Self {
            address,
            relay,
            shared,
            outer,
            runtime: runtime.clone(),
        })
    }

    /// From now on it is like this.
    pub fn set(&self, weather: Weather) {
        self.shared.lock().0 = weather;
    }

    /// Goes on from another port of this address. What comes to the old one is lost, but for datagrams that are none
    /// of the connection.
    ///
    /// # Errors
    /// If there is no such address here.
    pub fn moves(&self, from: IpAddr) -> io::Result<()> {
        let socket = Arc::new(Outer::bind(from, &self.runtime)?);
        let sockets = self.outer.subscribe();
        let old = self.outer.send_replace(socket);
        let heard = hear(old, sockets, Arc::clone(&self.shared));
        self.runtime.spawn(heard);
        Ok(())
    }

    /// Where the relay sees the client.
    ///
    /// # Errors
    /// If the system does not know.
    pub fn outside(&self) -> io::Result<SocketAddr> {
        self.outer.borrow().local_addr()
    }

    /// Sends a datagram that is none of the connection to the relay, from where the connection comes from.
    ///
    /// # Errors
    /// If it does not go.
    pub fn send(&self, bytes: &[u8], ecn: Option<EcnCodepoint>) -> io::Result<()> {
        self.send_to(bytes, ecn, self.relay)
    }

    /// The same to any address.
    ///
    /// # Errors
    /// If it does not go.
    pub fn send_to(
        &self,
        bytes: &[u8],
        ecn: Option<EcnCodepoint>,
        to: SocketAddr,
    ) -> io::Result<()> {
        self.outer.borrow().send(bytes, ecn, to)
    }

    /// Datagrams with this routing id are none of the connection.
    pub fn takes_apart(&self, id: RoutingId) {
        self.shared.apart().0.insert(id);
    }

    /// Datagrams that have come, and are none of the connection.
    pub fn datagrams(&self) -> Vec<Raw> {
        self.shared.apart().1.clone()
    }

    /// How many bytes the client has sent into it.
    pub fn sent(&self) -> usize {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// How often the relay wanted an address to be proved first.
    pub fn retries(&self) -> usize {
        *self
            .shared
            .retries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, (Weather, ChaCha20Rng)> {
        self.sky.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apart(&self) -> std::sync::MutexGuard<'_, (BTreeSet<RoutingId>, Vec<Raw>)> {
        self.apart.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a datagram that is none of the connection; whether it is one.
    fn keeps(&self, bytes: &[u8], ecn: Option<EcnCodepoint>, from: SocketAddr) -> bool {
        let mut apart = self.apart();
        let (ids, came) = &mut *apart;
        let is = routing_id(bytes).is_some_and(|id| ids.contains(&id));
        if is && came.len() < MOST {
            let bytes = bytes.to_vec();
            came.push(Raw { bytes, ecn, from });
        }
        is
    }

    fn look(&self, packet: &[u8]) {
        // A long header of version 1, of the type Retry.
        let retry = matches!(packet, [first, 0, 0, 0, 1, ..] if first & 0xF0 == 0xF0);
        if retry {
            let mut retries = self.retries.lock().unwrap_or_else(PoisonError::into_inner);
            *retries += 1;
        }
    }

    fn send(&self, packet: &[u8], by: &Arc<UdpSocket>, to: SocketAddr) {
        let (weather, lost, late) = {
            let mut sky = self.lock();
            let (weather, rng) = &mut *sky;
            let lost = rng.next_u32() % 100 < weather.lost;
            (*weather, lost, rng.next_u32() % 100 < weather.late)
        };
        if weather.silent || lost {
            return;
        }
        let (bytes, by) = (packet.to_vec(), Arc::clone(by));
        if late {
            tokio::spawn(async move {
                sleep(weather.delay + LATE).await;
                // A packet that cannot be sent is lost.
                let _ = by.send_to(&bytes, to).await;
            });
            return;
        }
        let due = Instant::now() + weather.delay;
        let packet = Packet { due, bytes, by, to };
        // The line is there as long as this is.
        let _ = self.line.send(packet);
    }
}

async fn keep_in_line(mut packets: mpsc::UnboundedReceiver<Packet>) {
    while let Some(Packet { due, bytes, by, to }) = packets.recv().await {
        sleep_until(due).await;
        // A packet that cannot be sent is lost.
        let _ = by.send_to(&bytes, to).await;
    }
}

/// Keeps datagrams that come to an old address, until the proxy is dropped.
async fn hear(old: Arc<Outer>, mut sockets: watch::Receiver<Arc<Outer>>, shared: Arc<Shared>) {
    let mut buffer = vec![0; 65_536];
    loop {
        tokio::select! {
            came = old.recv(&mut buffer) => {
                let Ok(about) = came else {
                    continue;
                };
                let all = buffer.get(..about.len).unwrap_or_default();
                for packet in all.chunks(about.stride.max(1)) {
                    shared.keeps(packet, about.ecn, about.addr);
                }
            }
            moved = sockets.changed() => {
                if moved.is_err() {
                    return;
                }
            }
        }
    }
}

/// Carries packets both ways until the proxy is dropped.
async fn carry(
    inner: Arc<UdpSocket>,
    mut sockets: watch::Receiver<Arc<Outer>>,
    relay: SocketAddr,
    shared: Arc<Shared>,
) {
    let (mut client, mut there, mut back) = (None, vec![0; 65_536], vec![0; 65_536]);
    loop {
        let outer = Arc::clone(&sockets.borrow_and_update());
        tokio::select! {
            came = inner.recv_from(&mut there) => {
                if let Ok((len, from)) = came {
                    client = Some(from);
                    shared.sent.fetch_add(len, Ordering::SeqCst);
                    let packet = there.get(..len).unwrap_or_default();
                    // By the latest one: it may have moved while this waited.
                    shared.send(packet, &sockets.borrow().io, relay);
                }
            }
            came = outer.recv(&mut back) => {
                let Ok(about) = came else {
                    continue;
                };
                let all = back.get(..about.len).unwrap_or_default();
                for packet in all.chunks(about.stride.max(1)) {
                    if shared.keeps(packet, about.ecn, about.addr) {
                        continue;
                    }
                    shared.look(packet);
                    if let Some(client) = client {
                        shared.send(packet, &inner, client);
                    }
                }
            }
            moved = sockets.changed() => {
                if moved.is_err() {
                    return;
                }
            }
        }
    }
}
