use std::{
    cell::RefCell,
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use alongside_state_machine::relay::{ConnId, PathEnd};
use alongside_wire::path::RoutingId;

use super::*;

const ONE: RoutingId = [1; 8];
const OTHER: RoutingId = [2; 8];

fn address(port: u16) -> SocketAddr {
    ([192, 0, 2, 1], port).into()
}

/// A packet with a short header for this end.
fn packet(id: RoutingId, text: &[u8]) -> Vec<u8> {
    [&[0x11][..], &id, &[9; 8], text].concat()
}

/// A path between the first two ports.
fn ways() -> Ways {
    let ways = Ways::default();
    open(&ways, [(ONE, 1), (OTHER, 2)]);
    ways
}

fn open(ways: &Ways, ends: [(RoutingId, u16); 2]) {
    let end = |(id, port)| {
        let (conn, at) = (ConnId(1), address(port));
        (PathEnd { conn, id, at }, None)
    };
    ways.open(ends.map(end), 0, Instant::now());
}

/// A message of datagrams of one size, the last of which may be shorter.
struct Message {
    from: u16,
    size: usize,
    bytes: Vec<u8>,
}

impl Message {
    fn new(from: u16, datagrams: &[Vec<u8>]) -> Self {
        Self {
            from,
            size: datagrams[0].len(),
            bytes: datagrams.concat(),
        }
    }
}

/// What is left of each message.
fn receive(
    ways: &Ways,
    messages: &mut [Message],
    most: usize,
    send: impl Fn(&Transmit<'_>) -> io::Result<()>,
) -> Vec<Vec<u8>> {
    let mut meta: Vec<_> = messages
        .iter()
        .map(|message| RecvMeta {
            addr: address(message.from),
            len: message.bytes.len(),
            stride: message.size,
            ecn: None,
            dst_ip: None,
        })
        .collect();
    let bytes = messages.iter_mut().map(|message| &mut message.bytes);
    let mut bufs: Vec<_> = bytes.map(|bytes| IoSliceMut::new(bytes)).collect();
    let out = Out { most, send };
    let mut batches = Batches::default();
    let now = Instant::now();
    let kept = sift(ways, &mut batches, &mut bufs, &mut meta, now, &out);
    batches.flush(&out.send);
    let left = bufs.iter().zip(&meta).take(kept);
    left.map(|(buf, meta)| buf[..meta.len].to_vec()).collect()
}

/// What one call of the system got: the port, the size of each packet but the last, and all bytes.
type Call = (u16, Option<usize>, Vec<u8>);

#[derive(Default)]
struct Sent(RefCell<Vec<Call>>);

impl Sent {
    fn note(&self, transmit: &Transmit<'_>) {
        let port = transmit.destination.port();
        let contents = transmit.contents.to_vec();
        self.0
            .borrow_mut()
            .push((port, transmit.segment_size, contents));
    }
}

/// Of some datagrams some are of a path.
#[test]
fn what_is_left_of_a_message_comes_together_at_its_beginning() {
    let of_path = packet(OTHER, b"path");
    let own = [&[0x11][..], &[5; 20]].concat();
    let size = of_path.len();
    assert_eq!(own.len(), size);
    let short = of_path[..18].to_vec();
    let mixed = [&own, &of_path, &of_path, &own, &of_path, &short].map(Vec::clone);
    let mut messages = [Message::new(1, &vec![of_path; 70]), Message::new(1, &mixed)];
    let sent = Sent::default();
    let left = receive(&ways(), &mut messages, 1_000, |transmit| {
        sent.note(transmit);
        Ok(())
    });
    assert_eq!(left, [own.repeat(2)]);
    let sent = sent.0.into_inner();
    let sent: Vec<_> = sent
        .iter()
        .map(|(to, size, all)| (*to, *size, all.len()))
        .collect();
    // 64 at most in a call; a shorter one ends a batch.
    let (first, second) = (64 * size, 9 * size + 18);
    assert_eq!(sent, [(2, Some(size), first), (2, Some(size), second)]);
}

#[test]
fn a_system_that_splits_nothing_gets_each_packet_alone() {
    let packets: Vec<_> = (0..5).map(|i| packet(OTHER, &[i; 9])).collect();
    let sent = Sent::default();
    receive(&ways(), &mut [Message::new(1, &packets)], 1, |transmit| {
        sent.note(transmit);
        Ok(())
    });
    let alone = packets.into_iter().map(|packet| (2, None, packet));
    assert_eq!(sent.0.into_inner(), alone.collect::<Vec<_>>());
}

/// What a way refused is not tried again.
#[test]
fn packets_that_are_refused_together_go_alone_unless_there_is_no_room() {
    let packets: Vec<_> = (0..3).map(|i| packet(OTHER, &[i; 9])).collect();
    let size = packets[0].len();
    let together = (2, Some(size), packets.concat());
    let alone = packets.iter().map(|packet| (2, None, packet.clone()));
    let alone: Vec<_> = alone.collect();
    for (why, expected) in [
        (
            io::ErrorKind::InvalidInput,
            [&[together.clone()][..], &alone, &alone].concat(),
        ),
        (
            io::ErrorKind::WouldBlock,
            vec![together.clone(), together.clone()],
        ),
    ] {
        let (ways, sent) = (ways(), Sent::default());
        for _ in 0..2 {
            receive(&ways, &mut [Message::new(1, &packets)], 64, |transmit| {
                sent.note(transmit);
                Err(why.into())
            });
        }
        assert_eq!(sent.0.into_inner(), expected, "{why}");
    }
}

/// Packets for more addresses than there are batches.
#[test]
fn with_too_many_addresses_the_fullest_batch_goes_first() {
    let ways = Ways::default();
    let id = |port: u16| [port as u8; 8];
    let ports = 1..=33;
    let mut messages = Vec::new();
    for port in ports.clone() {
        open(&ways, [([255; 8], 100 + port), (id(port), port)]);
        // The seventh gets more than the others.
        let count = if port == 7 { 3 } else { 2 };
        let all = vec![packet(id(port), b"text"); count];
        messages.push(Message::new(100 + port, &all));
    }
    let sent = Sent::default();
    let left = receive(&ways, &mut messages, 64, |transmit| {
        sent.note(transmit);
        Ok(())
    });
    assert!(left.is_empty());
    let sent = sent.0.into_inner();
    let order: Vec<_> = sent.iter().map(|(port, ..)| *port).collect();
    let rest = (1..=32).map(|port| if port == 7 { 33 } else { port });
    assert_eq!(order, [7].into_iter().chain(rest).collect::<Vec<_>>());
    let packets = sent
        .iter()
        .map(|(.., all)| all.len() / packet(ONE, b"text").len());
    assert_eq!(packets.sum::<usize>(), 67);
}

/// Whoever closes a way does not wait for the system. What was received before still goes.
#[test]
fn a_way_closes_while_packets_are_sent() {
    let ways = Arc::new(ways());
    let packets = vec![packet(OTHER, b"text"); 3];
    let sent = Sent::default();
    receive(&ways, &mut [Message::new(1, &packets)], 1, |transmit| {
        sent.note(transmit);
        let (ways, (done, closed)) = (Arc::clone(&ways), mpsc::channel());
        thread::spawn(move || {
            ways.close([ONE, OTHER]);
            done.send(())
        });
        // It waits in vain if a lock is held here.
        let closed = closed.recv_timeout(Duration::from_secs(5));
        closed.expect("it waits for the one that sends");
        Ok(())
    });
    assert_eq!(sent.0.into_inner().len(), 3);
    let mut late = [Message::new(1, &packets)];
    let left = receive(&ways, &mut late, 1, |_| panic!("it is closed"));
    assert_eq!(left, [packets.concat()]);
}
