//! Takes what is of a path out of what was received.

use std::{
    io::{self, IoSliceMut},
    time::Instant,
};

use alongside_state_machine::mutant;
use alongside_wire::{limits::PATH_PACKET, mutant::is as load};
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

/// Puts what is of a path into batches, of which those that are full are sent, and brings the other messages to the
/// front; returns how many they are. `meta` has one entry for each message, which may be of many datagrams, all from
/// one address.
pub(crate) fn sift(
    ways: &Ways,
    batches: &mut Batches,
    bufs: &mut [IoSliceMut<'_>],
    meta: &mut [RecvMeta],
    now: Instant,
    out: &Out<impl Fn(&Transmit<'_>) -> io::Result<()>>,
) -> usize {
    let table = ways.look();
    alongside_sift::sift(bufs, meta, |about, datagram| {
        let Some(way) = way(&table, datagram, about.addr) else {
            if load("load/slow") {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            return false;
        };
        //= spec/20-forwarded-packets.md#relay [PATH-12] 729c121c
        //= spec/20-forwarded-packets.md#relay [PATH-13] 251d897c
        let fits = datagram.len() <= PATH_PACKET || mutant::is("PATH-13/longer");
        if fits && way.takes(datagram.len(), now) {
            let ecn = about.ecn.filter(|_| !mutant::is("PATH-12/unmarked"));
            batches.put(datagram, way, ecn, out.most, &out.send);
        }
        true
    })
}

#[cfg(test)]
#[path = "sift_tests.rs"]
mod tests;
