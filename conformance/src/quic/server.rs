//! The suite as a relay that a client under test connects to.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use quinn::{
    Endpoint, EndpointConfig, ServerConfig, crypto::rustls::QuicServerConfig, default_runtime,
};
use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    version::TLS13,
};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use super::{
    ALPN, Qlog, Socket,
    link::{Link, Report},
    transport, wait,
};

/// A place where a client can find the suite.
pub struct Server {
    endpoint: Endpoint,
    runtime: Handle,
    /// What it listens on, for the suite's end of a path as well.
    pub socket: Arc<Socket>,
    /// Where it is.
    pub address: SocketAddr,
    /// SHA-256 of its certificate, in hex.
    pub certificate: String,
    /// The log of all its connections.
    pub qlog: Qlog,
}

impl Server {
    /// Listens on a free port of this machine, with a fresh certificate.
    ///
    /// # Errors
    /// If there is no port, or no certificate can be made; in words.
    pub fn start(runtime: &Handle) -> Result<Self, String> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])
            .map_err(|error| error.to_string())?;
        let chain: Vec<CertificateDer<'static>> = vec![made.cert.der().clone()];
        let certificate = hex::encode(Sha256::digest(made.cert.der()));
        let qlog = Qlog::default();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = Self::config(chain, key.into(), &qlog).map_err(|error| error.to_string())?;
        let _guard = runtime.enter();
        let quinn = default_runtime().ok_or("no runtime")?;
        let socket = Socket::bind(([127, 0, 0, 1], 0).into()).map_err(|error| error.to_string())?;
        let (own, listens) = (EndpointConfig::default(), Arc::<Socket>::clone(&socket));
        let endpoint = Endpoint::new_with_abstract_socket(own, Some(config), listens, quinn)
            .map_err(|error| error.to_string())?;
        let address = endpoint.local_addr().map_err(|error| error.to_string())?;
        Ok(Self {
            endpoint,
            runtime: runtime.clone(),
            socket,
            address,
            certificate,
            qlog,
        })
    }

    fn config(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        qlog: &Qlog,
    ) -> Result<ServerConfig, Box<dyn std::error::Error>> {
        let mut tls =
            rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_protocol_versions(&[&TLS13])?
                .with_no_client_auth()
                .with_single_cert(chain, key)?;
        tls.alpn_protocols = vec![ALPN.to_vec()];
        let mut config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
        config.transport_config(transport(Duration::from_secs(10), qlog));
        Ok(config)
    }

    /// The next connection that a client makes, if one comes within this time; what has to come of it
    /// may take as long.
    pub fn accept<T: Send + 'static>(&self, report: Report<T>, patience: Duration) -> Option<Link> {
        let connecting = async { self.endpoint.accept().await?.await.ok() };
        let connection = wait(&self.runtime, patience, connecting)??;
        let waits = (self.runtime.clone(), patience);
        Some(Link::watch(connection, None, report, waits))
    }

    /// Whether a client tries to connect within this time.
    pub fn hears_a_knock(&self, within: Duration) -> bool {
        match wait(&self.runtime, within, self.endpoint.accept()) {
            Some(Some(incoming)) => {
                incoming.refuse();
                true
            }
            _ => false,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.endpoint.close(0_u32.into(), b"");
    }
}
