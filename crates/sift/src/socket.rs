//! A socket that takes out what is not for its endpoint.

use std::{
    fmt,
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{RecvMeta, Transmit},
};

use crate::sift;

/// How often messages are received in a row before other tasks have a turn.
const ROUNDS: usize = 16;

/// A socket around another, of which its endpoint hears only what `T`, a function as [`sift`] has it, does not take.
/// It is called in the task that receives, for each datagram, and must not wait.
pub struct Socket<T> {
    inner: Arc<dyn AsyncUdpSocket>,
    takes: T,
}

impl<T> Socket<T>
where
    T: Fn(&RecvMeta, &[u8]) -> bool + Send + Sync + 'static,
{
    /// What `takes` does not take of what comes to `inner` is for the endpoint.
    pub fn new(inner: Arc<dyn AsyncUdpSocket>, takes: T) -> Arc<Self> {
        Arc::new(Self { inner, takes })
    }
}

impl<T> AsyncUdpSocket for Socket<T>
where
    T: Fn(&RecvMeta, &[u8]) -> bool + Send + Sync + 'static,
{
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.inner).create_io_poller()
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
        for _ in 0..ROUNDS {
            let received = ready!(self.inner.poll_recv(cx, bufs, meta))?;
            let left = sift(
                bufs,
                meta.get_mut(..received).unwrap_or_default(),
                &self.takes,
            );
            if left > 0 {
                return Poll::Ready(Ok(left));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
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

impl<T> fmt::Debug for Socket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
