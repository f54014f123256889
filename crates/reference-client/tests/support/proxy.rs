//! A UDP proxy between clients and a relay: it can be a black hole, and change a client's address.
#![allow(dead_code, unreachable_pub)]

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::net::UdpSocket;

/// Where clients connect, and what becomes of their packets.
pub struct Proxy {
    pub address: SocketAddr,
    hole: Arc<AtomicBool>,
    round: Arc<AtomicU64>,
}

impl Proxy {
    /// A proxy in front of this relay.
    pub async fn start(relay: SocketAddr) -> Self {
        let inside = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let address = inside.local_addr().unwrap();
        let hole = Arc::new(AtomicBool::new(false));
        let round = Arc::new(AtomicU64::new(0));
        tokio::spawn(carry(inside, relay, hole.clone(), round.clone()));
        Self {
            address,
            hole,
            round,
        }
    }

    /// Whether nothing gets through, either way.
    pub fn black_hole(&self, on: bool) {
        self.hole.store(on, Ordering::SeqCst);
    }

    /// From now on the relay sees every client at another address.
    pub fn change_addresses(&self) {
        self.round.fetch_add(1, Ordering::SeqCst);
    }
}

async fn carry(
    inside: Arc<UdpSocket>,
    relay: SocketAddr,
    hole: Arc<AtomicBool>,
    round: Arc<AtomicU64>,
) {
    let mut outside: HashMap<(SocketAddr, u64), Arc<UdpSocket>> = HashMap::new();
    let mut packet = vec![0; 65_536];
    loop {
        // A client that is gone makes the next receive fail on some systems; that means nothing.
        let Ok((len, client)) = inside.recv_from(&mut packet).await else {
            continue;
        };
        if hole.load(Ordering::SeqCst) {
            continue;
        }
        let key = (client, round.load(Ordering::SeqCst));
        let socket = match outside.get(&key) {
            Some(socket) => socket.clone(),
            None => {
                let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                socket.connect(relay).await.unwrap();
                let back = (socket.clone(), inside.clone(), hole.clone());
                tokio::spawn(async move {
                    let (socket, inside, hole) = back;
                    let mut packet = vec![0; 65_536];
                    loop {
                        let Ok(len) = socket.recv(&mut packet).await else {
                            continue;
                        };
                        if !hole.load(Ordering::SeqCst) {
                            let _ = inside.send_to(&packet[..len], client).await;
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
