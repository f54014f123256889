//! A bare client: QUIC and the rendezvous plane, without session, keys and pictures. To the relay it is
//! one like others.

use std::{sync::Arc, time::Duration};

use alongside_client::Relay as Address;
use alongside_wire::{
    code::Locator,
    framing::Deframer,
    limits::CONTROL_MESSAGE,
    path::{PathToken, RoutingId},
    rendezvous::{CodeRequest, Deliver, Hello, Join, Message, PathProof, PathRequest},
};
use quinn::{ClientConfig, Endpoint, RecvStream, SendStream, crypto::rustls::QuicClientConfig};
use tokio::time::interval;

use crate::{
    Failure,
    quic::{Held, anywhere, connect_from},
};

/// A client that has said hello.
pub(crate) struct Client {
    held: Held,
    send: SendStream,
    recv: RecvStream,
    deframer: Deframer,
}

impl Client {
    pub(crate) async fn connect(relay: &Address) -> Result<Self, Failure> {
        Self::connect_from(anywhere()?, relay).await
    }

    pub(crate) async fn connect_from(endpoint: Endpoint, relay: &Address) -> Result<Self, Failure> {
        let mut tls = relay.trust.client_config()?;
        tls.alpn_protocols = vec![b"alongside/1".to_vec()];
        let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
        let held = connect_from(endpoint, config, relay.address.parse()?).await?;
        let (send, recv) = held.connection.open_bi().await?;
        let mut client = Self {
            held,
            send,
            recv,
            deframer: Deframer::new(CONTROL_MESSAGE, "a benchmark"),
        };
        client.say(Hello::default()).await?;
        client
            .hear(|message| matches!(message, Message::RelayHello(_)).then_some(()))
            .await?;
        Ok(client)
    }

    /// A helper and a sharer in a session.
    pub(crate) async fn pair(relay: &Address) -> Result<(Self, Self), Failure> {
        Self::pair_from(anywhere()?, anywhere()?, relay).await
    }

    /// The same, each from an endpoint that it may share.
    pub(crate) async fn pair_from(
        helper: Endpoint,
        sharer: Endpoint,
        relay: &Address,
    ) -> Result<(Self, Self), Failure> {
        let (mut helper, mut sharer) = tokio::try_join!(
            Self::connect_from(helper, relay),
            Self::connect_from(sharer, relay)
        )?;
        let locator = helper.code().await?;
        tokio::try_join!(sharer.join(locator), helper.joined())?;
        Ok((helper, sharer))
    }

    /// Has the relay give out a code.
    pub(crate) async fn code(&mut self) -> Result<Locator, Failure> {
        self.say(CodeRequest {}).await?;
        self.hear(|message| match message {
            Message::CodeIssued(issued) => Some(issued.locator),
            _ => None,
        })
        .await
    }

    /// Joins, until the session stands.
    pub(crate) async fn join(&mut self, locator: Locator) -> Result<(), Failure> {
        let join = Join {
            locator,
            link: false,
            // The relay does not look into it, and no helper answers.
            offer: vec![7; 64],
        };
        self.say(join).await?;
        self.hear(|message| matches!(message, Message::Place(_)).then_some(()))
            .await
    }

    /// Waits until somebody has joined.
    pub(crate) async fn joined(&mut self) -> Result<(), Failure> {
        self.hear(|message| matches!(message, Message::Joined(_)).then_some(()))
            .await
    }

    /// Asks for a path: the routing id of this end.
    pub(crate) async fn path(&mut self) -> Result<RoutingId, Failure> {
        self.say(PathRequest {}).await?;
        self.hear(|message| match message {
            Message::Path(path) => Some(path.id),
            _ => None,
        })
        .await
    }

    /// Returns the token of a check, and waits until the path is open: the routing id of the other end.
    pub(crate) async fn prove(&mut self, token: PathToken) -> Result<RoutingId, Failure> {
        self.say(PathProof { token }).await?;
        self.hear(|message| match message {
            Message::PathOpen(open) => Some(open.id),
            _ => None,
        })
        .await
    }

    /// Sends an envelope of so many bytes, again and again, and takes what comes, until something fails.
    pub(crate) async fn beat(self, every: Duration, bytes: usize) -> Failure {
        let Self {
            held: _held,
            mut send,
            mut recv,
            ..
        } = self;
        let mut beat = Vec::new();
        let envelope = vec![7; bytes];
        Message::from(Deliver { envelope }).encode(&mut beat);
        let sent = async {
            let mut clock = interval(every);
            loop {
                clock.tick().await;
                if let Err(error) = send.write_all(&beat).await {
                    break Failure::from(error);
                }
            }
        };
        let heard = async {
            loop {
                match recv.read_chunk(CONTROL_MESSAGE, true).await {
                    Ok(Some(_)) => {}
                    Ok(None) => break Failure::from("the relay says no more"),
                    Err(error) => break Failure::from(error),
                }
            }
        };
        tokio::select! {
            error = sent => error,
            error = heard => error,
        }
    }

    /// Sends envelopes as long as they may be, without end, and reads nothing.
    pub(crate) async fn flood(mut self) -> Failure {
        let envelope = vec![7; CONTROL_MESSAGE - 8];
        let long = Deliver { envelope };
        loop {
            if let Err(error) = self.say(long.clone()).await {
                return error;
            }
        }
    }

    /// A violation: a message that is too long to be one. The relay closes the connection.
    pub(crate) async fn babble(mut self) -> Result<(), Failure> {
        let _ = self.send.write_all(&[0xff; 64]).await;
        self.held.connection.closed().await;
        Ok(())
    }

    /// The connection, with the control stream: its end would be a violation.
    pub(crate) fn into_held(self) -> Held {
        let connection = self.held.connection.clone();
        Held::with(connection, (self.held, self.send, self.recv))
    }

    async fn say(&mut self, message: impl Into<Message>) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        message.into().encode(&mut bytes);
        Ok(self.send.write_all(&bytes).await?)
    }

    /// Waits for a message, and skips those before it; a refusal is an error.
    async fn hear<T>(&mut self, wanted: impl Fn(Message) -> Option<T>) -> Result<T, Failure> {
        loop {
            while let Some(message) = Message::pull(&mut self.deframer)? {
                if let Message::Refused(_) | Message::Gone(_) | Message::PathOver(_) = message {
                    return Err(format!("the relay says {message:?}").into());
                }
                if let Some(found) = wanted(message) {
                    return Ok(found);
                }
            }
            let chunk = self.recv.read_chunk(CONTROL_MESSAGE, true).await?;
            let chunk = chunk.ok_or("the relay says no more")?;
            self.deframer.push(&chunk.bytes);
        }
    }
}
