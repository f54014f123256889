//! A relay whose time stands still but for what it is told, as `conformance/driver.md` says. It is
//! for a test suite, and no part of the program `alongside-relay`.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::{BindError, Clock, Options, Relay};

/// What a relay is told.
#[derive(Deserialize)]
struct Command {
    id: u64,
    op: String,
    ms: Option<Value>,
}

/// That it can be reached.
#[derive(Serialize)]
struct Ready<'a> {
    ready: bool,
    relay: String,
    certificate: &'a str,
    capabilities: [&'a str; 1],
}

/// Runs a relay with a manual clock until `commands` end.
///
/// # Errors
/// If it cannot start, or nobody reads what it says.
pub async fn run(
    options: Options,
    commands: impl AsyncBufRead + Unpin,
    mut answers: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let clock = Clock::manual();
    let relay = Relay::bind(Options { clock, ..options });
    let relay = relay.map_err(|error: BindError| io::Error::other(error.to_string()))?;
    let ready = Ready {
        ready: true,
        relay: relay.local_addr()?.to_string(),
        certificate: relay.fingerprint(),
        capabilities: ["clock"],
    };
    say(&mut answers, &json!(ready)).await?;
    let mut lines = commands.lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line) {
            Ok(command) => say(&mut answers, &answer(&relay, command)).await?,
            Err(error) => tracing::error!(%error, "a line is no command"),
        }
    }
    relay.shutdown().await;
    Ok(())
}

fn answer(relay: &Relay, Command { id, op, ms }: Command) -> Value {
    match (op.as_str(), ms.as_ref().and_then(Value::as_u64)) {
        ("advance-clock", Some(ms)) => {
            relay.advance(ms);
            json!({"id": id, "ok": {}})
        }
        ("advance-clock", None) => {
            json!({"id": id, "err": {"class": "command", "detail": "the field `ms` is missing or wrong"}})
        }
        _ => json!({"id": id, "unsupported": {}}),
    }
}

async fn say(answers: &mut (impl AsyncWrite + Unpin), what: &Value) -> io::Result<()> {
    answers.write_all(format!("{what}\n").as_bytes()).await?;
    answers.flush().await
}
