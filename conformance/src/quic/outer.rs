//! A socket that tells and sets how datagrams are marked.

use std::{
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr},
    slice,
    sync::Arc,
};

use quinn::udp::{EcnCodepoint, RecvMeta, Transmit, UdpSocketState};
use tokio::{io::Interest, net::UdpSocket, runtime::Handle};

/// One socket, on which several datagrams may come at once.
pub(super) struct Outer {
    pub(super) io: Arc<UdpSocket>,
    state: UdpSocketState,
}

impl Outer {
    /// At any port of this address.
    pub(super) fn bind(from: IpAddr, runtime: &Handle) -> io::Result<Self> {
        let io = std::net::UdpSocket::bind((from, 0))?;
        let state = UdpSocketState::new((&io).into())?;
        // It is not blocking from here on, which tokio wants.
        let _guard = runtime.enter();
        let io = Arc::new(UdpSocket::from_std(io)?);
        Ok(Self { io, state })
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    /// Sends it at once, or not at all.
    pub(super) fn send(
        &self,
        contents: &[u8],
        ecn: Option<EcnCodepoint>,
        destination: SocketAddr,
    ) -> io::Result<()> {
        let transmit = Transmit {
            destination,
            ecn,
            contents,
            segment_size: None,
            src_ip: None,
        };
        self.state.try_send((&*self.io).into(), &transmit)
    }

    /// What comes next; `stride` is the size of each datagram but the last.
    pub(super) async fn recv(&self, buffer: &mut [u8]) -> io::Result<RecvMeta> {
        let mut meta = RecvMeta::default();
        loop {
            self.io.readable().await?;
            let received = self.io.try_io(Interest::READABLE, || {
                let mut buffers = [IoSliceMut::new(buffer)];
                let meta = slice::from_mut(&mut meta);
                self.state.recv((&*self.io).into(), &mut buffers, meta)
            });
            match received {
                Ok(_) => return Ok(meta),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}
