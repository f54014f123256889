use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use proptest::prelude::*;
use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{Transmit, UdpSocketState},
};

use super::*;

fn about(len: usize, stride: usize) -> RecvMeta {
    RecvMeta {
        len,
        stride,
        ..RecvMeta::default()
    }
}

/// What is left of some messages, each of a buffer and what is said of it, and the size of each datagram.
fn sifted(
    messages: &mut [(Vec<u8>, RecvMeta)],
    mut takes: impl FnMut(&[u8]) -> bool,
) -> Vec<(Vec<u8>, usize)> {
    let mut meta: Vec<_> = messages.iter().map(|(_, about)| *about).collect();
    let bufs = messages.iter_mut().map(|(buf, _)| IoSliceMut::new(buf));
    let mut bufs: Vec<_> = bufs.collect();
    let left = sift(&mut bufs, &mut meta, |_, datagram| takes(datagram));
    let left = bufs.iter().zip(&meta).take(left);
    left.map(|(buf, about)| (buf[..about.len].to_vec(), about.stride))
        .collect()
}

#[test]
fn what_is_left_comes_together_in_its_order() {
    let mut messages = [
        (b"aa!!bb!!c".to_vec(), about(9, 2)),
        (b"!!!!!".to_vec(), about(5, 2)),
        (Vec::new(), about(0, 0)),
        (b"dd!".to_vec(), about(3, 2)),
    ];
    let left = sifted(&mut messages, |datagram| datagram.starts_with(b"!"));
    assert_eq!(left, [(b"aabbc".to_vec(), 2), (b"dd".to_vec(), 2)]);
}

#[test]
fn each_datagram_comes_with_what_is_known_of_its_message() {
    let from = |port: u16| SocketAddr::from(([192, 0, 2, 1], port));
    let mut messages = [vec![1; 4], vec![2; 4]];
    let mut meta = [1, 2].map(|port| RecvMeta {
        addr: from(port),
        ..about(4, 2)
    });
    let mut bufs = messages.each_mut().map(|buf| IoSliceMut::new(buf));
    let left = sift(&mut bufs, &mut meta, |about, datagram| {
        assert_eq!(about.addr, from(datagram[0].into()));
        about.addr == from(1)
    });
    assert_eq!((left, meta[0].addr), (1, from(2)));
}

/// Nobody takes a datagram of no bytes out of another, and QUIC would look for its end for ever.
#[test]
fn datagrams_of_no_bytes_are_one() {
    for takes in [false, true] {
        let mut shown = Vec::new();
        let mut messages = [(b"text".to_vec(), about(4, 0))];
        let left = sifted(&mut messages, |datagram| {
            shown.push(datagram.to_vec());
            takes
        });
        assert_eq!(shown, [b"text"]);
        assert_eq!(
            left.first(),
            (!takes).then(|| (b"text".to_vec(), 4)).as_ref()
        );
    }
}

#[test]
fn a_message_ends_with_its_buffer() {
    let most = usize::MAX;
    for (len, stride) in [(5, 2), (most, 2), (most, most), (5, 4)] {
        let mut messages = [(b"!!aa".to_vec(), about(len, stride))];
        let left = sifted(&mut messages, |datagram| datagram == b"!!");
        let expected = if stride == 2 { &b"aa"[..] } else { b"!!aa" };
        assert_eq!(left, [(expected.to_vec(), stride)], "{len}, {stride}");
    }
}

#[test]
fn a_message_without_a_buffer_is_not_looked_at() {
    let mut buf = *b"a";
    let mut meta = [about(1, 1); 3];
    let left = sift(&mut [IoSliceMut::new(&mut buf)], &mut meta, |_, _| false);
    assert_eq!(left, 1);
}

proptest! {
    /// Whatever is said of messages: all that is in their buffers is shown once, in order, and is left or is not.
    #[test]
    fn nothing_is_lost_or_comes_twice(
        messages in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..40), 0_usize..60, 0_usize..12),
            0..6,
        ),
    ) {
        let mut all: Vec<_> = messages
            .into_iter()
            .map(|(buf, len, stride)| (buf, about(len, stride)))
            .collect();
        let said: Vec<u8> = all
            .iter()
            .flat_map(|(buf, about)| buf[..about.len.min(buf.len())].to_vec())
            .collect();
        let (mut shown, mut stays) = (Vec::new(), Vec::new());
        let left = sifted(&mut all, |datagram| {
            shown.extend_from_slice(datagram);
            let takes = datagram[0] % 2 == 0;
            if !takes {
                stays.extend_from_slice(datagram);
            }
            takes
        });
        prop_assert_eq!(shown, said);
        prop_assert!(left.iter().all(|(bytes, stride)| !bytes.is_empty() && *stride > 0));
        prop_assert_eq!(left.into_iter().flat_map(|(bytes, _)| bytes).collect::<Vec<_>>(), stays);
    }
}

#[test]
fn a_socket_is_widened_and_never_narrowed() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let state = UdpSocketState::new((&socket).into()).unwrap();
    let room = || state.recv_buffer_size((&socket).into()).unwrap();
    let before = room();
    // A limit of the system may be what it has already.
    widen(&socket, usize::MAX / 4).unwrap();
    assert!(room() >= before);
    state
        .set_recv_buffer_size((&socket).into(), 8 * 1024)
        .unwrap();
    let narrow = room();
    widen(&socket, 64 * 1024).unwrap();
    let wide = room();
    assert!(wide > narrow && wide >= 64 * 1024, "{narrow}, {wide}");
    widen(&socket, 16 * 1024).unwrap();
    assert_eq!(room(), wide);
}

/// A socket to which these come, one in a call.
#[derive(Debug)]
struct Inner(Mutex<Vec<u8>>);

impl AsyncUdpSocket for Inner {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        unreachable!("nobody sends")
    }

    fn try_send(&self, _: &Transmit<'_>) -> io::Result<()> {
        Ok(())
    }

    fn poll_recv(
        &self,
        _: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let Some(byte) = self.0.lock().unwrap().pop() else {
            return Poll::Pending;
        };
        bufs[0][0] = byte;
        meta[0] = about(1, 1);
        Poll::Ready(Ok(1))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(([192, 0, 2, 1], 443).into())
    }
}

/// Others have a turn although nothing is left, and what is left comes all the same.
#[tokio::test]
async fn a_socket_goes_on_until_something_is_left() {
    let mut comes = vec![0; 100];
    comes[0] = 7;
    let inner = Arc::new(Inner(Mutex::new(comes)));
    let socket = Socket::new(inner, |_: &RecvMeta, datagram: &[u8]| datagram == [0]);
    let mut turns = 0;
    let mut buf = [0];
    let left = poll_fn(|cx| {
        turns += 1;
        socket.poll_recv(cx, &mut [IoSliceMut::new(&mut buf)], &mut [about(0, 0)])
    });
    assert_eq!(left.await.unwrap(), 1);
    assert_eq!((buf, turns), ([7], 7));
}
