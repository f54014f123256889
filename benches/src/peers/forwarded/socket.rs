//! The socket of a bare client, on which its relay looks whether it is there.

use std::{
    fmt,
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use alongside_wire::path::{Check, PathToken};
use quinn::{
    AsyncUdpSocket, Runtime as _, TokioRuntime, UdpPoller,
    udp::{RecvMeta, Transmit},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A UDP socket that tells the tokens of checks. They stay among what comes: QUIC knows no connection of theirs.
pub(super) struct Socket {
    inner: Arc<dyn AsyncUdpSocket>,
    checks: UnboundedSender<PathToken>,
}

impl Socket {
    /// Call it within a tokio runtime.
    pub(super) fn bind(local: SocketAddr) -> io::Result<(Arc<Self>, UnboundedReceiver<PathToken>)> {
        let socket = std::net::UdpSocket::bind(local)?;
        let inner = TokioRuntime.wrap_udp_socket(socket)?;
        let (checks, tokens) = unbounded_channel();
        Ok((Arc::new(Self { inner, checks }), tokens))
    }
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        self.inner.clone().create_io_poller()
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
        let received = ready!(self.inner.poll_recv(cx, bufs, meta))?;
        for (buf, about) in bufs.iter().zip(meta.iter()).take(received) {
            let message = buf.get(..about.len).unwrap_or_default();
            for check in tokens(message, about.stride) {
                // It fails when nobody waits any more.
                let _ = self.checks.send(check);
            }
        }
        Poll::Ready(Ok(received))
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

/// Those in a message, which is of datagrams of so many bytes each; the last may be shorter.
fn tokens(message: &[u8], stride: usize) -> impl Iterator<Item = PathToken> {
    let datagrams = message.chunks(stride.max(1));
    datagrams.filter_map(|datagram| Some(Check::decode(datagram)?.token))
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_found_at_the_end_of_a_batch_and_nowhere_within_a_datagram() {
        let check = Check { token: [7; 16] }.encode();
        let batch = [&[5; 1_200][..], &[5; 1_200], &check].concat();
        assert_eq!(tokens(&batch, 1_200).collect::<Vec<_>>(), [[7; 16]]);
        assert_eq!(tokens(&batch, 2_425).count(), 0);
        assert_eq!(tokens(&check, 25).count(), 1);
    }
}
