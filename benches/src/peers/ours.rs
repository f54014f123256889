//! The path through the relay of Alongside. Its clients are bare: they speak the messages that lead
//! into a session, and then send frames as bytes that nobody sealed, since the relay reads none.

use std::{net::SocketAddr, sync::Arc};

use alongside_client::Trust;
use alongside_wire::{
    code::Locator,
    framing::Deframer,
    limits,
    rendezvous::{CodeRequest, Hello, Join, Message},
};
use quinn::{ClientConfig, RecvStream, SendStream, crypto::rustls::QuicClientConfig};

use super::{
    Route,
    ends::{Ends, Incoming as In, Outgoing as Out, begin, finish},
    process::Process,
    quic::{self, Held, Windows},
};
use crate::{Failure, RELAY};

/// Through our relay, on spliced streams.
///
/// Forwarded packets are another route: from a [`Client`] of each end to a QUIC connection between
/// both, of which [`quic::Outgoing`] and [`quic::Incoming`] are the ends.
pub(super) struct Spliced {
    process: Process,
    address: SocketAddr,
    trust: Trust,
}

impl Spliced {
    pub(super) fn start() -> Result<Self, Failure> {
        let process = Process::in_role(RELAY, [""; 0])?;
        let said = process
            .said()
            .split_once(' ')
            .ok_or("it said no fingerprint")?;
        let (address, trust) = (said.0.parse()?, Trust::Fingerprint(said.1.parse()?));
        Ok(Self {
            process,
            address,
            trust,
        })
    }

    /// A client of the relay, to be connected.
    fn client(&self) -> Result<impl Future<Output = Result<Client, Failure>> + use<>, Failure> {
        let mut tls = self.trust.client_config()?;
        tls.alpn_protocols = vec![b"alongside/1".to_vec()];
        let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
        config.transport_config(Windows::OfClient.transport());
        let address = self.address;
        Ok(async move { Client::open(quic::connect_with(config, address).await?).await })
    }
}

impl Route for Spliced {
    fn connect(&self, ends: &Ends) -> Result<(Out, In), Failure> {
        let helper = self.client()?;
        let coded = begin(&ends.receiver, async move {
            let mut helper = helper.await?;
            let locator = helper.code().await?;
            Ok((helper, locator))
        });
        let (mut helper, locator) = finish(&ends.receiver, coded)?;
        let sharer = self.client()?;
        let joins = begin(&ends.sender, async move {
            let mut sharer = sharer.await?;
            sharer.join(locator).await?;
            let held = sharer.into_held();
            let stream = held.connection.open_uni().await?;
            Ok(Out::Quic(quic::Outgoing::new(held, stream)))
        });
        let joined = begin(&ends.receiver, async move {
            helper.joined().await?;
            Ok(In::Quic(quic::Incoming::new(helper.into_held(), false)))
        });
        let out = finish(&ends.sender, joins)?;
        Ok((out, finish(&ends.receiver, joined)?))
    }

    fn process(&self) -> Option<&Process> {
        Some(&self.process)
    }
}

/// A client of the relay with its control stream.
struct Client {
    held: Held,
    send: SendStream,
    receive: RecvStream,
    deframer: Deframer,
}

impl Client {
    async fn open(held: Held) -> Result<Self, Failure> {
        let (send, receive) = held.connection.open_bi().await?;
        let mut client = Self {
            held,
            send,
            receive,
            deframer: Deframer::new(limits::CONTROL_MESSAGE, "the control stream"),
        };
        client.say(&Message::Hello(Hello::default())).await?;
        client
            .hear(|message| matches!(message, Message::RelayHello(_)).then_some(()))
            .await?;
        Ok(client)
    }

    async fn code(&mut self) -> Result<Locator, Failure> {
        self.say(&Message::CodeRequest(CodeRequest {})).await?;
        self.hear(|message| match message {
            Message::CodeIssued(issued) => Some(issued.locator),
            _ => None,
        })
        .await
    }

    async fn join(&mut self, locator: Locator) -> Result<(), Failure> {
        let join = Join {
            locator,
            link: false,
            // The relay does not look into it, and no helper answers.
            offer: b"frames".to_vec(),
        };
        self.say(&Message::Join(join)).await?;
        self.hear(|message| matches!(message, Message::Place(_)).then_some(()))
            .await
    }

    async fn joined(&mut self) -> Result<(), Failure> {
        self.hear(|message| matches!(message, Message::Joined(_)).then_some(()))
            .await
    }

    async fn say(&mut self, message: &Message) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        Ok(self.send.write_all(&bytes).await?)
    }

    /// Waits for a message, and skips those before it; a refusal is an error.
    async fn hear<T>(&mut self, wanted: impl Fn(Message) -> Option<T>) -> Result<T, Failure> {
        loop {
            while let Some(message) = Message::pull(&mut self.deframer)? {
                if let Message::Refused(_) | Message::Gone(_) = message {
                    return Err(format!("the relay says {message:?}").into());
                }
                if let Some(found) = wanted(message) {
                    return Ok(found);
                }
            }
            let chunk = self.receive.read_chunk(usize::MAX, true).await?;
            self.deframer
                .push(&chunk.ok_or("the relay says no more")?.bytes);
        }
    }

    /// The connection, with the control stream: its end would be a violation.
    fn into_held(self) -> Held {
        let connection = self.held.connection.clone();
        Held::with(connection, (self.held, self.send, self.receive))
    }
}
