//! Clients that break the protocol, or do not keep up: only they have to do with it.

mod support;

use std::time::Duration;

use alongside_wire::{ErrorCode, framing};
use quinn::VarInt;
use support::{Client, code, deliver, gone, session, soon, start, talk};

async fn closes_with(bytes: &[u8], expected: ErrorCode) {
    let relay = start(|_| {});
    let (mut helper, mut sharer) = session(&relay).await;
    let (mut other_helper, mut other_sharer) = session(&relay).await;
    soon(sharer.send.write_all(bytes)).await.expect("written");
    assert_eq!(sharer.closed().await, code(expected));
    assert_eq!(helper.hear().await, gone(ErrorCode::Lost));
    talk(&mut other_helper, &mut other_sharer).await;
    // Whom it happened to goes on, too.
    helper.issue().await;
}

#[tokio::test]
async fn garbage_closes_only_its_connection() {
    closes_with(&[0xff; 64], ErrorCode::Malformed).await;
}

#[tokio::test]
async fn a_message_over_the_limit_closes_its_connection() {
    let mut bytes = Vec::new();
    framing::header(0x0e, 65_537, &mut bytes);
    closes_with(&bytes, ErrorCode::TooLarge).await;
}

#[tokio::test]
async fn an_unknown_critical_message_closes_its_connection() {
    // Type 0x2FFE, the last even one that could ever be given a meaning.
    closes_with(&[0xfe, 0x5f, 0x00], ErrorCode::UnknownMessage).await;
}

//= test spec/08-transport.md#quic [TRANSPORT-14] fc4989e3
#[tokio::test]
async fn a_client_that_stays_after_the_end_of_its_control_stream_is_closed() {
    let relay = start(|config| config.farewell_ms = 200);
    let unexpected = code(ErrorCode::UnexpectedMessage);
    let mut client = Client::new(&relay).await;
    client.send.finish().expect("finished");
    assert_eq!(client.closed().await, unexpected);
    let mut client = Client::new(&relay).await;
    client.send.reset(VarInt::from_u32(1)).expect("reset");
    assert_eq!(client.closed().await, unexpected);
    let (mut helper, mut sharer) = session(&relay).await;
    helper.recv.stop(VarInt::from_u32(1)).expect("stopped");
    // The relay notices when it has something to say.
    sharer.say(deliver(b"there")).await;
    assert_eq!(helper.closed().await, unexpected);
    assert_eq!(sharer.hear().await, gone(ErrorCode::Lost));
}

//= test spec/08-transport.md#quic [TRANSPORT-14] fc4989e3
#[tokio::test]
async fn a_client_that_finishes_its_control_stream_ends_by_its_own_close() {
    let relay = start(|_| {});
    // A relay that closed it for the finished stream would be the first, sometimes.
    for _ in 0..20 {
        let (mut helper, mut sharer) = session(&relay).await;
        sharer.send.finish().expect("finished");
        let taken = soon(sharer.send.stopped()).await;
        assert_eq!(taken.expect("taken to its end"), None);
        let declined = code(ErrorCode::Declined);
        sharer.connection.close(declined, b"");
        assert_eq!(helper.hear().await, gone(ErrorCode::Declined));
    }
}

//= test spec/08-transport.md#quic [TRANSPORT-3] d0612751
#[tokio::test]
async fn there_is_one_bidirectional_stream() {
    let relay = start(|_| {});
    let client = Client::new(&relay).await;
    // That a second does not open can only be told by waiting.
    let second = tokio::time::timeout(Duration::from_millis(300), client.connection.open_bi());
    assert!(second.await.is_err());
}

#[tokio::test]
async fn too_much_outside_a_session_closes_the_connection() {
    let relay = start(|_| {});
    let mut client = Client::new(&relay).await;
    let mut bytes = Vec::new();
    framing::encode(0x3b, &[0; 16_384], &mut bytes);
    soon(client.send.write_all(&bytes)).await.expect("written");
    assert_eq!(client.closed().await, code(ErrorCode::TooMuch));
}

#[tokio::test]
async fn a_client_that_never_speaks_is_closed() {
    let relay = start(|config| config.unpaired_idle_ms = 200);
    let address = relay.local_addr().expect("an address");
    let connected = support::connect(address, relay.fingerprint(), "alongside/1").await;
    let (_endpoint, connection) = connected.expect("a connection");
    match soon(connection.closed()).await {
        quinn::ConnectionError::ApplicationClosed(close) => {
            assert_eq!(close.error_code, code(ErrorCode::Idle));
        }
        other => panic!("expected a code, got {other}"),
    }
}

#[tokio::test]
async fn a_client_that_wants_nothing_is_told_before_it_is_closed() {
    let relay = start(|config| config.unpaired_idle_ms = 200);
    let mut client = Client::new(&relay).await;
    assert_eq!(client.hear().await, gone(ErrorCode::Idle));
    assert_eq!(client.closed().await, code(ErrorCode::Idle));
}

/// Sends numbered deliveries until no more are taken; returns how many were begun.
async fn flood(client: &mut Client) -> u32 {
    let mut count = 0;
    loop {
        let mut bytes = Vec::new();
        let mut body = vec![0; 60_000];
        body[..4].copy_from_slice(&u32::to_be_bytes(count));
        framing::encode(0x0e, &body, &mut bytes);
        let mut rest = bytes.as_slice();
        count += 1;
        while !rest.is_empty() {
            // That nothing is taken can only be told by waiting; on a slow machine less is sent.
            let pause = Duration::from_millis(700);
            let Ok(written) = tokio::time::timeout(pause, client.send.write(rest)).await else {
                return count;
            };
            rest = &rest[written.expect("written")..];
        }
        assert!(
            count < 500,
            "30 MB are taken for a client that does not read"
        );
    }
}

//= test spec/03-rendezvous.md#forwarding [RDV-32] e9d90887
//= test spec/03-rendezvous.md#forwarding [RDV-34] 356d6346
#[tokio::test]
async fn a_flood_to_a_client_that_does_not_read_is_held_back() {
    let relay = start(|_| {});
    let (mut helper, mut sharer) = session(&relay).await;
    let (mut other_helper, mut other_sharer) = session(&relay).await;
    let count = flood(&mut sharer).await;
    talk(&mut other_helper, &mut other_sharer).await;
    // The other direction is not concerned.
    helper.say(deliver(b"still here")).await;
    assert_eq!(sharer.hear().await, deliver(b"still here").into());
    // And nothing was lost: the last one was cut.
    for number in 0..count - 1 {
        match helper.hear().await {
            alongside_wire::rendezvous::Message::Deliver(deliver) => {
                assert_eq!(deliver.envelope[..4], number.to_be_bytes());
                assert_eq!(deliver.envelope.len(), 60_000);
            }
            other => panic!("expected a delivery, got {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_all_the_same() {
    let relay = start(|config| {
        config.session_length_ms = 4_000;
        config.unpaired_idle_ms = 2_000;
    });
    let (helper, mut sharer) = session(&relay).await;
    flood(&mut sharer).await;
    assert_eq!(sharer.hear().await, gone(ErrorCode::SessionLength));
    assert_eq!(helper.closed().await, code(ErrorCode::Idle));
}

#[tokio::test]
async fn a_sharer_that_is_held_back_can_be_left() {
    let relay = start(|_| {});
    let (helper, mut sharer) = session(&relay).await;
    flood(&mut sharer).await;
    helper.connection.close(VarInt::from_u32(1), b"");
    assert_eq!(sharer.hear().await, support::peer_lost());
}
