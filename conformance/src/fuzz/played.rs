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
