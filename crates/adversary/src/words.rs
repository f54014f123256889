//! What people are told that went wrong: with the requirement that was broken, which is one of the specification.

use std::{collections::BTreeSet, fmt::Display, sync::LazyLock};

use alongside_state_machine::{
    error::{Fault, Misuse},
    relay::Violation,
};
use alongside_wire::{DecodeError, ErrorCode, Scopes};
use serde_json::Value;

static REQUIREMENTS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let text = include_str!("../../../spec/requirements.json");
    let all: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
    let ids = all.iter().filter_map(|one| one["id"].as_str());
    ids.map(str::to_owned).collect()
});

/// Something that somebody is blamed for.
pub(crate) trait Blame: Display {
    /// The requirement that was broken.
    fn breaks(&self) -> &'static str;

    /// What they are told.
    fn told(&self) -> ErrorCode;
}

macro_rules! blames {
    ($($fault:ty),*) => {
        $(impl Blame for $fault {
            fn breaks(&self) -> &'static str {
                self.clause()
            }

            fn told(&self) -> ErrorCode {
                self.code()
            }
        })*
    };
}

blames!(DecodeError, Fault, Violation);

/// Holds what is said of a fault against the specification.
pub(crate) fn blamed(fault: &impl Blame) {
    let (text, clause) = (fault.to_string(), fault.breaks());
    assert!(REQUIREMENTS.contains(clause), "no requirement: {clause}");
    let about = text.strip_suffix(&format!(" [{clause}]"));
    assert!(about.is_some_and(|about| !about.is_empty()), "{text}");
    named(fault.told());
}

/// What is wrong has a name, and is read as it was written.
pub(crate) fn named(code: ErrorCode) {
    assert_eq!(ErrorCode::from_wire(code.to_wire()), Some(code));
    assert!(!code.to_string().is_empty(), "{code:?} has no name");
}

/// Scopes are told by their names, each once.
pub(crate) fn listed(scopes: Scopes) {
    let text = scopes.to_string();
    let mut names: Vec<_> = text.split(", ").filter(|name| *name != "nothing").collect();
    for (scope, name) in Scopes::REGISTERED {
        let told = names.iter().filter(|told| *told == name).count();
        assert_eq!(told, usize::from(scopes.contains(*scope)), "{text}");
        names.retain(|told| told != name);
    }
    assert!(names.is_empty(), "{text}");
}

/// What is said of something that a person typed or pasted.
pub(crate) fn told(error: &impl Display) {
    let text = error.to_string();
    let clause = text
        .rsplit_once('[')
        .and_then(|(_, end)| end.strip_suffix(']'));
    let known = clause.is_none_or(|clause| REQUIREMENTS.contains(clause));
    assert!(known && !text.is_empty(), "{text}");
}

/// What is said to somebody whose machine did not do as they wanted.
pub(crate) fn refused(misuse: Misuse) {
    assert!(!misuse.to_string().is_empty());
}
