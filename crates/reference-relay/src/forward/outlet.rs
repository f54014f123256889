//! How packets of paths leave.

use std::{
    io,
    time::{Duration, Instant},
};

use quinn::udp::{Transmit, UdpSockRef, UdpSocketState};
use tokio::{io::Interest, net::UdpSocket};

/// How soon the state of a way out may be made anew again.
const RENEWAL: Duration = Duration::from_secs(1);

/// The way out of a socket.
///
/// When the system refuses something, the state of a socket leaves out from then on what it takes for the cause: batches,
/// and marks of ECN. Packets of clients can bring that about, for themselves and for all others. So they leave by a state
/// that QUIC does not use, and that is made anew.
pub(super) struct Outlet {
    state: UdpSocketState,
    renewed: Option<Instant>,
    /// So many packets may leave in one call; 1 where the system does not split them.
    pub(super) most: usize,
}

impl Outlet {
    pub(super) fn new(socket: UdpSockRef<'_>) -> io::Result<Self> {
        let state = UdpSocketState::new(socket)?;
        Ok(Self {
            most: state.max_gso_segments(),
            state,
            renewed: None,
        })
    }

    /// It fails if it cannot be sent at once, or not at all.
    pub(super) fn send(&self, io: &UdpSocket, transmit: &Transmit<'_>) -> io::Result<()> {
        io.try_io(Interest::WRITABLE, || {
            self.state.try_send(io.into(), transmit)
        })
    }

    /// Takes up again what the state has given up, but not all the time if it is given up all the time.
    pub(super) fn renew(&mut self, io: &UdpSocket) {
        let soon = |renewed: Instant| renewed.elapsed() < RENEWAL;
        if self.state.max_gso_segments() < self.most && !self.renewed.is_some_and(soon) {
            self.renewed = Some(Instant::now());
            if let Ok(state) = UdpSocketState::new(io.into()) {
                self.state = state;
            }
        }
    }
}
