//! Both ends of a path. Each has a thread and a runtime of its own; they share the process, and so
//! the clock.

use std::{future::Future, io, time::Duration};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::JoinHandle,
    time::timeout,
};

use super::{
    frames::{Arrived, Counter},
    iroh, quic, turn,
};
use crate::Failure;

/// How long any one step of setting a path up may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes that are read from a TCP stream at once.
const READ: usize = 256 * 1024;

/// Where the two ends run.
pub(super) struct Ends {
    pub(super) sender: Runtime,
    pub(super) receiver: Runtime,
}

impl Ends {
    pub(super) fn new() -> io::Result<Self> {
        let one = |name| {
            let mut builder = Builder::new_multi_thread();
            builder
                .worker_threads(1)
                .thread_name(name)
                .enable_all()
                .build()
        };
        Ok(Self {
            sender: one("sender")?,
            receiver: one("receiver")?,
        })
    }

    /// Takes down what is left of both, without waiting for it.
    pub(super) fn stop(self) {
        self.sender.shutdown_background();
        self.receiver.shutdown_background();
    }
}

/// Begins something on the thread of a runtime; it has [`PATIENCE`] to be done.
pub(super) fn begin<T: Send + 'static>(
    runtime: &Runtime,
    what: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> JoinHandle<Result<T, Failure>> {
    runtime.spawn(async move {
        let late = |_| Failure::from("the other side does not answer");
        timeout(PATIENCE, what).await.map_err(late)?
    })
}

/// Waits for what was begun on a runtime.
pub(super) fn finish<T: Send + 'static>(
    runtime: &Runtime,
    begun: JoinHandle<Result<T, Failure>>,
) -> Result<T, Failure> {
    runtime.block_on(begun)?
}

/// The end that sends frames.
pub(super) enum Outgoing {
    Tcp(TcpStream),
    Quic(quic::Outgoing),
    Turn(turn::Outgoing),
    Iroh(Box<iroh::Outgoing>),
}

impl Outgoing {
    /// Sends one frame: in one write on a stream, or in its packets. Waits while the path is full;
    /// a path that loses packets is held full by what has `arrived` at its other end.
    pub(super) async fn send(&mut self, frame: Bytes, arrived: &Arrived) -> Result<(), Failure> {
        match self {
            Self::Tcp(stream) => stream.write_all(&frame).await?,
            Self::Quic(stream) => stream.send(frame).await?,
            Self::Turn(socket) => socket.send(&frame, arrived).await?,
            Self::Iroh(socket) => socket.send(&frame, arrived).await?,
        }
        Ok(())
    }
}

/// The end that receives them.
pub(super) enum Incoming {
    Tcp(TcpStream, Vec<u8>),
    Quic(quic::Incoming),
    Turn(turn::Incoming),
    Iroh(Box<iroh::Incoming>),
}

impl Incoming {
    pub(super) fn tcp(stream: TcpStream) -> Self {
        Self::Tcp(stream, vec![0; READ])
    }

    /// Waits for bytes, and counts them.
    pub(super) async fn read(&mut self, counter: &mut Counter) -> Result<(), Failure> {
        match self {
            Self::Tcp(stream, buffer) => {
                let read = stream.read(buffer).await?;
                if read == 0 {
                    return Err("the path was closed".into());
                }
                counter.stream(buffer.get(..read).unwrap_or_default())?;
            }
            Self::Quic(stream) => stream.read(counter).await?,
            Self::Turn(socket) => socket.read(counter).await?,
            Self::Iroh(socket) => socket.read(counter).await?,
        }
        Ok(())
    }
}
