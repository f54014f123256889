//! Packets that leave together: one call of the system for many.

use std::{io, sync::Arc};

use quinn::udp::{EcnCodepoint, Transmit};

use super::ways::Way;

/// The most bytes, and the most packets, that the system takes in one call.
const BYTES: usize = 65_000;
const PACKETS: usize = 64;
/// For so many addresses packets are collected at once.
const BATCHES: usize = 32;

/// The most bytes that are collected at once.
pub(super) const MEMORY: usize = BATCHES * BYTES;

/// Packets for some addresses, in the order in which they came for each.
#[derive(Default)]
pub(crate) struct Batches(Vec<Batch>);

impl Batches {
    /// Puts a packet with those that go to the same address; `most` may leave in one call. What has to leave before is sent.
    pub(super) fn put(
        &mut self,
        packet: &[u8],
        way: &Arc<Way>,
        ecn: Option<EcnCodepoint>,
        most: usize,
        send: &impl Fn(&Transmit<'_>) -> io::Result<()>,
    ) {
        let most = if way.is_alone() { 1 } else { most };
        if let Some(batch) = self.place(way) {
            if !batch.takes(packet, way, ecn, most) {
                batch.flush(send);
            }
            batch.push(packet, way, ecn);
        }
    }

    /// Sends all that is here.
    pub(crate) fn flush(&mut self, send: &impl Fn(&Transmit<'_>) -> io::Result<()>) {
        for batch in &mut self.0 {
            batch.flush(send);
        }
    }

    /// The batch that goes there, or an empty one; if there is none, the fullest.
    fn place(&mut self, way: &Arc<Way>) -> Option<&mut Batch> {
        let batches = &mut self.0;
        let at = batches.iter().position(|batch| batch.goes(way));
        let at = at.or_else(|| batches.iter().position(|batch| batch.way.is_none()));
        if at.is_none() && batches.len() < BATCHES {
            batches.push(Batch::new());
            return batches.last_mut();
        }
        match at {
            Some(at) => batches.get_mut(at),
            None => batches.iter_mut().max_by_key(|batch| batch.bytes.len()),
        }
    }
}

/// Packets for one address, of one size but for the last, which may be shorter.
struct Batch {
    /// That of the first packet; none if there is none.
    way: Option<Arc<Way>>,
    ecn: Option<EcnCodepoint>,
    size: usize,
    count: usize,
    bytes: Vec<u8>,
}

impl Batch {
    fn new() -> Self {
        Self {
            way: None,
            ecn: None,
            size: 0,
            count: 0,
            bytes: Vec::with_capacity(BYTES),
        }
    }

    fn goes(&self, way: &Arc<Way>) -> bool {
        self.way.as_ref().is_some_and(|own| own.to == way.to)
    }

    /// Whether another packet can go with those that are here.
    fn takes(&self, packet: &[u8], way: &Arc<Way>, ecn: Option<EcnCodepoint>, most: usize) -> bool {
        let whole = self.bytes.len() == self.count * self.size;
        let room = self.count < most.min(PACKETS) && self.bytes.len() + packet.len() <= BYTES;
        let alike = self.goes(way) && self.ecn == ecn && packet.len() <= self.size;
        self.count == 0 || (whole && room && alike)
    }

    fn push(&mut self, packet: &[u8], way: &Arc<Way>, ecn: Option<EcnCodepoint>) {
        if self.count == 0 {
            (self.way, self.ecn, self.size) = (Some(Arc::clone(way)), ecn, packet.len());
        }
        self.count += 1;
        self.bytes.extend_from_slice(packet);
    }

    //= spec/20-forwarded-packets.md#relay [PATH-13] 251d897c
    /// Sends what is here, or loses it.
    fn flush(&mut self, send: &impl Fn(&Transmit<'_>) -> io::Result<()>) {
        let Some(way) = self.way.take() else {
            return;
        };
        let many = (self.count > 1).then_some(self.size);
        let sent = send(&self.transmit(&way, &self.bytes, many));
        let refused = sent.is_err_and(|error| error.kind() != io::ErrorKind::WouldBlock);
        // Not every driver takes many packets in one call, and no system does that are too long for the way on.
        if let Some(size) = many.filter(|_| refused) {
            way.set_alone();
            for packet in self.bytes.chunks(size.max(1)) {
                let _ = send(&self.transmit(&way, packet, None));
            }
        }
        self.count = 0;
        self.bytes.clear();
    }

    fn transmit<'a>(
        &self,
        way: &Way,
        contents: &'a [u8],
        segment_size: Option<usize>,
    ) -> Transmit<'a> {
        let (destination, src_ip) = way.to;
        Transmit {
            destination,
            ecn: self.ecn,
            contents,
            segment_size,
            src_ip,
        }
    }
}
