//! QUIC as a relay speaks it.

use std::{
    io::ErrorKind,
    net::{SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use alongside_wire::{ErrorCode, limits::timers::FAREWELL, rendezvous::Hello};

use super::words::{delivered, gone};
use crate::{
    case::Case,
    quic::{ALPN, Proxy, Weather},
    stage::{Client, Done, Heard, RelayStage, Stop, Who},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/transport/alpn",
            "a client that offers the protocol among others is taken",
            &["RDV-2"],
            alpn,
        ),
        Case::relay(
            "relay/transport/other-alpn",
            "a client that does not offer the protocol is not taken",
            &["OPERATION-1"],
            other_alpn,
        )
        .twin("relay/transport/alpn"),
        Case::relay(
            "relay/transport/not-quic",
            "what is not of this protocol is not answered on its port",
            &["OPERATION-1"],
            not_quic,
        )
        .twin("relay/transport/alpn"),
        Case::relay(
            "relay/transport/second-stream",
            "a client may open no second bidirectional stream",
            &["TRANSPORT-3"],
            second_stream,
        )
        .twin("relay/hello/answered"),
        Case::relay(
            "relay/transport/control-ends",
            "a client that stays after the end of its control stream is closed with unexpected-message",
            &["TRANSPORT-14"],
            control_ends,
        )
        .twin("relay/hello/answered"),
        Case::relay(
            "relay/transport/control-ends-in-session",
            "the peer of a client that stays after the end of its control stream is told that it is lost",
            &["TRANSPORT-14", "RDV-11"],
            control_ends_in_session,
        )
        .twin("relay/transport/control-finished"),
        Case::relay(
            "relay/transport/control-finished",
            "a client that finishes its control stream is in its session until it closes, and then its peer is told with what",
            &["TRANSPORT-14", "HOLD-10"],
            control_finished,
        ),
        Case::relay(
            "relay/transport/last-words",
            "what a client said before it closed its connection comes to its peer before the end does",
            &["TRANSPORT-12"],
            last_words,
        ),
        Case::relay(
            "relay/transport/half-open",
            "connections that say nothing, or half a message, hold up nobody",
            &["RDV-34"],
            half_open,
        ),
        Case::relay(
            "relay/transport/cut-anywhere",
            "a message that comes byte by byte is read like one that comes at once",
            &["RDV-2"],
            cut_anywhere,
        ),
        Case::relay(
            "relay/transport/new-address",
            "a session goes on when the address of an end changes",
            &["RDV-30"],
            new_address,
        ),
        Case::relay(
            "relay/transport/bad-way",
            "a session comes about, and what it carries comes unchanged and in order, by a way that loses 5 of 100 packets, reorders others and takes 50 ms",
            &["RDV-30", "TRANSPORT-5"],
            bad_way,
        ),
    ]
}

fn alpn(stage: &mut RelayStage<'_>) -> Done {
    let from = stage.source(0)?;
    let connected = stage.try_connect(from, &[b"h3", ALPN, b"alongside/2"]);
    let who = connected.map_err(|seen| Stop::Timeout {
        awaited: "a connection".to_owned(),
        seen,
    })?;
    stage.say(who, Hello::default());
    stage.sees("RDV-2", who, "relay-hello", |heard| heard.is("relay-hello"))?;
    Ok(())
}

fn other_alpn(stage: &mut RelayStage<'_>) -> Done {
    let from = stage.source(0)?;
    let others: [&[&[u8]]; 4] = [&[b"h3"], &[b"alongside/2"], &[b"alongside"], &[]];
    for names in others {
        let taken = stage.try_connect(from, names).is_ok();
        stage.check(
            "OPERATION-1",
            !taken,
            "no connection",
            format!("{names:?} is taken"),
        )?;
    }
    Ok(())
}

