//! A bare relay of QUIC streams, which does no more than carry a stream of one client to a stream of
//! another, and the answers back: the least that a relay of streams can do.

use std::{
    collections::BTreeMap,
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use quinn::{Connection, Incoming, RecvStream, SendStream};
use rustls::pki_types::CertificateDer;
use tokio::runtime::Runtime;

use crate::{
    Failure,
    process::Process,
    quic::{Held, Windows, connect, listen},
};

/// The argument that makes the calling program such a relay.
pub(crate) const SPLICE: &str = "--be-a-splice";

/// Chunks that are taken from a stream at once, as the relay of Alongside does.
const CHUNKS: usize = 16;
/// What tells a receiver that the relay knows it.
const WELCOME: u8 = 1;

/// The relay in a process of its own.
pub(crate) struct Splice {
    pub(crate) process: Process,
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    pairs: AtomicU64,
}

/// What leads to it, for both ends of one pair.
#[derive(Clone)]
pub(crate) struct Way {
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    pair: u64,
}

impl Splice {
    pub(crate) fn start() -> Result<Self, Failure> {
        let process = Process::in_role(SPLICE, [""; 0])?;
        let said = process.said().split_once(' ');
        let said = said.ok_or("it said no certificate")?;
        let (address, certificate) = (said.0.parse()?, hex::decode(said.1)?.into());
        Ok(Self {
            process,
            address,
            certificate,
            pairs: AtomicU64::new(0),
        })
    }

    /// For a pair that has not been yet.
    pub(crate) fn way(&self) -> Way {
        Way {
            address: self.address,
            certificate: self.certificate.clone(),
            pair: self.pairs.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl Way {
    /// The end that receives, which comes first: a stream is opened to it.
    pub(crate) async fn receiver(self) -> Result<Held, Failure> {
        let (held, send) = self.receiver_that_answers().await?;
        let connection = held.connection.clone();
        Ok(Held::with(connection, (held, send)))
    }

    /// The same, with what it answers on.
    pub(crate) async fn receiver_that_answers(self) -> Result<(Held, SendStream), Failure> {
        let (held, send, mut recv) = self.stream().await?;
        let mut welcome = [0];
        recv.read_exact(&mut welcome).await?;
        let connection = held.connection.clone();
        Ok((Held::with(connection, (held, recv)), send))
    }

    /// The end that sends.
    pub(crate) async fn sender(self) -> Result<(Held, SendStream), Failure> {
        let (held, send, _) = self.sender_that_hears().await?;
        Ok((held, send))
    }

    /// The same, with what answers come on.
    pub(crate) async fn sender_that_hears(self) -> Result<(Held, SendStream, RecvStream), Failure> {
        self.stream().await
    }

    async fn stream(self) -> Result<(Held, SendStream, RecvStream), Failure> {
        let held = connect(self.address, self.certificate).await?;
        let (mut send, recv) = held.connection.open_bi().await?;
        send.write_all(&self.pair.to_be_bytes()).await?;
        Ok((held, send, recv))
    }
}

/// The receivers that have come, and what they answer on, by the numbers of their pairs.
type Receivers = Mutex<BTreeMap<u64, (Connection, RecvStream)>>;

/// Carries the stream of the second of each pair on to the first, until standard input ends; says
/// where, and its certificate, on standard output.
///
/// # Errors
/// If it cannot start.
pub(crate) fn be_a_splice() -> Result<(), Failure> {
    let runtime = Runtime::new()?;
    let context = runtime.enter();
    let (endpoint, certificate) = listen(Windows::OfRelay)?;
    let address = endpoint.local_addr()?;
    writeln!(io::stdout(), "{address} {}", hex::encode(certificate))?;
    runtime.spawn(async move {
        let receivers = Arc::new(Receivers::default());
        while let Some(incoming) = endpoint.accept().await {
            let receivers = receivers.clone();
            tokio::spawn(async move { serve(incoming, &receivers).await });
        }
    });
    io::stdin().read_to_end(&mut Vec::new())?;
    drop(context);
    runtime.shutdown_background();
    Ok(())
}

async fn serve(incoming: Incoming, receivers: &Receivers) -> Result<(), Failure> {
    let connection = incoming.await?;
    let (mut to, mut from) = connection.accept_bi().await?;
    let mut pair = [0; 8];
    from.read_exact(&mut pair).await?;
    let pair = u64::from_be_bytes(pair);
    let all = || receivers.lock().unwrap_or_else(PoisonError::into_inner);
    let first = all().remove(&pair);
    let Some((receiver, answers)) = first else {
        all().insert(pair, (connection.clone(), from));
        to.write_all(&[WELCOME]).await?;
        connection.closed().await;
        return Ok(());
    };
    let there = carry(from, receiver.open_uni().await?);
    tokio::try_join!(there, carry(answers, to)).map(|_| ())
}

async fn carry(mut from: RecvStream, mut to: SendStream) -> Result<(), Failure> {
    let mut chunks = [const { Bytes::new() }; CHUNKS];
    while let Some(read) = from.read_chunks(&mut chunks).await? {
        let read = chunks.get_mut(..read).unwrap_or_default();
        to.write_all_chunks(read).await?;
    }
    Ok(to.finish()?)
}
