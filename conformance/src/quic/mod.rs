//! QUIC as the suite speaks it: everything that comes of a connection, in order, and everything that
//! can be done to one, also what no client or relay should do.

mod client;
mod link;
mod outer;
mod paths;
mod proxy;
mod qlog;
mod server;

pub use client::{dial, source_to};
pub use link::{Close, Link, Seen};
pub use paths::{
    Datagram, Identity, Manner, Met, PathEnd, Socket, Tickets, Traffic, connection_id,
};
pub use proxy::{Proxy, Raw, Weather};
pub use qlog::Qlog;
pub use server::Server;

use std::{future::Future, sync::Arc, time::Duration};

use quinn::{IdleTimeout, TransportConfig};
use tokio::{runtime::Handle, time::timeout};

/// The only protocol that is spoken.
pub const ALPN: &[u8] = b"alongside/1";

/// Windows that hold back nobody, and no stream that the other side may not open: what it opens
/// without leave is for a case to see.
fn transport(idle: Duration, qlog: &Qlog) -> Arc<TransportConfig> {
    let mut transport = TransportConfig::default();
    transport.max_concurrent_bidi_streams(2_u32.into());
    transport.max_concurrent_uni_streams(64_u32.into());
    transport.datagram_receive_buffer_size(None);
    transport.keep_alive_interval(Some(Duration::from_secs(1)));
    transport.max_idle_timeout(IdleTimeout::try_from(idle).ok());
    transport.qlog_stream(qlog.stream());
    Arc::new(transport)
}

/// Waits here for something of the suite's runtime.
fn wait<T>(runtime: &Handle, within: Duration, done: impl Future<Output = T>) -> Option<T> {
    runtime.block_on(async { timeout(within, done).await.ok() })
}