fn not_quic(stage: &mut RelayStage<'_>) -> Done {
    let harness = |error: std::io::Error| Stop::Harness(error.to_string());
    let from = SocketAddr::new(stage.source(0)?, 0);
    let socket = UdpSocket::bind(from).map_err(harness)?;
    socket.connect(stage.address()).map_err(harness)?;
    let random = stage.random(1_200);
    let dns =
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01";
    let stun = b"\x00\x01\x00\x00\x21\x12\xa4\x42conformance!";
    let words: [&[u8]; 5] = [b"GET / HTTP/1.1\r\n\r\n", dns, stun, b"\x00", b"hello"];
    for word in words {
        socket.send(word).map_err(harness)?;
    }
    // Without the bits that make it a packet of QUIC.
    let long: Vec<u8> = random.iter().map(|byte| byte & 0x3F).collect();
    socket.send(&long).map_err(harness)?;
    // Somebody who came later is answered.
    stage.settle()?;
    socket.set_nonblocking(true).map_err(harness)?;
    let mut answer = [0; 2_048];
    let answered = match socket.recv(&mut answer) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => return Err(harness(error)),
        Ok(len) => answer.get(..len),
    };
    stage.check(
        "OPERATION-1",
        answered.is_none(),
        "no answer",
        format!("{answered:02x?}"),
    )
}

fn second_stream(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.client()?;
    let opened = stage.link(who)?.open_second_control();
    stage.check("TRANSPORT-3", !opened, "no room for it", "it can be opened")?;
    stage.code(who).map(|_| ())
}

/// A client ends its control stream, and stays.
pub(super) fn stays(stage: &mut RelayStage<'_>, who: Who) -> Done {
    end_control(stage, who)?;
    stage.settle()?;
    stage.pass(FAREWELL)
}

/// A client ends its control stream, and the relay has had the time to see it.
fn end_control(stage: &mut RelayStage<'_>, who: Who) -> Done<bool> {
    stage.link(who)?.end_control();
    // What the relay does on it at once is there then.
    Ok(stage.linger(Duration::from_millis(200), who, Client::is_over))
}

fn control_ends(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.client()?;
    stays(stage, who)?;
    stage.closes("TRANSPORT-14", who, ErrorCode::UnexpectedMessage)?;
    let silent = stage.connect()?;
    stays(stage, silent)?;
    stage.closes("TRANSPORT-14", silent, ErrorCode::UnexpectedMessage)
}

fn control_ends_in_session(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    stays(stage, sharer)?;
    stage.closes("TRANSPORT-14", sharer, ErrorCode::UnexpectedMessage)?;
    stage.only("RDV-11", helper, &[gone(ErrorCode::Lost)])
}

fn control_finished(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let closed = end_control(stage, sharer)?;
    stage.check("TRANSPORT-14", !closed, "a while to close", "it is closed")?;
    stage.deliver(helper, b"envelope");
    stage.next("TRANSPORT-14", sharer, &delivered(b"envelope"))?;
    stage.close(sharer, ErrorCode::Declined.to_wire());
    stage.only("HOLD-10", helper, &[gone(ErrorCode::Declined)])
}

fn last_words(stage: &mut RelayStage<'_>) -> Done {
    for code in [ErrorCode::Done, ErrorCode::Lost] {
        let (helper, locator) = stage.helper()?;
        let sharer = stage.client_by(Weather::default())?;
        stage.join(sharer, locator, b"an offer")?;
        stage.await_(sharer, "place", |heard| heard.is("place"))?;
        stage.await_(helper, "place", |heard| heard.is("place"))?;
        // All of it is on its way, and the close follows.
        let delay = Duration::from_millis(150);
        stage.weather(
            sharer,
            Weather {
                delay,
                ..Weather::default()
            },
        );
        let words: Vec<_> = (0..8_u8).map(|number| vec![number; 500]).collect();
        let on_its_way = |client: &Client| client.way.as_ref().map_or(0, Proxy::sent);
        let before = on_its_way(stage.client_of(sharer));
        for word in &words {
            stage.deliver(sharer, word);
        }
        let patience = Duration::from_secs(5);
        stage.linger(patience, sharer, |client| {
            on_its_way(client) > before + 8 * 500
        });
        stage.close(sharer, code.to_wire());
        for word in &words {
            stage.next("TRANSPORT-12", helper, &delivered(word))?;
        }
        let ends = |heard: &Heard| heard.is("gone") || heard.is("peer-lost");
        stage.sees(
            "TRANSPORT-12",
            helper,
            "the end of the session after that",
            ends,
        )?;
    }
    Ok(())
}

