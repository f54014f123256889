//! The suite as a client of a relay under test.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use alongside_client::Trust;
use quinn::{ClientConfig, Endpoint, crypto::rustls::QuicClientConfig};
use tokio::runtime::Handle;

use super::{
    Qlog,
    link::{Close, Link, Report},
    transport, wait,
};

/// Connects to a relay from this address of the machine, speaking these protocols, and keeps this log;
/// what has to come of the connection may take so long.
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
    (runtime, patience): (&Handle, Duration),
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
    let connected = wait(runtime, patience, connected);
    let (connection, control) =
        connected.ok_or_else(|| lost(format!("{relay} does not answer")))??;
    let waits = (runtime.clone(), patience);
    Ok(Link::watch(connection, control, report, waits))
}

/// The address of this machine to reach a relay from, where it need not be a certain one: a system lets
/// nothing out that comes from the address of the machine for itself.
pub const fn source_to(relay: IpAddr) -> IpAddr {
    match (relay, relay.is_loopback()) {
        (IpAddr::V4(_), true) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        (IpAddr::V4(_), false) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        (IpAddr::V6(_), true) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        (IpAddr::V6(_), false) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

fn lost(error: impl ToString) -> Close {
    Close::Lost(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_reached_from_where_it_can_be() {
        for (relay, from) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.53", "127.0.0.1"),
            ("192.0.2.1", "0.0.0.0"),
            ("::1", "::1"),
            ("2001:db8::1", "::"),
        ] {
            let found = source_to(relay.parse().unwrap());
            assert_eq!(found.to_string(), from, "{relay}");
        }
    }
}
