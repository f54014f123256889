//! Clients that know several relays.

use alongside_wire::ErrorCode;

use crate::{
    case::Case,
    driver::Role,
    stage::{ClientStage, Done},
};

pub(super) fn cases() -> Vec<Case> {
    let all = [
        Case::client(
            "client/relays/first-does-not-answer",
            "a relay that does not answer is passed over for the next one, before there is a code or a join",
            &["RECON-33"],
            |stage| {
                stage.know_another_relay()?;
                stage.begins()?;
                stage.turns_away()?;
                stage.answers_as_another("RECON-33")
            },
        ),
        Case::client(
            "client/relays/closed-after",
            "no other relay is gone on to once a code was given or a join was sent, though the relay shuts down",
            &["RECON-33"],
            |stage| after(stage, |stage| stage.closes_with(ErrorCode::RelayShutdown.to_wire())),
        )
        .twin("client/relays/first-does-not-answer"),
        Case::client(
            "client/relays/lost-after",
            "nor though the connection is lost",
            &["RECON-33"],
            |stage| after(stage, |stage| stage.drops()),
        )
        .twin("client/relays/first-does-not-answer"),
        Case::client(
            "client/relays/busy-after",
            "nor though the relay is busy",
            &["RECON-33"],
            |stage| after(stage, |stage| stage.closes_with(ErrorCode::Busy.to_wire())),
        )
        .twin("client/relays/first-does-not-answer"),
    ];
    all.into_iter().map(|case| case.needs("relays")).collect()
}

/// A code was given, or a join was sent, and then the relay is gone.
fn after(stage: &mut ClientStage<'_>, gone: impl Fn(&mut ClientStage<'_>) -> Done) -> Done {
    stage.know_another_relay()?;
    stage.connects()?;
    stage.asks()?;
    if stage.role == Role::Helper {
        stage.gets_code()?;
    }
    stage.settle()?;
    gone(stage)?;
    stage.stays_with_its_relay("RECON-33")
}
