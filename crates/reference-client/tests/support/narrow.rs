//! A UDP proxy between a client and a relay that is as narrow as a slow line, with the queue that such a line
//! has before it.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    net::UdpSocket,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

/// Bits that pass each way in a second.
const RATE: u64 = 2_000_000;
/// Bytes that wait at most; what comes beyond is lost. It is 400 ms of the line.
const QUEUE: u64 = 100_000;

/// A line, of which there is one for each way.
struct Line {
    packets: UnboundedSender<(Instant, Vec<u8>)>,
    /// When it has carried what it took.
    free: Instant,
}

impl Line {
    fn new() -> (Self, UnboundedReceiver<(Instant, Vec<u8>)>) {
        let (packets, carried) = unbounded_channel();
        let free = Instant::now();
        (Self { packets, free }, carried)
    }

    fn take(&mut self, packet: &[u8]) {
        let now = Instant::now();
        let time = |bytes: u64| Duration::from_micros(bytes * 8 * 1_000_000 / RATE);
        let start = self.free.max(now);
        if start - now > time(QUEUE) {
            return;
        }
        self.free = start + time(packet.len() as u64);
        let _ = self.packets.send((self.free, packet.into()));
    }
}

/// Starts a line to this relay, for one client; where the client connects.
pub async fn line(relay: SocketAddr) -> SocketAddr {
    let [inside, outside] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0"));
    let (inside, outside) = (
        Arc::new(inside.await.unwrap()),
        Arc::new(outside.await.unwrap()),
    );
    outside.connect(relay).await.unwrap();
    let address = inside.local_addr().unwrap();
    tokio::spawn(async move {
        let mut packet = vec![0; 65_536];
        let (len, client) = inside.recv_from(&mut packet).await.unwrap();
        inside.connect(client).await.unwrap();
        let _ = outside.send(&packet[..len]).await;
        tokio::spawn(carry(inside.clone(), outside.clone()));
        carry(outside, inside).await;
    });
    address
}

async fn carry(from: Arc<UdpSocket>, to: Arc<UdpSocket>) {
    let (mut line, mut carried) = Line::new();
    tokio::spawn(async move {
        while let Some((at, packet)) = carried.recv().await {
            tokio::time::sleep_until(at.into()).await;
            let _ = to.send(&packet).await;
        }
    });
    let mut packet = vec![0; 65_536];
    loop {
        // An end that is gone makes the next receive fail on some systems; that means nothing.
        if let Ok(len) = from.recv(&mut packet).await {
            line.take(&packet[..len]);
        }
    }
}
