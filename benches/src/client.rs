//! A bare client: QUIC and the rendezvous plane, without session, keys and pictures. To the relay it is
//! one like others.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use alongside_client::{Relay as Address, Trust};
use alongside_wire::{
    framing::Deframer,
    limits::CONTROL_MESSAGE,
    rendezvous::{CodeRequest, Deliver, Hello, Join, Message, Place},
};
use quinn::{
    ClientConfig, Connection, Endpoint, RecvStream, SendStream, TransportConfig,
    crypto::rustls::QuicClientConfig,
};

use crate::Failure;

pub(crate) const ALPN: &[u8] = b"alongside/1";

/// A client that has said hello.
pub(crate) struct Client {
    /// It must live as long as the connection.
    _endpoint: Endpoint,
    pub(crate) connection: Connection,
    send: SendStream,
    recv: RecvStream,
    deframer: Deframer,
}

impl Client {
    pub(crate) async fn connect(relay: &Address) -> Result<Self, Failure> {
        let (endpoint, connection) = connect(relay.address.parse()?, &relay.trust).await?;
        let (send, recv) = connection.open_bi().await?;
        let mut client = Self {
            _endpoint: endpoint,
            connection,
            send,
            recv,
            deframer: Deframer::new(CONTROL_MESSAGE, "a benchmark"),
        };
        client.say(Hello::default()).await?;
        client.hear().await?;
        Ok(client)
    }

    /// A helper and a sharer in a session.
    pub(crate) async fn pair(relay: &Address) -> Result<(Self, Self), Failure> {
        let mut helper = Self::connect(relay).await?;
        let mut sharer = Self::connect(relay).await?;
        helper.say(CodeRequest {}).await?;
        let Message::CodeIssued(issued) = helper.hear().await? else {
            return Err("no code".into());
        };
        let join = Join {
            locator: issued.locator,
            link: false,
            offer: vec![7; 64],
        };
        sharer.say(join).await?;
        let Message::Joined(_) = helper.hear().await? else {
            return Err("nobody joined".into());
        };
        // The sharer is not told, so it hears from the helper.
        let envelope = vec![7; 64];
        helper.say(Deliver { envelope }).await?;
        let Message::Deliver(_) = sharer.hear().await? else {
            return Err("nothing was delivered".into());
        };
        Ok((helper, sharer))
    }

    async fn say(&mut self, message: impl Into<Message>) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        message.into().encode(&mut bytes);
        Ok(self.send.write_all(&bytes).await?)
    }

    /// The next message, except for what would bring the client back.
    async fn hear(&mut self) -> Result<Message, Failure> {
        loop {
            match Message::pull(&mut self.deframer)? {
                Some(Message::Place(Place { .. })) => continue,
                Some(message) => return Ok(message),
                None => {}
            }
            let chunk = self.recv.read_chunk(CONTROL_MESSAGE, true).await?;
            self.deframer.push(&chunk.ok_or("it is over")?.bytes);
        }
    }
}

/// Connects by QUIC, and does nothing else.
pub(crate) async fn connect(
    to: SocketAddr,
    trust: &Trust,
) -> Result<(Endpoint, Connection), Failure> {
    let mut tls = trust.client_config()?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
    config.transport_config(transport());
    let endpoint = Endpoint::client(([127, 0, 0, 1], 0).into())?;
    let connection = endpoint.connect_with(config, to, "localhost")?.await?;
    Ok((endpoint, connection))
}

/// As the reference client has it.
pub(crate) fn transport() -> Arc<TransportConfig> {
    let mut transport = TransportConfig::default();
    transport.stream_receive_window((1024_u32 * 1024).into());
    transport.receive_window((4 * 1024_u32 * 1024).into());
    transport.send_window(2 * 1024 * 1024);
    transport.keep_alive_interval(Some(Duration::from_secs(1)));
    Arc::new(transport)
}