fn half_open(stage: &mut RelayStage<'_>) -> Done {
    for number in 0..12_usize {
        let who = stage.connect_from(1)?;
        let hello = [0x02, 0x01, 0x00];
        let part = hello.get(..number % 3).unwrap_or_default().to_vec();
        stage.say_bytes(who, "the beginning of hello", part);
    }
    let (helper, sharer) = stage.pair()?;
    stage.deliver(helper, b"envelope");
    stage.next("RDV-34", sharer, &delivered(b"envelope"))
}

fn cut_anywhere(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.connect()?;
    // A message to be skipped, with a body of 2 bytes, and hello.
    for byte in [0xBB, 0x01, 0x02, 0x00, 0x00, 0x02, 0x01, 0x00] {
        stage.say_bytes(who, "a byte", vec![byte]);
        stage.flushed(who)?;
        stage.linger(Duration::from_millis(2), who, |_| false);
    }
    stage.sees("RDV-2", who, "relay-hello", |heard| heard.is("relay-hello"))?;
    Ok(())
}

fn new_address(stage: &mut RelayStage<'_>) -> Done {
    let (helper, locator) = stage.helper()?;
    let sharer = stage.client_by(Weather::default())?;
    stage.join(sharer, locator, b"an offer")?;
    stage.await_(sharer, "place", |heard| heard.is("place"))?;
    stage.await_(helper, "place", |heard| heard.is("place"))?;
    for (source, number) in [(0, 1_u8), (3, 2)] {
        stage.moves(sharer, source)?;
        stage.deliver(sharer, &[number; 300]);
        stage.next("RDV-30", helper, &delivered(&[number; 300]))?;
        stage.deliver(helper, &[number; 400]);
        stage.next("RDV-30", sharer, &delivered(&[number; 400]))?;
    }
    Ok(())
}

fn bad_way(stage: &mut RelayStage<'_>) -> Done {
    let weather = Weather {
        silent: false,
        lost: 5,
        late: 10,
        delay: Duration::from_millis(25),
    };
    let helper = stage.client_by(weather)?;
    let locator = stage.code(helper)?;
    let sharer = stage.client_by(weather)?;
    stage.join(sharer, locator, b"an offer")?;
    stage.await_(helper, "place", |heard| heard.is("place"))?;
    stage.await_(sharer, "place", |heard| heard.is("place"))?;
    let since = Instant::now();
    let bytes = stage.random(200_000);
    let stream = stage.open_stream(sharer)?;
    let link = stage.link(sharer)?;
    link.stream(stream, &bytes);
    link.end_stream(stream);
    let mut sent = Vec::new();
    for number in 0..40_u8 {
        let envelope = stage.random(usize::from(number) * 40 + 1);
        stage.deliver(helper, &envelope);
        sent.push(envelope);
    }
    for envelope in sent {
        stage.next("RDV-30", sharer, &delivered(&envelope))?;
    }
    while since.elapsed() < Duration::from_secs(20) {
        let come = |client: &Client| client.streams.get(&0).map_or(0, Vec::len) == 200_000;
        if stage.linger(Duration::from_millis(200), helper, come) {
            break;
        }
    }
    let came = stage.client_of(helper).streams.get(&0).cloned();
    stage.check(
        "TRANSPORT-5",
        came.as_ref() == Some(&bytes),
        "the bytes as they were sent",
        "there came others",
    )
}
