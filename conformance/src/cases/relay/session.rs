//! A session at a relay: what it carries, and how it ends.

use alongside_wire::{
    ErrorCode,
    rendezvous::{Deliver, Gone, Message, PeerLost},
};

use super::words::{delivered, gone};
use crate::{
    case::Case,
    stage::{Done, RelayStage},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/session/carries",
            "what each end delivers comes to the other unchanged and in order, whatever it is",
            &["RDV-30", "RDV-31"],
            carries,
        ),
        Case::relay(
            "relay/session/leave",
            "who leaves a session is gone for the other end, with the code that it gave",
            &["RDV-10"],
            leave,
        ),
        Case::relay(
            "relay/session/leave-unregistered",
            "a code that is not registered is passed on as it came",
            &["RDV-10"],
            leave_unregistered,
        ),
        Case::relay(
            "relay/session/violation",
            "who breaks the protocol in a session is closed, and is gone for the other end with lost",
            &["RDV-6", "RDV-11", "ERROR-2"],
            violation,
        )
        .twin("relay/session/leave"),
        Case::relay(
            "relay/session/late-deliver",
            "what is delivered after the end of a session is dropped, and does not count as bytes",
            &["RDV-7"],
            late_deliver,
        ),
        Case::relay(
            "relay/session/never-deliver",
            "who was in no session may not deliver",
            &["RDV-6"],
            never_deliver,
        )
        .twin("relay/session/late-deliver"),
        Case::relay(
            "relay/session/again",
            "both ends of a session that is over can be in another one on the same connections",
            &["RDV-10"],
            again,
        ),
        Case::relay(
            "relay/session/others-unaffected",
            "a session goes on while another client breaks the protocol, and another floods",
            &["RDV-34"],
            others_unaffected,
        ),
        Case::relay(
            "relay/session/canary",
            "what two ends send each other is sent to nobody else",
            &["RDV-30"],
            canary,
        ),
        Case::relay(
            "relay/session/queue",
            "a relay stops reading from a client whose peer takes nothing, and loses nothing by it",
            &["RDV-32", "RDV-30"],
            queue,
        ),
    ]
}

fn carries(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let sizes = [
        1, 2, 3, 16, 17, 127, 128, 1_023, 16_384, 60_000, 65_535, 65_536, 1,
    ];
    for (from, to) in [(helper, sharer), (sharer, helper)] {
        let mut sent = Vec::new();
        // Some that look like messages, and like nothing.
        for envelope in [
            &[0_u8][..],
            &[0x02, 0x01, 0x00],
            &[0xFF; 40],
            &[0x10, 0x02, 0x81, 0x06],
        ] {
            stage.deliver(from, envelope);
            stage.next("RDV-31", to, &delivered(envelope))?;
        }
        for len in sizes {
            let envelope = stage.random(len);
            stage.deliver(from, &envelope);
            sent.push(delivered(&envelope));
        }
        for what in &sent {
            stage.next("RDV-30", to, what)?;
        }
    }
    Ok(())
}

fn leave(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    stage.leave(helper, ErrorCode::Declined.to_wire());
    stage.only("RDV-10", sharer, &[gone(ErrorCode::Declined)])?;
    let (helper, sharer) = stage.pair()?;
    stage.leave(sharer, ErrorCode::Done.to_wire());
    stage.only("RDV-10", helper, &[gone(ErrorCode::Done)])?;
    stage.silent("RDV-10", sharer)
}

fn leave_unregistered(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    stage.leave(sharer, 0x7777);
    stage.only("RDV-10", helper, &[Gone { code: 0x7777 }.into()])
}

fn violation(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    stage.say(sharer, PeerLost {});
    stage.closes("RDV-6", sharer, ErrorCode::UnexpectedMessage)?;
    stage.only("RDV-11", helper, &[gone(ErrorCode::Lost)])?;
    // Nothing of the session is left behind.
    stage.must("ERROR-2", |stage| stage.code(helper))?;
    let (helper, sharer) = stage.pair()?;
    stage.say_raw(helper, 0x0100, b"");
    stage.closes("RDV-6", helper, ErrorCode::UnknownMessage)?;
    stage.only("RDV-11", sharer, &[gone(ErrorCode::Lost)])
}

