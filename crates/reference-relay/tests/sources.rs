//! What one source may take, on the real stack, and that addresses are proved when it gets busy.

mod support;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use alongside_wire::{
    ErrorCode,
    rendezvous::{CodeRequest, Refused},
};
use support::{Client, code, connect, start};
use tokio::{net::UdpSocket, task::JoinHandle};

//= test spec/14-operation.md#per-source [SOURCE-1] 0b5f458e
//= test spec/14-operation.md#per-source [SOURCE-2] b168d972
#[tokio::test]
async fn one_source_takes_so_many_connections_and_codes_and_no_more() {
    let relay = start(|config| {
        config.connections_per_source = 3;
        config.codes_per_source = 1;
    });
    let (mut one, mut other) = (Client::new(&relay).await, Client::new(&relay).await);
    one.issue().await;
    other.say(CodeRequest {}).await;
    let busy = ErrorCode::Busy.to_wire();
    assert_eq!(other.hear().await, Refused { code: busy }.into());
    let third = Client::new(&relay).await;
    let address = relay.local_addr().expect("an address");
    let (_endpoint, fourth) = connect(address, relay.fingerprint(), "alongside/1")
        .await
        .expect("it is taken in to be told");
    let closed = support::soon(fourth.closed()).await;
    let quinn::ConnectionError::ApplicationClosed(closed) = closed else {
        panic!("{closed}")
    };
    assert_eq!(closed.error_code, code(ErrorCode::Busy));
    third.connection.close(code(ErrorCode::Done), b"");
    // The relay has to hear of that; until then it is busy, and nobody else is hurt.
    loop {
        let connected = connect(address, relay.fingerprint(), "alongside/1").await;
        let (_endpoint, connection) = connected.expect("a connection");
        let wait = std::time::Duration::from_millis(300);
        if tokio::time::timeout(wait, connection.closed())
            .await
            .is_err()
        {
            break;
        }
    }
    one.say(alongside_wire::rendezvous::Leave { code: busy })
        .await;
    one.issue().await;
}

/// Carries packets between one client and the relay, and counts those that are a Retry.
struct Wire {
    address: SocketAddr,
    retries: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn wire(relay: SocketAddr) -> Wire {
    let local = || UdpSocket::bind(("127.0.0.1", 0));
    let (near, far) = (
        local().await.expect("a socket"),
        local().await.expect("a socket"),
    );
    far.connect(relay).await.expect("an address");
    let address = near.local_addr().expect("an address");
    let retries = Arc::new(AtomicUsize::new(0));
    let seen = retries.clone();
    let task = tokio::spawn(async move {
        let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
        let mut client = None;
        loop {
            tokio::select! {
                Ok((len, from)) = near.recv_from(&mut up) => {
                    client = Some(from);
                    let _ = far.send(&up[..len]).await;
                }
                Ok(len) = far.recv(&mut down) => {
                    // RFC 9000, 17.2.5: a long header, of which two bits are the type.
                    let long = down[0] & 0x80 != 0;
                    if long && down[1..5] == [0, 0, 0, 1] && down[0] >> 4 & 3 == 3 {
                        seen.fetch_add(1, Ordering::Relaxed);
                    }
                    if let Some(client) = client {
                        let _ = near.send_to(&down[..len], client).await;
                    }
                }
            }
        }
    });
    Wire {
        address,
        retries,
        task,
    }
}

//= test spec/14-operation.md#per-source [SOURCE-3] 74c32375
#[tokio::test]
async fn a_busy_relay_wants_addresses_proved_and_a_quiet_one_does_not() {
    let relay = start(|config| config.connections = 8);
    let address = relay.local_addr().expect("an address");
    let mut clients = Vec::new();
    for open in 0..5 {
        let wire = wire(address).await;
        let client = Client::at(wire.address, relay.fingerprint()).await;
        let retries = wire.retries.load(Ordering::Relaxed);
        // A quarter of 8 is 2.
        assert_eq!(retries > 0, open >= 2, "{retries} with {open} open");
        clients.push((wire, client));
    }
}
