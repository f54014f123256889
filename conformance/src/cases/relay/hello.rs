//! The first words at a relay.

use alongside_state_machine::relay::RelayConfig;
use alongside_wire::{
    ErrorCode,
    limits::{LIMITS, timers::TIMERS},
    rendezvous::{CodeRequest, Hello, Message},
};

use super::words::gone;
use crate::{
    case::Case,
    stage::{Done, Heard, RelayStage, Stop},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::relay(
            "relay/hello/answered",
            "a relay answers hello with relay-hello, and says nothing before",
            &["RDV-2"],
            answered,
        ),
        Case::relay(
            "relay/hello/states",
            "a relay states each timer and limit that is to be stated once, and none that is not registered",
            &["RDV-3"],
            states,
        ),
        Case::relay(
            "relay/hello/another-first",
            "a relay closes the connection of a client that says something else first",
            &["RDV-4"],
            another_first,
        )
        .twin("relay/hello/answered"),
        Case::relay(
            "relay/hello/again",
            "a relay closes the connection of a client that says hello again",
            &["RDV-4"],
            again,
        )
        .twin("relay/hello/answered"),
        Case::relay(
            "relay/hello/shut-down",
            "a relay that shuts down in order tells every client that has said hello, and closes every connection with that code",
            &["RDV-15"],
            shut_down,
        ),
    ]
}

fn answered(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.connect()?;
    stage.silent("RDV-2", who)?;
    stage.say(who, Hello::default());
    let first = stage.sees("RDV-2", who, "relay-hello", |_| true)?;
    stage.check(
        "RDV-2",
        first.is("relay-hello"),
        "relay-hello",
        first.to_string(),
    )
}

fn states(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.connect()?;
    stage.say(who, Hello::default());
    let hello = stage.await_(who, "relay-hello", |heard| heard.is("relay-hello"))?;
    let Heard::Said(Message::RelayHello(hello)) = hello else {
        return Err(Stop::Harness("no hello".to_owned()));
    };
    let due = RelayConfig::default().stated();
    let all = [
        (&hello.timers, TIMERS, due.timers),
        (&hello.limits, LIMITS, due.limits),
    ];
    for (stated, registered, due) in all {
        for (place, (id, _)) in stated.iter().enumerate() {
            let known = registered.iter().any(|(known, ..)| known == id);
            let once = !stated.iter().skip(place + 1).any(|(other, _)| other == id);
            stage.check(
                "RDV-3",
                known && once,
                "registered ids, each once",
                format!("{stated:?}"),
            )?;
        }
        let missing = due
            .iter()
            .find(|(id, _)| !stated.iter().any(|(known, _)| known == id));
        let missing = missing.and_then(|(id, _)| registered.iter().find(|(known, ..)| known == id));
        let name = missing.map_or("none", |(_, name, _)| name);
        stage.check(
            "RDV-3",
            missing.is_none(),
            "every timer and limit that is to be stated",
            format!("it does not state {name}"),
        )?;
    }
    Ok(())
}

fn shut_down(stage: &mut RelayStage<'_>) -> Done {
    let (silent, idle) = (stage.connect()?, stage.client()?);
    let (with_code, _) = stage.helper()?;
    let (helper, sharer) = stage.pair()?;
    stage.shut_down()?;
    for who in [idle, with_code, helper, sharer] {
        stage.next("RDV-15", who, &gone(ErrorCode::RelayShutdown))?;
        stage.closes("RDV-15", who, ErrorCode::RelayShutdown)?;
    }
    stage.closes("RDV-15", silent, ErrorCode::RelayShutdown)?;
    let quiet = stage.client_of(silent).said.is_empty();
    stage.check("RDV-15", quiet, "no word before hello", "there was one")
}

fn another_first(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.connect()?;
    stage.say(who, CodeRequest {});
    stage.closes("RDV-4", who, ErrorCode::UnexpectedMessage)
}

fn again(stage: &mut RelayStage<'_>) -> Done {
    let who = stage.client()?;
    stage.say(who, Hello::default());
    stage.closes("RDV-4", who, ErrorCode::UnexpectedMessage)
}
