//! Packets that leave together: one call of the system for many.

use std::net::{IpAddr, SocketAddr};

use quinn::udp::{EcnCodepoint, Transmit};

/// The most bytes, and the most packets, that the system takes in one call.
const BYTES: usize = 65_000;
const PACKETS: usize = 64;

/// Packets for one address, of one size but for the last, which may be shorter.
pub(super) struct Batch {
    to: SocketAddr,
    by: Option<IpAddr>,
    ecn: Option<EcnCodepoint>,
    size: usize,
    count: usize,
    bytes: Vec<u8>,
}

impl Batch {
    pub(super) fn new() -> Self {
        Self {
            to: SocketAddr::from(([0; 4], 0)),
            by: None,
            ecn: None,
            size: 0,
            count: 0,
            bytes: Vec::with_capacity(BYTES),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether it has packets for this address.
    pub(super) fn goes_to(&self, to: SocketAddr) -> bool {
        self.count > 0 && self.to == to
    }

    /// Whether another packet for the same address can go with those that are here.
    pub(super) fn takes(&self, packet: &[u8], ecn: Option<EcnCodepoint>) -> bool {
        let whole = self.bytes.len() == self.count * self.size;
        let room = self.count < PACKETS && self.bytes.len() + packet.len() <= BYTES;
        self.count == 0 || (whole && room && self.ecn == ecn && packet.len() <= self.size)
    }

    pub(super) fn push(
        &mut self,
        packet: &[u8],
        ecn: Option<EcnCodepoint>,
        to: SocketAddr,
        by: Option<IpAddr>,
    ) {
        if self.count == 0 {
            (self.to, self.by, self.ecn, self.size) = (to, by, ecn, packet.len());
        }
        self.count += 1;
        self.bytes.extend_from_slice(packet);
    }

    /// What is here, unless it is empty.
    pub(super) fn transmit(&self) -> Option<Transmit<'_>> {
        (self.count > 0).then_some(Transmit {
            destination: self.to,
            ecn: self.ecn,
            contents: &self.bytes,
            segment_size: (self.count > 1).then_some(self.size),
            src_ip: self.by,
        })
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.bytes.clear();
    }
}
