//! What a relay's program does with bytes, without its sockets: packets of paths among others, the control stream of a
//! client in the pieces in which it comes, and what waits for a client.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use alongside_adversary::{
    messages::{self, Plane as _},
    source::Source,
};
use alongside_relay::testing::parts::{CHUNK, Forwarder, Next, Outbox};
use alongside_state_machine::{
    relay::{ConnId, PathEnd, Relay, RelayConfig, Source as Place, Transmit as Said},
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode,
    limits::PATH_PACKET,
    path::{RoutingId, routing_id},
    rendezvous::{CodeRequest, Hello, Join, Message},
};
use quinn::udp::{EcnCodepoint, RecvMeta, Transmit};

/// Steps of the longest run.
const LONGEST: usize = 60;
/// Bytes of the longest message of datagrams.
const MESSAGE: usize = 4_000;

pub(crate) fn fuzz(data: &[u8]) {
    let mut source = Source::new(data);
    match source.below(4) {
        0 => waiting(&mut source),
        1 => pieces(&mut source),
        _ => forwarding(&mut source),
    }
}

type Packets = BTreeMap<SocketAddr, Vec<(Vec<u8>, Option<EcnCodepoint>)>>;

/// Where an end is. Two of the others are there by another port or another address.
fn address(which: usize) -> SocketAddr {
    let host = [1, 1, 2, 3, 4, 5][which % 6];
    ([192, 0, 2, host], 1_000 + (which as u16 % 2)).into()
}

/// Whatever is received, the packets of a path go to its other end, once, as they came, and nothing else goes anywhere.
fn forwarding(source: &mut Source<'_>) {
    let mut forwarder = Forwarder::default();
    let mut now = Instant::now();
    // To whom packets with this id go, and from whom they may come.
    let mut ways: BTreeMap<RoutingId, [SocketAddr; 2]> = BTreeMap::new();
    let mut paths: Vec<[RoutingId; 2]> = Vec::new();
    let mut made = 0;
    for _ in 0..LONGEST {
        if source.is_empty() {
            break;
        }
        match source.below(8) {
            0 | 1 => {
                made += 2;
                let ids = [made - 1, made].map(|id| [id; 8]);
                let at = [source.below(6), source.below(6)].map(address);
                let end = |place: usize| PathEnd {
                    conn: ConnId(place as u64),
                    id: ids[place],
                    at: at[place],
                };
                forwarder.open([(end(0), None), (end(1), None)], 0, now);
                ways.insert(ids[1], [at[0], at[1]]);
                ways.insert(ids[0], [at[1], at[0]]);
                paths.push(ids);
            }
            2 if !paths.is_empty() => {
                let ids = paths.swap_remove(source.below(paths.len()));
                forwarder.close(ids);
                for id in ids {
                    ways.remove(&id);
                }
            }
            3 => now += Duration::from_millis(source.below(5_000) as u64),
            _ => receive(&mut forwarder, &ways, made, now, source),
        }
    }
}

/// Some messages come at once.
fn receive(
    forwarder: &mut Forwarder,
    ways: &BTreeMap<RoutingId, [SocketAddr; 2]>,
    made: u8,
    now: Instant,
    source: &mut Source<'_>,
) {
    let count = 1 + source.below(4);
    let mut came: Vec<(RecvMeta, Vec<u8>)> = (0..count).map(|_| message(made, source)).collect();
    // What is not the path's stays, message by message.
    let (mut expected, mut left) = (Packets::new(), Vec::new());
    for (meta, bytes) in &came {
        let mut rest = Vec::new();
        let bytes = &bytes[..meta.len.min(bytes.len())];
        // Without a size it is one.
        let size = if meta.stride == 0 {
            bytes.len()
        } else {
            meta.stride
        };
        for datagram in bytes.chunks(size.max(1)) {
            let way = routing_id(datagram).and_then(|id| ways.get(&id));
            match way.filter(|[from, _]| *from == meta.addr) {
                Some([_, to]) if datagram.len() <= PATH_PACKET => {
                    let packets = expected.entry(*to).or_default();
                    packets.push((datagram.to_vec(), meta.ecn));
                }
                Some(_) => {}
                None => rest.extend_from_slice(datagram),
            }
        }
        if !rest.is_empty() {
            left.push((meta.addr, rest));
        }
    }

    let most = 1 + source.below(70);
    let refuses = source.one_in(4);
    let sent = RefCell::new(Packets::new());
    let send = |transmit: &Transmit<'_>| {
        let size = transmit.segment_size.unwrap_or(transmit.contents.len());
        let packets: Vec<_> = transmit.contents.chunks(size.max(1)).collect();
        assert!(packets.len() <= most, "{} packets at once", packets.len());
        if refuses && transmit.segment_size.is_some() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut sent = sent.borrow_mut();
        let to = sent.entry(transmit.destination).or_default();
        to.extend(packets.iter().map(|packet| (packet.to_vec(), transmit.ecn)));
        Ok(())
    };
    let (mut meta, mut bytes): (Vec<_>, Vec<_>) = came.drain(..).unzip();
    let mut bufs: Vec<_> = bytes
        .iter_mut()
        .map(|bytes| IoSliceMut::new(bytes))
        .collect();
    let kept = forwarder.receive(&mut bufs, &mut meta, most, now, send);
    let kept: Vec<_> = (0..kept)
        .map(|at| (meta[at].addr, bufs[at][..meta[at].len].to_vec()))
        .collect();
    assert_eq!(kept, left, "what is for QUIC");
    assert_eq!(sent.into_inner(), expected, "what goes on");
}

