//! What a relay reads of a datagram that it forwards, and how it asks whether somebody is at an address.

use crate::mutant;

/// What the packets to one end of a path begin their destination connection id with; never all zeros.
pub type RoutingId = [u8; 8];
/// What a check brings.
pub type PathToken = [u8; 16];

/// The length of every connection id of a path.
pub const CONNECTION_ID: usize = 16;

/// The bit of the first byte that QUIC's packets with a long header have set, in every version.
const LONG: u8 = 0x80;

/// The routing id of a datagram, by what all versions of QUIC have in common (RFC 8999). One that is too short, or
/// has a connection id of another length, has none.
pub fn routing_id(datagram: &[u8]) -> Option<RoutingId> {
    let (first, rest) = datagram.split_first()?;
    let id = if first & LONG == 0 {
        rest
    } else {
        let (length, id) = rest.get(4..)?.split_first()?;
        if usize::from(*length) != CONNECTION_ID && !mutant::is("fuzz/any-length") {
            return None;
        }
        id
    };
    id.get(..CONNECTION_ID)?.first_chunk().copied()
}

/// The datagram by which a relay sees whether a client receives where its packets come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Check {
    /// What the client is to return.
    pub token: PathToken,
}

impl Check {
    /// The length of the datagram in bytes.
    pub const LEN: usize = 25;

    /// The datagram.
    pub fn encode(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (front, token) = bytes.split_at_mut(1 + size_of::<RoutingId>());
        if let Some(first) = front.first_mut() {
            *first = 0x40;
        }
        token.copy_from_slice(&self.token);
        bytes
    }

    /// The check that a datagram is, if it is one.
    pub fn decode(datagram: &[u8]) -> Option<Self> {
        let (front, token) = datagram.split_at_checked(1 + size_of::<RoutingId>())?;
        let token = token.try_into().ok()?;
        (front == [0x40, 0, 0, 0, 0, 0, 0, 0, 0]).then_some(Self { token })
    }
}
