//! The ways that frames can take, all with one face: the sharer opens streams on one connection, and
//! the helper takes them from another.

use alongside_client::{Relay as Address, Trust};
use quinn::{Connection, Endpoint, ServerConfig, crypto::rustls::QuicServerConfig};
use sha2::{Digest, Sha256};
use std::sync::Arc;

use crate::{
    Failure,
    client::{ALPN, Client, connect, transport},
};

/// A way from the sharer to the helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// One QUIC connection, no relay: what the others are held against.
    Direct,
    /// Streams to the relay, which writes them on to streams to the helper.
    Spliced,
}

impl Way {
    /// Those that lead through the relay.
    pub(crate) const RELAYED: [Self; 1] = [Self::Spliced];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Spliced => "spliced",
        }
    }

    pub(crate) async fn open(self, relay: &Address) -> Result<Path, Failure> {
        match self {
            Self::Direct => Self::direct().await,
            Self::Spliced => Self::spliced(relay).await,
        }
    }

    async fn spliced(relay: &Address) -> Result<Path, Failure> {
        let (helper, sharer) = Client::pair(relay).await?;
        Ok(Path {
            sharer: sharer.connection.clone(),
            helper: helper.connection.clone(),
            _ends: Ends::Relayed {
                _clients: Box::new((helper, sharer)),
            },
        })
    }

    async fn direct() -> Result<Path, Failure> {
        Server::start()?.meet().await
    }
}

/// An end that takes connections, without a relay.
pub(crate) struct Server {
    endpoint: Endpoint,
    trust: Trust,
}

impl Server {
    pub(crate) fn start() -> Result<Self, Failure> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let certificate = made.cert.der().clone();
        let digest = Sha256::digest(&certificate);
        let fingerprint: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = made.signing_key.serialize_der().try_into()?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        tls.alpn_protocols = vec![ALPN.to_vec()];
        let mut config = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
        config.transport_config(transport());
        Ok(Self {
            endpoint: Endpoint::server(config, ([127, 0, 0, 1], 0).into())?,
            trust: Trust::Fingerprint(fingerprint.parse()?),
        })
    }

    /// The helper connects to it.
    pub(crate) async fn meet(&self) -> Result<Path, Failure> {
        let address = self.endpoint.local_addr()?;
        let (connected, accepted) = tokio::join!(connect(address, &self.trust), async {
            let incoming = self.endpoint.accept().await.ok_or("nobody came")?;
            Ok::<_, Failure>(incoming.await?)
        });
        let (client, helper) = connected?;
        Ok(Path {
            sharer: accepted?,
            helper,
            _ends: Ends::Direct {
                _endpoints: [self.endpoint.clone(), client],
            },
        })
    }
}

/// A way that is open.
pub(crate) struct Path {
    pub(crate) sharer: Connection,
    pub(crate) helper: Connection,
    /// What has to live as long as these.
    _ends: Ends,
}

enum Ends {
    Direct { _endpoints: [Endpoint; 2] },
    Relayed { _clients: Box<(Client, Client)> },
}
