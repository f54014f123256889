//! QUIC as the relay uses it, with every window set, so that its memory has a bound.

use std::{sync::Arc, time::Duration};

use alongside_state_machine::{mutant, relay::RelayConfig};
use alongside_wire::{ErrorCode, limits::SIGN_IN_TOKEN, mutant::is as load};
use quinn::{
    ConnectionId, ConnectionIdGenerator, EndpointConfig, IdleTimeout, TransportConfig, VarInt,
    crypto::rustls::QuicServerConfig,
};
use quinn_proto::{HashedConnectionIdGenerator, InvalidCid, RandomConnectionIdGenerator};

use crate::tls::{Identity, TlsError};

/// Bytes of one stream that may come before they were read.
const STREAM_WINDOW: u32 = 512 * 1024;
/// Bytes of all streams of a connection that may come before they were read.
const RECEIVE_WINDOW: u32 = 1024 * 1024;
/// Bytes that may be sent before they are acknowledged.
const SEND_WINDOW: u32 = 1024 * 1024;
/// A client from which nothing comes for so long is lost. QUIC counts from when it last expected
/// something, which is up to a keep-alive later than the last packet.
const IDLE: Duration = Duration::from_millis(3_500);
/// How often a packet is sent, so that silence means something.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

//= spec/08-transport.md#quic [TRANSPORT-1] 49f43e75
//= spec/14-operation.md#surface [OPERATION-1] 1dfdc8d6
const ALPN: &[u8] = b"alongside/1";

pub(crate) fn code(code: ErrorCode) -> VarInt {
    VarInt::from_u32(code.to_wire().into())
}

/// The configuration of the endpoint.
pub(crate) fn endpoint_config() -> EndpointConfig {
    let mut endpoint = EndpointConfig::default();
    endpoint.cid_generator(|| Box::new(Ids::default()));
    endpoint
}

/// The connection ids of the relay: one that quinn makes by itself, and four random bytes. The first is recognised, so that what is
/// not QUIC gets no answer, but has 24 random bits alone: with some thousand connections open, one in hundreds that a Retry gives out
/// is in use, and its client never gets through. Twelve bytes are no length that an id of a path has.
struct Ids {
    recognised: HashedConnectionIdGenerator,
    random: RandomConnectionIdGenerator,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            recognised: HashedConnectionIdGenerator::default(),
            random: RandomConnectionIdGenerator::new(4),
        }
    }
}

impl ConnectionIdGenerator for Ids {
    fn generate_cid(&mut self) -> ConnectionId {
        let parts = [self.recognised.generate_cid(), self.random.generate_cid()];
        ConnectionId::new(&parts.each_ref().map(|part| &part[..]).concat())
    }

    fn validate(&self, id: &ConnectionId) -> Result<(), InvalidCid> {
        if id.len() != self.cid_len() {
            return Err(InvalidCid);
        }
        let recognised = &id[..self.recognised.cid_len()];
        self.recognised.validate(&ConnectionId::new(recognised))
    }

    fn cid_len(&self) -> usize {
        self.recognised.cid_len() + self.random.cid_len()
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// The most bytes that one connection holds: both windows, the queue of its control stream with
/// one message more, one message that is not complete, and a token with what it says.
pub(crate) fn memory_of_connection(config: &RelayConfig) -> u64 {
    let windows = u64::from(RECEIVE_WINDOW) + u64::from(SEND_WINDOW);
    windows + (config.session_queue + 2 * config.control_message + 2 * SIGN_IN_TOKEN) as u64
}

//= spec/03-rendezvous.md#forwarding [RDV-35] 069005f8
/// The configuration of an endpoint that accepts; there is none with which one connects.
pub(crate) fn server_config(
    identity: Identity,
    config: &RelayConfig,
) -> Result<quinn::ServerConfig, TlsError> {
    let mut tls = identity.into_server()?;
    if !mutant::is("OPERATION-1/any") {
        tls.alpn_protocols = vec![ALPN.to_vec()];
    }
    let crypto = QuicServerConfig::try_from(tls).map_err(TlsError::from_cipher)?;
    let mut server = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let mut transport = TransportConfig::default();
    let frame_streams = if mutant::is("TRANSPORT-8/more") {
        64
    } else {
        u32::try_from(config.frame_streams).unwrap_or(u32::MAX)
    };
    //= spec/08-transport.md#quic [TRANSPORT-3] d0612751
    let control_streams = 1 + u32::from(mutant::is("TRANSPORT-3/more"));
    transport.max_concurrent_bidi_streams(control_streams.into());
    //= spec/08-transport.md#quic [TRANSPORT-8] 56d2ee7e
    transport.max_concurrent_uni_streams(frame_streams.into());
    let times = if load("load/window") { 64 } else { 1 };
    transport.stream_receive_window((times * STREAM_WINDOW).into());
    transport.receive_window((times * RECEIVE_WINDOW).into());
    transport.send_window(SEND_WINDOW.into());
    transport.datagram_receive_buffer_size(None);
    transport.keep_alive_interval(Some(KEEP_ALIVE));
    //= spec/08-transport.md#quic [TRANSPORT-11] b346107a
    let idle = if mutant::is("TRANSPORT-11/waits") {
        10 * IDLE
    } else {
        IDLE
    };
    transport.max_idle_timeout(IdleTimeout::try_from(idle).ok());
    server.transport_config(Arc::new(transport));
    server.incoming_buffer_size_total(16 * 1024 * 1024);
    Ok(server)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Instant};

    use quinn::ClientConfig;
    use quinn_proto::{DatagramEvent, Endpoint};
    use rustls::RootCertStore;

    use super::*;

    #[test]
    fn no_two_retries_give_the_same_connection_id() {
        // Of 24 bits, as many would give some twice, but for once in thousands of runs.
        const MANY: usize = 20_000;
        let identity = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
        let server = server_config(identity, &RelayConfig::default()).unwrap();
        let ours = Arc::new(endpoint_config());
        let mut relay = Endpoint::new(ours, Some(Arc::new(server)), false, None);
        let now = Instant::now();
        let initial = initial(now);
        let mut given = BTreeSet::new();
        for _ in 0..MANY {
            let mut retry = Vec::new();
            let client = ([127, 0, 0, 1], 1).into();
            let data = initial[..].into();
            let event = relay.handle(now, client, None, None, data, &mut retry);
            let Some(DatagramEvent::NewConnection(incoming)) = event else {
                panic!("the relay takes no client");
            };
            let _address = relay.retry(incoming, &mut retry).unwrap();
            given.insert(source_id(&retry).to_vec());
        }
        assert_eq!(given.len(), MANY);
    }

    /// The first datagram of a client.
    fn initial(now: Instant) -> Vec<u8> {
        let mut client = Endpoint::new(Arc::default(), None, false, None);
        // It will never be asked whether it trusts somebody.
        let mut roots = RootCertStore::empty();
        let some = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        roots.add(some.cert.der().clone()).unwrap();
        let trusts = ClientConfig::with_root_certificates(roots.into()).unwrap();
        let relay = ([127, 0, 0, 1], 2).into();
        let (_, mut connection) = client.connect(now, trusts, relay, "localhost").unwrap();
        let mut initial = Vec::new();
        let _address = connection.poll_transmit(now, 1, &mut initial).unwrap();
        initial
    }

    /// The connection id that the sender of a packet with a long header has given itself (RFC 9000, 17.2).
    fn source_id(packet: &[u8]) -> &[u8] {
        let (_, ids) = packet.split_at(5);
        let (_, rest) = ids[1..].split_at(ids[0].into());
        &rest[1..][..rest[0].into()]
    }
}
