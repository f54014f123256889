//! Words that a fuzzer puts together: what the registries have, and the names of the driver protocol.

use std::collections::BTreeSet;

use alongside_adversary::messages::Plane;
use alongside_wire::{Scopes, envelope::Envelope, rendezvous, session, varint};

/// A dictionary in the form of libFuzzer, for all targets.
pub fn text() -> String {
    let mut words = BTreeSet::new();
    of_plane::<rendezvous::Message>(&mut words);
    of_plane::<Envelope>(&mut words);
    of_plane::<session::Message>(&mut words);
    words.extend(
        Scopes::REGISTERED
            .iter()
            .map(|(scopes, _)| number(u32::from(scopes.bits()))),
    );
    registered(&mut words);
    names(&mut words);
    words.extend(
        [
            "4060-r0gx",
            "https://",
            "/j#",
            "alongside/1 ",
            "alongside/1 receipts\n",
        ]
        .map(|word| word.into()),
    );
    words
        .iter()
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{}\"\n", escaped(word)))
        .collect()
}

/// The types of messages, as they are framed.
fn of_plane<M: Plane>(words: &mut BTreeSet<Vec<u8>>) {
    words.extend(
        M::TYPES
            .iter()
            .map(|(number_of, _)| number(u32::from(*number_of))),
    );
}

fn number(number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint::encode(number, &mut bytes);
    bytes
}

/// Every number of the registry.
fn registered(words: &mut BTreeSet<Vec<u8>>) {
    fn walk(value: &toml::Value, words: &mut BTreeSet<Vec<u8>>) {
        match value {
            toml::Value::Integer(value) => words.extend(u32::try_from(*value).ok().map(number)),
            toml::Value::Array(values) => values.iter().for_each(|value| walk(value, words)),
            toml::Value::Table(table) => table.iter().for_each(|(_, value)| walk(value, words)),
            _ => {}
        }
    }
    let registry = include_str!("../../../spec/registry.toml").parse::<toml::Table>();
    walk(&toml::Value::Table(registry.unwrap_or_default()), words);
}

/// What stands in quotes in the schema of the driver protocol where a name belongs.
fn names(words: &mut BTreeSet<Vec<u8>>) {
    fn walk(value: &serde_json::Value, words: &mut BTreeSet<Vec<u8>>) {
        match value {
            serde_json::Value::Array(values) => values.iter().for_each(|value| walk(value, words)),
            serde_json::Value::Object(fields) => {
                let named = fields.get("const").and_then(serde_json::Value::as_str);
                let listed = fields.get("enum").and_then(serde_json::Value::as_array);
                let listed = listed
                    .into_iter()
                    .flatten()
                    .filter_map(serde_json::Value::as_str);
                words.extend(
                    named
                        .into_iter()
                        .chain(listed)
                        .map(|name| format!("\"{name}\"").into_bytes()),
                );
                if let Some(serde_json::Value::Object(properties)) = fields.get("properties") {
                    words.extend(
                        properties
                            .keys()
                            .map(|name| format!("\"{name}\":").into_bytes()),
                    );
                }
                fields.values().for_each(|value| walk(value, words));
            }
            _ => {}
        }
    }
    let schema = serde_json::from_str(include_str!("../../../conformance/driver.schema.json"));
    walk(&schema.unwrap_or_default(), words);
}

fn escaped(word: &[u8]) -> String {
    word.iter()
        .map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(*byte)),
            0x20..0x7F => char::from(*byte).to_string(),
            byte => format!("\\x{byte:02x}"),
        })
        .collect()
}
