//! Frame streams: how a relay carries them, and when it does not.

use std::time::Duration;

use alongside_wire::{
    ErrorCode,
    rendezvous::{Message, PeerLost},
};

use super::words::gone;
use crate::{
    case::Case,
    stage::{Done, Heard, RelayStage, Stop, Who},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/frames/carried",
            "the bytes of frame streams come to the peer in order and unchanged, in both directions",
            &["TRANSPORT-5", "TRANSPORT-6"],
            carried,
        ),
        Case::relay(
            "relay/frames/side-by-side",
            "streams that are written in turns do not mix",
            &["TRANSPORT-5"],
            side_by_side,
        ),
        Case::relay(
            "relay/frames/one-waits",
            "a stream that its sender leaves unfinished holds up no other, and no message",
            &["TRANSPORT-5"],
            one_waits,
        ),
        Case::relay(
            "relay/frames/reset",
            "the reset of a frame stream is passed on",
            &["TRANSPORT-6"],
            reset,
        ),
        Case::relay(
            "relay/frames/stop",
            "that a client does not want a frame stream any more is passed on",
            &["TRANSPORT-6"],
            stop,
        ),
        Case::relay(
            "relay/frames/idle",
            "a frame stream of a client that is idle is refused, and the connection goes on",
            &["TRANSPORT-7"],
            |stage| {
                let who = stage.client()?;
                is_refused(stage, who)?;
                stage.code(who).map(|_| ())
            },
        )
        .twin("relay/frames/carried"),
        Case::relay(
            "relay/frames/with-a-code",
            "a frame stream of a client with a code is refused",
            &["TRANSPORT-7"],
            |stage| {
                let (who, _) = stage.helper()?;
                is_refused(stage, who)
            },
        )
        .twin("relay/frames/carried"),
        Case::relay(
            "relay/frames/after",
            "a frame stream of a client whose session is over is refused",
            &["TRANSPORT-7"],
            |stage| {
                let (helper, sharer) = stage.pair()?;
                stage.leave(helper, ErrorCode::Done.to_wire());
                stage.next("TRANSPORT-7", sharer, &gone(ErrorCode::Done))?;
                is_refused(stage, sharer)?;
                is_refused(stage, helper)
            },
        )
        .twin("relay/frames/carried"),
        Case::relay(
            "relay/frames/peer-away",
            "a frame stream of a client whose peer is away is refused, and those that were open end",
            &["TRANSPORT-7"],
            peer_away,
        )
        .twin("relay/frames/carried"),
        Case::relay(
            "relay/frames/end-with-session",
            "frame streams end with their session, for who sends and for who receives",
            &["TRANSPORT-7"],
            end_with_session,
        )
        .twin("relay/frames/carried"),
        Case::relay(
            "relay/frames/at-once",
            "each end has at most 8 frame streams at once, and others when some have ended",
            &["TRANSPORT-8"],
            at_once,
        ),
    ]
}

const OVER: &str = "it to be stopped";

fn writes(stage: &mut RelayStage<'_>, who: Who, stream: u64, bytes: &[u8]) -> Done {
    match stage.link(who)?.stream(stream, bytes) {
        true => Ok(()),
        false => Err(Stop::Timeout {
            awaited: "a frame stream to take bytes".to_owned(),
            seen: "it does not".to_owned(),
        }),
    }
}

fn carried(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    for (from, to, len) in [(sharer, helper, 700_000), (helper, sharer, 100_001)] {
        let bytes = stage.random(len);
        let stream = stage.open_stream(from)?;
        for part in bytes.chunks(50_021) {
            writes(stage, from, stream, part)?;
        }
        stage.link(from)?.end_stream(stream);
        let ends = |heard: &Heard| matches!(heard, Heard::StreamEnded(_));
        stage.sees("TRANSPORT-6", to, "the end of the stream", ends)?;
        let came = stage
            .client_of(to)
            .streams
            .get(&0)
            .cloned()
            .unwrap_or_default();
        let seen = format!("{} of {len} bytes, or others", came.len());
        stage.check(
            "TRANSPORT-5",
            came == bytes,
            "the bytes as they were sent",
            seen,
        )?;
    }
    Ok(())
}

fn side_by_side(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let streams = [
        stage.open_stream(sharer)?,
        stage.open_stream(sharer)?,
        stage.open_stream(sharer)?,
    ];
    for round in 0..20_u8 {
        for (number, stream) in (0_u8..).zip(streams) {
            writes(stage, sharer, stream, &[number * 50 + round; 999])?;
        }
    }
    let mut first = Vec::new();
    for id in 0..3 {
        let bytes = stage.await_stream(helper, id, 20 * 999)?;
        let number = bytes.first().copied().unwrap_or_default();
        let wanted: Vec<u8> = (0..20).flat_map(|round| [number + round; 999]).collect();
        stage.check(
            "TRANSPORT-5",
            bytes == wanted,
            "each stream as it was sent",
            "they are mixed",
        )?;
        first.push(number);
    }
    first.sort_unstable();
    stage.check(
        "TRANSPORT-5",
        first == [0, 50, 100],
        "each stream once",
        format!("{first:?}"),
    )
}

