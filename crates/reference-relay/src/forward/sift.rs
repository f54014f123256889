//! Takes what is of a path out of what was received.

use std::{
    io::{self, IoSliceMut},
    time::Instant,
};

use alongside_state_machine::mutant;
use alongside_wire::limits::PATH_PACKET;
use quinn::udp::{RecvMeta, Transmit};

use super::{
    batch::Batches,
    ways::{Ways, way},
};

/// The way out.
pub(crate) struct Out<S> {
    /// So many packets may be in one transmit; 1 where the system does not split them.
    pub(crate) most: usize,
    pub(crate) send: S,
}

/// Sends on what is of a path, and brings the other messages to the front; returns how many they are. `meta` has one
/// entry for each message, which may be of many datagrams, all from one address.
pub(crate) fn sift(
    ways: &Ways,
    batches: &mut Batches,
    bufs: &mut [IoSliceMut<'_>],
    meta: &mut [RecvMeta],
    now: Instant,
    out: &Out<impl Fn(&Transmit<'_>) -> io::Result<()>>,
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
            //= spec/20-forwarded-packets.md#relay [PATH-12] 729c121c
            //= spec/20-forwarded-packets.md#relay [PATH-13] 251d897c
            let fits = datagram.len() <= PATH_PACKET || mutant::is("PATH-13/longer");
            if fits && way.takes(datagram.len(), now) {
                let ecn = about.ecn.filter(|_| !mutant::is("PATH-12/unmarked"));
                batches.put(datagram, way.to, ecn, out.most, &out.send);
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
    // It need not be copied if it changes from now on.
    drop(table);
    batches.flush(&out.send);
    kept
}

/// Shows each datagram of a message; those that are not taken come together at its beginning. Returns their bytes.
fn split(buf: &mut [u8], about: &RecvMeta, mut takes: impl FnMut(&[u8]) -> bool) -> usize {
    let (mut at, mut left) = (0, 0);
    let len = about.len.min(buf.len());
    while at < len {
        let end = at.saturating_add(about.stride.max(1)).min(len);
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

#[cfg(test)]
#[path = "sift_tests.rs"]
mod tests;
