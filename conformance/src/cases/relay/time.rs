//! What comes to its end with time.

use alongside_wire::{ErrorCode, rendezvous::Hello};

use super::words::{delivered, gone};
use crate::{
    case::Case,
    stage::{Done, RelayStage},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/time/idle",
            "a client that stays idle for too long is told, and closed",
            &["RDV-13"],
            idle,
        )
        .twin("relay/time/not-idle"),
        Case::relay(
            "relay/time/not-idle",
            "a client that asks for something in time stays",
            &["RDV-13"],
            not_idle,
        ),
        Case::relay(
            "relay/time/no-hello",
            "a client that never says hello is closed after the same time, without a word",
            &["RDV-2", "RDV-13"],
            no_hello,
        )
        .twin("relay/time/hello-in-time"),
        Case::relay(
            "relay/time/hello-in-time",
            "a client may take its time for hello",
            &["RDV-2"],
            hello_in_time,
        ),
        Case::relay(
            "relay/time/session-length",
            "a session that lasted for its time ends, and both are told",
            &["RDV-14"],
            session_length,
        )
        .twin("relay/time/session-goes-on"),
        Case::relay(
            "relay/time/session-goes-on",
            "a session goes on until its time is over, whether or not its ends say something",
            &["RDV-14"],
            session_goes_on,
        ),
        Case::relay(
            "relay/time/session-length-while-away",
            "the time of a session runs on while a place is held",
            &["RDV-14"],
            session_length_while_away,
        ),
    ]
}

fn idle(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.timer("unpaired-idle")?;
    let who = stage.client()?;
    stage.pass(most - 1_000)?;
    stage.silent("RDV-13", who)?;
    stage.pass(1_000)?;
    stage.next("RDV-13", who, &gone(ErrorCode::Idle))?;
    stage.closes("RDV-13", who, ErrorCode::Idle)
}

fn not_idle(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.timer("unpaired-idle")?;
    let who = stage.client()?;
    stage.pass(most - 1_000)?;
    stage.code(who)?;
    stage.leave(who, ErrorCode::Done.to_wire());
    stage.settle()?;
    stage.pass(most - 1_000)?;
    stage.silent("RDV-13", who)?;
    stage.code(who).map(|_| ())
}

fn no_hello(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.timer("unpaired-idle")?;
    let who = stage.connect()?;
    stage.settle()?;
    stage.pass(most - 1_000)?;
    stage.silent("RDV-2", who)?;
    stage.pass(1_000)?;
    stage.closes("RDV-13", who, ErrorCode::Idle)?;
    let quiet = stage.client_of(who).said.is_empty();
    stage.check("RDV-2", quiet, "nothing to be said before", "something was")
}

fn hello_in_time(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.timer("unpaired-idle")?;
    let who = stage.connect()?;
    stage.settle()?;
    stage.pass(most - 1_000)?;
    stage.say(who, Hello::default());
    stage.sees("RDV-2", who, "relay-hello", |heard| heard.is("relay-hello"))?;
    Ok(())
}

fn session_length(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.timer("session-length")?;
    let (helper, sharer) = stage.pair()?;
    stage.pass(most)?;
    stage.only("RDV-14", helper, &[gone(ErrorCode::SessionLength)])?;
    stage.only("RDV-14", sharer, &[gone(ErrorCode::SessionLength)])?;
    // Both are idle.
    stage.code(helper)?;
    stage.code(sharer).map(|_| ())
}

fn session_goes_on(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.timer("session-length")?;
    let (helper, sharer) = stage.pair()?;
    stage.pass(most - 2_000)?;
    stage.deliver(helper, b"still here");
    stage.next("RDV-14", sharer, &delivered(b"still here"))?;
    stage.silent("RDV-14", helper)
}

fn session_length_while_away(stage: &mut RelayStage<'_>) -> Done {
    let most = stage.timer("session-length")?;
    let (helper, sharer) = stage.pair()?;
    stage.pass(most - 5_000)?;
    stage.close(sharer, ErrorCode::Lost.to_wire());
    stage.sees("RDV-14", helper, "peer-lost", |heard| heard.is("peer-lost"))?;
    stage.pass(5_000)?;
    stage.only("RDV-14", helper, &[gone(ErrorCode::SessionLength)])
}
