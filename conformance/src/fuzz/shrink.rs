//! Makes a session that shows something shorter, for as long as it still shows it.

use super::{
    edit::Edit,
    step::{Step, Wrong},
};

/// What is left when nothing more can go. `shows` says whether a session still shows it; it is asked at most so
/// often.
pub fn shrink(
    steps: Vec<Step>,
    mut most: usize,
    mut shows: impl FnMut(&[Step]) -> bool,
) -> Vec<Step> {
    let mut shows = |steps: &[Step]| {
        most = most.saturating_sub(1);
        most > 0 && shows(steps)
    };
    let mut steps = fewer(steps, &mut shows);
    for number in 0..steps.len() {
        let Some(Step::Wrong(wrong)) = steps.get(number).cloned() else {
            continue;
        };
        let with = |edits: &[Edit]| {
            let mut steps = steps.clone();
            let edits = edits.to_vec();
            if let Some(step) = steps.get_mut(number) {
                *step = Step::Wrong(Wrong {
                    edits,
                    ..wrong.clone()
                });
            }
            steps
        };
        let edits = fewer(wrong.edits.clone(), &mut |edits| shows(&with(edits)));
        steps = with(&edits);
    }
    steps
}

/// Leaves out as many as can be left out: halves first, then quarters, in the end one by one.
fn fewer<T: Clone>(mut all: Vec<T>, shows: &mut impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut size = all.len();
    while size > 0 {
        let mut from = all.len();
        while from > 0 {
            let start = from.saturating_sub(size);
            let mut less = all.clone();
            less.drain(start..from);
            if shows(&less) {
                all = less;
            }
            from = start;
        }
        size /= 2;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::step::Plane;

    #[test]
    fn what_is_left_out_does_not_matter() {
        let mut asked = 0;
        let left = fewer((0..40).collect(), &mut |left: &[u32]| {
            asked += 1;
            left.contains(&7) && left.contains(&31)
        });
        assert_eq!(left, [7, 31]);
        assert!(asked < 60, "{asked}");
    }

    #[test]
    fn changes_are_left_out_as_well() {
        let edits = vec![Edit::Set(0, 1), Edit::Add(2, 3), Edit::Twice];
        let wrong = |edits| {
            Step::Wrong(Wrong {
                plane: Plane::Session,
                message: "pad".to_owned(),
                edits,
            })
        };
        let steps = vec![Step::event("join"), wrong(edits), Step::event("refuse")];
        let shows = |steps: &[Step]| {
            let is_it = |step: &Step| matches!(step, Step::Wrong(wrong) if wrong.edits.contains(&Edit::Add(2, 3)));
            steps.iter().any(is_it)
        };
        assert_eq!(
            shrink(steps.clone(), 100, shows),
            [wrong(vec![Edit::Add(2, 3)])]
        );
        // Who may not ask changes nothing.
        assert_eq!(shrink(steps.clone(), 0, shows), steps);
    }
}
