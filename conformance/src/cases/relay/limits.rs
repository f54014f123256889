//! What one client, or one source, may take of a relay.

use alongside_wire::{
    ErrorCode,
    rendezvous::{CodeRequest, Leave, Message},
};

use serde_json::json;

use super::words::{delivered, gone};
use crate::{
    case::Case,
    quic::Close,
    stage::{Done, Heard, RelayStage, SetUp},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/limits/unpaired-bytes",
            "a client may say as many bytes outside a session as the relay states",
            &["RDV-9"],
            unpaired_bytes,
        ),
        Case::relay(
            "relay/limits/too-many-unpaired-bytes",
            "a client that says more bytes than that outside a session is closed with too-much",
            &["RDV-9"],
            too_many_unpaired_bytes,
        )
        .twin("relay/limits/unpaired-bytes"),
        Case::relay(
            "relay/limits/beginning-counts",
            "the beginning of a message that never ends counts as well",
            &["RDV-9"],
            beginning_counts,
        )
        .twin("relay/limits/unpaired-bytes"),
        Case::relay(
            "relay/limits/skipped-count",
            "messages that are skipped count as well",
            &["RDV-9"],
            skipped_count,
        )
        .twin("relay/limits/unpaired-bytes"),
        Case::relay(
            "relay/limits/session-does-not-count",
            "what is said in a session does not count, and after one it counts from the beginning",
            &["RDV-9"],
            session_does_not_count,
        ),
        Case::relay(
            "relay/limits/connections-of-one-source",
            "one connection more than a source may have is closed with busy, and those that are there stay",
            &["SOURCE-1"],
            connections_of_one_source,
        )
        .twin("relay/hello/answered"),
        Case::relay(
            "relay/limits/connections",
            "a client has to prove its address while a quarter of all connections are open",
            &["SOURCE-3"],
            connections,
        )
        .set_up(&limited("connections", 32)),
    ]
}

/// A relay of which one limit is so small that the suite comes to it.
pub(super) fn limited(name: &str, limit: u64) -> SetUp {
    SetUp::default().with("limits", json!({ name: limit }))
}

/// A message to be skipped that takes this many bytes, of at least 4.
fn grease(len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Type, length and body; the length takes one byte up to 127, and two up to 16,383.
    let header = if len <= 2 + 1 + 127 { 3 } else { 4 };
    alongside_wire::framing::encode(0xBB, &vec![0xAA; len - header], &mut bytes);
    bytes
}

fn limit(stage: &mut RelayStage<'_>) -> Done<usize> {
    stage.limit_within("unpaired-bytes", 4_000_000)
}

/// Bytes of `hello`.
const HELLO: usize = 3;

/// Says exactly so many bytes.
fn says(stage: &mut RelayStage<'_>, who: crate::stage::Who, mut bytes: usize) {
    while bytes > 0 {
        let part = if bytes > 5_000 { 4_000 } else { bytes };
        stage.say_bytes(who, "grease", grease(part));
        bytes -= part;
    }
}

fn unpaired_bytes(stage: &mut RelayStage<'_>) -> Done {
    let most = limit(stage)?;
    let who = stage.client()?;
    // The rest of what it may, but for a request of two bytes.
    says(stage, who, most - HELLO - 2);
    stage.say(who, CodeRequest {});
    stage.sees("RDV-9", who, "code-issued", |heard| heard.is("code-issued"))?;
    stage.silent("RDV-9", who)
}

fn too_many_unpaired_bytes(stage: &mut RelayStage<'_>) -> Done {
    let most = limit(stage)?;
    let who = stage.client()?;
    says(stage, who, most - HELLO - 1);
    stage.say(who, CodeRequest {});
    stage.closes("RDV-9", who, ErrorCode::TooMuch)
}

fn beginning_counts(stage: &mut RelayStage<'_>) -> Done {
    let most = limit(stage)?;
    let who = stage.client()?;
    says(stage, who, most - HELLO - 100);
    let mut beginning = grease(400);
    beginning.truncate(200);
    stage.say_bytes(who, "the beginning of a message", beginning);
    stage.closes("RDV-9", who, ErrorCode::TooMuch)
}

fn skipped_count(stage: &mut RelayStage<'_>) -> Done {
    let most = limit(stage)?;
    let who = stage.client()?;
    says(stage, who, most);
    stage.closes("RDV-9", who, ErrorCode::TooMuch)
}

fn session_does_not_count(stage: &mut RelayStage<'_>) -> Done {
    let most = limit(stage)?;
    let (helper, sharer) = stage.pair()?;
    let envelope = stage.random(50_000);
    for _ in 0..(most / envelope.len() + 2) {
        stage.deliver(helper, &envelope);
        stage.next("RDV-9", sharer, &delivered(&envelope))?;
    }
    let code = ErrorCode::Done.to_wire();
    let mut leave = Vec::new();
    Message::from(Leave { code }).encode(&mut leave);
    stage.say_bytes(helper, "leave", leave);
    stage.next("RDV-9", sharer, &gone(ErrorCode::Done))?;
    for who in [helper, sharer] {
        says(stage, who, most - 2);
        stage.say(who, CodeRequest {});
        stage.sees("RDV-9", who, "code-issued", |heard| heard.is("code-issued"))?;
        stage.say_raw(who, 0xBB, b"one more");
        stage.closes("RDV-9", who, ErrorCode::TooMuch)?;
    }
    Ok(())
}

fn connections_of_one_source(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.limit_within("connections-per-source", 300)?;
    let mut there = Vec::new();
    for _ in 0..most {
        there.push(stage.client_from(1)?);
    }
    let one_more = stage.connect_from(1)?;
    stage.closes("SOURCE-1", one_more, ErrorCode::Busy)?;
    let elsewhere = stage.client_from(2)?;
    stage.code(elsewhere)?;
    for who in [there.first(), there.last()].into_iter().flatten() {
        stage.silent("SOURCE-1", *who)?;
    }
    if let Some(last) = there.pop() {
        stage.close(last, ErrorCode::Done.to_wire());
        stage.settle()?;
        let again = stage.client_from(1);
        stage.check(
            "SOURCE-1",
            again.is_ok(),
            "room when one has gone",
            "there is none",
        )?;
    }
    Ok(())
}

fn connections(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.limit_within("connections", 64)?;
    stage.wears_out();
    let mut there = Vec::new();
    for _ in 0..most / 4 + 1 {
        there.push(stage.client()?);
    }
    let who = stage.client_by(crate::quic::Weather::default())?;
    let client = stage.client_of(who);
    let retries = client.way.as_ref().map_or(0, crate::quic::Proxy::retries);
    stage.check("SOURCE-3", retries > 0, "a Retry", "there was none")?;
    for _ in there.len() + 1..most {
        there.push(stage.client()?);
    }
    // All are there.
    let one_more = stage.connect();
    let closed = match one_more {
        Ok(who) => stage.await_(who, "a close", |heard| {
            *heard == Heard::Closed(Close::Code(ErrorCode::Busy.to_wire().into()))
        }),
        Err(stop) => Err(stop),
    };
    stage.check(
        "SOURCE-3",
        closed.is_ok(),
        "busy when all are there",
        "it is taken",
    )
}
