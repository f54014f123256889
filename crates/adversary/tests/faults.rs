//! Bugs that are put in, one at a time: each breaks its property, and the walk that shows it is as short as it gets.
#![cfg(feature = "mutants")]
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
};

use alongside_adversary::properties::{PROPERTIES, Property};
use alongside_state_machine::mutant;
use common::{bytes, cases};
use proptest::{
    prelude::*,
    test_runner::{Config, TestError, TestRunner},
};

/// So many walks find it at the latest.
const WALKS: u32 = 2_000;

/// The walk that breaks it, told act by act, and after how many it was found.
fn found(property: &'static Property) -> Option<(usize, String)> {
    let walks = bytes(property.sizes).prop_map(|bytes| (property.walk)(&bytes));
    let config = Config {
        failure_persistence: None,
        ..cases(WALKS, "")
    };
    let mut runner = TestRunner::new(config);
    let (tried, first) = (Cell::new(0), Cell::new(None));
    let done = runner.run(&walks, |walk| {
        tried.set(tried.get() + 1);
        // What this bug breaks besides is for others.
        let played = panic::catch_unwind(AssertUnwindSafe(|| property.holds(&*walk)));
        if let Ok(Err(broken)) = played {
            first.set(first.get().or(Some(tried.get())));
            return Err(TestCaseError::fail(broken.to_string()));
        }
        Ok(())
    });
    match done {
        Err(TestError::Fail(why, walk)) => Some((first.get()?, format!("{why}\n{walk:?}"))),
        _ => None,
    }
}

#[test]
fn each_bug_breaks_its_property() {
    let loud = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    for property in PROPERTIES {
        for name in property.mutants {
            assert!(mutant::choose(name), "no such mutant: {name}");
            match found(property) {
                Some((walks, told)) => println!("{name}: walk {walks}: {told}"),
                None => missed.push((property.name, name)),
            }
        }
    }
    panic::set_hook(loud);
    assert!(missed.is_empty(), "nothing is found of {missed:?}");
}
