//! A path through a bare relay of UDP packets: the least that one which does not open them can do.

use std::{
    collections::HashMap,
    io::{self, IoSliceMut, Read as _, Write as _},
    net::{SocketAddr, SocketAddrV4, UdpSocket as Socket},
};

use alongside_sift::widen;
use quinn::udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use tokio::{io::Interest, net::UdpSocket, runtime::Runtime};

use super::{
    Route,
    ends::{Ends, Incoming as In, Outgoing as Out, begin, finish},
    quic::{Incoming, Outgoing},
};
use crate::{
    Failure,
    process::Process,
    quic::{ANYWHERE, Held, Windows, anywhere, connect_from, listen, trusting},
};

/// The argument that makes the calling program a relay of UDP packets.
pub(crate) const UDP_RELAY: &str = "--be-a-udp-relay";
/// Bytes that may wait to be received, as at our relay.
const ROOM: usize = 4 * 1024 * 1024;
/// Bytes of a message: as many as the system puts together.
const MESSAGE: usize = 65_535;
/// Bytes of a datagram that tells the relay of a path: both addresses. No packet of QUIC is as short.
const PAIR: usize = 12;

/// Through a relay that sends on what comes.
pub(super) struct Udp {
    process: Process,
    address: SocketAddr,
}

impl Udp {
    pub(super) fn start() -> Result<Self, Failure> {
        let process = Process::in_role(UDP_RELAY, [""; 0])?;
        let address = process.said().parse()?;
        Ok(Self { process, address })
    }

    /// Tells the relay of two that belong together. Both are in this process, which knows their addresses.
    fn pair(&self, one: SocketAddr, other: SocketAddr) -> Result<(), Failure> {
        let told = [one, other].map(|end| match end {
            SocketAddr::V4(end) => Ok([&end.ip().octets()[..], &end.port().to_be_bytes()].concat()),
            SocketAddr::V6(_) => Err("only IPv4 goes through the bare relay"),
        });
        let [one, other] = told;
        let told = [one?, other?].concat();
        // What an end sends before the relay knows of it, it sends again.
        Socket::bind(ANYWHERE)?.send_to(&told, self.address)?;
        Ok(())
    }
}

impl Route for Udp {
    fn connect(&self, ends: &Ends) -> Result<(Out, In), Failure> {
        let listening = begin(&ends.receiver, async { listen(Windows::OfClient) });
        let (server, certificate) = finish(&ends.receiver, listening)?;
        let calling = begin(&ends.sender, async { anywhere() });
        let client = finish(&ends.sender, calling)?;
        self.pair(server.local_addr()?, client.local_addr()?)?;
        let accepted = begin(&ends.receiver, async move {
            let connection = server.accept().await.ok_or("nothing listens")?.await?;
            Ok(In::Quic(Incoming::new(Held::with(connection, server))))
        });
        let relay = self.address;
        let connected = begin(&ends.sender, async move {
            let held = connect_from(client, trusting(certificate)?, relay).await?;
            Ok(Out::Quic(Outgoing::open(held).await?))
        });
        let connected = finish(&ends.sender, connected)?;
        Ok((connected, finish(&ends.receiver, accepted)?))
    }

    fn process(&self) -> Option<&Process> {
        Some(&self.process)
    }
}

/// Sends on what comes, from each of a pair to the other, until standard input ends; says where on standard output.
///
/// # Errors
/// If it cannot start.
pub(crate) fn be_a_udp_relay() -> Result<(), Failure> {
    let socket = Socket::bind(ANYWHERE)?;
    widen(&socket, ROOM)?;
    let state = UdpSocketState::new((&socket).into())?;
    writeln!(io::stdout(), "{}", socket.local_addr()?)?;
    let runtime = Runtime::new()?;
    runtime.spawn(async move { forward(UdpSocket::from_std(socket)?, state).await });
    io::stdin().read_to_end(&mut Vec::new())?;
    runtime.shutdown_background();
    Ok(())
}

/// What the system has put together of one sender's it is given again as it is: so nothing is copied, and it is split again when it leaves.
async fn forward(socket: UdpSocket, state: UdpSocketState) -> io::Result<()> {
    let mut others = HashMap::new();
    let mut room = vec![0; BATCH_SIZE * MESSAGE];
    let mut meta = [RecvMeta::default(); BATCH_SIZE];
    loop {
        let mut bufs: Vec<_> = room.chunks_mut(MESSAGE).map(IoSliceMut::new).collect();
        let received = socket.async_io(Interest::READABLE, || {
            state.recv((&socket).into(), &mut bufs, &mut meta)
        });
        let received = received.await?;
        for (message, about) in bufs.iter().zip(&meta).take(received) {
            let Some(message) = message.get(..about.len) else {
                continue;
            };
            if let Some([one, other]) = pair(message) {
                others.extend([(one, other), (other, one)]);
            } else if let Some(other) = others.get(&about.addr) {
                // What does not leave at once is lost, as at our relay.
                let _ = state.try_send(
                    (&socket).into(),
                    &Transmit {
                        destination: *other,
                        ecn: about.ecn,
                        contents: message,
                        segment_size: Some(about.stride).filter(|each| *each < message.len()),
                        src_ip: None,
                    },
                );
            }
        }
    }
}

/// Two that belong together.
fn pair(told: &[u8]) -> Option<[SocketAddr; 2]> {
    let told: &[u8; PAIR] = told.try_into().ok()?;
    let end = |at: [u8; 6]| {
        let [a, b, c, d, high, low] = at;
        let port = u16::from_be_bytes([high, low]);
        SocketAddr::V4(SocketAddrV4::new([a, b, c, d].into(), port))
    };
    let (one, other) = told.split_first_chunk()?;
    Some([end(*one), end(other.try_into().ok()?)])
}
