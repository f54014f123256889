use std::{cell::RefCell, future::poll_fn, net::UdpSocket as Plain, time::Duration};

use alongside_state_machine::relay::{ConnId, PathEnd};
use alongside_wire::{limits::PATH_PACKET, path::RoutingId};
use tokio::time::timeout;

use super::*;

const ONE: RoutingId = [1; 8];
const OTHER: RoutingId = [2; 8];

fn end(conn: u64, id: RoutingId, at: SocketAddr) -> (PathEnd, Option<IpAddr>) {
    let conn = ConnId(conn);
    (PathEnd { conn, id, at }, None)
}

/// A packet with a short header for this end.
fn packet(id: RoutingId, text: &[u8]) -> Vec<u8> {
    [&[0x11][..], &id, &[9; 8], text].concat()
}

/// A packet with a long header for this end, of a version that nobody knows.
fn long(id: RoutingId, text: &[u8]) -> Vec<u8> {
    [&[0xFF, 9, 9, 9, 9, 16][..], &id, &[9; 8], text].concat()
}

struct World {
    socket: Arc<Socket>,
    at: SocketAddr,
    one: Plain,
    other: Plain,
    stranger: Plain,
}

impl World {
    fn new(rate: usize) -> Self {
        let plain = || {
            let plain = Plain::bind("127.0.0.1:0").unwrap();
            let patience = Some(Duration::from_secs(5));
            plain.set_read_timeout(patience).unwrap();
            plain
        };
        let (one, other, stranger) = (plain(), plain(), plain());
        let socket = Arc::new(Socket::bind(([127, 0, 0, 1], 0).into()).unwrap());
        let ends = [
            end(1, ONE, one.local_addr().unwrap()),
            end(2, OTHER, other.local_addr().unwrap()),
        ];
        socket.ways.open(ends, rate, Instant::now());
        Self {
            at: socket.local_addr().unwrap(),
            socket,
            one,
            other,
            stranger,
        }
    }

    /// What QUIC is given next.
    async fn left(&self) -> Vec<u8> {
        let mut buffers = vec![vec![0; 65_536]; 4];
        let mut slices = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer));
        let mut slices: Vec<_> = slices.by_ref().collect();
        let mut meta = vec![RecvMeta::default(); 4];
        let count = poll_fn(|cx| self.socket.poll_recv(cx, &mut slices, &mut meta));
        let count = timeout(Duration::from_secs(5), count).await;
        let count = count.expect("nothing is left for QUIC").unwrap();
        let messages = slices.iter().zip(&meta).take(count);
        messages
            .flat_map(|(slice, meta)| slice[..meta.len].to_vec())
            .collect()
    }

    /// Sends something to QUIC, by which is known that all before was handled.
    async fn handled(&self) {
        self.stranger.send_to(b"that is all", self.at).unwrap();
        assert_eq!(self.left().await, b"that is all");
    }
}

fn next(plain: &Plain) -> Vec<u8> {
    let mut buffer = [0; 2_000];
    let (len, _) = plain.recv_from(&mut buffer).unwrap();
    buffer[..len].to_vec()
}

fn nothing(plain: &Plain) -> bool {
    plain.set_nonblocking(true).unwrap();
    let nothing = plain.recv_from(&mut [0; 2_000]).is_err();
    plain.set_nonblocking(false).unwrap();
    nothing
}

//= test PATH-12
#[tokio::test]
async fn packets_of_a_path_go_on_as_they_are_and_in_order() {
    let world = World::new(0);
    let packets = [
        long(OTHER, b"hello"),
        packet(OTHER, b"a"),
        packet(OTHER, b"bcd"),
        packet(OTHER, b"e"),
    ];
    for packet in &packets {
        world.one.send_to(packet, world.at).unwrap();
    }
    world
        .other
        .send_to(&packet(ONE, b"back"), world.at)
        .unwrap();
    world.handled().await;
    for packet in packets {
        assert_eq!(next(&world.other), packet);
    }
    assert_eq!(next(&world.one), packet(ONE, b"back"));
    assert_eq!(world.socket.ways.packets(&OTHER), 4);
}

