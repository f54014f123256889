//! Packets that leave together: one call of the system for many.

use std::{io, net::SocketAddr};

use quinn::udp::{EcnCodepoint, Transmit};

use super::ways::To;

/// The most bytes, and the most packets, that the system takes in one call.
const BYTES: usize = 65_000;
const PACKETS: usize = 64;
/// For so many addresses packets are collected at once.
const BATCHES: usize = 32;

/// Packets for some addresses, in the order in which they came for each.
#[derive(Default)]
pub(crate) struct Batches(Vec<Batch>);

impl Batches {
    /// The most bytes that are here at once.
    pub(super) const MEMORY: usize = BATCHES * BYTES;

    /// Puts a packet with those that go the same way; `most` may leave in one call. What has to leave before is sent.
    pub(super) fn put(
        &mut self,
        packet: &[u8],
        to: To,
        ecn: Option<EcnCodepoint>,
        most: usize,
        send: &impl Fn(&Transmit<'_>) -> io::Result<()>,
    ) {
        if let Some(batch) = self.place(to) {
            if !batch.takes(packet, to, ecn, most) {
                batch.flush(send);
            }
            batch.push(packet, to, ecn);
        }
    }

    /// Sends all that is here.
    pub(super) fn flush(&mut self, send: &impl Fn(&Transmit<'_>) -> io::Result<()>) {
        for batch in &mut self.0 {
            batch.flush(send);
        }
    }

    /// The batch that goes there, or an empty one; if there is none, the fullest.
    fn place(&mut self, to: To) -> Option<&mut Batch> {
        let batches = &mut self.0;
        let of = |batch: &Batch| batch.count > 0 && batch.to == to;
        let at = batches.iter().position(of);
        let at = at.or_else(|| batches.iter().position(|batch| batch.count == 0));
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
    to: To,
    ecn: Option<EcnCodepoint>,
    size: usize,
    count: usize,
    bytes: Vec<u8>,
}

impl Batch {
    fn new() -> Self {
        Self {
            to: (SocketAddr::from(([0; 4], 0)), None),
            ecn: None,
            size: 0,
            count: 0,
            bytes: Vec::with_capacity(BYTES),
        }
    }

    /// Whether another packet can go with those that are here.
    fn takes(&self, packet: &[u8], to: To, ecn: Option<EcnCodepoint>, most: usize) -> bool {
        let whole = self.bytes.len() == self.count * self.size;
        let room = self.count < most.min(PACKETS) && self.bytes.len() + packet.len() <= BYTES;
        let alike = self.to == to && self.ecn == ecn && packet.len() <= self.size;
        self.count == 0 || (whole && room && alike)
    }

    fn push(&mut self, packet: &[u8], to: To, ecn: Option<EcnCodepoint>) {
        if self.count == 0 {
            (self.to, self.ecn, self.size) = (to, ecn, packet.len());
        }
        self.count += 1;
        self.bytes.extend_from_slice(packet);
    }

    //= spec/20-forwarded-packets.md#relay [PATH-13] 251d897c
    /// Sends what is here, or loses it.
    fn flush(&mut self, send: &impl Fn(&Transmit<'_>) -> io::Result<()>) {
        if self.count == 0 {
            return;
        }
        let many = (self.count > 1).then_some(self.size);
        let sent = send(&self.transmit(&self.bytes, many));
        let refused = sent.is_err_and(|error| error.kind() != io::ErrorKind::WouldBlock);
        // Not every driver takes many packets in one call, and no system does that are too long for the way on.
        if let Some(size) = many.filter(|_| refused) {
            for packet in self.bytes.chunks(size.max(1)) {
                let _ = send(&self.transmit(packet, None));
            }
        }
        self.count = 0;
        self.bytes.clear();
    }

    fn transmit<'a>(&self, contents: &'a [u8], segment_size: Option<usize>) -> Transmit<'a> {
        let (destination, src_ip) = self.to;
        Transmit {
            destination,
            ecn: self.ecn,
            contents,
            segment_size,
            src_ip,
        }
    }
}
