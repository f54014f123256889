//! Every case. An id is never given to another case, and a case never gets another id.

mod client;
mod helper;
mod pair;
mod relay;
mod sharer;
mod tables;

pub(crate) use client::walk;
pub(crate) use relay::walk as relay_walk;
pub(crate) use tables::Next;

use crate::case::Case;

/// All of them, in the order in which they are run.
pub fn all() -> Vec<Case> {
    let mut all = [
        client::cases(),
        sharer::cases(),
        helper::cases(),
        relay::cases(),
        pair::cases(),
    ]
    .concat();
    for case in &mut all {
        let after = AFTER.iter().find(|(group, _)| case.id.starts_with(group));
        case.after = (case.after.take())
            .or_else(|| after.map(|(_, first)| (*first).to_owned()))
            .filter(|first| *first != case.id);
    }
    all
}

/// What the ids of cases begin with, and the case that shows that there is anything for these to look at. The first
/// that fits counts. None is named where something must not be seen or injected: that is looked at whatever else fails.
const AFTER: &[(&str, &str)] = &[
    ("client/again/", "client/again/back"),
    ("client/chat/", "client/chat/taken"),
    ("client/clipboard/", "client/clipboard/sent"),
    ("client/path/", "client/path/stands"),
    ("client/picture/", "client/picture/shown"),
    ("client/probe/", "client/probe/answered"),
    ("helper/again/", "client/again/back"),
    ("helper/epoch/", "helper/media/shown"),
    ("helper/exchange/", "helper/exchange/right"),
    ("helper/frame/", "helper/media/shown"),
    ("helper/grant/", "helper/grant/taken"),
    ("helper/media/", "helper/media/shown"),
    ("helper/path/", "client/path/stands"),
    ("helper/receipt/", "helper/receipt/right"),
    ("sharer/again/", "client/again/back"),
    ("sharer/exchange/", "sharer/exchange/right"),
    ("sharer/path/", "client/path/stands"),
    ("pair/chat/", "pair/consent/given"),
    ("pair/clipboard/", "pair/control/granted"),
    ("pair/control/", "pair/control/granted"),
    ("pair/frames/many", "pair/frames/same"),
    ("pair/pause/", "pair/consent/given"),
    ("pair/reconnect/", "pair/consent/given"),
    ("relay/card/", "relay/card/issued"),
    ("relay/code/", "relay/code/issued"),
    ("relay/connection/closed/", "relay/hello/answered"),
    ("relay/connection/greeting/", "relay/hello/answered"),
    ("relay/connection/idle/", "relay/hello/answered"),
    ("relay/connection/idle+account", "relay/sign-in/right"),
    ("relay/connection/signing-in", "relay/sign-in/right"),
    ("relay/connection/with-a-code", "relay/code/issued"),
    ("relay/connection/", "relay/join/live"),
    ("relay/device/", "relay/device/called"),
    ("relay/frames/", "relay/frames/carried"),
    ("relay/hold/", "relay/hold/back"),
    ("relay/join/", "relay/join/live"),
    ("relay/jwt/", "relay/jwt/right"),
    ("relay/pairing/", "relay/join/live"),
    ("relay/session/", "relay/session/carries"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        case::{Run, Target},
        driver::names,
        requirements::{self, Requirement},
    };

    #[test]
    fn what_a_case_needs_is_a_capability() {
        for case in all() {
            let capabilities = match case.run {
                Run::Relay(_) => &names().of_relays,
                Run::Client(..) | Run::Pair(_) => &names().capabilities,
            };
            for capability in &case.needs {
                // With either of two capabilities somebody can sign in at a relay.
                let known = capabilities.contains(*capability)
                    || *capability == "sign-in" && capabilities.contains("accounts");
                assert!(known, "{} needs {capability}, which nothing has", case.id);
            }
        }
    }

    #[test]
    fn what_a_case_stands_on_is_there_and_stands_on_nothing() {
        let all = all();
        let find = |id: &str| all.iter().find(|case| case.id == id);
        for case in &all {
            let id = &case.id;
            for other in case.after.iter().chain(&case.twin) {
                let found = find(other).unwrap_or_else(|| panic!("{id} names {other}"));
                let has = |target| found.targets().contains(target);
                assert!(case.targets().iter().all(has), "{id} names {other}");
                assert_ne!(other, id);
            }
            let first = case.after.iter().filter_map(|first| find(first));
            for first in first {
                assert_eq!(first.after, None, "{id} is after {}", first.id);
            }
        }
        for (group, first) in AFTER {
            let is_used = |case: &Case| case.id.starts_with(group) && case.after.is_some();
            assert!(all.iter().any(is_used), "no case begins with {group}");
            assert!(find(first).is_some(), "there is no {first}");
        }
    }

    /// Otherwise nothing says of it whether it is obeyed, and nobody notices.
    #[test]
    fn what_shows_outside_has_a_case_for_each_that_it_binds() {
        let all = all();
        let outside = |one: &&Requirement| ["wire", "driver"].contains(&one.observability.as_str());
        let must = |one: &&Requirement| !one.is_optional();
        let targets = [Target::Helper, Target::Sharer, Target::Relay];
        let has_case = |one: &Requirement, target| {
            let mut of = all.iter().filter(|case| case.targets().contains(&target));
            of.any(|case| case.checks_of(target).contains(&one.id))
        };
        let mut lacking = Vec::new();
        for one in requirements::all().values().filter(outside).filter(must) {
            let mut bound = targets.to_vec();
            bound.retain(|target| requirements::binds(one, *target));
            assert!(!bound.is_empty(), "{} binds nobody", one.id);
            bound.retain(|target| !has_case(one, *target));
            lacking.extend(bound.into_iter().map(|target| (&one.id, target)));
        }
        assert!(lacking.is_empty(), "no case shows these: {lacking:?}");
    }

    #[test]
    fn no_id_is_given_twice() {
        let mut ids = BTreeSet::new();
        for case in all() {
            assert!(ids.insert(case.id.clone()), "{} is there twice", case.id);
        }
    }

    #[test]
    fn each_check_is_of_a_requirement_that_a_target_of_its_case_has_to_obey() {
        for case in all() {
            let of_targets: Vec<_> = case
                .targets()
                .into_iter()
                .flat_map(|target| case.checks_of(target))
                .collect();
            for id in &case.checks {
                assert!(requirements::all().contains_key(*id), "there is no {id}");
                let theirs = of_targets.iter().any(|other| other == id);
                assert!(theirs, "{} is not for {id}", case.id);
            }
        }
    }
}
