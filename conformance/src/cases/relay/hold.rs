//! Places that a relay holds, and who takes them.

use alongside_wire::{
    ErrorCode,
    rendezvous::{Message, PeerBack, PeerLost, Rejoin},
};

use super::{
    limits::limited,
    words::{delivered, gone, refused, rejoined},
};
use crate::{
    case::Case,
    quic::Weather,
    stage::{Done, Heard, RelayStage, Stop, Who},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/hold/token",
            "each end of each session gets another token, the helper after joined",
            &["HOLD-1"],
            token,
        ),
        Case::relay(
            "relay/hold/back",
            "who is lost can come back by its token, and both ends are told",
            &["HOLD-3", "HOLD-4", "HOLD-6"],
            back,
        ),
        Case::relay(
            "relay/hold/back-often",
            "a token is good for as many times as it is needed",
            &["HOLD-4", "HOLD-6"],
            back_often,
        ),
        Case::relay(
            "relay/hold/unregistered-close",
            "a connection that is closed without a registered code is lost, and its place is held",
            &["HOLD-3"],
            unregistered_close,
        )
        .twin("relay/hold/close-ends"),
        Case::relay(
            "relay/hold/close-ends",
            "a connection that is closed with a registered code has left with that code",
            &["HOLD-10"],
            close_ends,
        )
        .twin("relay/hold/back"),
        Case::relay(
            "relay/hold/after-leave",
            "who has left and is lost then is not waited for",
            &["HOLD-3", "HOLD-7"],
            after_leave,
        )
        .twin("relay/hold/back"),
        Case::relay(
            "relay/hold/superseded",
            "who comes back while its connection is still there closes that with superseded",
            &["HOLD-5", "HOLD-6", "HOLD-4"],
            superseded,
        ),
        Case::relay(
            "relay/hold/wrong-token",
            "a token that is none, and one of a session that is over, are refused by the same bytes",
            &["HOLD-7"],
            wrong_token,
        )
        .twin("relay/hold/back"),
        Case::relay(
            "relay/hold/dropped",
            "what is delivered while the peer is away is dropped",
            &["HOLD-9"],
            dropped,
        ),
        Case::relay(
            "relay/hold/both-away",
            "both ends can be away, and who comes back first is told that the other is not there",
            &["HOLD-4", "HOLD-6"],
            both_away,
        ),
        Case::relay(
            "relay/hold/over",
            "who is not back in time is gone with lost, and its token is good for nothing",
            &["RDV-11", "HOLD-7"],
            over,
        ),
        Case::relay(
            "relay/hold/in-time",
            "who is back just in time has its place",
            &["HOLD-4"],
            in_time,
        ),
        Case::relay(
            "relay/hold/code-is-lost",
            "a code dies with the connection of its helper",
            &["RDV-21"],
            code_is_lost,
        ),
        Case::relay(
            "relay/hold/places-are-full",
            "the session of who is lost ends when as many places are held as there may be",
            &["HOLD-8"],
            places_are_full,
        )
        .set_up(&limited("held-places", 4))
        .twin("relay/hold/back"),
        Case::relay(
            "relay/hold/silence",
            "a client from which no packet comes is lost within 5 seconds, and its place is held",
            &["TRANSPORT-11", "HOLD-3", "HOLD-4"],
            silence,
        ),
        Case::relay(
            "relay/hold/short-silence",
            "a client from which no packet comes for a second is not lost",
            &["RDV-30"],
            short_silence,
        ),
    ]
}

const PEER_LOST: Message = Message::PeerLost(PeerLost {});
const PEER_BACK: Message = Message::PeerBack(PeerBack {});

/// The token that a client was given last.
pub(super) fn token_of(stage: &mut RelayStage<'_>, who: Who) -> Done<[u8; 32]> {
    let mut heard = stage.client_of(who).heard.iter().rev();
    let token = heard.find_map(|heard| match heard {
        Heard::Said(Message::Place(place)) => Some(place.token),
        _ => None,
    });
    token.ok_or_else(|| Stop::Harness("it has no token".to_owned()))
}

fn is_lost(stage: &mut RelayStage<'_>, who: Who) {
    stage.close(who, ErrorCode::Lost.to_wire());
}

/// Comes back on another connection.
fn comes_back(stage: &mut RelayStage<'_>, token: [u8; 32], peer: bool) -> Done<Who> {
    let who = stage.client()?;
    stage.say(who, Rejoin { token });
    stage.next("HOLD-4", who, &rejoined(peer))?;
    Ok(who)
}

