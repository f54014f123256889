//! The QUIC of a path: both ends show the certificate of their offer, and take no other.

use std::{
    sync::{Arc, LazyLock, OnceLock},
    time::Duration,
};

use alongside_state_machine::mutant;
use alongside_wire::limits::{FRAME_STREAMS, PATH_PACKET, timers::PATH_SILENCE};
use quinn::{
    ClientConfig, ConnectionId, MtuDiscoveryConfig, ServerConfig, TransportConfig,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use rustls::{
    Error,
    client::Resumption,
    crypto::{CryptoProvider, ring},
    server::{NoServerSessionStorage, ServerSessionMemoryCache},
};

use super::identity::Identity;
use crate::net::{
    connect::{KEEP_ALIVE, transport},
    trust::{Fingerprint, Pinned},
};

//= spec/20-forwarded-packets.md#clients [PATH-24] 339197a8
const ALPN: &[u8] = b"alongside-path/1";
/// Connections that wait to be ignored, and bytes that may come of one meanwhile, and of all.
const STRANGERS: usize = 16;
const OF_A_STRANGER: u64 = 64 * 1024;
const OF_ALL_STRANGERS: u64 = 1024 * 1024;

/// QUIC as the sharer speaks it on a path.
pub(super) fn server(identity: Identity, other: Fingerprint) -> Result<ServerConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(pinned(other, provider))
        .with_single_cert(vec![identity.certificate], identity.key)?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    //= spec/20-forwarded-packets.md#clients [PATH-25] cd7c90d4
    tls.send_tls13_tickets = 0;
    tls.session_storage = Arc::new(NoServerSessionStorage {});
    if mutant::is("PATH-25/tickets") {
        static KEPT: LazyLock<Arc<ServerSessionMemoryCache>> =
            LazyLock::new(|| ServerSessionMemoryCache::new(16));
        tls.send_tls13_tickets = 2;
        tls.session_storage = Arc::<ServerSessionMemoryCache>::clone(&KEPT);
    }
    let crypto = QuicServerConfig::try_from(tls).map_err(no_suite)?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config
        .migration(false)
        .max_incoming(STRANGERS)
        .incoming_buffer_size(OF_A_STRANGER)
        .incoming_buffer_size_total(OF_ALL_STRANGERS);
    //= spec/20-forwarded-packets.md#clients [PATH-27] ae88f509
    config.transport_config(Arc::new(path_transport(0)));
    Ok(config)
}

/// QUIC as the helper speaks it on a path that begins with this destination id.
pub(super) fn client(
    identity: Identity,
    other: Fingerprint,
    first: ConnectionId,
) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(pinned(other, provider))
        .with_client_auth_cert(vec![identity.certificate], identity.key)?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.enable_sni = false;
    //= spec/20-forwarded-packets.md#clients [PATH-25] cd7c90d4
    tls.resumption = Resumption::disabled();
    if mutant::is("PATH-25/tickets") {
        static KEPT: OnceLock<rustls::ClientConfig> = OnceLock::new();
        tls.resumption = Resumption::in_memory_sessions(16);
        tls = KEPT.get_or_init(|| tls).clone();
    }
    let crypto = QuicClientConfig::try_from(tls).map_err(no_suite)?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    //= spec/20-forwarded-packets.md#clients [PATH-22] dd51a26a
    config.initial_dst_cid_provider(Arc::new(move || first));
    //= spec/20-forwarded-packets.md#clients [PATH-27] ae88f509
    config.transport_config(Arc::new(path_transport(FRAME_STREAMS as u32)));
    Ok(config)
}

//= spec/20-forwarded-packets.md#clients [PATH-24] 339197a8
fn pinned(fingerprint: Fingerprint, provider: Arc<CryptoProvider>) -> Arc<Pinned> {
    Arc::new(Pinned {
        fingerprint,
        provider,
        any: "PATH-24/any",
    })
}

//= spec/20-forwarded-packets.md#clients [PATH-30] 5a1466d7
fn path_transport(frame_streams: u32) -> TransportConfig {
    let mut discovery = MtuDiscoveryConfig::default();
    discovery.upper_bound(PATH_PACKET as u16);
    let more = u32::from(mutant::is("PATH-27/more"));
    // QUIC counts from when it first expects something, which is up to a keep-alive later than the last packet.
    let idle = Duration::from_millis(PATH_SILENCE) - KEEP_ALIVE;
    let mut transport = transport(frame_streams + more, idle);
    transport.mtu_discovery_config(Some(discovery));
    transport
}

fn no_suite(error: impl std::fmt::Display) -> Error {
    Error::General(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use quinn::Endpoint;
    use rustls::{
        NamedGroup,
        client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue},
        pki_types::ServerName,
    };

    use super::*;

    /// Counts the tickets that come.
    #[derive(Debug, Default)]
    struct Tickets(AtomicUsize);

    impl ClientSessionStore for Tickets {
        fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

        fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
            None
        }

        fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

        fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
            None
        }

        fn remove_tls12_session(&self, _: &ServerName<'static>) {}

        fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }

        fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
            None
        }
    }

    //= test spec/20-forwarded-packets.md#clients [PATH-25] cd7c90d4
    #[tokio::test]
    async fn an_end_that_would_resume_gets_no_ticket() {
        let (sharer, helper) = (Identity::new().unwrap(), Identity::new().unwrap());
        let pins = [&sharer, &helper].map(Identity::fingerprint);
        let config = server(sharer, pins[1]).unwrap();
        let at_sharer = Endpoint::server(config, ([127, 0, 0, 1], 0).into()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(pinned(pins[0], provider))
            .with_client_auth_cert(vec![helper.certificate], helper.key)
            .unwrap();
        let tickets = Arc::new(Tickets::default());
        tls.alpn_protocols = vec![ALPN.to_vec()];
        tls.enable_early_data = true;
        tls.resumption = Resumption::store(tickets.clone());
        let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
        let at_helper = Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
        let at = at_sharer.local_addr().unwrap();
        let connecting = at_helper.connect_with(config, at, "alongside").unwrap();
        let accepted = async { at_sharer.accept().await.unwrap().await };
        let (to_sharer, to_helper) = tokio::join!(connecting, accepted);
        // Tickets would come before this.
        let (to_sharer, to_helper) = (to_sharer.unwrap(), to_helper.unwrap());
        let mut stream = to_helper.open_uni().await.unwrap();
        stream.write_all(b"a picture").await.unwrap();
        stream.finish().unwrap();
        let mut came = to_sharer.accept_uni().await.unwrap();
        assert_eq!(came.read_to_end(9).await.unwrap(), b"a picture");
        assert_eq!(tickets.0.load(Ordering::SeqCst), 0);
    }
}
