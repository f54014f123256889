//! Which cases belong to a version of the specification. A set is frozen when its version is: what
//! comes later is in the next one, so that nobody fails tomorrow by what passed today.

/// The sets, by version.
const SETS: &[(&str, &str)] = &[("1.0", include_str!("../../sets/1.0.txt"))];

/// The ids of the cases of a version.
pub fn ids(version: &str) -> Option<Vec<&'static str>> {
    let (_, text) = SETS.iter().find(|(name, _)| *name == version)?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Some(lines.collect())
}

pub(super) fn holds(version: &str, case: &str) -> bool {
    ids(version).is_some_and(|ids| ids.contains(&case))
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

    use super::{SETS, ids};
    use crate::cases;

    #[test]
    fn every_case_of_a_set_is_there() {
        let there: BTreeSet<_> = cases::all().into_iter().map(|case| case.id).collect();
        for (version, _) in SETS {
            let ids = ids(version).unwrap();
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
        let ids: BTreeSet<_> = ids("1.0").unwrap().into_iter().collect();
        let all = cases::all();
        let lacking = all.iter().filter(|case| !ids.contains(case.id.as_str()));
        let lacking: Vec<_> = lacking.map(|case| &case.id).collect();
        assert!(
            lacking.is_empty(),
            "write the set anew: cargo conformance list --ids > conformance/sets/1.0.txt\n{lacking:?}"
        );
    }
}