fn token(stage: &mut RelayStage<'_>) -> Done {
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let (helper, locator) = stage.helper()?;
        let sharer = stage.client()?;
        stage.join(sharer, locator, b"an offer")?;
        stage.sees("HOLD-1", sharer, "place", |heard| heard.is("place"))?;
        let first = stage.sees("HOLD-1", helper, "joined", |_| true)?;
        stage.check(
            "HOLD-1",
            first.is("joined"),
            "joined first",
            first.to_string(),
        )?;
        stage.sees("HOLD-1", helper, "place", |heard| heard.is("place"))?;
        tokens.push(token_of(stage, helper)?);
        tokens.push(token_of(stage, sharer)?);
    }
    let fresh = |place: usize| {
        let before = tokens.get(..place).unwrap_or_default();
        tokens.get(place).is_some_and(|token| {
            let values: std::collections::BTreeSet<_> = token.iter().collect();
            !before.contains(token) && values.len() > 8
        })
    };
    let all = (0..tokens.len()).all(fresh);
    stage.check("HOLD-1", all, "32 fresh random bytes each", "they repeat")
}

fn back(stage: &mut RelayStage<'_>) -> Done {
    for helper_is_lost in [false, true] {
        let (helper, sharer) = stage.pair()?;
        let (lost, there) = match helper_is_lost {
            true => (helper, sharer),
            false => (sharer, helper),
        };
        let token = token_of(stage, lost)?;
        is_lost(stage, lost);
        stage.next("HOLD-3", there, &PEER_LOST)?;
        let back = comes_back(stage, token, true)?;
        stage.next("HOLD-6", there, &PEER_BACK)?;
        carries_both(stage, there, back)?;
    }
    Ok(())
}

fn carries_both(stage: &mut RelayStage<'_>, one: Who, other: Who) -> Done {
    for (from, to) in [(one, other), (other, one)] {
        stage.deliver(from, b"back again");
        stage.next("HOLD-4", to, &delivered(b"back again"))?;
    }
    Ok(())
}

fn back_often(stage: &mut RelayStage<'_>) -> Done {
    let (helper, mut sharer) = stage.pair()?;
    let token = token_of(stage, sharer)?;
    for _ in 0..4 {
        is_lost(stage, sharer);
        stage.next("HOLD-6", helper, &PEER_LOST)?;
        sharer = comes_back(stage, token, true)?;
        stage.next("HOLD-6", helper, &PEER_BACK)?;
    }
    carries_both(stage, helper, sharer)
}

fn unregistered_close(stage: &mut RelayStage<'_>) -> Done {
    for code in [0, 0x7777] {
        let (helper, sharer) = stage.pair()?;
        stage.close(sharer, code);
        stage.only("HOLD-3", helper, &[PEER_LOST])?;
    }
    Ok(())
}

fn close_ends(stage: &mut RelayStage<'_>) -> Done {
    let codes = [
        ErrorCode::Done,
        ErrorCode::Declined,
        ErrorCode::RecordFailed,
    ];
    for code in codes {
        let (helper, sharer) = stage.pair()?;
        let token = token_of(stage, sharer)?;
        stage.close(sharer, code.to_wire());
        stage.only("HOLD-10", helper, &[gone(code)])?;
        let late = stage.client()?;
        stage.say(late, Rejoin { token });
        stage.next("HOLD-10", late, &refused(ErrorCode::NotFound))?;
    }
    Ok(())
}

fn after_leave(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let token = token_of(stage, sharer)?;
    stage.leave(sharer, ErrorCode::Done.to_wire());
    stage.next("HOLD-3", helper, &gone(ErrorCode::Done))?;
    is_lost(stage, sharer);
    let late = stage.client()?;
    stage.say(late, Rejoin { token });
    stage.next("HOLD-7", late, &refused(ErrorCode::NotFound))?;
    stage.silent("HOLD-3", helper)
}

fn superseded(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let token = token_of(stage, sharer)?;
    let back = comes_back(stage, token, true)?;
    stage.closes("HOLD-5", sharer, ErrorCode::Superseded)?;
    stage.next("HOLD-6", helper, &PEER_LOST)?;
    stage.next("HOLD-6", helper, &PEER_BACK)?;
    carries_both(stage, helper, back)
}

fn wrong_token(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let token = token_of(stage, sharer)?;
    stage.leave(helper, ErrorCode::Done.to_wire());
    stage.next("HOLD-7", sharer, &gone(ErrorCode::Done))?;
    let drawn = stage.random(32);
    let drawn: [u8; 32] = drawn.try_into().unwrap_or_default();
    for token in [token, drawn, [0; 32]] {
        let who = stage.client()?;
        stage.say(who, Rejoin { token });
        stage.only("HOLD-7", who, &[refused(ErrorCode::NotFound)])?;
        // It is idle, and can go on.
        stage.code(who)?;
    }
    Ok(())
}

fn dropped(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let token = token_of(stage, sharer)?;
    is_lost(stage, sharer);
    stage.next("HOLD-9", helper, &PEER_LOST)?;
    stage.deliver(helper, b"to nobody");
    stage.silent("HOLD-9", helper)?;
    let back = comes_back(stage, token, true)?;
    stage.next("HOLD-9", helper, &PEER_BACK)?;
    stage.deliver(helper, b"to somebody");
    stage.only("HOLD-9", back, &[delivered(b"to somebody")])
}

