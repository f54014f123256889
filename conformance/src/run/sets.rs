//! Which cases belong to a version of the specification. A set is frozen when its version is: what
//! comes later is in the next one, so that nobody fails tomorrow by what passed today.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

/// The sets, by version.
const SETS: &[(&str, &str)] = &[("1.0", include_str!("../../sets/1.0.txt"))];

/// The ids of the cases of a text.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

pub(super) fn holds(version: &str, case: &str) -> bool {
    static READ: LazyLock<BTreeMap<&str, BTreeSet<&str>>> = LazyLock::new(|| {
        let sets = SETS.iter();
        sets.map(|(version, text)| (*version, ids(text).collect()))
            .collect()
    });
    READ.get(version).is_some_and(|set| set.contains(case))
}

/// A version that has a set.
///
/// # Errors
/// The others, in words.
pub(super) fn known(version: &str) -> Result<String, String> {
    let names: Vec<_> = SETS.iter().map(|(name, _)| *name).collect();
    match names.contains(&version) {
        true => Ok(version.to_owned()),
        false => Err(format!("there are sets for {}", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{SETS, holds, ids};
    use crate::cases;

    #[test]
    fn every_case_of_a_set_is_there() {
        let there: BTreeSet<_> = cases::all().into_iter().map(|case| case.id).collect();
        for (version, text) in SETS {
            let ids: Vec<_> = ids(text).collect();
            let unknown: Vec<_> = ids.iter().filter(|id| !there.contains(**id)).collect();
            assert!(
                unknown.is_empty(),
                "cases of {version} are gone, and people have them in their files: {unknown:?}"
            );
            assert!(
                ids.is_sorted(),
                "conformance/sets/{version}.txt is not sorted"
            );
        }
    }

    /// Until 1.0 is out, its set is all there is.
    #[test]
    fn the_draft_has_every_case() {
        let all = cases::all();
        let lacking = all.iter().filter(|case| !holds("1.0", &case.id));
        let lacking: Vec<_> = lacking.map(|case| &case.id).collect();
        assert!(
            lacking.is_empty(),
            "write the set anew: cargo conformance list --ids > conformance/sets/1.0.txt\n{lacking:?}"
        );
    }
}
