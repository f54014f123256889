//! What has come of a session, and whether that is a finding.

use super::{step::Step, trace::Trace};
use crate::stage::Stop;

/// What has come of a session.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Why it went no further.
    pub stop: Option<Stop>,
    /// The step at which that was.
    pub step: usize,
    /// What has shown since the suite was wrong.
    pub trace: Option<Trace>,
    /// The clause that the implementation blames for the end.
    pub clause: Option<String>,
    /// What says most likely what must come of the last step.
    pub blamed: Option<&'static str>,
    /// What was under test cannot play another.
    pub worn: bool,
    /// It took too much memory.
    pub memory: Option<Breach>,
}

/// What is wrong with what is under test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The requirement that is broken, as far as can be told.
    pub requirement: String,
    /// What must be.
    pub expected: String,
    /// What was.
    pub seen: String,
}

/// What a session says of what is under test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing is wrong.
    Right,
    /// Nothing: the reference does not get through it either, so the suite cannot say what must be. Why it does not.
    Open(String),
    /// It is wrong.
    Wrong(Breach),
}

/// Who blames nothing in particular blames this.
const UNNAMED: &str = "ERROR-2";

impl Played {
    /// Whether the reference has to play it as well, before anything is said.
    pub fn wants_another(&self) -> bool {
        self.trace.is_some() || self.stop.is_some() || self.memory.is_some()
    }

    /// What this says, beside what the reference did with the same steps.
    pub fn judge(&self, reference: &Self, steps: &[Step]) -> Judgement {
        if let Some(stop @ (Stop::Unsupported(_) | Stop::Untestable(_) | Stop::Harness(_))) =
            &self.stop
        {
            return Judgement::Open(stopped(stop, steps.get(self.step)).seen);
        }
        if let Some(breach) = &self.memory {
            return Judgement::Wrong(breach.clone());
        }
        if let Some(stop) = &reference.stop {
            let Breach { expected, seen, .. } = stopped(stop, steps.get(reference.step));
            return Judgement::Open(format!("expected {expected}; {seen}"));
        }
        if let Some(stop) = &self.stop {
            return Judgement::Wrong(stopped(stop, steps.get(self.step)));
        }
        let (Some(mine), Some(theirs)) = (&self.trace, &reference.trace) else {
            return Judgement::Right;
        };
        if mine.blames_another_fault(theirs) {
            let either = "of two faults in the same bytes either may be blamed";
            return Judgement::Open(either.to_owned());
        }
        match mine.differs(theirs) {
            None => Judgement::Right,
            Some((seen, expected)) => {
                let clause = reference.clause.clone().or_else(|| self.clause.clone());
                let clause = clause.or_else(|| reference.blamed.map(str::to_owned));
                Judgement::Wrong(Breach {
                    requirement: clause.unwrap_or_else(|| UNNAMED.to_owned()),
                    expected: format!("what the reference does: {expected}"),
                    seen,
                })
            }
        }
    }
}

fn stopped(stop: &Stop, step: Option<&Step>) -> Breach {
    let at = step.map(|step| format!("at {step}")).unwrap_or_default();
    match stop {
        Stop::Fails {
            blame,
            expected,
            seen,
        } => Breach {
            requirement: blame.first().to_owned(),
            expected: expected.clone(),
            seen: format!("{at}: {seen}"),
        },
        Stop::Timeout { awaited, seen } => Breach {
            requirement: UNNAMED.to_owned(),
            expected: awaited.clone(),
            seen: format!("{at}: {seen}"),
        },
        other => Breach {
            requirement: UNNAMED.to_owned(),
            expected: "it to go on, or to end in order".to_owned(),
            seen: format!("{at}: {other}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(words: &str) -> Played {
        let mut trace = Trace::default();
        trace.act(words, true);
        Played {
            trace: Some(trace),
            ..Played::default()
        }
    }

    fn stops(stop: Stop) -> Played {
        Played {
            stop: Some(stop),
            ..shows("x")
        }
    }

    fn in_vain() -> Stop {
        Stop::Timeout {
            awaited: "a close".to_owned(),
            seen: "there came nothing".to_owned(),
        }
    }

    fn wrong(judgement: Judgement) -> Breach {
        match judgement {
            Judgement::Wrong(breach) => breach,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_shows_alike_is_right() {
        let steps = [Step::event("join")];
        assert_eq!(shows("x").judge(&shows("x"), &steps), Judgement::Right);
        let plain = Played::default();
        assert!(!plain.wants_another());
        assert_eq!(plain.judge(&plain, &steps), Judgement::Right);
    }

    #[test]
    fn what_shows_otherwise_is_blamed_on_what_the_reference_blames() {
        let reference = Played {
            blamed: Some("CONSENT-7"),
            ..shows("y")
        };
        let breach = wrong(shows("x").judge(&reference, &[]));
        assert_eq!(breach.requirement, "CONSENT-7");
        let told = Played {
            clause: Some("WIRE-6".to_owned()),
            ..reference
        };
        assert_eq!(wrong(shows("x").judge(&told, &[])).requirement, "WIRE-6");
        let nobody = wrong(shows("x").judge(&shows("y"), &[]));
        assert_eq!(nobody.requirement, UNNAMED);
        assert_eq!(nobody.seen, r#"it tells ["\"x\" taken"]"#);
        assert!(nobody.expected.ends_with(r#"it tells ["\"y\" taken"]"#));
    }

    #[test]
    fn who_goes_no_further_is_wrong_if_the_reference_does() {
        let steps = [Step::event("hello"), Step::event("join")];
        let stuck = Played {
            step: 1,
            ..stops(in_vain())
        };
        assert!(stuck.wants_another());
        let breach = wrong(stuck.judge(&shows("x"), &steps));
        assert_eq!(breach.expected, "a close");
        assert_eq!(breach.seen, "at join: there came nothing");
        let open = stuck.judge(&stuck, &steps);
        assert!(matches!(open, Judgement::Open(_)), "{open:?}");
        let cannot = stops(Stop::Untestable("no clock".to_owned()));
        let open = cannot.judge(&shows("x"), &steps);
        assert!(matches!(open, Judgement::Open(_)), "{open:?}");
    }

    #[test]
    fn memory_is_wrong_whatever_the_reference_does() {
        let breach = Breach {
            requirement: "ERROR-3".to_owned(),
            expected: "little".to_owned(),
            seen: "much".to_owned(),
        };
        let much = Played {
            memory: Some(breach.clone()),
            ..Played::default()
        };
        assert!(much.wants_another());
        assert_eq!(wrong(much.judge(&stops(in_vain()), &[])), breach);
    }
}
