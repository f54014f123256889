//! A running relay.

use std::{fmt, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use alongside_state_machine::{books::Shelf, mutant, relay::RelayConfig};
use alongside_wire::{ErrorCode, mutant::is as load};
use quinn::{Endpoint, Incoming, TokioRuntime};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    books::{Books, BooksError, Keeper},
    clock::Clock,
    connection,
    devices::Devices,
    forward::{self, Socket},
    health::{self, Status},
    hub::Hub,
    issuer::Issuer,
    quic,
    sign_in::Access,
    splice,
    tls::{Identity, TlsError},
};

/// What a relay starts with.
#[derive(Debug)]
pub struct Options {
    /// Where to listen, by UDP. `[::]` takes IPv4 too, where the operating system allows it.
    pub listen: SocketAddr,
    /// The certificate that clients verify.
    pub identity: Identity,
    /// The bounds of the protocol.
    pub config: RelayConfig,
    /// Who may sign in, and what everybody may.
    pub access: Access,
    /// Signs cards for those who sign in; without it, none are issued.
    pub issuer: Option<Issuer>,
    /// The devices that may wait to be called.
    pub devices: Devices,
    /// The folder of the journal, which is made if there is none; without it, no journal is kept.
    pub journal: Option<PathBuf>,
    /// The folder of reports of abuse, which is made if there is none; without it, none are taken.
    pub reports: Option<PathBuf>,
    /// Where the machine itself may ask for health, by HTTP; a loopback address.
    pub health: Option<SocketAddr>,
    /// What time is counted by.
    pub clock: Clock,
}

impl Options {
    /// A relay with the bounds of the registry that knows nobody and keeps no books.
    pub fn new(listen: SocketAddr, identity: Identity) -> Self {
        Self {
            listen,
            identity,
            config: RelayConfig::default(),
            access: Access::default(),
            issuer: None,
            devices: Devices::new(),
            journal: None,
            reports: None,
            health: None,
            clock: Clock::default(),
        }
    }
}

/// Connections beyond the limit that are taken in to be told that the relay is busy; those beyond
/// them are refused without a handshake.
const TO_BE_TOLD: usize = 256;
/// With more than this part of the connections open, a new client must first prove its address
/// (Retry).
const RETRY_PART: usize = 4;
/// How long a client has for the handshake of QUIC.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long clients have to take the news of a shutdown.
const FAREWELL: Duration = Duration::from_secs(2);

/// A relay that runs until it is shut down or dropped.
///
/// ```
/// use alongside_relay::{Options, Relay, tls::Identity};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let identity = Identity::self_signed(vec!["localhost".to_owned()])?;
/// let relay = Relay::bind(Options::new("127.0.0.1:0".parse()?, identity))?;
/// assert_ne!(relay.local_addr()?.port(), 0);
/// assert_eq!(relay.fingerprint().len(), 64);
/// relay.shutdown().await;
/// # Ok(()) }
/// ```
pub struct Relay {
    endpoint: Endpoint,
    hub: Arc<Hub>,
    fingerprint: String,
    tasks: Vec<JoinHandle<()>>,
    bounds: RelayConfig,
    socket: Arc<Socket>,
    /// Closed when nothing is accepted any more.
    accepts: watch::Receiver<()>,
}

impl Relay {
    /// Starts a relay. Call it within a tokio runtime, on which it runs.
    ///
    /// # Errors
    /// If the certificate cannot be used, the address cannot be listened on, or books cannot be kept.
    pub fn bind(options: Options) -> Result<Self, BindError> {
        Self::on(Socket::bind, options)
    }

