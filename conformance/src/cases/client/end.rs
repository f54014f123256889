//! How a session ends, whoever ends it.

use alongside_wire::{ErrorCode, rendezvous::Gone, session::End};

use crate::{
    case::Case,
    stage::{ClientStage, Done, Item},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::client(
            "client/end/own",
            "a person ends the session: sealed end, leave, and the connection closed, all with done",
            &["END-1", "END-2", "END-3", "TRANSPORT-9"],
            own,
        ),
        Case::client(
            "client/end/other",
            "a client ends when the other end does, and says no end of its own",
            &["END-2", "END-4"],
            other,
        ),
        Case::client(
            "client/end/relay",
            "a client ends when the relay says gone",
            &["END-5"],
            relay,
        ),
    ]
}

fn own(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    let from = stage.here();
    stage.does("end", serde_json::json!({}))?;
    stage.ends("TRANSPORT-9", ErrorCode::Done)?;
    let done = Some(ErrorCode::Done.to_wire());
    let seen = stage.since(from);
    stage.check("END-1", true, "an end", "")?;
    let sealed = stage.ended_sealed(from);
    stage.check(
        "END-2",
        sealed == done,
        "a sealed end with done",
        seen.clone(),
    )?;
    let left = stage.left(from);
    stage.check("END-3", left == done, "leave with done", seen)
}

fn other(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    let from = stage.here();
    stage.seal_one(End {
        code: ErrorCode::Done.to_wire(),
    })?;
    stage.ends("END-4", ErrorCode::Done)?;
    stage.never("END-2", from, "sealed end", |item| item.end().is_some())
}

fn relay(stage: &mut ClientStage<'_>) -> Done {
    stage.viewing()?;
    stage.say(Gone {
        code: ErrorCode::SessionLength.to_wire(),
    });
    stage
        .sees("END-5", "the connection closed", |item| {
            matches!(item, Item::Closed(_))
        })
        .map(|_| ())
}
