//! The requirements that are seen from outside and have a case, but no mutant: a list that only gets shorter.

use std::collections::BTreeSet;

use alongside_state_machine::mutant;

use crate::{case::Target, requirements, run::expect::is_of};

const LISTED: &str = include_str!("../../../without-mutant.txt");

/// A requirement, of a client or of a relay.
type Row = (&'static str, String);

const CLIENT: &str = "client";
const RELAY: &str = "relay";

/// The list as it should be.
pub(super) fn text() -> String {
    let rows = missing();
    rows.iter().map(|(of, id)| format!("{of} {id}\n")).collect()
}

/// Holds the list against what there is.
pub(super) fn check() -> Result<(), String> {
    let missing = missing();
    let missing: BTreeSet<_> = missing
        .iter()
        .map(|(of, id)| format!("{of} {id}"))
        .collect();
    let listed: BTreeSet<_> = LISTED.lines().map(str::to_owned).collect();
    let words = |rows: Vec<&String>| {
        rows.iter()
            .map(|row| row.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let new: Vec<_> = missing.difference(&listed).collect();
    if !new.is_empty() {
        return Err(format!("a case and no mutant: {}", words(new)));
    }
    let old: Vec<_> = listed.difference(&missing).collect();
    match old.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "to be taken off without-mutant.txt: {}",
            words(old)
        )),
    }
}

/// Holds what the mutants say that may fail as well against the cases and requirements that there are.
pub(super) fn check_also() -> Result<(), String> {
    let cases = super::cases();
    let ids = cases.iter().map(|case| case.id.as_str());
    let names: Vec<_> = ids
        .chain(requirements::all().keys().map(String::as_str))
        .collect();
    let of = |(_, mutant): (_, &'static mutant::Mutant)| {
        let also = mutant.also.iter();
        also.map(move |also| (mutant.name, *also))
    };
    let unknown = |(_, also): &(&str, &str)| !names.iter().any(|name| is_of(also, name));
    match mutant::all().flat_map(of).find(unknown) {
        Some((name, also)) => Err(format!(
            "{name}: neither a case nor a requirement is {also}"
        )),
        None => Ok(()),
    }
}

fn missing() -> Vec<Row> {
    let have: BTreeSet<Row> = mutant::all()
        .map(|(target, mutant)| {
            let of = match target {
                mutant::Target::Relay => RELAY,
                _ => CLIENT,
            };
            (of, mutant.requirement().to_owned())
        })
        .collect();
    let mut rows: Vec<_> = wanted().difference(&have).cloned().collect();
    let key = |(of, id): &Row| {
        (
            *of,
            requirements::order(id).0.to_owned(),
            requirements::order(id).1,
        )
    };
    rows.sort_by_key(key);
    rows
}

fn wanted() -> BTreeSet<Row> {
    let mut wanted = BTreeSet::new();
    for case in super::cases() {
        let of: BTreeSet<_> = (case.targets().into_iter())
            .filter_map(|target| match target {
                Target::Helper | Target::Sharer => Some(CLIENT),
                Target::Relay => Some(RELAY),
                Target::Pair => None,
            })
            .collect();
        let seen = case.checks.iter().filter(|id| {
            let requirement = requirements::all().get(**id);
            requirement.is_some_and(|one| {
                let outside = ["wire", "driver"].contains(&one.observability.as_str());
                outside && !one.is_optional()
            })
        });
        for id in seen {
            wanted.extend(of.iter().map(|of| (*of, (*id).to_owned())));
        }
    }
    wanted
}
