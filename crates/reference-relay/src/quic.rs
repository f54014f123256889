//! QUIC as the relay uses it, with every window set, so that its memory has a bound.

use std::{sync::Arc, time::Duration};

use alongside_state_machine::{mutant, relay::RelayConfig};
use alongside_wire::{ErrorCode, limits::SIGN_IN_TOKEN};
use quinn::{IdleTimeout, TransportConfig, VarInt, crypto::rustls::QuicServerConfig};

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
    //= spec/08-transport.md#quic [TRANSPORT-3] 60d75933
    transport.max_concurrent_bidi_streams(1_u32.into());
    //= spec/08-transport.md#quic [TRANSPORT-8] 56d2ee7e
    transport.max_concurrent_uni_streams(frame_streams.into());
    transport.stream_receive_window(STREAM_WINDOW.into());
    transport.receive_window(RECEIVE_WINDOW.into());
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
