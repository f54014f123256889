//! A way between a client of the suite and a relay that can be made bad: it loses, delays, reorders,
//! falls silent, or goes on from another address. It is a UDP socket on each side, and needs no rights.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore as _, SeedableRng as _};
use tokio::{
    net::UdpSocket,
    runtime::Handle,
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

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

/// How much later a packet is that comes late.
const LATE: Duration = Duration::from_millis(20);

/// A way to a relay.
pub struct Proxy {
    /// Where the client finds it.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    outer: watch::Sender<Arc<UdpSocket>>,
    runtime: Handle,
}

struct Shared {
    sky: Mutex<(Weather, ChaCha20Rng)>,
    retries: Mutex<usize>,
    /// Bytes that the client has sent.
    sent: AtomicUsize,
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
        let socket = runtime.block_on(UdpSocket::bind((from, 0)))?;
        let (outer, sockets) = watch::channel(Arc::new(socket));
        let (line, packets) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            sky: Mutex::new((weather, ChaCha20Rng::seed_from_u64(seed))),
            retries: Mutex::new(0),
            sent: AtomicUsize::new(0),
            line,
        });
        runtime.spawn(keep_in_line(packets));
        let carried = carry(Arc::new(inner), sockets, relay, Arc::clone(&shared));
        runtime.spawn(carried);
        Ok(Self {
            address,
            shared,
            outer,
            runtime: runtime.clone(),
        })
    }

    /// From now on it is like this.
    pub fn set(&self, weather: Weather) {
        self.shared.lock().0 = weather;
    }

    /// Goes on from another port of this address.
    ///
    /// # Errors
    /// If there is no such address here.
    pub fn moves(&self, from: IpAddr) -> io::Result<()> {
        let socket = self.runtime.block_on(UdpSocket::bind((from, 0)))?;
        self.outer.send_replace(Arc::new(socket));
        Ok(())
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

/// Carries packets both ways until the proxy is dropped.
async fn carry(
    inner: Arc<UdpSocket>,
    mut sockets: watch::Receiver<Arc<UdpSocket>>,
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
                    shared.send(there.get(..len).unwrap_or_default(), &outer, relay);
                }
            }
            came = outer.recv_from(&mut back) => {
                if let (Ok((len, _)), Some(client)) = (came, client) {
                    let packet = back.get(..len).unwrap_or_default();
                    shared.look(packet);
                    shared.send(packet, &inner, client);
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
