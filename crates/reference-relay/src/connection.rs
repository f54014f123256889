//! One client, from its connection to its end.

use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};

use alongside_state_machine::mutant;
use alongside_wire::ErrorCode;
use quinn::{Connection, ConnectionError, ReadError, RecvStream, SendStream, WriteError};
use tokio::sync::Notify;

use crate::{
    hub::{Client, Hub},
    outbox::Next,
    quic::code as close_code,
    splice,
};

/// The most bytes that are read from a control stream at once.
pub const CHUNK: usize = 16 * 1024;

/// How long a client that is being closed has to take what was said to it before.
/// Also how long the peer of a client that is gone has to take what came from it before.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Frames wait for what is said on the control stream.
const CONTROL_PRIORITY: i32 = 1;

/// Serves a connection until it is closed or lost.
pub(crate) async fn serve(hub: Arc<Hub>, connection: Connection) {
    let client = match hub.connected(connection.clone()) {
        Ok(client) => client,
        Err(refusal) => {
            tracing::warn!(%refusal, "a connection was refused");
            connection.close(close_code(refusal.code()), b"");
            return;
        }
    };
    let id = client.id;
    tracing::debug!(client = id.0, "a client connected");
    let heard = Notify::new();
    tokio::select! {
        biased;
        code = talk(&hub, &client, &heard) => {
            tracing::debug!(client = id.0, %code, "a client is closed");
            connection.close(close_code(code), b"");
        }
        why = gone(&connection, &heard) => {
            tracing::debug!(client = id.0, %why, "a client is gone");
            hub.disconnected(id, closed_with(&why));
        }
        never = splice::carry(&hub, &client) => match never {},
    }
}

//= spec/08-transport.md#quic [TRANSPORT-12] 73736e63
/// Waits until the connection is gone, and what came before that was `heard`.
async fn gone(connection: &Connection, heard: &Notify) -> ConnectionError {
    let why = connection.closed().await;
    if mutant::is("TRANSPORT-12/forgets") {
        return why;
    }
    // Its peer may take no more.
    let _ = tokio::time::timeout(LAST_WORDS, heard.notified()).await;
    why
}

/// The registered code with which the client closed its connection.
fn closed_with(why: &ConnectionError) -> Option<ErrorCode> {
    let ConnectionError::ApplicationClosed(close) = why else {
        return None;
    };
    let code = u16::try_from(close.error_code.into_inner()).ok()?;
    ErrorCode::from_wire(code)
}

/// Speaks with a client on its control stream until the machine closes it, and says with what.
/// Says when all was `heard` that came on it.
async fn talk(hub: &Hub, client: &Client, heard: &Notify) -> ErrorCode {
    let streams = tokio::select! {
        streams = client.connection.accept_bi() => streams,
        code = client.outbox.closing() => return code,
    };
    let Ok((send, recv)) = streams else {
        heard.notify_one();
        return pending().await;
    };
    // It fails if the client stopped the stream, which the writer notices.
    let _ = send.set_priority(CONTROL_PRIORITY);
    tokio::select! {
        biased;
        never = read(hub, client, recv, heard) => match never {},
        code = write(hub, client, send) => code,
    }
}

//= spec/03-rendezvous.md#forwarding [RDV-34] 356d6346
/// Feeds what the client says to the machine, no faster than its peer takes it.
async fn read(hub: &Hub, client: &Client, mut recv: RecvStream, heard: &Notify) -> Infallible {
    let mut peers = client.peer();
    loop {
        let peer = peers.borrow_and_update().clone();
        //= spec/03-rendezvous.md#forwarding [RDV-32] e9d90887
        if let Some(peer) = peer
            && !mutant::is("RDV-32/reads-on")
        {
            tokio::select! {
                () = peer.outbox.room(hub.room) => {}
                _ = peers.changed() => continue,
            }
        }
        if mutant::is("TRANSPORT-12/forgets") {
            // A mutant alone sleeps: what comes in that time is behind the close.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        match recv.read_chunk(CHUNK, true).await {
            Ok(Some(chunk)) => hub.control(client.id, &chunk.bytes),
            Ok(None) | Err(ReadError::Reset(_)) => {
                hub.control_end(client.id);
                heard.notify_one();
                return pending().await;
            }
            // The connection is gone, which somebody else waits for.
            Err(_) => {
                heard.notify_one();
                return pending().await;
            }
        }
    }
}

/// Writes what the machine says until it closes the connection, and says with what.
async fn write(hub: &Hub, client: &Client, send: SendStream) -> ErrorCode {
    let closing = async {
        let code = client.outbox.closing().await;
        tokio::time::sleep(LAST_WORDS).await;
        code
    };
    tokio::select! {
        () = write_all(hub, client, send) => client.outbox.closing().await,
        code = closing => code,
    }
}

/// Writes the outbox to its end, and waits for the client to have it.
async fn write_all(hub: &Hub, client: &Client, mut send: SendStream) {
    while let Next::Write(bytes) = client.outbox.next().await {
        let len = bytes.len();
        match send.write_chunk(bytes).await {
            Ok(()) => {}
            // A client that stops its control stream has left it.
            Err(WriteError::Stopped(_)) => {
                hub.control_end(client.id);
                return;
            }
            // The connection is gone, which somebody else waits for.
            Err(_) => return pending().await,
        }
        client.outbox.written(len);
    }
    // It fails if the client stopped the stream: then it does not want more.
    if send.finish().is_ok() {
        let _ = send.stopped().await;
    }
}