fn late_deliver(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let limit = usize::try_from(stage.limit("unpaired-bytes")?).unwrap_or(usize::MAX);
    stage.leave(helper, ErrorCode::Done.to_wire());
    stage.next("RDV-7", sharer, &gone(ErrorCode::Done))?;
    let envelope = stage.random(8_192);
    for _ in 0..=(limit / envelope.len()) {
        stage.deliver(sharer, &envelope);
        stage.deliver(helper, &envelope);
    }
    stage.silent("RDV-7", helper)?;
    // Both are there, and idle.
    stage.code(helper)?;
    stage.code(sharer)?;
    Ok(())
}

fn never_deliver(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.client()?;
    stage.deliver(who, b"envelope");
    stage.closes("RDV-6", who, ErrorCode::UnexpectedMessage)
}

fn again(stage: &mut RelayStage<'_>) -> Done {
    let (one, other) = stage.pair()?;
    stage.leave(one, ErrorCode::Done.to_wire());
    stage.next("RDV-10", other, &gone(ErrorCode::Done))?;
    // The other way round.
    let locator = stage.code(other)?;
    stage.join(one, locator, b"another offer")?;
    stage.await_(one, "place", |heard| heard.is("place"))?;
    stage.await_(other, "place", |heard| heard.is("place"))?;
    stage.deliver(one, b"hello");
    stage.next("RDV-10", other, &delivered(b"hello"))
}

fn others_unaffected(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let garbage = stage.random(64);
    for (source, bytes) in [(1, vec![0xFF; 10]), (2, garbage), (3, vec![0x0E, 0x00])] {
        let hostile = stage.must("RDV-34", |stage| stage.client_from(source))?;
        stage.say_bytes(hostile, "garbage", bytes);
    }
    let flood = stage.must("RDV-34", |stage| stage.client_from(4))?;
    for _ in 0..2_000 {
        stage.say_raw(flood, 0xBB, b"grease grease grease");
    }
    for number in 0..20_u8 {
        stage.deliver(helper, &[number; 100]);
        stage.deliver(sharer, &[number; 200]);
        stage.next("RDV-34", sharer, &delivered(&[number; 100]))?;
        stage.next("RDV-34", helper, &delivered(&[number; 200]))?;
    }
    Ok(())
}

const CANARY: &[u8] = b"the canary of a conformance case";

fn canary(stage: &mut RelayStage<'_>) -> Done {
    let (idle, with_code) = (stage.client()?, stage.helper()?.0);
    let (other_helper, other_sharer) = stage.pair()?;
    let (helper, locator) = stage.helper()?;
    let sharer = stage.client()?;
    stage.join(sharer, locator, CANARY)?;
    stage.await_(helper, "place", |heard| heard.is("place"))?;
    stage.await_(sharer, "place", |heard| heard.is("place"))?;
    for (from, to) in [(helper, sharer), (sharer, helper)] {
        stage.deliver(from, CANARY);
        stage.next("RDV-30", to, &delivered(CANARY))?;
    }
    let stream = stage.open_stream(sharer)?;
    stage.link(sharer)?.stream(stream, CANARY);
    stage.await_stream(helper, 0, CANARY.len())?;
    stage.leave(sharer, ErrorCode::Done.to_wire());
    stage.sees("RDV-30", helper, "gone", |heard| heard.is("gone"))?;
    let late = stage.client()?;
    stage.settle()?;
    for who in [idle, with_code, other_helper, other_sharer, late] {
        let client = stage.client_of(who);
        let streams = client.streams.values();
        let told = streams
            .chain([&client.said])
            .any(|bytes| bytes.windows(CANARY.len()).any(|window| window == CANARY));
        stage.check(
            "RDV-30",
            !told,
            "it to be sent to the peer alone",
            "another client got it",
        )?;
    }
    Ok(())
}

/// More than any relay can hold for two connections by way of QUIC.
const MORE_THAN_FITS: usize = 32 * 1024 * 1024;

fn queue(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    stage.link(sharer)?.read(false);
    let envelope = stage.random(60_000);
    let count = MORE_THAN_FITS / envelope.len();
    let mut bytes = Vec::new();
    Message::from(Deliver {
        envelope: envelope.clone(),
    })
    .encode(&mut bytes);
    for _ in 0..count {
        stage.link(helper)?.control(bytes.clone());
    }
    let taken = stage.stalls(helper)?;
    stage.check(
        "RDV-32",
        taken < MORE_THAN_FITS / 2,
        "the relay to stop reading",
        format!("it took {taken} bytes that nobody else takes"),
    )?;
    stage.link(sharer)?.read(true);
    for _ in 0..(taken / bytes.len()) {
        stage.next("RDV-30", sharer, &delivered(&envelope))?;
    }
    Ok(())
}
