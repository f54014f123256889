//! The socket of a client, which hears nobody but its relay.

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
    AsyncUdpSocket, Runtime, TokioRuntime, UdpPoller,
    udp::{RecvMeta, Transmit},
};
use tokio::sync::mpsc;

/// Checks that wait to be answered; the relay sends another for each that is lost.
const CHECKS: usize = 16;
/// How often packets are received in a row before others have a turn.
const ROUNDS: usize = 16;

/// A UDP socket for QUIC with one relay. What somebody else sends is dropped, and checks are taken out.
pub(in crate::net) struct Socket {
    inner: Arc<dyn AsyncUdpSocket>,
    relay: SocketAddr,
    checks: mpsc::Sender<PathToken>,
}

impl Socket {
    /// A socket at this address of the machine, and the tokens of the checks that come to it. Call it within a
    /// tokio runtime.
    pub(in crate::net) fn bind(
        local: SocketAddr,
        relay: SocketAddr,
    ) -> io::Result<(Arc<Self>, mpsc::Receiver<PathToken>)> {
        let socket = std::net::UdpSocket::bind(local)?;
        let (checks, tokens) = mpsc::channel(CHECKS);
        let socket = Self {
            inner: TokioRuntime.wrap_udp_socket(socket)?,
            relay,
            checks,
        };
        Ok((Arc::new(socket), tokens))
    }

    /// Takes out what is not for QUIC, and brings the other messages to the front; returns how many they are. `meta`
    /// has one entry for each message, which may be of many datagrams, all from one address.
    fn sift(&self, bufs: &mut [IoSliceMut<'_>], meta: &mut [RecvMeta]) -> usize {
        let mut kept = 0;
        for at in 0..meta.len() {
            let (Some(buf), Some(about)) = (bufs.get_mut(at), meta.get(at).copied()) else {
                break;
            };
            //= spec/20-forwarded-packets.md#clients [PATH-33] dd5dd6a4
            if about.addr != self.relay {
                continue;
            }
            let left = self.take_checks(buf, &about);
            if left > 0 {
                if let Some(meta) = meta.get_mut(kept) {
                    *meta = RecvMeta { len: left, ..about };
                }
                bufs.swap(kept, at);
                kept += 1;
            }
        }
        kept
    }

    //= spec/20-forwarded-packets.md#clients [PATH-21] 97715457
    /// Hands on the tokens of the checks in a message. The other datagrams come together at its beginning; returns
    /// their bytes.
    fn take_checks(&self, buf: &mut [u8], about: &RecvMeta) -> usize {
        let (mut at, mut left) = (0, 0);
        while at < about.len {
            let end = at.saturating_add(about.stride.max(1)).min(about.len);
            if let Some(check) = buf.get(at..end).and_then(Check::decode) {
                // It fails if too many wait.
                let _ = self.checks.try_send(check.token);
            } else {
                if left < at {
                    buf.copy_within(at..end, left);
                }
                left += end - at;
            }
            at = end;
        }
        left
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
        for _ in 0..ROUNDS {
            let received = ready!(self.inner.poll_recv(cx, bufs, meta))?;
            let left = self.sift(bufs, meta.get_mut(..received).unwrap_or_default());
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

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELAY: ([u8; 4], u16) = ([192, 0, 2, 1], 443);

    fn check(number: u8) -> Vec<u8> {
        let token = [number; 16];
        Check { token }.encode().to_vec()
    }

    fn message(from: impl Into<SocketAddr>, datagrams: &[Vec<u8>]) -> (Vec<u8>, RecvMeta) {
        let about = RecvMeta {
            addr: from.into(),
            len: datagrams.iter().map(Vec::len).sum(),
            stride: datagrams[0].len(),
            ecn: None,
            dst_ip: None,
        };
        (datagrams.concat(), about)
    }

    /// What is left for QUIC of some messages, and the tokens that were found.
    fn sifted(messages: Vec<(Vec<u8>, RecvMeta)>) -> (Vec<Vec<u8>>, Vec<PathToken>) {
        let (socket, mut tokens) = Socket::bind(([127, 0, 0, 1], 0).into(), RELAY.into()).unwrap();
        let (mut bufs, mut meta): (Vec<_>, Vec<_>) = messages.into_iter().unzip();
        let mut slices: Vec<_> = bufs.iter_mut().map(|buf| IoSliceMut::new(buf)).collect();
        let left = socket.sift(&mut slices, &mut meta);
        let left = slices.iter().zip(&meta).take(left);
        let left = left.map(|(slice, meta)| slice[..meta.len].to_vec());
        let tokens = std::iter::from_fn(|| tokens.try_recv().ok());
        (left.collect(), tokens.collect())
    }

    //= test spec/20-forwarded-packets.md#clients [PATH-21] 97715457
    #[tokio::test]
    async fn checks_are_found_wherever_they_are_in_a_batch() {
        let packet = |number: u8| vec![number; 25];
        let all = [
            check(1),
            packet(1),
            check(2),
            check(3),
            packet(2),
            vec![3; 7],
        ];
        let (left, tokens) = sifted(vec![
            message(RELAY, &[check(0)]),
            message(RELAY, &all),
            message(RELAY, &[vec![5; 1_200], check(4)]),
        ]);
        let first = [packet(1), packet(2), vec![3; 7]].concat();
        assert_eq!(left, [first, vec![5; 1_200]]);
        assert_eq!(tokens, [0, 1, 2, 3, 4].map(|number| [number; 16]));
    }

    /// What has the bytes of a check, but is not one datagram of it, is for QUIC.
    #[tokio::test]
    async fn a_part_of_a_datagram_is_no_check() {
        let longer = [check(1), check(2)].concat();
        let (left, tokens) = sifted(vec![message(
            RELAY,
            &[longer.clone(), check(3)[..24].into()],
        )]);
        assert_eq!(left, [[&longer[..], &check(3)[..24]].concat()]);
        assert_eq!(tokens, [[0; 16]; 0]);
    }

    //= test spec/20-forwarded-packets.md#clients [PATH-21] 97715457
    //= test spec/20-forwarded-packets.md#clients [PATH-33] dd5dd6a4
    #[tokio::test]
    async fn nobody_but_the_relay_is_heard() {
        let strangers = [([192, 0, 2, 1], 444), ([192, 0, 2, 2], 443)];
        let from = |stranger| message(stranger, &[vec![7; 1_200], check(1)]);
        let (left, tokens) = sifted(vec![
            from(strangers[0]),
            message(RELAY, &[vec![8; 9]]),
            from(strangers[1]),
        ]);
        assert_eq!((left, tokens), (vec![vec![8; 9]], vec![]));
    }

    #[tokio::test]
    async fn no_more_checks_wait_than_may() {
        let flood = (0..200).map(|number| message(RELAY, &[check(number)]));
        assert_eq!(sifted(flood.collect()).1.len(), CHECKS);
    }
}
