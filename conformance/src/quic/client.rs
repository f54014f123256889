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
    PATIENCE,
    link::{Link, Report},
    transport, wait,
};

/// Connects to a relay from this address of the machine, speaking these protocols.
///
/// # Errors
/// If there is no connection; in words.
pub fn dial<T: Send + 'static>(
    relay: SocketAddr,
    certificate: &str,
    from: IpAddr,
    alpn: &[&[u8]],
    report: Report<T>,
    runtime: &Handle,
) -> Result<Link, String> {
    let trust = Trust::Fingerprint(certificate.parse()?);
    let mut tls = trust.client_config().map_err(|error| error.to_string())?;
    tls.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let crypto = QuicClientConfig::try_from(tls).map_err(|error| error.to_string())?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(transport(Duration::from_secs(10)));
    let _guard = runtime.enter();
    let endpoint = Endpoint::client(SocketAddr::new(from, 0)).map_err(|error| error.to_string())?;
    let connecting = endpoint
        .connect_with(config, relay, "localhost")
        .map_err(|error| error.to_string())?;
    let connected = async {
        let connection = connecting.await.map_err(|error| error.to_string())?;
        let control = connection
            .open_bi()
            .await
            .map_err(|error| error.to_string())?;
        Ok::<_, String>((connection, control))
    };
    let connected = wait(runtime, PATIENCE, connected);
    let (connection, control) = connected.ok_or_else(|| format!("{relay} does not answer"))??;
    Ok(Link::watch(
        connection,
        Some(control),
        report,
        runtime.clone(),
    ))
}
