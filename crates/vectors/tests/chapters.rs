//! The examples that the chapters print are among the vectors.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{collections::BTreeSet, fs};

use alongside_vectors::{all, files};
use serde_json::Value;

/// Every text in a value.
fn texts(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(all.insert(text.clone())),
        Value::Array(values) => values.iter().for_each(|value| texts(value, all)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, all)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The hexadecimal values of the fences of a chapter, with their labels; some go on in lines that have
/// nothing else.
fn printed(chapter: &str) -> Vec<(String, String)> {
    let (mut printed, mut fenced): (Vec<(String, String)>, _) = (Vec::new(), false);
    for line in chapter.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced && let Some((label, digits)) = columns(line) {
            let digits: String = digits.split_whitespace().collect();
            // M and N are no examples.
            if label.ends_with('=')
                || digits.len() < 4
                || !digits
                    .bytes()
                    .all(|byte| b"0123456789abcdef".contains(&byte))
            {
                continue;
            }
            match printed.last_mut() {
                Some((_, value)) if label.is_empty() => value.push_str(&digits),
                _ => printed.push((label.to_owned(), digits)),
            }
        }
    }
    printed
}

/// A label and what stands beside it, which is a column of its own where the label leaves room.
fn columns(line: &str) -> Option<(&str, &str)> {
    line.split_once("  ").or_else(|| line.rsplit_once(' '))
}

#[test]
fn what_the_chapters_print_is_in_the_vectors() {
    let mut known = BTreeSet::new();
    for file in all() {
        file.vectors()
            .iter()
            .for_each(|vector| texts(vector, &mut known));
    }
    let mut count = 0;
    for (name, least) in [
        ("04-key-exchange", 34),
        ("06-media-input", 5),
        ("07-wire", 6),
        ("12-reconnect", 18),
        ("15-identity", 12),
        ("16-receipts", 6),
        ("17-known-devices", 7),
    ] {
        let chapter = fs::read_to_string(files::folder().join(format!("../{name}.md"))).unwrap();
        let printed = printed(&chapter);
        assert!(printed.len() >= least, "{name}: {} values", printed.len());
        for (label, value) in printed {
            let there = known.iter().any(|text| text.starts_with(&value));
            assert!(there, "{name}: {label} {value} is in no vector");
            count += 1;
        }
    }
    assert!(count > 85, "{count}");
}
