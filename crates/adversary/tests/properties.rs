//! Each safety property of the model, by its number: random walks find nothing that breaks it. `faults.rs` shows that
//! they would.
#![allow(clippy::unwrap_used)]

mod common;

use std::{collections::BTreeSet, fs, path::Path};

use alongside_adversary::properties::{PROPERTIES, Property};
use common::{bytes, cases};
use proptest::{prelude::*, test_runner::TestRunner};

/// So many walks for each.
const WALKS: u32 = 64;

/// Says the walk act by act if it breaks the property, after all acts that it can do without were left out.
fn holds(number: u8) {
    let property = Property::of(number).unwrap();
    let walks = bytes(property.sizes).prop_map(|bytes| (property.walk)(&bytes));
    let mut runner = TestRunner::new(cases(WALKS, "proptest-regressions/properties.txt"));
    let done = runner.run(&walks, |walk| Ok(property.holds(&*walk)?));
    if let Err(found) = done {
        panic!("{found}");
    }
}

macro_rules! properties {
    ($($number:literal $name:ident;)*) => {
        $(#[test]
        fn $name() {
            holds($number);
        })*

        const TESTS: &[(u8, &str)] = &[$(($number, stringify!($name)),)*];
    };
}

properties! {
    1 nothing_is_seen_before_consent;
    2 nothing_is_injected_without_a_grant;
    3 a_code_takes_one_join;
    4 nothing_is_sealed_or_taken_in_a_paused_epoch;
    5 nothing_is_put_out_after_an_end;
    6 nobody_widens_a_scope;
    7 silence_denies;
    8 after_a_pause_or_a_lost_link_there_is_no_control;
    9 no_key_meets_a_number_twice;
    10 both_are_out_in_time;
    11 a_willing_pair_gets_there;
    12 a_liar_breaks_none_of_them;
}

fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap()
}

/// The properties in the words of the model, which has no keys and so no number 9.
fn of_the_model() -> Vec<(u8, String)> {
    let text = text("spec/model/README.md");
    let (_, listed) = text.split_once("## Properties and faults").unwrap();
    let (listed, _) = listed.split_once("`NoBlame`").unwrap();
    let mut all: Vec<(u8, String)> = Vec::new();
    for line in listed.lines() {
        let numbered = line.split_once(". ");
        let numbered = numbered.and_then(|(number, says)| Some((number.parse().ok()?, says)));
        match (numbered, all.last_mut()) {
            (Some((number, says)), _) => all.push((number, says.to_owned())),
            (None, Some((_, says))) if line.starts_with("    ") => {
                *says = format!("{says} {}", line.trim());
            }
            _ => {}
        }
    }
    all.push((
        9,
        "No two records are sealed with one key and number.".to_owned(),
    ));
    all.sort();
    all
}

#[test]
fn each_property_of_the_model_has_its_test_and_a_bug_that_breaks_it() {
    let numbers: Vec<_> = of_the_model().iter().map(|(number, _)| *number).collect();
    let tested: Vec<_> = TESTS.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, tested);
    let named: Vec<_> = PROPERTIES
        .iter()
        .map(|one| (one.number, one.name))
        .collect();
    assert_eq!(named, TESTS);
    for property in PROPERTIES {
        let mutants: BTreeSet<_> = property.mutants.iter().collect();
        assert!(!mutants.is_empty(), "{}", property.name);
    }
}

#[test]
fn the_guide_has_each_property() {
    let mut table = String::new();
    for ((number, says), property) in of_the_model().iter().zip(PROPERTIES) {
        let mutants: Vec<_> = property
            .mutants
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let (name, mutants) = (property.name, mutants.join(", "));
        table += &format!("| {number} | {says} | `{name}` | {mutants} |\n");
    }
    let guide = text("fuzz/README.md");
    assert!(guide.contains(&table), "fuzz/README.md has not:\n{table}");
}
