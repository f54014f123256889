//! A QUIC connection between two clients, of which the relay forwards the packets.

mod support;

use std::sync::Arc;

use alongside_wire::{
    ErrorCode,
    rendezvous::{Message, PathOver},
};
use quinn::{Connection, TransportConfig};
use support::{
    config, pair, soon, start, talk,
    tap::{ALPN, Tapped, id},
};

/// Both ends of a path, and the connection on it: the helper's side, then the sharer's.
async fn path(relay: &alongside_relay::Relay) -> ([Tapped; 2], [Connection; 2]) {
    let (mut helper, mut sharer) = (Tapped::new(relay).await, Tapped::new(relay).await);
    (helper.client, sharer.client) = pair(helper.client, sharer.client).await;
    helper.asks().await;
    sharer.asks().await;
    let (to_sharer, _) = (helper.opened().await, sharer.opened().await);
    let fingerprint = sharer.listens();
    let mut config = config(&fingerprint, ALPN, TransportConfig::default());
    config.initial_dst_cid_provider(Arc::new(move || id(to_sharer)));
    let address = relay.local_addr().expect("an address");
    let connecting = helper.client.endpoint.connect_with(config, address, "path");
    let connecting = connecting.expect("an address");
    let accepted = async {
        let incoming = sharer.client.endpoint.accept().await.expect("open");
        incoming.await.expect("a connection")
    };
    let (connected, accepted) = soon(async { tokio::join!(connecting, accepted) }).await;
    let connections = [connected.expect("a connection"), accepted];
    ([helper, sharer], connections)
}

/// So many bytes go from one to the other on a stream.
async fn carries(from: &Connection, to: &Connection, len: usize) {
    let all: Vec<u8> = (0..len).map(|i| (i ^ (i >> 8)) as u8).collect();
    let send = async {
        let mut send = from.open_uni().await.expect("a stream");
        send.write_all(&all).await.expect("written");
        send.finish().expect("finished");
    };
    let receive = async {
        let mut recv = to.accept_uni().await.expect("a stream");
        recv.read_to_end(len).await.expect("all of it")
    };
    let ((), came) = soon(async { tokio::join!(send, receive) }).await;
    assert!(came == all, "{} bytes of {len}", came.len());
}

//= test spec/20-forwarded-packets.md#relay [PATH-12] 729c121c
#[tokio::test]
async fn two_clients_have_a_connection_through_the_relay() {
    let relay = start(|_| {});
    let ([mut helper, mut sharer], [ours, theirs]) = path(&relay).await;
    for connection in [&ours, &theirs] {
        let relay = relay.local_addr().expect("an address");
        assert_eq!(connection.remote_address(), relay);
    }
    carries(&theirs, &ours, 3_000_000).await;
    carries(&ours, &theirs, 3_000_000).await;
    // Both have a session beside it.
    talk(&mut helper.client, &mut sharer.client).await;
    let code = ErrorCode::Done.to_wire();
    helper.client.say(PathOver { code }).await;
    assert_eq!(sharer.client.hear().await, PathOver { code }.into());
    talk(&mut helper.client, &mut sharer.client).await;
}

//= test spec/20-forwarded-packets.md#relay [PATH-15] 33fd2200
#[tokio::test]
async fn a_client_that_moves_keeps_its_connection() {
    // A relay that looks often where its clients are: this waits for real packets.
    let relay = start(|config| config.path_check_ms = 50);
    let ([mut helper, mut sharer], [ours, theirs]) = path(&relay).await;
    carries(&theirs, &ours, 100_000).await;
    helper.moves();
    // Its control connection comes from there from now on.
    talk(&mut helper.client, &mut sharer.client).await;
    helper.proves().await;
    carries(&theirs, &ours, 100_000).await;
    carries(&ours, &theirs, 100_000).await;
    // Neither has heard of it.
    let code = ErrorCode::Done.to_wire();
    sharer.client.say(PathOver { code }).await;
    let heard = helper.client.hear().await;
    assert_eq!(heard, Message::from(PathOver { code }));
}
