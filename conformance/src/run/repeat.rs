//! The same case more than once.

use super::{Outcome, Verdict};

/// What became of a case that was run so often: the worst of it, and FLAKY if it was not always the same.
pub(super) fn merge(mut outcomes: Vec<Outcome>) -> Outcome {
    let all = outcomes.len();
    let verdicts: Vec<Verdict> = outcomes.iter().map(|outcome| outcome.verdict).collect();
    let worst = outcomes.iter().position(Outcome::is_bad);
    let seconds = outcomes.iter().map(|outcome| outcome.seconds).sum();
    let mut outcome = outcomes.swap_remove(worst.unwrap_or(0));
    outcome.seconds = seconds;
    if verdicts.iter().any(|verdict| *verdict != outcome.verdict) {
        let same = verdicts.iter().filter(|one| **one == outcome.verdict);
        outcome.detail = format!(
            "{} in {} of {all} runs: {}",
            outcome.verdict,
            same.count(),
            outcome.detail
        );
        outcome.verdict = Verdict::Flaky;
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::{Verdict, merge};
    use crate::run::verdict::tests::outcome;

    #[test]
    fn what_comes_out_otherwise_once_is_flaky() {
        let (pass, fail) = (outcome(Verdict::Pass), outcome(Verdict::Fail));
        let merged = merge(vec![pass.clone(), fail.clone(), pass.clone()]);
        assert_eq!(merged.verdict, Verdict::Flaky);
        assert!(
            merged.detail.starts_with("FAIL in 1 of 3 runs"),
            "{}",
            merged.detail
        );
        assert_eq!(merge(vec![fail.clone(), fail]).verdict, Verdict::Fail);
        assert_eq!(merge(vec![pass.clone(), pass]).verdict, Verdict::Pass);
    }
}
