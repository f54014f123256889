//! Paths over TCP: none between, a relay on tokio, haproxy. A relay dials the receiver, as these do.

use std::{
    ffi::OsStr,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener as Listener},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

use super::{
    Route,
    ends::{Ends, Incoming, Outgoing, begin, finish},
};
use crate::{
    Failure,
    process::{Process, installed},
};

/// The argument that makes the calling program a relay over TCP: [`be_a_tcp_relay`].
pub(crate) const TCP_RELAY: &str = "--be-a-tcp-relay";
/// Bytes that the relay on tokio reads at once, in each direction.
const BUFFER: usize = 64 * 1024;
const AGAIN: Duration = Duration::from_millis(50);

/// A path over TCP.
pub(super) struct Tcp {
    process: Option<Process>,
    /// Where the sender connects.
    address: SocketAddr,
    /// Where the receiver is dialled.
    listener: Listener,
    paths: AtomicU64,
}

impl Tcp {
    pub(super) fn direct() -> Result<Self, Failure> {
        let listener = listener()?;
        Ok(Self::new(None, listener.local_addr()?, listener))
    }

    pub(super) fn through_tokio() -> Result<Self, Failure> {
        let listener = listener()?;
        let target = listener.local_addr()?.to_string();
        let process = Process::in_role(TCP_RELAY, [target])?;
        let address = process.said().parse()?;
        Ok(Self::new(Some(process), address, listener))
    }

    pub(super) fn through_haproxy(folder: &Path) -> Result<Self, Failure> {
        let program = installed("haproxy").ok_or("haproxy is not installed")?;
        let listener = listener()?;
        let (address, target) = (free_port()?, listener.local_addr()?);
        let config = format!(
            "global\n    maxconn 4096\n\
             defaults\n    mode tcp\n    timeout connect 5s\n    timeout client 1h\n    \
             timeout server 1h\n\
             frontend sharers\n    bind {address}\n    default_backend helpers\n\
             backend helpers\n    server helper {target}\n"
        );
        let file = folder.join("haproxy.cfg");
        std::fs::write(&file, config)?;
        // In the foreground, by the file.
        let arguments: [&OsStr; 3] = ["-db".as_ref(), "-f".as_ref(), file.as_os_str()];
        let process = Process::kept(&program, &arguments, &folder.join("haproxy.log"))?;
        Ok(Self::new(Some(process), address, listener))
    }

    const fn new(process: Option<Process>, address: SocketAddr, listener: Listener) -> Self {
        Self {
            process,
            address,
            listener,
            paths: AtomicU64::new(0),
        }
    }
}

impl Route for Tcp {
    fn connect(&self, ends: &Ends) -> Result<(Outgoing, Incoming), Failure> {
        let path = self.paths.fetch_add(1, Ordering::Relaxed);
        let listener = self.listener.try_clone()?;
        let accepted = begin(&ends.receiver, accept(listener, path));
        let address = self.address;
        let connected = begin(&ends.sender, async move {
            let mut stream = reach(address).await?;
            stream.write_all(&path.to_be_bytes()).await?;
            Ok(stream)
        });
        let connected = finish(&ends.sender, connected)?;
        let accepted = finish(&ends.receiver, accepted)?;
        Ok((Outgoing::Tcp(connected), Incoming::tcp(accepted)))
    }

    fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }
}

fn listener() -> io::Result<Listener> {
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Takes the connection of this path. There may be others: of a path before, that is over.
async fn accept(listener: Listener, path: u64) -> Result<TcpStream, Failure> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        if stream.read_u64().await.is_ok_and(|says| says == path) {
            return Ok(stream);
        }
    }
}

/// Connects to a program that may just have been started.
pub(super) async fn reach(address: SocketAddr) -> Result<TcpStream, Failure> {
    loop {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            // Whoever calls this has a limit of time.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// A loopback address with a port that is free, for a program that has to be told one. Another
/// process could take it before; the program then fails to start, and says so.
pub(super) fn free_port() -> io::Result<SocketAddr> {
    Listener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// Carries each connection to `target` until standard input ends; says where on standard output.
///
/// # Errors
/// If it cannot start.
pub(crate) fn be_a_tcp_relay(target: &str) -> Result<(), Failure> {
    let target: SocketAddr = target.parse()?;
    let runtime = Runtime::new()?;
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    runtime.spawn(async move {
        while let Ok((from, _)) = listener.accept().await {
            tokio::spawn(carry(from, target));
        }
    });
    io::stdin().read_to_end(&mut Vec::new())?;
    runtime.shutdown_background();
    Ok(())
}

async fn carry(mut from: TcpStream, target: SocketAddr) -> io::Result<u64> {
    let mut to = TcpStream::connect(target).await?;
    from.set_nodelay(true)?;
    to.set_nodelay(true)?;
    let (there, back) =
        tokio::io::copy_bidirectional_with_sizes(&mut from, &mut to, BUFFER, BUFFER).await?;
    Ok(there + back)
}
