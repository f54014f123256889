//! Every case. An id is never given to another case, and a case never gets another id.

mod client;
mod helper;
mod pair;
mod relay;
mod sharer;
mod tables;

use crate::case::Case;

/// All of them, in the order in which they are run.
pub fn all() -> Vec<Case> {
    [
        client::cases(),
        sharer::cases(),
        helper::cases(),
        relay::cases(),
        pair::cases(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{case::Run, driver::names, requirements};

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
