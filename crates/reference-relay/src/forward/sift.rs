//! Takes what is of a path out of what was received.

use std::{io::IoSliceMut, net::SocketAddr, time::Instant};

use alongside_wire::limits::PATH_PACKET;
use quinn::udp::{EcnCodepoint, RecvMeta, Transmit};

use super::{
    batch::Batch,
    ways::{Way, Ways, way},
};

/// Sends on what is of a path, and brings the other messages to the front; returns how many they are. `meta` has one
/// entry for each message, which may be of many datagrams, all from one address.
pub(super) fn sift(
    ways: &Ways,
    batches: &mut Vec<Batch>,
    bufs: &mut [IoSliceMut<'_>],
    meta: &mut [RecvMeta],
    now: Instant,
    send: impl Fn(&Transmit<'_>),
) -> usize {
    let table = ways.look();
    let mut kept = 0;
    for at in 0..meta.len() {
        let (Some(buf), Some(about)) = (bufs.get_mut(at), meta.get(at).copied()) else {
            break;
        };
        let left = split(buf, &about, |datagram| {
            let Some(way) = way(&table, datagram, about.addr) else {
                return false;
            };
            //= PATH-12
            //= PATH-13
            if datagram.len() <= PATH_PACKET && way.takes(datagram.len(), now) {
                put(batches, datagram, about.ecn, way, &send);
            }
            true
        });
        if left > 0 {
            if let Some(meta) = meta.get_mut(kept) {
                *meta = RecvMeta { len: left, ..about };
            }
            bufs.swap(kept, at);
            kept += 1;
        }
    }
    drop(table);
    for batch in batches {
        flush(batch, &send);
    }
    kept
}

/// Shows each datagram of a message; those that are not taken come together at its beginning. Returns their bytes.
fn split(buf: &mut [u8], about: &RecvMeta, mut takes: impl FnMut(&[u8]) -> bool) -> usize {
    let (mut at, mut left) = (0, 0);
    while at < about.len {
        let end = at.saturating_add(about.stride.max(1)).min(about.len);
        if !buf.get(at..end).is_some_and(&mut takes) {
            if left < at {
                buf.copy_within(at..end, left);
            }
            left += end - at;
        }
        at = end;
    }
    left
}

/// Puts a datagram with those that go the same way, in the order in which they came.
fn put(
    batches: &mut Vec<Batch>,
    datagram: &[u8],
    ecn: Option<EcnCodepoint>,
    way: &Way,
    send: &impl Fn(&Transmit<'_>),
) {
    let batch = place(batches, way.to);
    if let Some(batch) = batch {
        if !batch.takes(datagram, ecn) {
            flush(batch, send);
        }
        batch.push(datagram, ecn, way.to, way.by);
    }
}

/// The batch for an address, or an empty one.
fn place(batches: &mut Vec<Batch>, to: SocketAddr) -> Option<&mut Batch> {
    let used = batches.iter().position(|batch| batch.goes_to(to));
    let at = used.or_else(|| batches.iter().position(Batch::is_empty));
    let at = at.unwrap_or_else(|| {
        batches.push(Batch::new());
        batches.len() - 1
    });
    batches.get_mut(at)
}

fn flush(batch: &mut Batch, send: &impl Fn(&Transmit<'_>)) {
    if let Some(transmit) = batch.transmit() {
        send(&transmit);
    }
    batch.clear();
}
