//! A whole helper or sharer over real QUIC, with its keys in reach: what a client library does, and
//! no more than a test needs.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use alongside_state_machine::{
    endpoint::{Transmit, helper::HelperEndpoint, sharer::SharerEndpoint},
    time::Timestamp,
};
use quinn::{Connection, Endpoint, SendStream};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::Instant,
};

use super::{connect, soon};

/// What came: on the control stream, or on a frame stream.
type Came = (Option<u64>, Vec<u8>);

/// The two machines, as far as they are the same.
pub(crate) trait Machine {
    fn control(&mut self, bytes: &[u8], now: Timestamp);
    fn stream(&mut self, id: u64, bytes: &[u8], now: Timestamp);
    fn time(&mut self, now: Timestamp);
    fn transmit(&mut self) -> Option<Transmit>;
}

macro_rules! machine {
    ($machine:ty) => {
        impl Machine for $machine {
            fn control(&mut self, bytes: &[u8], now: Timestamp) {
                self.handle_control(bytes, now);
            }
            fn stream(&mut self, id: u64, bytes: &[u8], now: Timestamp) {
                self.handle_stream(id, bytes, false, now);
            }
            fn time(&mut self, now: Timestamp) {
                self.handle_timeout(now);
            }
            fn transmit(&mut self) -> Option<Transmit> {
                self.poll_transmit()
            }
        }
    };
}

machine!(HelperEndpoint);
machine!(SharerEndpoint);

/// A machine on a connection.
pub(crate) struct End<M> {
    pub(crate) machine: M,
    /// It must live as long as the connection.
    _endpoint: Endpoint,
    connection: Connection,
    control: SendStream,
    streams: BTreeMap<u64, SendStream>,
    came: UnboundedReceiver<Came>,
    start: Instant,
}

impl<M: Machine> End<M> {
    pub(crate) async fn connect(machine: M, relay: SocketAddr, fingerprint: &str) -> Self {
        let connected = connect(relay, fingerprint, "alongside/1").await;
        let (endpoint, connection) = connected.expect("a connection");
        let (control, mut recv) = soon(connection.open_bi()).await.expect("a stream");
        let (told, came) = unbounded_channel();
        let also = told.clone();
        tokio::spawn(async move {
            while let Ok(Some(chunk)) = recv.read_chunk(65_536, true).await {
                let _ = also.send((None, chunk.bytes.to_vec()));
            }
        });
        tokio::spawn(frames(connection.clone(), told));
        Self {
            machine,
            _endpoint: endpoint,
            connection,
            control,
            streams: BTreeMap::new(),
            came,
            start: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let micros = self.start.elapsed().as_micros();
        Timestamp::from_micros(u64::try_from(micros).expect("a short test"))
    }

    /// Sends what waits, and takes what came in a few milliseconds.
    pub(crate) async fn turn(&mut self) {
        while let Some(transmit) = self.machine.transmit() {
            match transmit {
                Transmit::Control(bytes) => {
                    // It fails when the relay has closed the connection, as some tests want.
                    let _ = self.control.write_all(&bytes).await;
                }
                Transmit::Stream { id, bytes, .. } => {
                    if !self.streams.contains_key(&id) {
                        let opened = soon(self.connection.open_uni()).await;
                        self.streams.insert(id, opened.expect("a stream"));
                    }
                    let stream = self.streams.get_mut(&id).expect("open");
                    let _ = stream.write_all(&bytes).await;
                }
                Transmit::Reset { id } => {
                    self.streams.remove(&id);
                }
                Transmit::Stop { .. } | Transmit::Disconnect => {}
            }
        }
        let came = tokio::time::timeout(Duration::from_millis(5), self.came.recv()).await;
        let now = self.now();
        match came {
            Ok(Some((None, bytes))) => self.machine.control(&bytes, now),
            Ok(Some((Some(id), bytes))) => self.machine.stream(id, &bytes, now),
            Ok(None) | Err(_) => self.machine.time(now),
        }
    }
}

async fn frames(connection: Connection, told: UnboundedSender<Came>) {
    let mut next = 0;
    while let Ok(mut recv) = connection.accept_uni().await {
        next += 1;
        let (id, told) = (next, told.clone());
        tokio::spawn(async move {
            while let Ok(Some(chunk)) = recv.read_chunk(65_536, true).await {
                let _ = told.send((Some(id), chunk.bytes.to_vec()));
            }
        });
    }
}
