//! The suite as a client of a relay under test.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use alongside_client::Trust;
use quinn::{ClientConfig, Endpoint, crypto::rustls::QuicClientConfig};
use tokio::runtime::Handle;

use super::{
    PATIENCE, Qlog,
    link::{Close, Link, Report},
    transport, wait,
};

/// Connects to a relay from this address of the machine, speaking these protocols, and keeps this log.
///
/// # Errors
/// How it failed, if there is no connection.
pub fn dial<T: Send + 'static>(
    relay: SocketAddr,
    certificate: &str,
    from: IpAddr,
    alpn: &[&[u8]],
    qlog: &Qlog,
    report: Report<T>,
    runtime: &Handle,
) -> Result<Link, Close> {
    let trust = Trust::Fingerprint(certificate.parse().map_err(lost)?);
    let mut tls = trust.client_config().map_err(lost)?;
    tls.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let crypto = QuicClientConfig::try_from(tls).map_err(lost)?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(transport(Duration::from_secs(10), qlog));
    let _guard = runtime.enter();
    let endpoint = Endpoint::client(SocketAddr::new(from, 0)).map_err(lost)?;
    let connecting = endpoint
        .connect_with(config, relay, "localhost")
        .map_err(lost)?;
    let connected = async {
        let connection = connecting.await?;
        // It fails if the relay has closed it already, which is seen.
        let control = connection.open_bi().await.ok();
        Ok::<_, Close>((connection, control))
    };
    let connected = wait(runtime, PATIENCE, connected);
    let (connection, control) =
        connected.ok_or_else(|| lost(format!("{relay} does not answer")))??;
    Ok(Link::watch(connection, control, report, runtime.clone()))
}

fn lost(error: impl ToString) -> Close {
    Close::Lost(error.to_string())
}
