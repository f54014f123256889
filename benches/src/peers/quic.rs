//! Paths over QUIC: none between, and a relay that does no more than carry one stream to another.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use quinn::{
    ClientConfig, Connection, Endpoint, RecvStream, SendStream, ServerConfig, TransportConfig,
};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use tokio::runtime::Runtime;

use super::{
    Route,
    ends::{Ends, Incoming as In, Outgoing as Out, begin, finish},
    frames::Counter,
    process::Process,
};
use crate::Failure;

/// The argument that makes the calling program a relay of streams: [`be_a_splice`].
pub const SPLICE: &str = "--be-a-splice";

/// Chunks that are taken from a stream at once, as the relay of Alongside does.
const CHUNKS: usize = 16;
const ANYWHERE: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// Windows in bytes, of a stream, of all, and of what is sent: those of the clients and of the relay of
/// Alongside, so that paths differ in something else.
#[derive(Clone, Copy)]
pub(super) enum Windows {
    OfClient,
    OfRelay,
}

impl Windows {
    pub(super) fn transport(self) -> Arc<TransportConfig> {
        let (stream, all, send) = match self {
            Self::OfClient => (1024, 4 * 1024, 2 * 1024),
            Self::OfRelay => (512, 1024, 1024),
        };
        let mut transport = TransportConfig::default();
        transport.stream_receive_window((stream * 1024_u32).into());
        transport.receive_window((all * 1024_u32).into());
        transport.send_window(send * 1024);
        transport.keep_alive_interval(Some(std::time::Duration::from_secs(1)));
        Arc::new(transport)
    }
}

/// A connection that is closed when this goes, with what has to live as long.
pub(super) struct Held {
    pub(super) connection: Connection,
    _kept: Box<dyn Send>,
}

impl Held {
    pub(super) fn with(connection: Connection, kept: impl Send + 'static) -> Self {
        Self {
            connection,
            _kept: Box::new(kept),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.connection.close(0_u32.into(), b"");
    }
}

/// The end of a QUIC path that sends, all frames on one stream.
pub(super) struct Outgoing {
    stream: SendStream,
    _held: Held,
}

impl Outgoing {
    pub(super) const fn new(held: Held, stream: SendStream) -> Self {
        Self {
            stream,
            _held: held,
        }
    }

    pub(super) async fn send(&mut self, frame: &Bytes) -> Result<(), Failure> {
        Ok(self.stream.write_chunk(frame.clone()).await?)
    }
}

/// The end of a QUIC path that receives.
pub(super) struct Incoming {
    held: Held,
    /// Whether the stream of frames goes both ways.
    both: bool,
    stream: Option<RecvStream>,
}

impl Incoming {
    pub(super) const fn new(held: Held, both: bool) -> Self {
        Self {
            held,
            both,
            stream: None,
        }
    }

    pub(super) async fn read(&mut self, counter: &mut Counter<'_>) -> Result<(), Failure> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            // It comes with its first bytes.
            None if self.both => self
                .stream
                .insert(self.held.connection.accept_bi().await?.1),
            None => self.stream.insert(self.held.connection.accept_uni().await?),
        };
        let mut chunks = [const { Bytes::new() }; CHUNKS];
        let read = stream.read_chunks(&mut chunks).await?;
        let read = read.ok_or("the stream has ended")?;
        chunks
            .iter()
            .take(read)
            .for_each(|chunk| counter.stream(chunk));
        Ok(())
    }
}

/// From one end to the other.
pub(super) struct Direct;

impl Route for Direct {
    fn connect(&self, ends: &Ends) -> Result<(Out, In), Failure> {
        let listening = begin(&ends.receiver, async { listen(Windows::OfClient) });
        let (server, certificate) = finish(&ends.receiver, listening)?;
        let address = server.local_addr()?;
        let accepted = begin(&ends.receiver, async move {
            let connection = server.accept().await.ok_or("nothing listens")?.await?;
            Ok(In::Quic(Incoming::new(
                Held::with(connection, server),
                false,
            )))
        });
        let connected = begin(&ends.sender, async move {
            let held = connect(address, certificate).await?;
            let stream = held.connection.open_uni().await?;
            Ok(Out::Quic(Outgoing::new(held, stream)))
        });
        let connected = finish(&ends.sender, connected)?;
        Ok((connected, finish(&ends.receiver, accepted)?))
    }

    fn process(&self) -> Option<&Process> {
        None
    }
}

