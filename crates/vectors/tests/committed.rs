//! The committed vectors are those that the code makes, and leave nothing out.
//!
//! The schema is held by the checks of the independent implementation: a validator of JSON Schema in Rust
//! costs more to build than the rest of this crate.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{collections::BTreeSet, fs, path::Path};

use alongside_vectors::{all, files};
use serde_json::Value;
use toml::Table;

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

//= test spec/04-key-exchange.md#spake2 [KEX-7] e4b4e75a
//= test spec/04-key-exchange.md#noise [KEX-10] 9070ead5
//= test spec/12-reconnect.md#handshake [RECON-12] 05307331
//= test spec/04-key-exchange.md#schedule [KEY-1] ce64014a
//= test spec/04-key-exchange.md#schedule [KEY-2] 0ac14b51
//= test spec/04-key-exchange.md#schedule [KEY-3] 0659d238
#[test]
fn the_committed_vectors_are_those_that_the_code_makes() {
    let drift = files::drift().unwrap();
    assert!(
        drift.is_empty(),
        "{}\nmake them anew: cargo vectors write",
        drift.join("\n")
    );
    // These are held to the machines when they are made.
    let sequences = all().iter().find(|file| file.kind == "sequence").unwrap();
    let count = sequences.vectors().len();
    println!("counted vectors / valid in Rust: {count} sequence");
}

#[test]
fn ids_are_unique_and_requirements_are_there() {
    let requirements = json(&files::folder().join("../requirements.json"));
    let known: BTreeSet<_> = requirements
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["id"].as_str().unwrap())
        .collect();
    let mut ids = BTreeSet::new();
    for file in all() {
        for vector in file.vectors() {
            let id = vector["id"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} twice");
            for shown in vector["shows"].as_array().unwrap() {
                assert!(
                    known.contains(shown.as_str().unwrap()),
                    "{id}: no requirement {shown}"
                );
            }
        }
    }
}

fn registry() -> Table {
    let path = files::folder().join("../registry.toml");
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn names(registry: &Table, list: &str) -> Vec<String> {
    let rows = registry[list].as_array().unwrap();
    rows.iter()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Of each message there is one that is right and, where any bytes can be wrong, one that is not.
#[test]
fn every_message_of_the_registry_has_its_vectors() {
    let (registry, files) = (registry(), all());
    for plane in ["rendezvous", "envelope", "session"] {
        let file = files.iter().find(|file| file.kind == plane).unwrap();
        for name in names(&registry, plane) {
            let of = |start: String| {
                file.vectors()
                    .iter()
                    .filter(move |vector| vector["id"].as_str().unwrap().starts_with(&start))
                    .count()
            };
            let right = file
                .vectors()
                .iter()
                .filter_map(|vector| vector["output"]["messages"].as_array());
            let right = right
                .flatten()
                .filter(|message| message["name"] == *name)
                .count();
            assert!(right > 0, "no valid {plane} {name}");
            // What a pad holds means nothing.
            let wrong = of(format!("{plane}/refused/{name}/"));
            assert!(wrong > 0 || name == "pad", "no invalid {plane} {name}");
        }
    }
    let records = files
        .iter()
        .find(|file| file.kind == "record")
        .unwrap()
        .text();
    for event in names(&registry, "input")
        .iter()
        .filter(|name| *name != "empty")
    {
        assert!(
            records.contains(&format!("\"event\": \"{event}\"")),
            "no input {event}"
        );
    }
    for record in names(&registry, "record") {
        assert!(
            records.contains(&format!("record/{record}-header/")),
            "no {record}"
        );
    }
}

/// Every error that bytes can cause is caused by some.
#[test]
fn every_violation_of_the_registry_is_shown() {
    let registry = registry();
    let text: String = all().iter().map(|file| file.text()).collect();
    let violations = registry["error"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["class"].as_str() == Some("violation"));
    let names: Vec<_> = violations
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert!(names.len() >= 18);
    for name in names {
        let shown = text.contains(&format!("\"name\": \"{name}\""))
            || text.contains(&format!("\"error\": \"{name}\""));
        assert!(shown, "no vector with {name}");
    }
}
