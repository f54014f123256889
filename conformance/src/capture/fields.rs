//! The fields of a message, one on a line.

use alongside_wire::{ErrorCode, Scopes};
use serde_json::Value;

/// Characters of a value that are shown.
const LONGEST: usize = 96;

/// Each field and what it holds.
pub(super) fn lines(fields: &Value) -> Vec<String> {
    let mut out = Vec::new();
    if let Value::Object(fields) = fields {
        for (name, value) in fields {
            let shown = shown(name, value);
            out.push(format!("{name} = {shown}"));
        }
    }
    out
}

fn shown(name: &str, value: &Value) -> String {
    let plain = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let long = plain.chars().count() > LONGEST;
    // A key or an id is longer than a word that has no other letters.
    let is_hex = plain.len() >= 16 && plain.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (name, value.as_u64()) {
        ("code", Some(code)) => format!("{plain} ({})", error(code)),
        ("scopes" | "ceiling" | "help" | "share", Some(bits)) => {
            format!("{plain} ({})", scopes(bits))
        }
        _ if long => {
            let head: String = plain.chars().take(LONGEST).collect();
            let all = match is_hex {
                true => format!("{} bytes", plain.len() / 2),
                false => format!("{} characters", plain.chars().count()),
            };
            format!("{head}… ({all})")
        }
        _ if matches!(value, Value::String(_)) && !is_hex => format!("{plain:?}"),
        _ => plain,
    }
}

/// What a code is called.
fn error(code: u64) -> String {
    let known = u16::try_from(code).ok().and_then(ErrorCode::from_wire);
    known.map_or_else(
        || "not registered".to_owned(),
        |code| code.name().to_owned(),
    )
}

fn scopes(bits: u64) -> String {
    let registered = Scopes::REGISTERED.iter();
    let held = registered.filter(|(scope, _)| {
        serde_json::to_value(scope)
            .ok()
            .and_then(|bit| bit.as_u64())
            .is_some_and(|bit| bits & bit != 0)
    });
    let names: Vec<_> = held.map(|(_, name)| *name).collect();
    names.join(" ")
}
