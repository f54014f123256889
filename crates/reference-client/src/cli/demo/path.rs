//! A way to the relay that the demo can cut.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{net::UdpSocket, task::JoinHandle};

use super::Failure;

/// Carries datagrams there and back, while it is not cut.
pub(super) struct Path {
    pub(super) address: SocketAddr,
    cut: Arc<AtomicBool>,
    forwarding: JoinHandle<()>,
}

impl Path {
    pub(super) async fn open(relay: SocketAddr) -> Result<Self, Failure> {
        let near = Arc::new(UdpSocket::bind(("127.0.0.1", 0)).await?);
        let address = near.local_addr()?;
        let cut = Arc::new(AtomicBool::new(false));
        let forwarding = tokio::spawn(forward(near, relay, Arc::clone(&cut)));
        Ok(Self {
            address,
            cut,
            forwarding,
        })
    }

    /// From now on nothing comes through, or everything does.
    pub(super) fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        self.forwarding.abort();
    }
}

/// Each client has a socket of its own on the far side, so that answers find their way back.
async fn forward(near: Arc<UdpSocket>, relay: SocketAddr, cut: Arc<AtomicBool>) {
    let mut clients: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut datagram = vec![0; 65_536];
    while let Ok((size, client)) = near.recv_from(&mut datagram).await {
        if cut.load(Ordering::Relaxed) {
            continue;
        }
        let far = match clients.get(&client) {
            Some(far) => Arc::clone(far),
            None => {
                let Ok(far) = UdpSocket::bind(("127.0.0.1", 0)).await else {
                    return;
                };
                let far = Arc::new(far);
                clients.insert(client, Arc::clone(&far));
                tokio::spawn(answer(
                    Arc::clone(&near),
                    Arc::clone(&far),
                    client,
                    Arc::clone(&cut),
                ));
                far
            }
        };
        // What is lost here is lost as on any way.
        let _ = far.send_to(&datagram[..size], relay).await;
    }
}

async fn answer(
    near: Arc<UdpSocket>,
    far: Arc<UdpSocket>,
    client: SocketAddr,
    cut: Arc<AtomicBool>,
) {
    let mut datagram = vec![0; 65_536];
    while let Ok(size) = far.recv(&mut datagram).await {
        if !cut.load(Ordering::Relaxed) {
            let _ = near.send_to(&datagram[..size], client).await;
        }
    }
}
