//! The first words of a client: `hello`, and grease.

use alongside_wire::{
    ErrorCode,
    framing::GREASE,
    rendezvous::{Gone, Hello, Message, RelayHello},
};

use crate::{
    case::Case,
    stage::{ClientStage, Done, Item},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::client(
            "client/hello/first",
            "the first message of a client is hello, with no feature, and comes once",
            &["RDV-1"],
            first,
        ),
        Case::client(
            "client/hello/grease",
            "a client sends a message of a type that is never given a meaning",
            &["WIRE-10"],
            grease,
        ),
        Case::client(
            "client/hello/waits",
            "a client goes on when the relay answers its hello",
            &["RDV-1"],
            |stage| {
                stage.must("RDV-1", ClientStage::connected)?;
                stage.asks().map(|_| ())
            },
        ),
        Case::client(
            "client/hello/another-first",
            "a client ends when the relay says something else before relay-hello",
            &["RDV-5"],
            another_first,
        )
        .twin("client/hello/waits"),
        Case::client(
            "client/hello/again",
            "a client ends when the relay says relay-hello again",
            &["RDV-5"],
            again,
        )
        .twin("client/hello/waits"),
    ]
}

fn first(stage: &mut ClientStage<'_>) -> Done {
    stage.connected()?;
    stage.greet();
    stage.asks()?;
    let said = |item: &&Item| matches!(item, Item::ToRelay(_) | Item::Broken(..));
    let hellos = stage
        .log
        .iter()
        .filter(|item| item.is_to_relay("hello"))
        .count();
    let first = stage.log.iter().find(said).cloned();
    let none = Message::Hello(Hello::default());
    stage.check(
        "RDV-1",
        first == Some(Item::ToRelay(none)) && hellos == 1,
        "hello as the first message, and once",
        stage
            .log
            .iter()
            .filter(said)
            .map(|item| format!("{item}; "))
            .collect::<String>(),
    )
}

fn grease(stage: &mut ClientStage<'_>) -> Done {
    stage.asking()?;
    let greased = |item: &Item| matches!(item, Item::Ignorable(kind) if GREASE.contains(kind));
    let came = stage.until_there_are(1, 0, greased)? > 0;
    let seen = stage.since(0);
    stage.check("WIRE-10", came, "a message of a grease type", seen)
}

fn another_first(stage: &mut ClientStage<'_>) -> Done {
    stage.connected()?;
    stage.say(Gone {
        code: ErrorCode::Idle.to_wire(),
    });
    stage.ends("RDV-5", ErrorCode::UnexpectedMessage)
}

fn again(stage: &mut ClientStage<'_>) -> Done {
    stage.asking()?;
    stage.say(RelayHello::default());
    stage.ends("RDV-5", ErrorCode::UnexpectedMessage)
}
