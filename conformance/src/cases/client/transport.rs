//! The connection to the relay.

use alongside_wire::{ErrorCode, rendezvous::Gone};
use serde_json::json;

use crate::{
    case::Case,
    stage::{ClientStage, Done},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::client(
            "client/transport/control-stream",
            "the control stream is the first bidirectional stream, and the only one",
            &["TRANSPORT-1", "TRANSPORT-2"],
            |stage| {
                stage.set_up(&json!({}))?;
                begins(stage)?;
                stage.must("TRANSPORT-1", ClientStage::accept)?;
                stage.must("TRANSPORT-2", |stage| {
                    stage.await_("hello", |item| item.is_to_relay("hello"))
                })?;
                stage.asks_and_decides()?;
                // The stage fails a client that opens a second one, whatever the case.
                stage.pass(3_000)
            },
        ),
        Case::client(
            "client/transport/other-certificate",
            "a relay with another certificate than the one that is pinned hears nothing",
            &["TRANSPORT-4"],
            |stage| {
                stage.set_up(&json!({ "certificate": "00".repeat(32) }))?;
                begins(stage)?;
                let refused = stage.is_refused();
                stage.check("TRANSPORT-4", refused, "no connection", "one stands")
            },
        )
        .twin("client/transport/control-stream"),
        Case::client(
            "client/transport/own-streams-late",
            "what the relay said before it closed the connection is handled before the close",
            &["TRANSPORT-13"],
            |stage| {
                stage.deciding()?;
                let code = ErrorCode::Idle;
                stage.say(Gone {
                    code: code.to_wire(),
                });
                stage.moment(20)?;
                stage.drops()?;
                let ended = stage.tells("TRANSPORT-13", "ended")?;
                let right = ended.text("code") == code.name();
                stage.check("TRANSPORT-13", right, code.name(), format!("{ended:?}"))
            },
        ),
    ]
}

fn begins(stage: &mut ClientStage<'_>) -> Done {
    use crate::driver::Role;
    let _ = match stage.role {
        Role::Helper => stage.ask("create-code", json!({}))?,
        Role::Sharer => {
            let code = stage.draw_code().to_string();
            stage.ask("join", json!({ "code": code }))?
        }
    };
    Ok(())
}
