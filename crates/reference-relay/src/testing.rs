//! A relay that is told what it has and what time it is, as `conformance/driver.md` says. It is for a
//! test suite, and no part of the program `alongside-relay`.

pub mod parts;
mod set_up;

use std::{io, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};

use self::set_up::SetUp;
use crate::{BindError, Relay, tls::Identity};

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
    capabilities: &'a [&'a str],
}

const CAPABILITIES: &[&str] = &[
    "clock",
    "accounts",
    "issuers",
    "policy",
    "devices",
    "cards",
    "drain",
    "reload",
    "renew-certificate",
];

/// Runs a relay that is set up by this file, with a manual clock, until `commands` end.
///
/// # Errors
/// If it cannot start, or nobody reads what it says.
pub async fn run(
    set_up: &Path,
    commands: impl AsyncBufRead + Unpin,
    mut answers: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let set_up = SetUp::at(set_up);
    let options = set_up.options(identity()?).map_err(io::Error::other)?;
    let relay = Relay::bind(options);
    let relay = relay.map_err(|error: BindError| io::Error::other(error.to_string()))?;
    let ready = Ready {
        ready: true,
        relay: relay.local_addr()?.to_string(),
        certificate: relay.fingerprint(),
        capabilities: CAPABILITIES,
    };
    say(&mut answers, &json!(ready)).await?;
    let mut lines = commands.lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line) {
            Ok(command) => say(&mut answers, &answer(&relay, &set_up, command)).await?,
            Err(error) => tracing::error!(%error, "a line is no command"),
        }
    }
    relay.shutdown().await;
    Ok(())
}

fn answer(relay: &Relay, set_up: &SetUp, Command { id, op, ms }: Command) -> Value {
    let broken = |why: String| json!({"id": id, "err": {"class": "internal", "detail": why}});
    match (op.as_str(), ms.as_ref().and_then(Value::as_u64)) {
        ("advance-clock", Some(ms)) => {
            relay.advance(ms);
            json!({"id": id, "ok": {}})
        }
        ("advance-clock", None) => {
            json!({"id": id, "err": {"class": "command", "detail": "the field `ms` is missing or wrong"}})
        }
        ("drain", _) => {
            relay.begin_to_drain();
            json!({"id": id, "ok": {}})
        }
        ("reload", _) => match set_up.reload(relay) {
            Ok(()) => json!({"id": id, "ok": {}}),
            Err(why) => broken(why),
        },
        ("renew-certificate", _) => match renew(relay) {
            Ok(certificate) => json!({"id": id, "ok": {"certificate": certificate}}),
            Err(why) => broken(why),
        },
        _ => json!({"id": id, "unsupported": {}}),
    }
}

fn identity() -> io::Result<Identity> {
    let identity = Identity::self_signed(vec!["localhost".to_owned()]);
    identity.map_err(|error| io::Error::other(error.to_string()))
}

fn renew(relay: &Relay) -> Result<String, String> {
    let identity = identity().map_err(|error| error.to_string())?;
    let certificate = identity.fingerprint();
    relay.renew(identity).map_err(|error| error.to_string())?;
    Ok(certificate)
}

async fn say(answers: &mut (impl AsyncWrite + Unpin), what: &Value) -> io::Result<()> {
    answers.write_all(format!("{what}\n").as_bytes()).await?;
    answers.flush().await
}