/// Datagrams of one size from one address. What is said of them need not be so.
fn message(made: u8, source: &mut Source<'_>) -> (RecvMeta, Vec<u8>) {
    let size = match source.below(4) {
        0 => source.below(MESSAGE),
        _ => 17 + source.below(60),
    };
    let mut bytes = Vec::new();
    for _ in 0..1 + source.below(6) {
        let first = source.byte();
        let id = [1 + source.below(made as usize + 2) as u8; 8];
        let head = match first & 0x80 {
            0 => [&[first][..], &id].concat(),
            _ => [&[first, 0, 0, 0, 1, 16], &id[..]].concat(),
        };
        let start = bytes.len();
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(source.bytes(8));
        bytes.resize(start + size.max(1), first);
    }
    bytes.truncate(bytes.len() - source.below(size.max(1)));
    let ecn = [None, Some(EcnCodepoint::Ect0), Some(EcnCodepoint::Ce)];
    let meta = RecvMeta {
        addr: address(source.below(6)),
        len: bytes.len(),
        stride: size.max(1),
        ecn: *source.pick(&ecn),
        dst_ip: None,
    };
    let meta = match source.one_in(8) {
        true => RecvMeta {
            len: source.below(2 * MESSAGE),
            stride: source.below(80),
            ..meta
        },
        false => meta,
    };
    (meta, bytes)
}

/// A relay says the same, whatever the pieces in which its clients' control streams are read.
fn pieces(source: &mut Source<'_>) {
    let seed = [source.byte(); 32];
    let mut relays = [0, 1].map(|_| Relay::new(RelayConfig::default(), seed));
    let piece = 1 + source.below(40);
    let mut now = Timestamp::from_millis(1);
    let mut locators = Vec::new();
    let mut gone = BTreeSet::new();
    for conn in (0..3).map(ConnId) {
        for relay in &mut relays {
            let _ = relay.connected(conn, Place([192, 0, 2, conn.0 as u8].into()), now);
        }
    }
    for _ in 0..LONGEST {
        if source.is_empty() {
            break;
        }
        let conn = ConnId(source.below(3) as u64);
        if gone.contains(&conn) {
            continue;
        }
        let bytes = said(&locators, source);
        let [whole, cut] = &mut relays;
        for bytes in bytes.chunks(CHUNK) {
            whole.handle_control(conn, bytes, now);
        }
        for bytes in bytes.chunks(piece) {
            cut.handle_control(conn, bytes, now);
        }
        now = now.plus_ms(source.below(200) as u64);
        for relay in &mut relays {
            relay.handle_timeout(now);
        }
        let [one, other] = relays.each_mut().map(all_said);
        assert_eq!(
            format!("{one:?}"),
            format!("{other:?}"),
            "in pieces of {piece}"
        );
        for said in one {
            match said {
                Said::Close { conn, .. } => {
                    gone.insert(conn);
                }
                Said::Control { bytes, .. } => locators.extend(issued(&bytes)),
                _ => {}
            }
        }
    }
}

/// What a client says at once: some messages, perhaps with other bytes after them.
fn said(locators: &[alongside_wire::code::Locator], source: &mut Source<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..1 + source.below(4) {
        let message: Option<Message> = match source.below(6) {
            0 => Some(Hello::default().into()),
            1 => Some(CodeRequest {}.into()),
            2 if !locators.is_empty() => {
                let join = Join {
                    locator: *source.pick(locators),
                    link: source.bool(),
                    offer: source.bytes(20).to_vec(),
                };
                Some(join.into())
            }
            _ => messages::any(source),
        };
        if let Some(message) = message {
            message.write(&mut bytes);
        }
    }
    if source.one_in(6) {
        bytes.extend_from_slice(source.bytes(10));
    }
    bytes
}

fn all_said(relay: &mut Relay) -> Vec<Said> {
    while relay.poll_event().is_some() {}
    std::iter::from_fn(|| relay.poll_transmit()).collect()
}

fn issued(bytes: &[u8]) -> Option<alongside_wire::code::Locator> {
    let raw = alongside_wire::framing::only(bytes, usize::MAX, "a message").ok()?;
    match Message::decode(raw) {
        Ok(Some(Message::CodeIssued(issued))) => Some(issued.locator),
        _ => None,
    }
}

/// What waits for a client comes in its order, and is counted until it is written.
fn waiting(source: &mut Source<'_>) {
    let outbox = Outbox::default();
    let mut queue: VecDeque<Vec<u8>> = VecDeque::new();
    let (mut writing, mut bytes, mut closed) = (VecDeque::new(), 0, false);
    for _ in 0..LONGEST {
        if source.is_empty() {
            break;
        }
        match source.below(6) {
            0 | 1 if !closed => {
                let text = source.bytes(20).to_vec();
                bytes += text.len();
                queue.push_back(text.clone());
                outbox.push(text);
            }
            2 => {
                let next = poll(outbox.next());
                match (next, queue.pop_front()) {
                    (Some(Next::Write(came)), Some(text)) => {
                        assert_eq!(came, text);
                        writing.push_back(text.len());
                    }
                    (Some(Next::Close), None) => assert!(closed, "closed by nobody"),
                    (None, None) => assert!(!closed, "a close is waited for in vain"),
                    (_, left) => panic!("{left:?} waits in vain"),
                }
            }
            3 => {
                if let Some(len) = writing.pop_front() {
                    outbox.written(len);
                    bytes -= len;
                }
            }
            4 if source.one_in(4) => {
                outbox.close(ErrorCode::Done);
                closed = true;
            }
            _ => {
                let room = source.below(60);
                let there_is = poll(outbox.room(room)).is_some();
                assert_eq!(there_is, closed || bytes <= room, "room for {room}");
                assert_eq!(poll(outbox.closing()).is_some(), closed);
            }
        }
    }
}

/// What this comes to at once.
fn poll<T>(what: impl Future<Output = T>) -> Option<T> {
    match pin!(what).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}
