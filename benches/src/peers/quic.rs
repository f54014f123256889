//! Paths over QUIC: none between, and a relay that does no more than carry one stream to another.

use bytes::Bytes;
use quinn::{RecvStream, SendStream};

use super::{
    Route,
    ends::{Ends, Incoming as In, Outgoing as Out, begin, finish},
    frames::Counter,
};
use crate::{
    Failure,
    process::Process,
    quic::{Held, Windows, connect, listen},
    splice,
};

/// Chunks that are taken from a stream at once.
const CHUNKS: usize = 16;

/// The end of a QUIC path that sends, all frames on one stream.
pub(super) struct Outgoing {
    stream: SendStream,
    _held: Held,
}

impl Outgoing {
    /// With a stream of its own making.
    pub(super) async fn open(held: Held) -> Result<Self, Failure> {
        let stream = held.connection.open_uni().await?;
        Ok(Self::new(held, stream))
    }

    pub(super) const fn new(held: Held, stream: SendStream) -> Self {
        Self {
            stream,
            _held: held,
        }
    }

    pub(super) async fn send(&mut self, frame: Bytes) -> Result<(), Failure> {
        Ok(self.stream.write_chunk(frame).await?)
    }
}

/// The end of a QUIC path that receives.
pub(super) struct Incoming {
    held: Held,
    stream: Option<RecvStream>,
}

impl Incoming {
    pub(super) const fn new(held: Held) -> Self {
        Self { held, stream: None }
    }

    pub(super) async fn read(&mut self, counter: &mut Counter) -> Result<(), Failure> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            // It comes with its first bytes.
            None => self.stream.insert(self.held.connection.accept_uni().await?),
        };
        let mut chunks = [const { Bytes::new() }; CHUNKS];
        let read = stream.read_chunks(&mut chunks).await?;
        let read = read.ok_or("the stream has ended")?;
        chunks
            .iter()
            .take(read)
            .try_for_each(|chunk| counter.stream(chunk))
    }
}

/// From one end to the other.
pub(super) struct Direct;

impl Route for Direct {
    fn connect(&self, ends: &Ends) -> Result<(Out, In), Failure> {
        let listening = begin(&ends.receiver, async { listen(Windows::OfClient) });
        let (server, certificate) = finish(&ends.receiver, listening)?;
        let address = server.local_addr()?;
        let accepted = begin(&ends.receiver, async move {
            let connection = server.accept().await.ok_or("nothing listens")?.await?;
            Ok(In::Quic(Incoming::new(Held::with(connection, server))))
        });
        let connected = begin(&ends.sender, async move {
            let held = connect(address, certificate).await?;
            Ok(Out::Quic(Outgoing::open(held).await?))
        });
        let connected = finish(&ends.sender, connected)?;
        Ok((connected, finish(&ends.receiver, accepted)?))
    }

    fn process(&self) -> Option<&Process> {
        None
    }
}

/// Through a relay that splices one stream.
pub(super) struct Splice(splice::Splice);

impl Splice {
    pub(super) fn start() -> Result<Self, Failure> {
        Ok(Self(splice::Splice::start()?))
    }
}

impl Route for Splice {
    fn connect(&self, ends: &Ends) -> Result<(Out, In), Failure> {
        let way = self.0.way();
        let receives = begin(&ends.receiver, way.clone().receiver());
        let receiver = In::Quic(Incoming::new(finish(&ends.receiver, receives)?));
        let sends = begin(&ends.sender, way.sender());
        let (held, stream) = finish(&ends.sender, sends)?;
        Ok((Out::Quic(Outgoing::new(held, stream)), receiver))
    }

    fn process(&self) -> Option<&Process> {
        Some(&self.0.process)
    }
}
