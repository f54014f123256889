//! Of the socket as a whole; what one message becomes is told by `sift`.

use std::{
    future::poll_fn,
    net::UdpSocket as Plain,
    sync::atomic::{AtomicUsize, Ordering},
};

use alongside_state_machine::relay::{ConnId, PathEnd};
use alongside_wire::{limits::PATH_PACKET, path::RoutingId};
use quinn::udp::EcnCodepoint;
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

fn plain() -> Plain {
    let plain = Plain::bind("127.0.0.1:0").unwrap();
    let patience = Some(Duration::from_secs(5));
    plain.set_read_timeout(patience).unwrap();
    plain
}

impl World {
    fn new(rate: usize) -> Self {
        Self::with(rate, UdpSocketState::recv, PATIENCE)
    }

    /// Of a socket that receives in this way.
    fn with(rate: usize, receive: Receive, patience: Duration) -> Self {
        let (one, other, stranger) = (plain(), plain(), plain());
        let socket = Socket::new(([127, 0, 0, 1], 0).into(), receive, patience);
        let socket = Arc::new(socket.unwrap());
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
        self.receive().await.unwrap()
    }

    async fn receive(&self) -> io::Result<Vec<u8>> {
        let mut buffers = vec![vec![0; 65_536]; 4];
        let mut slices = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer));
        let mut slices: Vec<_> = slices.by_ref().collect();
        let mut meta = vec![RecvMeta::default(); 4];
        let count = poll_fn(|cx| self.socket.poll_recv(cx, &mut slices, &mut meta));
        let count = timeout(Duration::from_secs(5), count).await;
        let count = count.expect("nothing is left for QUIC")?;
        let messages = slices.iter().zip(&meta).take(count);
        Ok(messages
            .flat_map(|(slice, meta)| slice[..meta.len].to_vec())
            .collect())
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

//= test spec/20-forwarded-packets.md#relay [PATH-12] 729c121c
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

//= test spec/20-forwarded-packets.md#relay [PATH-11] 2055a404
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

//= test spec/20-forwarded-packets.md#relay [PATH-13] 251d897c
//= test spec/20-forwarded-packets.md#relay [PATH-14] d66f084e
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

/// Real time: it is tried again after a pause.
#[tokio::test]
async fn a_socket_that_fails_for_a_while_goes_on() {
    static LEFT: AtomicUsize = AtomicUsize::new(3);
    let world = World::with(
        0,
        |state, socket, bufs, meta| {
            let left = LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
            match left {
                Ok(_) => Err(io::ErrorKind::OutOfMemory.into()),
                Err(_) => state.recv(socket, bufs, meta),
            }
        },
        PATIENCE,
    );
    let packet = packet(OTHER, b"has come");
    world.one.send_to(&packet, world.at).unwrap();
    world.handled().await;
    assert_eq!(next(&world.other), packet);
    assert_eq!(LEFT.load(Ordering::SeqCst), 0);
    assert_eq!(world.socket.given_up(), None);
}

#[tokio::test]
async fn a_socket_that_fails_for_too_long_is_given_up() {
    let fails: Receive = |_, _, _, _| Err(io::ErrorKind::OutOfMemory.into());
    let world = World::with(0, fails, Duration::ZERO);
    world.stranger.send_to(b"has come", world.at).unwrap();
    let error = world.receive().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
    assert_eq!(world.socket.given_up(), Some(&*error.to_string()));
}

#[test]
fn what_others_bring_about_is_no_failure() {
    for kind in [io::ErrorKind::ConnectionReset, io::ErrorKind::Interrupted] {
        assert!(passes(&kind.into()), "{kind}");
    }
}

/// Packets of a path that the system refuses as an invalid argument (here because nothing comes from a group) leave batches
/// and marks to the others.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_is_refused_on_one_path_is_nothing_to_the_others() {
    let world = World::new(0);
    let (lame, nobody) = (plain(), plain());
    let by = Some([224, 0, 0, 1].into());
    let ends = [(3, [3; 8], &lame), (4, [4; 8], &nobody)].map(|(conn, id, plain)| {
        let (end, _) = end(conn, id, plain.local_addr().unwrap());
        (end, by)
    });
    world.socket.ways.open(ends, 0, Instant::now());
    let together = |from: &Plain, id| {
        let packets = packet(id, b"text").repeat(3);
        let state = UdpSocketState::new(from.into()).unwrap();
        let transmit = Transmit {
            destination: world.at,
            ecn: Some(EcnCodepoint::Ect0),
            contents: &packets,
            segment_size: Some(packets.len() / 3),
            src_ip: None,
        };
        state.try_send(from.into(), &transmit).unwrap();
        packets
    };
    together(&lame, [4; 8]);
    world.handled().await;
    assert!(nothing(&nobody));
    let receives = UdpSocketState::new((&world.other).into()).unwrap();
    let packets = together(&world.one, OTHER);
    world.handled().await;
    let (mut buf, mut meta) = ([0; 2_000], [RecvMeta::default()]);
    let socket = (&world.other).into();
    let came = receives.recv(socket, &mut [IoSliceMut::new(&mut buf)], &mut meta);
    assert_eq!(came.unwrap(), 1);
    assert_eq!(buf[..meta[0].len], packets);
    assert_eq!(meta[0].stride, packets.len() / 3);
    assert_eq!(meta[0].ecn, Some(EcnCodepoint::Ect0));
}
