//! What a case has seen of the requirements that it is about.

use super::{ClientStage, Done, PairStage, RelayStage, Stop};

/// The requirements of which at least one is broken if something is not seen, the likeliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame(Vec<&'static str>);

impl Blame {
    /// The one that is named first.
    pub fn first(&self) -> &'static str {
        self.0.first().copied().unwrap_or_default()
    }

    /// Those that it may be as well.
    pub fn others(&self) -> &[&'static str] {
        self.0.get(1..).unwrap_or_default()
    }
}

impl From<&'static str> for Blame {
    fn from(requirement: &'static str) -> Self {
        Self(vec![requirement])
    }
}

impl<const N: usize> From<[&'static str; N]> for Blame {
    fn from(requirements: [&'static str; N]) -> Self {
        Self(requirements.to_vec())
    }
}

impl From<&[&'static str]> for Blame {
    fn from(requirements: &[&'static str]) -> Self {
        Self(requirements.to_vec())
    }
}

impl From<&Self> for Blame {
    fn from(blame: &Self) -> Self {
        blame.clone()
    }
}

/// The requirements that were seen to hold. Nothing gets in here that was not looked at.
#[derive(Debug, Default)]
pub(super) struct Ledger(Vec<&'static str>);

impl Ledger {
    /// Notes whether requirements hold.
    pub(super) fn check(
        &mut self,
        blame: &Blame,
        held: bool,
        expected: &str,
        seen: impl Into<String>,
    ) -> Done {
        match held {
            true => self.judge(blame, Ok(())),
            false => Err(Stop::Fails {
                blame: blame.clone(),
                expected: expected.to_owned(),
                seen: seen.into(),
            }),
        }
    }

    /// Steps that requirements call for were done, or what they waited for did not come.
    pub(super) fn judge<T>(&mut self, blame: &Blame, done: Done<T>) -> Done<T> {
        match done {
            Ok(value) => {
                for id in &blame.0 {
                    if !self.0.contains(id) {
                        self.0.push(id);
                    }
                }
                Ok(value)
            }
            Err(Stop::Timeout { awaited, seen }) => Err(Stop::Fails {
                blame: blame.clone(),
                expected: awaited,
                seen,
            }),
            Err(stop) => Err(stop),
        }
    }

    /// All of them.
    pub(super) fn held(self) -> Vec<&'static str> {
        self.0
    }
}

/// What every stage does with its ledger.
macro_rules! keeps_a_ledger {
    ($($stage:ident),*) => { $(
        impl $stage<'_> {
            /// Notes whether a requirement holds.
            ///
            /// # Errors
            /// If it does not.
            pub fn check(
                &mut self,
                blame: impl Into<Blame>,
                held: bool,
                expected: &str,
                seen: impl Into<String>,
            ) -> Done {
                self.ledger.check(&blame.into(), held, expected, seen)
            }

            /// Takes steps of which a requirement says that what they wait for comes.
            ///
            /// # Errors
            /// If it does not.
            pub fn must<T>(
                &mut self,
                blame: impl Into<Blame>,
                steps: impl FnOnce(&mut Self) -> Done<T>,
            ) -> Done<T> {
                let done = steps(self);
                self.ledger.judge(&blame.into(), done)
            }
        }
    )* };
}

keeps_a_ledger!(ClientStage, RelayStage, PairStage);

#[cfg(test)]
mod tests {
    use super::*;

    fn in_vain() -> Stop {
        Stop::Timeout {
            awaited: "an answer".to_owned(),
            seen: "nothing came".to_owned(),
        }
    }

    #[test]
    fn what_does_not_come_is_blamed_on_what_calls_for_it() {
        let mut ledger = Ledger::default();
        let blame = Blame::from(["KEX-7", "KEX-10"]);
        let stop = ledger.judge(&blame, Err::<(), _>(in_vain()));
        let fails = Stop::Fails {
            blame,
            expected: "an answer".to_owned(),
            seen: "nothing came".to_owned(),
        };
        assert_eq!(stop, Err(fails));
        assert!(ledger.held().is_empty());
    }

    #[test]
    fn what_breaks_down_is_nobodys_fault() {
        let mut ledger = Ledger::default();
        let stop = Stop::Crash("it is gone".to_owned());
        let judged = ledger.judge(&"KEX-7".into(), Err::<(), _>(stop.clone()));
        assert_eq!(judged, Err(stop));
    }

    #[test]
    fn what_was_seen_is_noted_once() {
        let mut ledger = Ledger::default();
        let blame = Blame::from(["KEX-7", "KEX-10"]);
        assert_eq!(ledger.check(&blame, true, "", ""), Ok(()));
        assert_eq!(ledger.check(&"KEX-7".into(), true, "", ""), Ok(()));
        assert_eq!(ledger.held(), ["KEX-7", "KEX-10"]);
    }
}