/// Through a relay that splices one stream.
pub(super) struct Splice {
    process: Process,
    address: SocketAddr,
    certificate: CertificateDer<'static>,
}

impl Splice {
    pub(super) fn start() -> Result<Self, Failure> {
        let process = Process::in_role(SPLICE, [""; 0])?;
        let said = process
            .said()
            .split_once(' ')
            .ok_or("it said no certificate")?;
        let (address, certificate) = (said.0.parse()?, hex::decode(said.1)?.into());
        Ok(Self {
            process,
            address,
            certificate,
        })
    }
}

impl Route for Splice {
    fn connect(&self, ends: &Ends) -> Result<(Out, In), Failure> {
        let (address, certificate) = (self.address, self.certificate.clone());
        // The relay pairs the first that comes with the next.
        let first = begin(&ends.receiver, async move {
            let held = connect(address, certificate).await?;
            // It answers when it has taken the connection in.
            held.connection.accept_uni().await?;
            Ok(In::Quic(Incoming::new(held, true)))
        });
        let first = finish(&ends.receiver, first)?;
        let certificate = self.certificate.clone();
        let next = begin(&ends.sender, async move {
            let held = connect(address, certificate).await?;
            let (stream, _) = held.connection.open_bi().await?;
            Ok(Out::Quic(Outgoing::new(held, stream)))
        });
        Ok((finish(&ends.sender, next)?, first))
    }

    fn process(&self) -> Option<&Process> {
        Some(&self.process)
    }
}

/// Pairs connections, and carries a stream of each second to its first, until standard input ends;
/// says where, and its certificate, on standard output.
///
/// # Errors
/// If it cannot start.
pub fn be_a_splice() -> Result<(), Failure> {
    let runtime = Runtime::new()?;
    let context = runtime.enter();
    let (endpoint, certificate) = listen(Windows::OfRelay)?;
    let address = endpoint.local_addr()?;
    writeln!(io::stdout(), "{address} {}", hex::encode(certificate))?;
    runtime.spawn(async move {
        let mut waits: Option<Connection> = None;
        while let Some(incoming) = endpoint.accept().await {
            let Ok(connection) = incoming.await else {
                continue;
            };
            match waits.take().filter(|waits| waits.close_reason().is_none()) {
                Some(receiver) => drop(tokio::spawn(splice(connection, receiver))),
                None => {
                    tokio::spawn(welcome(connection.clone()));
                    waits = Some(connection);
                }
            }
        }
    });
    io::stdin().read_to_end(&mut Vec::new())?;
    drop(context);
    runtime.shutdown_background();
    Ok(())
}

/// Tells a receiver that it is the first of its pair.
async fn welcome(connection: Connection) -> Result<(), Failure> {
    let mut stream = connection.open_uni().await?;
    stream.write_all(b"welcome").await?;
    Ok(stream.finish()?)
}

async fn splice(sender: Connection, receiver: Connection) -> Result<(), Failure> {
    let (_back, mut from) = sender.accept_bi().await?;
    let (mut to, _back) = receiver.open_bi().await?;
    let mut chunks = [const { Bytes::new() }; CHUNKS];
    while let Some(read) = from.read_chunks(&mut chunks).await? {
        to.write_all_chunks(chunks.get_mut(..read).unwrap_or_default())
            .await?;
    }
    Ok(to.finish()?)
}

/// Listens, with a certificate that is made for it.
fn listen(windows: Windows) -> Result<(Endpoint, CertificateDer<'static>), Failure> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let certificate = made.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let mut config = ServerConfig::with_single_cert(vec![certificate.clone()], key.into())?;
    config.transport_config(windows.transport());
    Ok((Endpoint::server(config, ANYWHERE.into())?, certificate))
}

async fn connect(
    address: SocketAddr,
    certificate: CertificateDer<'static>,
) -> Result<Held, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let mut config = ClientConfig::with_root_certificates(Arc::new(roots))?;
    config.transport_config(Windows::OfClient.transport());
    connect_with(config, address).await
}

/// Connects from an endpoint of its own.
pub(super) async fn connect_with(
    config: ClientConfig,
    address: SocketAddr,
) -> Result<Held, Failure> {
    let endpoint = Endpoint::client(ANYWHERE.into())?;
    let connection = endpoint.connect_with(config, address, "localhost")?.await?;
    Ok(Held::with(connection, endpoint))
}
