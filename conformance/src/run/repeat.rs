//! The same case more than once.

use super::{Outcome, Verdict};

/// What became of a case that was run so often: the worst of it, and FLAKY if it was not always the same.
/// Nothing is kept of the others.
pub(super) fn merge(first: Outcome, others: impl Iterator<Item = Outcome>) -> Outcome {
    let mut verdicts = vec![first.verdict];
    let mut worst = first;
    for one in others {
        verdicts.push(one.verdict);
        let seconds = worst.seconds + one.seconds;
        if badness(&one) > badness(&worst) {
            worst = one;
        }
        worst.seconds = seconds;
    }
    let same = verdicts.iter().filter(|one| **one == worst.verdict).count();
    let all = verdicts.len();
    if same < all {
        let (verdict, why) = (worst.verdict, &worst.detail);
        worst.detail = format!("{verdict} in {same} of {all} runs: {why}");
        worst.verdict = Verdict::Flaky;
    }
    worst
}

/// What there is something to say of is worse than a PASS.
fn badness(outcome: &Outcome) -> u8 {
    match outcome.verdict {
        Verdict::Pass => 0,
        _ if !outcome.is_bad() => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, merge};
    use crate::run::verdict::tests::outcome;

    #[test]
    fn what_comes_out_otherwise_once_is_flaky() {
        let merged = |verdicts: &[Verdict]| {
            let mut all = verdicts.iter().map(|verdict| outcome(*verdict));
            let first = all.next().unwrap();
            merge(first, all)
        };
        use Verdict::{Fail, Pass, Warn};
        for (verdicts, detail) in [
            ([Pass, Fail, Pass], "FAIL in 1 of 3 runs: expected"),
            ([Warn, Fail, Warn], "FAIL in 1 of 3 runs: expected"),
            ([Pass, Warn, Pass], "WARN in 1 of 3 runs: expected"),
        ] {
            let merged = merged(&verdicts);
            assert_eq!(merged.verdict, Verdict::Flaky);
            assert!(merged.detail.starts_with(detail), "{}", merged.detail);
            assert!((merged.seconds - 1.5).abs() < 0.01, "{}", merged.seconds);
        }
        assert_eq!(merged(&[Fail, Fail]).verdict, Fail);
        assert_eq!(merged(&[Pass, Pass]).verdict, Pass);
    }
}