    /// Starts a relay on a socket that is made in this way.
    fn on(
        socket: impl FnOnce(SocketAddr) -> io::Result<Socket>,
        options: Options,
    ) -> Result<Self, BindError> {
        let Options {
            listen,
            identity,
            mut config,
            access,
            issuer,
            devices,
            journal,
            reports,
            health,
            clock,
        } = options;
        if reports.is_none() {
            config.reports_per_source = 0;
        }
        let fingerprint = identity.fingerprint();
        let server = quic::server_config(identity, &config).map_err(BindError::Tls)?;
        let bounds = config.clone();
        let listener = health.map(|address| {
            health::listen(address).map_err(|error| BindError::Listen { address, error })
        });
        let listener = listener.transpose()?;
        //= spec/14-operation.md#journal [JOURNAL-8] 50a52e15
        let journal = journal.map(|folder| Keeper::start(&folder, Shelf::JOURNAL));
        let journal = journal.transpose().map_err(BindError::Books)?;
        let shelf = Shelf::reports(config.report_keep_ms);
        let reports = reports.map(|folder| Keeper::start(&folder, shelf));
        let reports = reports.transpose().map_err(BindError::Books)?;
        let books = Books { journal, reports };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| BindError::Random(error.to_string()))?;
        let cannot = |error| BindError::Listen {
            address: listen,
            error,
        };
        let socket = Arc::new(socket(listen).map_err(cannot)?);
        let endpoint = Endpoint::new_with_abstract_socket(
            quic::endpoint_config(),
            Some(server),
            socket.clone(),
            Arc::new(TokioRuntime),
        )
        .map_err(cannot)?;
        let most = config.connections.saturating_add(TO_BE_TOLD);
        let retry_above = config.connections / RETRY_PART;
        let hub = Hub::new(config, seed, access, issuer, books, clock, socket.clone());
        let hub = Arc::new(hub);
        hub.set_devices(devices);
        let (timer, keeper) = (hub.clone(), hub.clone());
        let (closes, accepts) = watch::channel(());
        let accepting = accept(endpoint.clone(), hub.clone(), most, retry_above);
        let mut tasks = vec![
            tokio::spawn(async move {
                accepting.await;
                drop(closes);
            }),
            tokio::spawn(async move { timer.keep_time().await }),
            tokio::spawn(async move { keeper.keep_policy().await }),
        ];
        if let Some(listener) = listener {
            tasks.push(tokio::spawn(health::serve(listener, hub.clone())));
        }
        Ok(Self {
            bounds,
            endpoint,
            hub,
            fingerprint,
            tasks,
            socket,
            accepts,
        })
    }

    /// The most bytes of clients that a relay with these bounds holds at once: for each
    /// connection the windows of QUIC, its queue, the message that it is in the middle of, and
    /// what is between two frame streams or left of them; for all paths 32 batches of 65,000 bytes,
    /// and for each where its packets go. The state of a connection comes on top, some 50 KB.
    pub fn memory_bound(config: &RelayConfig) -> u64 {
        let between = config.frame_streams.saturating_mul(splice::MOST) as u64;
        let of_one = quic::memory_of_connection(config)
            .saturating_add(between)
            .saturating_add(splice::LEFT as u64)
            .saturating_add(connection::CHUNK as u64);
        let of_all = of_one.saturating_mul(config.connections as u64);
        of_all.saturating_add(forward::memory(config.paths))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the operating system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// The SHA-256 of the certificate's DER encoding, in lower-case hexadecimal, for clients that
    /// pin it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The devices that may wait from now on. Those that wait and are not there as they were are
    /// told, and wait no more.
    pub fn set_devices(&self, devices: Devices) {
        self.hub.set_devices(devices);
    }

    //= spec/14-operation.md#surface [OPERATION-3] 6a7525a8
    /// Uses another certificate for the connections that come from now on.
    ///
    /// # Errors
    /// If it cannot be used; then that of before stays.
    pub fn renew(&self, identity: Identity) -> Result<(), TlsError> {
        let server = quic::server_config(identity, &self.bounds)?;
        if mutant::is("OPERATION-3/ends") {
            self.hub.shutdown();
        }
        self.endpoint.set_server_config(Some(server));
        Ok(())
    }

    /// Lets so many milliseconds pass, if the clock is manual. Whatever is due by then happens at its own
    /// time, in its order, and has happened when this returns.
    pub fn advance(&self, ms: u64) {
        self.hub.advance(ms);
    }

    /// Sees to it that the rules in force are those of the operator's file, which happens by itself
    /// within seconds.
    pub fn read_policy(&self) {
        self.hub.read_policy();
    }

    /// How it is with it.
    pub fn status(&self) -> Status {
        self.hub.status()
    }

    /// Waits until its socket has failed for so long that the relay is given up, and says why. Its clients are lost then,
    /// and it gets no others: drop it, and start another.
    pub async fn failed(&self) -> io::Error {
        let mut accepts = self.accepts.clone();
        while accepts.changed().await.is_ok() {}
        let why = self.socket.given_up().unwrap_or("its endpoint has ended");
        io::Error::other(format!(
            "nothing can be received any more: {why}; start the relay again"
        ))
    }

    /// Begins nothing any more; sessions go on.
    pub fn begin_to_drain(&self) {
        self.hub.begin_to_drain();
    }

    /// Begins nothing any more, and waits until the sessions have come to their end.
    pub async fn drain(&self) {
        self.begin_to_drain();
        // Sessions last for minutes; to look often enough is simpler than to be told.
        while self.hub.status().sessions > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Tells every client that the relay is shutting down, closes their connections, and waits
    /// until they know, for 2 seconds at most.
    pub async fn shutdown(self) {
        self.hub.shutdown();
        // Who does not answer is left alone.
        let _ = tokio::time::timeout(FAREWELL, self.endpoint.wait_idle()).await;
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.endpoint
            .close(quic::code(ErrorCode::RelayShutdown), b"");
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// Why a relay cannot start, and what to do about it.
#[derive(Debug)]
pub enum BindError {
    /// The certificate cannot be used.
    Tls(TlsError),
    /// The address cannot be listened on.
    Listen {
        /// Which one.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The operating system gives no random numbers.
    Random(String),
    /// There is no writing to a folder.
    Books(BooksError),
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => error.fmt(f),
            Self::Listen { address, error } => {
                write!(f, "cannot listen on {address}: {error}; ")?;
                f.write_str(match error.kind() {
                    io::ErrorKind::PermissionDenied => {
                        "ports below 1024 need privileges: choose another with --listen \
                         '[::]:4433', or grant the program CAP_NET_BIND_SERVICE"
                    }
                    io::ErrorKind::AddrInUse => {
                        "another program listens there: end it, or choose another port with \
                         --listen"
                    }
                    _ => "choose an address of this machine with --listen",
                })
            }
            Self::Random(why) => write!(f, "the system gives no random numbers: {why}"),
            Self::Books(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BindError {}

async fn accept(endpoint: Endpoint, hub: Arc<Hub>, most: usize, retry_above: usize) {
    while let Some(incoming) = endpoint.accept().await {
        let open = endpoint.open_connections();
        if open >= most {
            incoming.refuse();
        //= spec/14-operation.md#per-source [SOURCE-3] 74c32375
        } else if open >= retry_above
            && !incoming.remote_address_validated()
            && !mutant::is("SOURCE-3/trusts")
        {
            // It fails only for an address that is validated.
            let _ = incoming.retry();
        } else {
            tokio::spawn(serve(hub.clone(), incoming));
        }
    }
}

async fn serve(hub: Arc<Hub>, incoming: Incoming) {
    match tokio::time::timeout(HANDSHAKE, incoming).await {
        Ok(Ok(connection)) => connection::serve(hub, connection).await,
        Ok(Err(why)) => tracing::debug!(%why, "a handshake failed"),
        Err(_) => tracing::debug!("a handshake took too long"),
    }
    if load("load/handshakes") {
        std::mem::forget(vec![1_u8; 4 * connection::CHUNK]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::Receive;

    #[tokio::test]
    async fn one_that_receives_nothing_any_more_says_so() {
        let identity = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
        let options = Options::new(([127, 0, 0, 1], 0).into(), identity);
        let broken = |listen| {
            let fails: Receive = |_, _, _, _| Err(io::ErrorKind::OutOfMemory.into());
            Socket::new(listen, fails, Duration::ZERO)
        };
        let relay = Relay::on(broken, options).unwrap();
        let some = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        some.send_to(b"text", relay.local_addr().unwrap()).unwrap();
        let failed = tokio::time::timeout(Duration::from_secs(5), relay.failed());
        let said = failed.await.expect("it says nothing").to_string();
        assert!(said.contains("out of memory"), "{said}");
    }
}
