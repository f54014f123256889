//! Handshakes of QUIC that stop half-way: who begins them says nothing more.

use std::{
    collections::BTreeMap,
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use alongside_client::Relay as Address;
use quinn::{ClientConfig, crypto::rustls::QuicClientConfig};
use quinn_proto::{Connection, ConnectionHandle, DatagramEvent, Endpoint};

use crate::{
    Failure,
    quic::{NAME, socket},
};

/// How often is looked whether something came.
const STEP: Duration = Duration::from_millis(1);

/// What came of them.
#[derive(Default)]
pub(super) struct Came {
    /// Those that the relay went on with at once.
    pub(super) at_once: usize,
    /// Those that it sent back for a proof of their address.
    pub(super) retries: usize,
    /// Those of them with which it went on when they came back.
    pub(super) proven: usize,
}

/// Handshakes that are under way.
pub(super) struct Halves(JoinHandle<Result<Came, Failure>>);

impl Halves {
    /// Begins so many within this time, from one port.
    pub(super) fn begin(relay: &Address, many: usize, within: Duration) -> Result<Self, Failure> {
        let mut tls = relay.trust.client_config()?;
        tls.alpn_protocols = vec![b"alongside/1".to_vec()];
        let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
        let socket = socket()?;
        socket.set_nonblocking(true)?;
        let flood = Flood {
            relay: relay.address.parse()?,
            socket,
            endpoint: Endpoint::new(Arc::default(), None, false, None),
            under_way: BTreeMap::new(),
        };
        let sends = move || flood.sends(&config, many, within);
        Ok(Self(thread::spawn(sends)))
    }

    /// Waits until all have begun.
    pub(super) fn come(self) -> Result<Came, Failure> {
        self.0.join().map_err(|_| "the flood failed")?
    }
}

/// One that was begun.
struct Half {
    connection: Connection,
    retried: bool,
    answered: bool,
}

struct Flood {
    relay: SocketAddr,
    socket: UdpSocket,
    endpoint: Endpoint,
    under_way: BTreeMap<Vec<u8>, (ConnectionHandle, Half)>,
}

impl Flood {
    fn sends(
        mut self,
        config: &ClientConfig,
        many: usize,
        within: Duration,
    ) -> Result<Came, Failure> {
        let began = Instant::now();
        for number in 0..many {
            let (handle, connection) =
                self.endpoint
                    .connect(Instant::now(), config.clone(), self.relay, NAME)?;
            let mut half = Half {
                connection,
                retried: false,
                answered: false,
            };
            let own = half.speaks(&self.socket, self.relay)?;
            self.under_way.insert(own, (handle, half));
            let next = began + within * u32::try_from(number)? / u32::try_from(many)?;
            self.hears(next)?;
        }
        self.hears(began + within)?;
        let mut came = Came::default();
        for (_, half) in self.under_way.values() {
            came.at_once += usize::from(half.answered && !half.retried);
            came.retries += usize::from(half.retried);
            came.proven += usize::from(half.answered && half.retried);
        }
        Ok(came)
    }

    /// Takes what comes until then.
    fn hears(&mut self, until: Instant) -> Result<(), Failure> {
        let mut datagram = [0; 2_048];
        loop {
            match self.socket.recv(&mut datagram) {
                Ok(len) => self.takes(datagram.get(..len).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Ok(());
                    }
                    thread::sleep(left.min(STEP));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Comes back with the token of a Retry, and answers nothing else.
    fn takes(&mut self, datagram: &[u8]) -> Result<(), Failure> {
        let Some([to, _]) = ids(datagram) else {
            return Ok(());
        };
        let Some((own, half)) = self.under_way.get_mut(to) else {
            return Ok(());
        };
        if !is_retry(datagram) {
            half.answered = true;
            return Ok(());
        }
        let (now, mut unsaid) = (Instant::now(), Vec::new());
        let taken = self
            .endpoint
            .handle(now, self.relay, None, None, datagram.into(), &mut unsaid);
        if let Some(DatagramEvent::ConnectionEvent(whose, event)) = taken
            && whose == *own
        {
            half.connection.handle_event(event);
            half.retried = true;
            half.speaks(&self.socket, self.relay)?;
        }
        Ok(())
    }
}

impl Half {
    /// Sends what is next to be sent, one datagram; its own connection id.
    fn speaks(&mut self, socket: &UdpSocket, relay: SocketAddr) -> Result<Vec<u8>, Failure> {
        let mut initial = Vec::new();
        let _transmit = (self
            .connection
            .poll_transmit(Instant::now(), 1, &mut initial))
        .ok_or("QUIC has nothing to begin with")?;
        // One that is lost is one less.
        let _ = socket.send_to(&initial, relay);
        let [_, own] = ids(&initial).ok_or("what QUIC begins with has no long header")?;
        Ok(own.to_vec())
    }
}

/// The connection ids of a long header: to whom, and from whom (RFC 9000, 17.2).
fn ids(packet: &[u8]) -> Option<[&[u8]; 2]> {
    let (head, rest) = packet.split_at_checked(5)?;
    let is_long = head.first()? & 0x80 != 0;
    let (len, rest) = rest.split_first()?;
    let (to, rest) = rest.split_at_checked(usize::from(*len))?;
    let (len, rest) = rest.split_first()?;
    let from = rest.get(..usize::from(*len))?;
    is_long.then_some([to, from])
}

fn is_retry(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| first & 0xF0 == 0xF0)
}
