//! Finding a relay and connecting to it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use alongside_state_machine::mutant;
use alongside_wire::{limits::FRAME_STREAMS, path::PathToken};
use quinn::{
    ClientConfig, Connection, ConnectionError, Endpoint, IdleTimeout, TokioRuntime,
    TransportConfig, crypto::rustls::QuicClientConfig,
};
use tokio::sync::mpsc;

use super::{
    ConnectError, Trust,
    forwarded::{self, Ids},
};

/// A connection to a relay, and what a path needs that goes beside it.
pub(super) struct Connected {
    pub(super) endpoint: Endpoint,
    pub(super) connection: Connection,
    pub(super) ids: Ids,
    pub(super) checks: mpsc::Receiver<PathToken>,
}

/// A relay: where it is, and whom to believe that it is the one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// `HOST:PORT`.
    pub address: String,
    /// What its certificate is held against.
    pub trust: Trust,
}

//= spec/08-transport.md#quic [TRANSPORT-1] 49f43e75
const ALPN: &[u8] = b"alongside/1";
/// How long a connection may take to come about.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same, if there is another address to try.
const PATIENCE_BEFORE_NEXT: Duration = Duration::from_secs(3);
/// Addresses of a name that are tried.
const ADDRESSES: usize = 4;
/// A relay from which nothing comes for so long is lost.
const IDLE: Duration = Duration::from_secs(4);
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// Bytes of one stream, and of all, that may come before they were read.
const STREAM_WINDOW: u32 = 1024 * 1024;
const RECEIVE_WINDOW: u32 = 4 * 1024 * 1024;
/// Bytes that may be sent before they are acknowledged.
const SEND_WINDOW: u64 = 2 * 1024 * 1024;

impl Relay {
    /// Whether this is what people call it; the usual port need not be said.
    pub fn is_called(&self, name: &str) -> bool {
        let host = |name: &str| name.trim_end_matches(":443").to_ascii_lowercase();
        host(name) == host(&self.address)
    }

    /// Connects to the first of its addresses that answers.
    pub(super) async fn connect(&self) -> Result<Connected, ConnectError> {
        let (host, addresses) = self.resolve().await?;
        let config = self.config()?;
        let mut failed = ConnectError::Refused(no_answer(&self.address));
        for (place, address) in addresses.iter().enumerate() {
            let last = place + 1 == addresses.len();
            let patience = if last { PATIENCE } else { PATIENCE_BEFORE_NEXT };
            match self
                .try_one(&host, *address, config.clone(), patience)
                .await
            {
                Ok(connected) => return Ok(connected),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn try_one(
        &self,
        host: &str,
        address: SocketAddr,
        config: ClientConfig,
        patience: Duration,
    ) -> Result<Connected, ConnectError> {
        let local: SocketAddr = if address.is_ipv4() {
            ([0, 0, 0, 0], 0).into()
        } else {
            ([0_u16; 8], 0).into()
        };
        let ids = Ids::new()
            .map_err(|error| ConnectError::System(format!("no random numbers: {error}")))?;
        let no_socket = |error| ConnectError::System(format!("no UDP socket: {error}"));
        let (socket, checks) = forwarded::bind(local, address).map_err(no_socket)?;
        let runtime = Arc::new(TokioRuntime);
        let endpoint =
            Endpoint::new_with_abstract_socket(ids.endpoint_config(), None, socket, runtime)
                .map_err(no_socket)?;
        let connecting = endpoint
            .connect_with(config, address, host)
            .map_err(|error| ConnectError::Refused(error.to_string()))?;
        match tokio::time::timeout(patience, connecting).await {
            Ok(Ok(connection)) => Ok(Connected {
                endpoint,
                connection,
                ids,
                checks,
            }),
            Ok(Err(error)) => Err(ConnectError::Refused(explain(&error, &self.address))),
            Err(_) => Err(ConnectError::Refused(no_answer(&self.address))),
        }
    }

    async fn resolve(&self) -> Result<(String, Vec<SocketAddr>), ConnectError> {
        let wrong = || ConnectError::Address(self.address.clone());
        let (host, port) = self.address.rsplit_once(':').ok_or_else(wrong)?;
        let port: u16 = port.parse().map_err(|_| wrong())?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(wrong());
        }
        let found = tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| ConnectError::Name(host.to_owned(), error))?;
        let addresses: Vec<_> = found.take(ADDRESSES).collect();
        if addresses.is_empty() {
            let none = std::io::Error::other("it has no address");
            return Err(ConnectError::Name(host.to_owned(), none));
        }
        Ok((host.to_owned(), addresses))
    }

    fn config(&self) -> Result<ClientConfig, ConnectError> {
        let mut tls = self.trust.client_config()?;
        tls.alpn_protocols = match mutant::is("TRANSPORT-1/other") {
            true => vec![b"alongside/2".to_vec()],
            false => vec![ALPN.to_vec()],
        };
        let crypto = QuicClientConfig::try_from(tls)
            .map_err(|error| ConnectError::System(format!("TLS cannot be set up: {error}")))?;
        let mut config = ClientConfig::new(Arc::new(crypto));
        config.transport_config(Arc::new(transport(FRAME_STREAMS as u32, IDLE)));
        Ok(config)
    }
}

/// QUIC to the relay or the other end, which may open so many frame streams, and is lost when nothing comes from it
/// for so long.
pub(super) fn transport(frame_streams: u32, idle: Duration) -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport.max_concurrent_bidi_streams(0_u32.into());
    transport.max_concurrent_uni_streams(frame_streams.into());
    transport.stream_receive_window(STREAM_WINDOW.into());
    transport.receive_window(RECEIVE_WINDOW.into());
    transport.send_window(SEND_WINDOW);
    transport.datagram_receive_buffer_size(None);
    transport.keep_alive_interval(Some(KEEP_ALIVE));
    transport.max_idle_timeout(IdleTimeout::try_from(idle).ok());
    transport
}

fn explain(error: &ConnectionError, address: &str) -> String {
    match error {
        ConnectionError::TimedOut => no_answer(address),
        ConnectionError::TransportError(error)
            if error.reason.contains("ApplicationVerificationFailure") =>
        {
            "its certificate has another fingerprint than the one given; if the relay was started \
             anew with --self-signed, ask for the fingerprint that it prints now"
                .to_owned()
        }
        ConnectionError::TransportError(error) if error.reason.contains("certificate") => {
            let why = error
                .reason
                .trim_start_matches("invalid peer certificate: ");
            format!(
                "its certificate is not believed ({why}); give the fingerprint that the relay \
                 prints, or the right authorities and the name that the certificate is for"
            )
        }
        ConnectionError::ConnectionClosed(close) => {
            format!("it refuses connections ({close}); it may be full, try again later")
        }
        other => other.to_string(),
    }
}

pub(super) fn no_answer(address: &str) -> String {
    format!("{address} does not answer; check the address, and that UDP is not blocked on the way")
}
