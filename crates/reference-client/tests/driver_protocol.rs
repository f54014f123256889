//! The guide, the schema and the types of the driver protocol say the same.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use alongside_client::driver::protocol::{Command, Event, Request, Response, Told};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// The fields of each command or event, by its name.
type Table = BTreeMap<String, BTreeSet<String>>;

fn conformance(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(&conformance("driver.schema.json")).unwrap()
}

/// What stands between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// A table of the guide: names in the first column, fields in the third, before what they mean.
fn guide(heading: &str) -> Table {
    let guide = conformance("driver.md");
    let (_, section) = guide.split_once(&format!("\n## {heading}\n")).unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| {
        let cells: Vec<_> = row.split('|').collect();
        let fields = cells[3].split(';');
        let fields: BTreeSet<_> = fields
            .flat_map(|field| quoted(field.split(':').next().unwrap()))
            .collect();
        quoted(cells[1])
            .map(|name| (name, fields.clone()))
            .collect::<Vec<_>>()
    })
    .collect()
}

/// The same, of the schema; `key` is the field with the name.
fn described(what: &str, key: &str) -> Table {
    let schema = schema();
    let all = schema["$defs"][what]["oneOf"].as_array().unwrap();
    all.iter()
        .map(|one| {
            let fields = one["properties"].as_object().unwrap();
            let name = fields[key]["const"].as_str().unwrap().to_owned();
            let fields = fields
                .keys()
                .filter(|field| *field != key && *field != "session");
            (name, fields.cloned().collect())
        })
        .collect()
}

/// The names that a type knows.
fn known<T: DeserializeOwned + std::fmt::Debug>(key: &str) -> BTreeSet<String> {
    let error = serde_json::from_value::<T>(json!({ key: "?" })).unwrap_err();
    quoted(&error.to_string())
        .filter(|name| name != "?")
        .collect()
}

/// A value that a schema allows.
fn sample(schema: &Value, root: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return sample(root.pointer(name.trim_start_matches('#')).unwrap(), root);
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    if let Some(ways) = schema["oneOf"].as_array() {
        return object(&ways[0], root);
    }
    match schema["type"].as_str() {
        Some("boolean") => json!(true),
        Some("integer") => json!(schema["minimum"].as_i64().unwrap().max(1)),
        Some("array") if schema["items"] == json!({"$ref": "#/$defs/name"}) => json!(["view"]),
        Some("array") => {
            let count = schema["minItems"].as_u64().unwrap_or(1);
            (0..count).map(|_| sample(&schema["items"], root)).collect()
        }
        Some("object") => object(schema, root),
        Some("string") if schema["pattern"] == "^[0-9a-f]{64}$" => json!("5d".repeat(32)),
        Some("string") if schema["pattern"] == "^([0-9a-f]{2})+$" => json!("5d"),
        Some("string") => json!("x"),
        _ => json!("anything"),
    }
}

fn object(schema: &Value, root: &Value) -> Value {
    let fields = schema["properties"].as_object();
    fields
        .into_iter()
        .flatten()
        .map(|(name, field)| (name.clone(), sample(field, root)))
        .collect::<Map<_, _>>()
        .into()
}

/// Each line of the schema is read and written by the type as it is, and not without what it needs.
fn read_and_write<T: DeserializeOwned + Serialize>(what: &str) {
    let root = schema();
    let line = &root["$defs"][what];
    for one in line["oneOf"].as_array().unwrap() {
        let mut full = object(line, &root);
        let fields = object(one, &root);
        full.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let read: T =
            serde_json::from_value(full.clone()).unwrap_or_else(|error| panic!("{full}: {error}"));
        assert_eq!(serde_json::to_value(read).unwrap(), full);
        let needed = |of: &Value| of["required"].as_array().cloned().unwrap_or_default();
        for name in needed(line).iter().chain(&needed(one)) {
            let mut less = full.clone();
            less.as_object_mut().unwrap().remove(name.as_str().unwrap());
            assert!(serde_json::from_value::<T>(less.clone()).is_err(), "{less}");
        }
        let needed = [needed(line), needed(one)].concat();
        let mut least = full.clone();
        least
            .as_object_mut()
            .unwrap()
            .retain(|name, _| needed.contains(&json!(name)) || name == "op" || name == "event");
        assert!(
            serde_json::from_value::<T>(least.clone()).is_ok(),
            "{least}"
        );
    }
}

/// Whose an event is, in the second column of the guide and in the schema.
#[test]
fn guide_and_schema_have_each_event_for_the_same_role() {
    let guide = conformance("driver.md");
    let (_, section) = guide.split_once("\n## Events\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let told: BTreeMap<_, _> = rows
        .map(|row| {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            (cells[1].trim_matches('`').to_owned(), cells[2].to_owned())
        })
        .collect();
    let schema = schema();
    let all = schema["$defs"]["event"]["oneOf"].as_array().unwrap();
    let described: BTreeMap<_, _> = all
        .iter()
        .map(|one| {
            let name = one["properties"]["event"]["const"].as_str().unwrap();
            let role = one["$comment"].as_str().unwrap_or("both");
            (name.to_owned(), role.to_owned())
        })
        .collect();
    assert_eq!(told, described);
}

#[test]
fn guide_schema_and_types_name_the_same_commands_events_and_fields() {
    let (commands, events) = (guide("Commands"), guide("Events"));
    assert_eq!(commands, described("command", "op"));
    assert_eq!(events, described("event", "event"));
    let names = |table: &Table| table.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&commands), known::<Command>("op"));
    assert_eq!(names(&events), known::<Event>("event"));
    let listed: BTreeSet<_> = Command::NAMES.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(names(&commands), listed);
    let guide = conformance("driver.md");
    let (_, capabilities) = guide.split_once("| capability | with it |").unwrap();
    let (capabilities, _) = capabilities.split_once("\n\n").unwrap();
    let rows = capabilities.lines().filter(|line| line.starts_with("| `"));
    let capabilities: BTreeSet<_> = rows
        .flat_map(|row| quoted(row.split('|').nth(1).unwrap()).collect::<Vec<_>>())
        .collect();
    let described = schema()["$defs"]["capability"]["enum"].clone();
    let described: BTreeSet<String> = serde_json::from_value(described).unwrap();
    assert_eq!(capabilities, described);
}

#[test]
fn the_types_read_and_write_what_the_schema_says() {
    read_and_write::<Request>("command");
    read_and_write::<Told>("event");
    read_and_write::<Response>("answer");
    let root = schema();
    for input in root["$defs"]["input"]["oneOf"].as_array().unwrap() {
        let input = object(input, &root);
        let event = json!({"event": "injected", "session": "a", "input": input});
        let told: Told = serde_json::from_value(event.clone()).unwrap();
        assert_eq!(serde_json::to_value(told).unwrap(), event);
    }
}
