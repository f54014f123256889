//! The socket of a bare client, on which its relay looks whether it is there.

use std::{io, sync::Arc};

use alongside_sift as sift;
use alongside_wire::path::{Check, PathToken};
use quinn::{AsyncUdpSocket, Runtime as _, TokioRuntime, udp::RecvMeta};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::quic;

/// A UDP socket, and the tokens of the checks that come to it, which it takes out as clients do. Call it within a tokio runtime.
pub(super) fn bind() -> io::Result<(Arc<dyn AsyncUdpSocket>, UnboundedReceiver<PathToken>)> {
    let inner = TokioRuntime.wrap_udp_socket(quic::socket()?)?;
    let (checks, tokens) = unbounded_channel();
    Ok((sift::Socket::new(inner, takes(checks)), tokens))
}

fn takes(checks: UnboundedSender<PathToken>) -> impl Fn(&RecvMeta, &[u8]) -> bool + Send + Sync {
    move |_, datagram| {
        let check = Check::decode(datagram);
        if let Some(check) = &check {
            // It fails when nobody waits any more.
            let _ = checks.send(check.token);
        }
        check.is_some()
    }
}
