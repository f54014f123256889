//! A UDP proxy between clients and a relay: it can be a black hole, for all or for paths alone, and change a client's
//! address.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use alongside_wire::path::{RoutingId, routing_id};
use tokio::net::UdpSocket;

/// Where clients connect, and what becomes of their packets.
pub struct Proxy {
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    hole: AtomicBool,
    path_hole: AtomicBool,
    round: AtomicU64,
    /// Where packets of paths went that came from clients.
    paths: Mutex<BTreeSet<RoutingId>>,
    /// Bytes from clients, on paths and to the relay itself.
    path_bytes: AtomicU64,
    bytes: AtomicU64,
}

impl Proxy {
    /// A proxy in front of this relay.
    pub async fn start(relay: SocketAddr) -> Self {
        let inside = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let address = inside.local_addr().unwrap();
        let state = Arc::<State>::default();
        tokio::spawn(carry(inside, relay, state.clone()));
        Self { address, state }
    }

    /// Whether nothing gets through, either way.
    pub fn black_hole(&self, on: bool) {
        self.state.hole.store(on, Ordering::SeqCst);
    }

    /// Whether nothing that clients send on paths gets through.
    pub fn path_hole(&self, on: bool) {
        self.state.path_hole.store(on, Ordering::SeqCst);
    }

    /// From now on the relay sees every client at another address.
    pub fn change_addresses(&self) {
        self.state.round.fetch_add(1, Ordering::SeqCst);
    }

    /// Bytes that came from clients so far: on paths, and to the relay itself.
    pub fn sent(&self) -> [u64; 2] {
        [&self.state.path_bytes, &self.state.bytes].map(|bytes| bytes.load(Ordering::SeqCst))
    }
}

impl State {
    /// Whether a packet of a client's is of a path. The first ones have a long header, and a connection id of a
    /// length that those to a relay do not have here.
    fn is_of_path(&self, packet: &[u8]) -> bool {
        let Some(id) = routing_id(packet) else {
            return false;
        };
        let mut paths = self.paths.lock().unwrap();
        if packet[0] & 0x80 != 0 {
            paths.insert(id);
        }
        paths.contains(&id)
    }

    /// Whether a packet of a client's goes on.
    fn passes(&self, packet: &[u8]) -> bool {
        let of_path = self.is_of_path(packet);
        let sent = [&self.bytes, &self.path_bytes][usize::from(of_path)];
        sent.fetch_add(packet.len() as u64, Ordering::SeqCst);
        let hole = self.hole.load(Ordering::SeqCst);
        !(hole || of_path && self.path_hole.load(Ordering::SeqCst))
    }
}

async fn carry(inside: Arc<UdpSocket>, relay: SocketAddr, state: Arc<State>) {
    let mut outside: HashMap<(SocketAddr, u64), Arc<UdpSocket>> = HashMap::new();
    let mut packet = vec![0; 65_536];
    loop {
        // A client that is gone makes the next receive fail on some systems; that means nothing.
        let Ok((len, client)) = inside.recv_from(&mut packet).await else {
            continue;
        };
        if !state.passes(&packet[..len]) {
            continue;
        }
        let key = (client, state.round.load(Ordering::SeqCst));
        let socket = match outside.get(&key) {
            Some(socket) => socket.clone(),
            None => {
                let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                socket.connect(relay).await.unwrap();
                let (from, to, state) = (socket.clone(), inside.clone(), state.clone());
                tokio::spawn(async move {
                    let mut packet = vec![0; 65_536];
                    loop {
                        let Ok(len) = from.recv(&mut packet).await else {
                            continue;
                        };
                        if !state.hole.load(Ordering::SeqCst) {
                            let _ = to.send_to(&packet[..len], client).await;
                        }
                    }
                });
                outside.insert(key, socket.clone());
                socket
            }
        };
        let _ = socket.send(&packet[..len]).await;
    }
}
