//! Inputs to begin with: the test vectors, for what reads bytes, and lines of the driver protocol.

use alongside_adversary::seeds;
use serde_json::{Value, json};

/// The inputs of a target. Those of a target without any here are found by its fuzzer.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "driver" => lines(),
        _ => seeds::of(target),
    }
}

/// Events of every name, with the fields that each has, and answers of every form; each behind a piece of 60 bytes.
fn lines() -> Vec<Vec<u8>> {
    let schema = include_str!("../../../conformance/driver.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    let all = schema
        .pointer("/$defs/event/oneOf")
        .and_then(Value::as_array);
    let mut lines: Vec<_> = all.into_iter().flatten().filter_map(event).collect();
    let err = json!({ "class": "misuse", "detail": "not now" });
    lines.extend([
        json!({ "id": 1, "ok": {} }),
        json!({ "id": 2, "ok": { "text": "é" } }),
        json!({ "id": 3, "unsupported": {} }),
        json!({ "id": 4, "err": err }),
    ]);
    let written: Vec<_> = lines.iter().map(|line| format!("{line}\n")).collect();
    let mut seeds: Vec<_> = written
        .iter()
        .map(|line| [b"\x3b", line.as_bytes()].concat())
        .collect();
    seeds.push([b"\x05", written.concat().as_bytes()].concat());
    seeds
}

fn event(one: &Value) -> Option<Value> {
    let mut line = json!({ "event": one.pointer("/properties/event/const")?, "session": "s1" });
    for field in one
        .get("required")?
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
    {
        if line.get(field).is_none() {
            line[field] = json!(1);
        }
    }
    Some(line)
}
