//! The path through a TURN server (coturn), in packets over UDP: RFC 8656, as much as it takes. The
//! receiver has an allocation with a channel bound to the sender, which sends to the relayed address.

use std::{
    ffi::OsStr,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket as Socket},
    path::Path,
    time::Duration,
};

use bytes::Bytes;
use tokio::{net::UdpSocket, time::timeout};

use super::{
    Route,
    ends::{Ends, Incoming as In, Outgoing as Out, begin, finish},
    frames::{Arrived, Counter, HEADER},
    paced::Paced,
    tcp::free_port,
};
use crate::{
    Failure,
    process::{Process, installed},
};

/// The most bytes of a packet that a sender gives to the relay.
const PACKET: usize = 1_200;
/// Packets that may be under way. The kernel keeps some 90 of them for a socket that is read late.
const WINDOW: u64 = 64;
/// How often a request is sent until it is answered: a server that was just started may not hear.
const ATTEMPTS: usize = 50;
const AGAIN: Duration = Duration::from_millis(100);

const COOKIE: u32 = 0x2112_A442;
const ALLOCATE: u16 = 0x0003;
const CHANNEL_BIND: u16 = 0x0009;
const SUCCESS: u16 = 0x0100;
const CLASS: u16 = 0x0110;
const CHANNEL_NUMBER: u16 = 0x000C;
const XOR_PEER_ADDRESS: u16 = 0x0012;
const XOR_RELAYED_ADDRESS: u16 = 0x0016;
const REQUESTED_TRANSPORT: u16 = 0x0019;
const UDP: u8 = 17;
/// The first number that a channel may have.
const CHANNEL: [u8; 2] = [0x40, 0x00];

/// Through coturn.
pub(super) struct Coturn {
    process: Process,
    server: SocketAddr,
}

impl Coturn {
    pub(super) fn start(folder: &Path) -> Result<Self, Failure> {
        let program = installed("turnserver").ok_or("coturn is not installed")?;
        let server = free_port()?;
        let port = server.port().to_string();
        let pid = folder.join("coturn.pid");
        let arguments = [
            // No file of the system's says more.
            "-n",
            "--no-auth",
            "--no-tls",
            "--no-dtls",
            "--no-tcp",
            "--no-cli",
            "--allow-loopback-peers",
            "--listening-ip=127.0.0.1",
            "--relay-ip=127.0.0.1",
            "--log-file=stdout",
            "--listening-port",
            &port,
            "--pidfile",
        ];
        let mut arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        arguments.push(pid.as_os_str());
        let process = Process::kept(&program, &arguments, &folder.join("coturn.log"))?;
        Ok(Self { process, server })
    }
}

impl Route for Coturn {
    fn connect(&self, ends: &Ends) -> Result<(Out, In), Failure> {
        let sender = Socket::bind((Ipv4Addr::LOCALHOST, 0))?;
        sender.set_nonblocking(true)?;
        let SocketAddr::V4(address) = sender.local_addr()? else {
            return Err("the sender has no address of IPv4".into());
        };
        let server = self.server;
        let allocated = begin(
            &ends.receiver,
            async move { allocate(server, address).await },
        );
        let (incoming, relayed) = finish(&ends.receiver, allocated)?;
        let connected = begin(&ends.sender, async move {
            let socket = UdpSocket::from_std(sender)?;
            socket.connect(relayed).await?;
            Ok(Out::Turn(Outgoing {
                socket,
                packets: Paced::of(PACKET, WINDOW),
                packet: Vec::with_capacity(PACKET),
            }))
        });
        Ok((finish(&ends.sender, connected)?, In::Turn(incoming)))
    }

    fn process(&self) -> Option<&Process> {
        Some(&self.process)
    }

    fn connections(&self) -> u64 {
        1
    }

    fn is_stream(&self) -> bool {
        false
    }
}

/// The end that sends, which needs no TURN for it.
pub(super) struct Outgoing {
    socket: UdpSocket,
    packets: Paced,
    packet: Vec<u8>,
}

