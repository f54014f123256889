//! The path through iroh-relay, whose clients send each other datagrams over WebSocket: version 2 of
//! its protocol, and 1, as far as they are alike; pings are not answered, so a path lasts 15 seconds.

use std::{
    ffi::OsStr,
    net::SocketAddr,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};

use super::{
    Route,
    ends::{Ends, Incoming as In, Outgoing as Out, begin, finish},
    frames::{Arrived, Counter, HEADER},
    paced::Paced,
    tcp::{free_port, reach},
};
use crate::{
    Failure,
    process::{Process, installed},
};

/// The most bytes of a packet. The relay takes less than 64 KiB with what it puts around.
const PACKET: usize = 32 * 1024;
/// Packets that may be under way; the relay drops what comes when 512 wait for a client.
const WINDOW: u64 = 256;

const VERSIONS: &str = "iroh-relay-v2, iroh-relay-v1";
/// What a client signs is derived from the challenge in this context.
const CONTEXT: &str = "iroh-relay handshake v1 challenge signature";
const CHALLENGE: u8 = 0;
const CLIENT_AUTH: u8 = 1;
const CONFIRMED: u8 = 2;
const DATAGRAM_TO_RELAY: u8 = 4;
const DATAGRAM_TO_CLIENT: u8 = 6;
/// Bytes before a datagram: its kind, whom it goes to or comes from, congestion.
const BEFORE: usize = 1 + 32 + 1;

type Socket = WebSocketStream<TcpStream>;

/// Through iroh-relay, without TLS.
pub(super) struct IrohRelay {
    process: Process,
    address: SocketAddr,
    clients: AtomicU64,
}

impl IrohRelay {
    pub(super) fn start(folder: &Path) -> Result<Self, Failure> {
        let program = installed("iroh-relay").ok_or("iroh-relay is not installed")?;
        let address = free_port()?;
        let file = folder.join("iroh-relay.toml");
        let config = format!("http_bind_addr = \"{address}\"\nenable_metrics = false\n");
        std::fs::write(&file, config)?;
        let arguments: [&OsStr; 3] = ["--dev".as_ref(), "--config-path".as_ref(), file.as_os_str()];
        let process = Process::kept(&program, &arguments, &folder.join("iroh-relay.log"))?;
        Ok(Self {
            process,
            address,
            clients: AtomicU64::new(0),
        })
    }

    /// A key that no client of this relay has had.
    fn key(&self) -> SigningKey {
        let mut seed = [0x42; 32];
        let number = self.clients.fetch_add(1, Ordering::Relaxed);
        seed[..8].copy_from_slice(&number.to_be_bytes());
        SigningKey::from_bytes(&seed)
    }
}

impl Route for IrohRelay {
    fn connect(&self, ends: &Ends) -> Result<(Out, In), Failure> {
        let (address, sender, receiver) = (self.address, self.key(), self.key());
        let id = receiver.verifying_key().to_bytes();
        let receives = begin(&ends.receiver, async move {
            Ok(In::Iroh(Box::new(Incoming(
                join(address, &receiver).await?,
            ))))
        });
        let incoming = finish(&ends.receiver, receives)?;
        let sends = begin(&ends.sender, async move {
            Ok(Out::Iroh(Box::new(Outgoing {
                socket: join(address, &sender).await?,
                to: id,
                packets: Paced::of(PACKET, WINDOW),
            })))
        });
        Ok((finish(&ends.sender, sends)?, incoming))
    }

    fn process(&self) -> Option<&Process> {
        Some(&self.process)
    }

    fn is_stream(&self) -> bool {
        false
    }
}

/// The end that sends.
pub(super) struct Outgoing {
    socket: Socket,
    to: [u8; 32],
    packets: Paced,
}

impl Outgoing {
    pub(super) async fn send(&mut self, frame: &Bytes, arrived: &Arrived) -> Result<(), Failure> {
        for (header, rest) in self.packets.cut(frame, arrived).await {
            let mut datagram = Vec::with_capacity(BEFORE + HEADER + rest.len());
            datagram.push(DATAGRAM_TO_RELAY);
            datagram.extend_from_slice(&self.to);
            datagram.push(0);
            datagram.extend_from_slice(&header);
            datagram.extend_from_slice(&rest);
            self.socket.send(Message::Binary(datagram.into())).await?;
        }
        Ok(())
    }
}

/// The end that receives.
pub(super) struct Incoming(Socket);

impl Incoming {
    pub(super) async fn read(&mut self, counter: &mut Counter) -> Result<(), Failure> {
        let message = next(&mut self.0).await?;
        if message.first() == Some(&DATAGRAM_TO_CLIENT) {
            counter.packet(message.get(BEFORE..).unwrap_or_default());
        }
        Ok(())
    }
}

/// Connects to the relay, and proves to have the key.
async fn join(address: SocketAddr, key: &SigningKey) -> Result<Socket, Failure> {
    let stream = reach(address).await?;
    let mut request = format!("ws://{address}/relay").into_client_request()?;
    let versions = HeaderValue::from_static(VERSIONS);
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", versions);
    let (mut socket, _) = client_async(request, stream).await?;
    let message = next(&mut socket).await?;
    let Some((&CHALLENGE, challenge)) = message.split_first() else {
        return Err("iroh-relay begins without a challenge".into());
    };
    socket
        .send(Message::Binary(proof(key, challenge).into()))
        .await?;
    match next(&mut socket).await?.split_first() {
        Some((&CONFIRMED, _)) => Ok(socket),
        other => Err(format!("iroh-relay takes no client: {other:?}").into()),
    }
}

fn proof(key: &SigningKey, challenge: &[u8]) -> Vec<u8> {
    let signature = key.sign(&blake3::derive_key(CONTEXT, challenge)).to_bytes();
    let mut proof = vec![CLIENT_AUTH];
    proof.extend_from_slice(key.verifying_key().as_bytes());
    // A signature has its length before it, which fits into one byte.
    proof.push(signature.len() as u8);
    proof.extend_from_slice(&signature);
    proof
}

/// The next message of the relay's own protocol.
async fn next(socket: &mut Socket) -> Result<Bytes, Failure> {
    loop {
        let message = socket.next().await.ok_or("iroh-relay has gone")??;
        if let Message::Binary(bytes) = message {
            return Ok(bytes);
        }
    }
}
