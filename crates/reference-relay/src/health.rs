//! Whether the relay is well, for a monitor on the same machine: three counts and one word.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

use crate::hub::Hub;

/// How it is with a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// It begins nothing any more.
    pub draining: bool,
    /// Connections.
    pub connections: usize,
    /// Live codes.
    pub codes: usize,
    /// Sessions.
    pub sessions: usize,
}

/// Who asks at once; others wait.
const AT_ONCE: usize = 8;
/// Bytes of a request; a longer one is none.
const REQUEST: usize = 1_024;
/// How long somebody may take to ask and to listen.
const PATIENCE: Duration = Duration::from_secs(2);

/// Listens, on a loopback address and no other.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    if !address.ip().is_loopback() {
        let why = "only the machine itself may ask for health; name a loopback address";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Answers for as long as it is polled.
pub(crate) async fn serve(listener: TcpListener, hub: Arc<Hub>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let hub = hub.clone();
                tokio::spawn(async move {
                    // Who is too slow is not told.
                    let _ = timeout(PATIENCE, answer(stream, &hub)).await;
                    drop(place);
                });
            }
            // Out of descriptors, perhaps: not at once again.
            Err(_) => tokio::time::sleep(PATIENCE).await,
        }
    }
}

async fn answer(mut stream: TcpStream, hub: &Hub) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < REQUEST {
        let mut bytes = [0; 256];
        let len = stream.read(&mut bytes).await?;
        if len == 0 {
            return Ok(());
        }
        request.extend(bytes.get(..len).unwrap_or_default());
    }
    let (line, body) = if request.starts_with(b"GET /health HTTP/1.") {
        //= spec/14-operation.md#surface [OPERATION-2] f8ac20d9
        let Status {
            draining,
            connections,
            codes,
            sessions,
        } = hub.status();
        let (line, state) = if draining {
            ("503 Service Unavailable", "draining")
        } else {
            ("200 OK", "ok")
        };
        let body = serde_json::json!({
            "state": state, "connections": connections, "codes": codes, "sessions": sessions,
        });
        (line, format!("{body}\n"))
    } else {
        ("404 Not Found", String::new())
    };
    let head = format!(
        "HTTP/1.1 {line}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nCache-Control: \
         no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