impl Outgoing {
    pub(super) async fn send(&mut self, frame: &Bytes, arrived: &Arrived) -> Result<(), Failure> {
        for (header, rest) in self.packets.cut(frame, arrived).await {
            self.packet.clear();
            self.packet.extend_from_slice(&header);
            self.packet.extend_from_slice(&rest);
            self.socket.send(&self.packet).await?;
        }
        Ok(())
    }
}

/// The end that receives, with its allocation.
pub(super) struct Incoming {
    socket: UdpSocket,
    packet: Vec<u8>,
}

impl Incoming {
    pub(super) async fn read(&mut self, counter: &mut Counter) -> Result<(), Failure> {
        let read = self.socket.recv(&mut self.packet).await?;
        let packet = self.packet.get(..read).unwrap_or_default();
        if let Some(data) = channel_data(packet) {
            counter.packet(data);
        }
        Ok(())
    }
}

/// Asks for an address at the server, and for a channel from `sender` to it.
async fn allocate(
    server: SocketAddr,
    sender: SocketAddrV4,
) -> Result<(Incoming, SocketAddr), Failure> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(server).await?;
    let mut request = Request::new(ALLOCATE, 1);
    request.attribute(REQUESTED_TRANSPORT, &[UDP, 0, 0, 0]);
    let answer = request.ask(&socket).await?;
    let relayed = attribute(&answer, XOR_RELAYED_ADDRESS).and_then(address);
    let relayed = relayed.ok_or("the answer to an allocation has no address")?;
    let mut request = Request::new(CHANNEL_BIND, 2);
    request.attribute(CHANNEL_NUMBER, &[CHANNEL[0], CHANNEL[1], 0, 0]);
    request.attribute(XOR_PEER_ADDRESS, &xored(sender));
    request.ask(&socket).await?;
    let packet = vec![0; PACKET + HEADER + 4];
    Ok((Incoming { socket, packet }, relayed.into()))
}

/// A STUN request that is being written.
struct Request {
    method: u16,
    transaction: [u8; 12],
    attributes: Vec<u8>,
}

impl Request {
    /// The number tells transactions of a socket apart, which on loopback nobody guesses.
    const fn new(method: u16, number: u8) -> Self {
        Self {
            method,
            transaction: [number; 12],
            attributes: Vec::new(),
        }
    }

    /// Appends one; all that are used here have a multiple of 4 bytes.
    fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.attributes.extend_from_slice(&kind.to_be_bytes());
        self.attributes
            .extend_from_slice(&(value.len() as u16).to_be_bytes());
        self.attributes.extend_from_slice(value);
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.method.to_be_bytes().to_vec();
        bytes.extend_from_slice(&(self.attributes.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&COOKIE.to_be_bytes());
        bytes.extend_from_slice(&self.transaction);
        bytes.extend_from_slice(&self.attributes);
        bytes
    }

    /// The attributes of the answer to it, if that is no error.
    async fn ask(&self, socket: &UdpSocket) -> Result<Vec<u8>, Failure> {
        let request = self.bytes();
        let mut answer = vec![0; 1_500];
        for _ in 0..ATTEMPTS {
            // Until the server listens, either fails.
            let _ = socket.send(&request).await;
            let Ok(Ok(read)) = timeout(AGAIN, socket.recv(&mut answer)).await else {
                tokio::time::sleep(AGAIN / 10).await;
                continue;
            };
            let answer = answer.get(..read).unwrap_or_default();
            if let Some(answered) = self.answered(answer) {
                return answered;
            }
        }
        Err("the TURN server does not answer; its log says more".into())
    }

    /// What these bytes answer to it, if they do.
    fn answered(&self, bytes: &[u8]) -> Option<Result<Vec<u8>, Failure>> {
        let kind = u16::from_be_bytes(*bytes.first_chunk()?);
        if bytes.get(8..20)? != self.transaction || kind & !CLASS != self.method {
            return None;
        }
        Some(if kind & CLASS == SUCCESS {
            Ok(bytes.get(20..)?.to_vec())
        } else {
            let said = String::from_utf8_lossy(bytes.get(20..)?).into_owned();
            Err(format!("the TURN server refuses: {said:?}").into())
        })
    }
}

