//! Parts of a relay without their sockets, for whoever tries them out with anything.

use std::{
    io::{self, IoSliceMut},
    net::IpAddr,
    time::Instant,
};

use alongside_state_machine::relay::PathEnd;
use alongside_wire::path::RoutingId;
use quinn::udp::{RecvMeta, Transmit};

use crate::forward::{Batches, Out, Ways, sift};
pub use crate::{
    connection::CHUNK,
    outbox::{Next, Outbox},
};

/// What forwards packets.
#[derive(Default)]
pub struct Forwarder {
    ways: Ways,
    batches: Batches,
}

impl Forwarder {
    /// Packets go between these two from now on, so many bytes from each in a second, or as many as come (0). Each end
    /// comes with the address of this machine that it knows.
    pub fn open(&mut self, ends: [(PathEnd, Option<IpAddr>); 2], rate: usize, now: Instant) {
        self.ways.open(ends, rate, now);
    }

    /// Packets with these ids go nowhere any more.
    pub fn close(&mut self, ids: [RoutingId; 2]) {
        self.ways.close(ids);
    }

    /// Sends on what is of a path, at most `most` packets in one transmit, and brings the other messages to the front;
    /// returns how many they are.
    pub fn receive(
        &mut self,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
        most: usize,
        now: Instant,
        send: impl Fn(&Transmit<'_>) -> io::Result<()>,
    ) -> usize {
        let (batches, out) = (&mut self.batches, Out { most, send });
        let left = sift::sift(&self.ways, batches, bufs, meta, now, &out);
        batches.flush(&out.send);
        left
    }
}