//= test PATH-11
#[tokio::test]
async fn what_comes_from_elsewhere_or_goes_nowhere_is_for_quic() {
    let world = World::new(0);
    let to_itself = packet(ONE, b"from the one");
    let cases = [
        (&world.stranger, packet(OTHER, b"from nobody")),
        (&world.one, to_itself),
        (&world.one, packet([3; 8], b"to nobody")),
        (&world.one, packet(OTHER, b"")[..16].to_vec()),
        (&world.one, long(OTHER, b"")[..21].to_vec()),
        (&world.one, b"x".to_vec()),
    ];
    for (from, datagram) in cases {
        from.send_to(&datagram, world.at).unwrap();
        assert_eq!(world.left().await, datagram);
    }
    world.socket.ways.close([ONE, OTHER]);
    let late = packet(OTHER, b"late");
    world.one.send_to(&late, world.at).unwrap();
    assert_eq!(world.left().await, late);
    assert!(nothing(&world.one) && nothing(&world.other));
}

//= test PATH-13
//= test PATH-14
#[tokio::test]
async fn what_is_too_long_or_too_much_is_dropped() {
    let world = World::new(4_000);
    let most = packet(OTHER, &vec![7; PATH_PACKET - 17]);
    assert_eq!(most.len(), PATH_PACKET);
    let longer = [&most[..], b"!"].concat();
    for datagram in [&longer, &most, &most, &most, &packet(OTHER, b"last")] {
        world.one.send_to(datagram, world.at).unwrap();
    }
    world.handled().await;
    // The third comes to more than 4,000 bytes in a second, and what is small still fits.
    assert_eq!(next(&world.other), most);
    assert_eq!(next(&world.other), most);
    assert_eq!(next(&world.other), packet(OTHER, b"last"));
    assert!(nothing(&world.other));
}

/// A message of many datagrams, of which some are of a path.
#[test]
fn what_is_left_of_a_message_comes_together_at_its_beginning() {
    let ways = Ways::default();
    let [one, other] = [1, 2].map(|port| SocketAddr::from(([192, 0, 2, 1], port)));
    let ends = [end(1, ONE, one), end(2, OTHER, other)];
    ways.open(ends, 0, Instant::now());
    let of_path = packet(OTHER, b"path");
    let own = [&[0x11][..], &[5; 20]].concat();
    assert_eq!(of_path.len(), own.len());
    let short = of_path[..18].to_vec();
    let mut message = [&own, &of_path, &of_path, &own, &of_path, &short]
        .map(|part| part.to_vec())
        .concat();
    let mut all_of_path = of_path.repeat(70);
    let about = |bytes: &[u8]| RecvMeta {
        addr: one,
        len: bytes.len(),
        stride: of_path.len(),
        ecn: None,
        dst_ip: None,
    };
    let mut meta = [about(&all_of_path), about(&message)];
    let mut bufs = [
        IoSliceMut::new(&mut all_of_path),
        IoSliceMut::new(&mut message),
    ];
    let sent = RefCell::new(Vec::new());
    let send = |transmit: &Transmit<'_>| {
        assert_eq!(transmit.destination, other);
        let sizes = (transmit.contents.len(), transmit.segment_size);
        sent.borrow_mut().push(sizes);
    };
    let mut batches = Vec::new();
    let kept = sift::sift(
        &ways,
        &mut batches,
        &mut bufs,
        &mut meta,
        Instant::now(),
        send,
    );
    assert_eq!(kept, 1);
    assert_eq!(&bufs[0][..meta[0].len], own.repeat(2));
    let size = of_path.len();
    // 64 at most in a call; a shorter one ends a batch.
    assert_eq!(
        sent.into_inner(),
        [(64 * size, Some(size)), (9 * size + 18, Some(size))]
    );
}
