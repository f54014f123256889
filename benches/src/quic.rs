//! QUIC with the windows of Alongside, and nothing else of it.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use alongside_sift::widen;
use alongside_wire::ErrorCode;
use quinn::{
    ClientConfig, Connection, Endpoint, EndpointConfig, ServerConfig, TokioRuntime, TransportConfig,
};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};

use crate::Failure;

/// A port of this machine that is free.
pub(crate) const ANYWHERE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
/// What certificates are made for.
pub(crate) const NAME: &str = "localhost";

/// Windows in bytes, of a stream, of all, and of what is sent: those of the clients and of the relay of
/// Alongside, so that paths differ in something else.
#[derive(Clone, Copy)]
pub(crate) enum Windows {
    OfClient,
    OfRelay,
}

impl Windows {
    pub(crate) fn transport(self) -> TransportConfig {
        let (stream, all, send) = match self {
            Self::OfClient => (1024, 4 * 1024, 2 * 1024),
            Self::OfRelay => (512, 1024, 1024),
        };
        let mut transport = TransportConfig::default();
        transport.stream_receive_window((stream * 1024_u32).into());
        transport.receive_window((all * 1024_u32).into());
        transport.send_window(send * 1024);
        transport.keep_alive_interval(Some(Duration::from_secs(1)));
        transport
    }
}

/// A connection that is closed when this goes, with what has to live as long.
pub(crate) struct Held {
    pub(crate) connection: Connection,
    _kept: Box<dyn Send>,
}

impl Held {
    pub(crate) fn with(connection: Connection, kept: impl Send + 'static) -> Self {
        Self {
            connection,
            _kept: Box::new(kept),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // A relay of Alongside holds the place of whom it takes for lost.
        let done = ErrorCode::Done.to_wire();
        self.connection.close(u32::from(done).into(), b"");
    }
}

/// Listens, with a certificate that is made for it.
pub(crate) fn listen(windows: Windows) -> Result<(Endpoint, CertificateDer<'static>), Failure> {
    let (mut config, certificate) = certified()?;
    config.transport_config(Arc::new(windows.transport()));
    Ok((endpoint(Some(config))?, certificate))
}

/// Takes connections with a certificate that is made for it.
pub(crate) fn certified() -> Result<(ServerConfig, CertificateDer<'static>), Failure> {
    let made = rcgen::generate_simple_self_signed(vec![NAME.to_owned()])?;
    let certificate = made.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::with_single_cert(vec![certificate.clone()], key.into())?;
    Ok((config, certificate))
}

/// Connects to where somebody listens with this certificate.
pub(crate) async fn connect(
    address: SocketAddr,
    certificate: CertificateDer<'static>,
) -> Result<Held, Failure> {
    connect_from(anywhere()?, trusting(certificate)?, address).await
}

/// Takes this certificate alone.
pub(crate) fn trusting(certificate: CertificateDer<'static>) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    Ok(ClientConfig::with_root_certificates(Arc::new(roots))?)
}

/// An endpoint that takes no connection.
pub(crate) fn anywhere() -> Result<Endpoint, Failure> {
    Ok(endpoint(None)?)
}

fn endpoint(server: Option<ServerConfig>) -> io::Result<Endpoint> {
    let (socket, runtime) = (socket()?, Arc::new(TokioRuntime));
    Endpoint::new(EndpointConfig::default(), server, socket, runtime)
}

/// A socket for which as many bytes may wait as for those of the clients of Alongside.
pub(crate) fn socket() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(ANYWHERE)?;
    widen(&socket, 2 * 1024 * 1024)?;
    Ok(socket)
}

/// Connects from this endpoint, with the windows of a client.
pub(crate) async fn connect_from(
    endpoint: Endpoint,
    mut config: ClientConfig,
    address: SocketAddr,
) -> Result<Held, Failure> {
    config.transport_config(Arc::new(Windows::OfClient.transport()));
    let connection = endpoint.connect_with(config, address, NAME)?.await?;
    Ok(Held::with(connection, endpoint))
}