/// The value of the first attribute of a kind.
fn attribute(mut attributes: &[u8], kind: u16) -> Option<&[u8]> {
    loop {
        let &[a, b, c, d] = attributes.first_chunk()?;
        let length = usize::from(u16::from_be_bytes([c, d]));
        let value = attributes.get(4..4 + length)?;
        if u16::from_be_bytes([a, b]) == kind {
            return Some(value);
        }
        attributes = attributes.get(4 + length.next_multiple_of(4)..)?;
    }
}

/// An address of IPv4 as STUN writes it: hidden from those who rewrite addresses.
fn xored(address: SocketAddrV4) -> [u8; 8] {
    let [a, b] = (address.port() ^ (COOKIE >> 16) as u16).to_be_bytes();
    let [c, d, e, f] = (address.ip().to_bits() ^ COOKIE).to_be_bytes();
    [0, 1, a, b, c, d, e, f]
}

/// The address in such a value.
fn address(value: &[u8]) -> Option<SocketAddrV4> {
    let &[0, 1, a, b, c, d, e, f] = value else {
        return None;
    };
    let port = u16::from_be_bytes([a, b]) ^ (COOKIE >> 16) as u16;
    let ip = Ipv4Addr::from_bits(u32::from_be_bytes([c, d, e, f]) ^ COOKIE);
    Some(SocketAddrV4::new(ip, port))
}

/// What came on the channel, if this came on it.
fn channel_data(packet: &[u8]) -> Option<&[u8]> {
    let &[a, b, c, d] = packet.first_chunk()?;
    let length = usize::from(u16::from_be_bytes([c, d]));
    packet.get(4..4 + length).filter(|_| [a, b] == CHANNEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hidden_and_found() {
        // From RFC 5769, 2.2: 192.0.2.1 and port 32853.
        let hidden = [0x00, 0x01, 0xA1, 0x47, 0xE1, 0x12, 0xA6, 0x43];
        let shown = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 32_853);
        assert_eq!(xored(shown), hidden);
        assert_eq!(address(&hidden), Some(shown));
        assert_eq!(address(&hidden[..7]), None);
    }

    #[test]
    fn attributes_are_found_behind_padding() {
        let mut attributes = vec![0x80, 0x22, 0, 3, b'a', b'b', b'c', 0];
        attributes.extend([0, 0x0D, 0, 4, 0, 0, 2, 0x58]);
        assert_eq!(attribute(&attributes, 0x0D), Some(&[0, 0, 2, 0x58][..]));
        assert_eq!(attribute(&attributes, 0x16), None);
        assert_eq!(attribute(&attributes[..14], 0x0D), None);
    }

    #[test]
    fn an_answer_is_to_its_own_request() {
        let request = Request::new(ALLOCATE, 1);
        let answer = |kind: u16, number: u8| {
            let mut bytes = Request::new(kind, number).bytes();
            bytes.extend([7; 4]);
            bytes
        };
        let taken = request.answered(&answer(ALLOCATE | SUCCESS, 1));
        assert_eq!(taken.unwrap().unwrap(), [7; 4]);
        assert!(
            request
                .answered(&answer(ALLOCATE | CLASS, 1))
                .unwrap()
                .is_err()
        );
        assert!(request.answered(&answer(ALLOCATE | SUCCESS, 2)).is_none());
        assert!(
            request
                .answered(&answer(CHANNEL_BIND | SUCCESS, 1))
                .is_none()
        );
        assert!(request.answered(&[0; 4]).is_none());
    }

    #[test]
    fn data_of_another_channel_is_none() {
        assert_eq!(channel_data(&[0x40, 0, 0, 2, 8, 9]), Some(&[8, 9][..]));
        assert_eq!(channel_data(&[0x40, 1, 0, 2, 8, 9]), None);
        assert_eq!(channel_data(&[0x40, 0, 0, 3, 8, 9]), None);
    }
}