fn both_away(stage: &mut RelayStage<'_>) -> Done {
    let (helper, sharer) = stage.pair()?;
    let (first, second) = (token_of(stage, helper)?, token_of(stage, sharer)?);
    is_lost(stage, helper);
    stage.next("HOLD-6", sharer, &PEER_LOST)?;
    is_lost(stage, sharer);
    // The loss of the last one shows to nobody.
    stage.settle()?;
    let back = comes_back(stage, first, false)?;
    let other = comes_back(stage, second, true)?;
    stage.next("HOLD-6", back, &PEER_BACK)?;
    carries_both(stage, back, other)
}

fn over(stage: &mut RelayStage<'_>) -> Done {
    let hold = stage.timer("reconnect-hold")?;
    let (helper, sharer) = stage.pair()?;
    let token = token_of(stage, sharer)?;
    is_lost(stage, sharer);
    stage.next("RDV-11", helper, &PEER_LOST)?;
    stage.pass(hold - 1_000)?;
    stage.silent("RDV-11", helper)?;
    stage.pass(1_000)?;
    stage.only("RDV-11", helper, &[gone(ErrorCode::Lost)])?;
    let late = stage.client()?;
    stage.say(late, Rejoin { token });
    stage.next("HOLD-7", late, &refused(ErrorCode::NotFound))
}

fn in_time(stage: &mut RelayStage<'_>) -> Done {
    let hold = stage.timer("reconnect-hold")?;
    let (helper, sharer) = stage.pair()?;
    let token = token_of(stage, sharer)?;
    is_lost(stage, sharer);
    stage.next("HOLD-4", helper, &PEER_LOST)?;
    stage.pass(hold - 1_000)?;
    let back = comes_back(stage, token, true)?;
    stage.next("HOLD-4", helper, &PEER_BACK)?;
    // That timer is over.
    stage.pass(hold)?;
    carries_both(stage, helper, back)
}

fn code_is_lost(stage: &mut RelayStage<'_>) -> Done {
    let (helper, locator) = stage.helper()?;
    is_lost(stage, helper);
    stage.settle()?;
    let sharer = stage.client()?;
    stage.join(sharer, locator, b"an offer")?;
    stage.next("RDV-21", sharer, &refused(ErrorCode::NotFound))
}

fn places_are_full(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.limit_within("held-places", 16)?;
    for _ in 0..most {
        let (helper, sharer) = stage.pair()?;
        is_lost(stage, sharer);
        stage.next("HOLD-8", helper, &PEER_LOST)?;
    }
    let (helper, sharer) = stage.pair()?;
    is_lost(stage, sharer);
    stage.next("HOLD-8", helper, &gone(ErrorCode::Lost))
}

fn silence(stage: &mut RelayStage<'_>) -> Done {
    let (helper, locator) = stage.helper()?;
    let sharer = stage.client_by(Weather::default())?;
    stage.join(sharer, locator, b"an offer")?;
    stage.await_(sharer, "place", |heard| heard.is("place"))?;
    stage.await_(helper, "place", |heard| heard.is("place"))?;
    let token = token_of(stage, sharer)?;
    stage.vanishes(sharer);
    let since = std::time::Instant::now();
    let told = |heard: &Heard| matches!(heard, Heard::Said(_));
    let mark = stage.client_of(helper).heard.len();
    let is_told = stage.linger(std::time::Duration::from_secs(8), helper, |client| {
        client.heard.iter().skip(mark).any(told)
    });
    let took = since.elapsed();
    stage.check(
        "TRANSPORT-11",
        is_told && took < std::time::Duration::from_millis(5_500),
        "the peer to be told within 5 seconds",
        format!("it took {:.1} s", took.as_secs_f32()),
    )?;
    stage.next("HOLD-3", helper, &PEER_LOST)?;
    let back = comes_back(stage, token, true)?;
    stage.next("HOLD-3", helper, &PEER_BACK)?;
    carries_both(stage, helper, back)
}

fn short_silence(stage: &mut RelayStage<'_>) -> Done {
    let (helper, locator) = stage.helper()?;
    let sharer = stage.client_by(Weather::default())?;
    stage.join(sharer, locator, b"an offer")?;
    stage.await_(sharer, "place", |heard| heard.is("place"))?;
    stage.await_(helper, "place", |heard| heard.is("place"))?;
    stage.vanishes(sharer);
    stage.deliver(helper, b"meanwhile");
    stage.linger(std::time::Duration::from_secs(1), helper, |_| false);
    stage.weather(sharer, Weather::default());
    stage.next("RDV-30", sharer, &delivered(b"meanwhile"))?;
    stage.silent("RDV-30", helper)
}