fn one_waits(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let (waits, goes) = (stage.open_stream(sharer)?, stage.open_stream(sharer)?);
    writes(stage, sharer, waits, b"the beginning of a frame")?;
    writes(stage, sharer, goes, &[7; 10_000])?;
    stage.link(sharer)?.end_stream(goes);
    stage.sees(
        "TRANSPORT-5",
        helper,
        "the end of the other stream",
        |heard| matches!(heard, Heard::StreamEnded(_)),
    )?;
    stage.deliver(sharer, b"a message");
    stage.sees("TRANSPORT-5", helper, "a message", |heard| {
        heard.is("deliver")
    })?;
    Ok(())
}

fn reset(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    for (from, to) in [(sharer, helper), (helper, sharer)] {
        let stream = stage.open_stream(from)?;
        writes(stage, from, stream, b"a frame that is given up")?;
        stage.sees("TRANSPORT-6", to, "bytes", |heard| {
            matches!(heard, Heard::Stream(..))
        })?;
        stage.link(from)?.reset_stream(stream);
        stage.sees("TRANSPORT-6", to, "a reset", |heard| {
            matches!(heard, Heard::StreamReset(_))
        })?;
    }
    Ok(())
}

fn stop(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    for (from, to) in [(sharer, helper), (helper, sharer)] {
        let stream = stage.open_stream(from)?;
        writes(stage, from, stream, b"a frame that is not wanted")?;
        stage.sees("TRANSPORT-6", to, "bytes", |heard| {
            matches!(heard, Heard::Stream(..))
        })?;
        stage.link(to)?.stop_stream(0);
        let stopped = stage.link(from)?.is_stopped(stream);
        stage.check("TRANSPORT-6", stopped, OVER, "the sender is not told")?;
    }
    Ok(())
}

fn is_refused(stage: &mut RelayStage<'_>, who: Who) -> Done {
    // There may be no room for it, or it is stopped.
    let link = stage.link(who)?;
    let refused = link
        .open_stream()
        .is_none_or(|stream| !link.stream(stream, b"a frame") || link.is_stopped(stream));
    stage.check("TRANSPORT-7", refused, OVER, "it is taken")
}

const PEER_LOST: Message = Message::PeerLost(PeerLost {});

fn peer_away(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let stream = stage.open_stream(helper)?;
    writes(stage, helper, stream, b"before")?;
    stage.await_stream(sharer, 0, 6)?;
    stage.close(sharer, ErrorCode::Lost.to_wire());
    stage.next("TRANSPORT-7", helper, &PEER_LOST)?;
    let stopped = stage.link(helper)?.is_stopped(stream);
    stage.check("TRANSPORT-7", stopped, OVER, "it is not")?;
    is_refused(stage, helper)
}

fn end_with_session(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let stream = stage.open_stream(sharer)?;
    writes(stage, sharer, stream, b"half of a frame")?;
    stage.await_stream(helper, 0, 15)?;
    stage.leave(helper, ErrorCode::Done.to_wire());
    stage.next("TRANSPORT-7", sharer, &gone(ErrorCode::Done))?;
    let stopped = stage.link(sharer)?.is_stopped(stream);
    stage.check("TRANSPORT-7", stopped, OVER, "it is not")?;
    stage.sees("TRANSPORT-7", helper, "a reset", |heard| {
        matches!(heard, Heard::StreamReset(_))
    })?;
    Ok(())
}

fn at_once(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.limit("frame-streams")?;
    stage.check(
        "TRANSPORT-8",
        most <= 8,
        "at most 8 streams",
        format!("{most} are stated"),
    )?;
    let (helper, sharer) = stage.pair()?;
    for (from, to) in [(sharer, helper), (helper, sharer)] {
        let mut streams = Vec::new();
        for _ in 0..most {
            let stream = stage.open_stream(from)?;
            writes(stage, from, stream, b"a frame")?;
            streams.push(stream);
        }
        for id in 0..most {
            stage.await_stream(to, id, 7)?;
        }
        let room = stage.link(from)?.has_room_for_a_stream();
        stage.check("TRANSPORT-8", !room, "no room for one more", "there is")?;
        // QUIC need not give room for one as soon as one has ended.
        for stream in streams.drain(..streams.len() / 2) {
            stage.link(from)?.end_stream(stream);
        }
        let ends = |heard: &Heard| matches!(heard, Heard::StreamEnded(_));
        stage.sees("TRANSPORT-8", to, "the end of a stream", ends)?;
        let stream = stage.open_stream(from)?;
        writes(stage, from, stream, b"one more")?;
        let one_more = stage.linger(Duration::from_secs(5), to, |client| {
            client.streams.len() as u64 > most
        });
        stage.check(
            "TRANSPORT-8",
            one_more,
            "one more stream",
            "it does not come",
        )?;
    }
    Ok(())
}
