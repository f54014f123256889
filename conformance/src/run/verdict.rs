//! What became of a case.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Errand, Evidence, Pairing, optional};
use crate::{case::Target, requirements, stage::Stop};

/// In a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Everything that must be was seen.
    Pass,
    /// Something that must be was not.
    Fail,
    /// Something that should be was not.
    Warn,
    /// Something that may be was not.
    Info,
    /// It does not have what the case is about, and need not.
    Unsupported,
    /// The suite lacks a hook to bring it about.
    Untestable,
    /// A case that this one needs has failed.
    Blocked,
    /// Something on the way did not come.
    Timeout,
    /// What is under test broke down.
    Crash,
    /// The suite broke down.
    HarnessError,
    /// It failed, as was expected.
    Xfail,
    /// It passed, and was expected to fail.
    Xpass,
    /// It did not come out the same each time.
    Flaky,
}

impl Verdict {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Pass,
        Self::Fail,
        Self::Warn,
        Self::Info,
        Self::Unsupported,
        Self::Untestable,
        Self::Blocked,
        Self::Timeout,
        Self::Crash,
        Self::HarnessError,
        Self::Xfail,
        Self::Xpass,
        Self::Flaky,
    ];

    /// As it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Unsupported => "UNSUPPORTED",
            Self::Untestable => "UNTESTABLE",
            Self::Blocked => "BLOCKED",
            Self::Timeout => "TIMEOUT",
            Self::Crash => "CRASH",
            Self::HarnessError => "HARNESS_ERROR",
            Self::Xfail => "XFAIL",
            Self::Xpass => "XPASS",
            Self::Flaky => "FLAKY",
        }
    }

    /// Whether what is under test does not conform, or it is not known. See also [`Outcome::is_bad`].
    pub const fn is_bad(self) -> bool {
        !matches!(
            self,
            Self::Pass | Self::Warn | Self::Info | Self::Unsupported | Self::Xfail
        )
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

fn not_run(because: &str) -> String {
    format!("it was not run, because {because} did not pass")
}

/// What became of a case, with all that is known of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The case.
    pub case: String,
    /// What it is about.
    pub title: String,
    /// Against what it was run.
    pub target: Target,
    /// Against which pair, if there were several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairing: Option<Pairing>,
    /// What became of it.
    pub verdict: Verdict,
    /// The requirement that was broken, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
    /// The requirements of which it may be one as well: the suite cannot tell them apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub or: Vec<String>,
    /// Why, in words; empty if it passed.
    pub detail: String,
    /// The requirements that were seen to hold.
    pub held: Vec<String>,
    /// The requirements that it is about.
    pub checks: Vec<String>,
    /// How long it took.
    pub seconds: f64,
    /// What it drew its random numbers from.
    pub seed: u64,
    /// Why it was expected, or was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What came of it, where the verdict says how that compares with what was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came: Option<Verdict>,
    /// Where the bundle of it is, from the folder of the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    /// All that was said and heard.
    #[serde(skip)]
    pub evidence: Evidence,
}

impl Outcome {
    /// Whether it was not run because of that.
    pub(crate) fn is_blocked_by(&self, because: &str) -> bool {
        self.verdict == Verdict::Blocked && self.detail == not_run(because)
    }

    /// It was not run, because of that.
    pub(super) fn blocked(errand: &Errand, seed: u64, because: &str) -> Self {
        let mut outcome = Self::of(errand, seed);
        outcome.verdict = Verdict::Blocked;
        outcome.detail = not_run(because);
        outcome
    }

    /// Whether what is under test does not conform by this, or it is not known.
    pub fn is_bad(&self) -> bool {
        match self.verdict {
            Verdict::Untestable => self.is_about_a_must(),
            verdict => verdict.is_bad(),
        }
    }

    fn is_about_a_must(&self) -> bool {
        let known = self
            .checks
            .iter()
            .filter_map(|id| requirements::all().get(id));
        self.checks.is_empty() || known.into_iter().any(|one| !one.is_optional())
    }

    /// Whether the case was run, and not only looked at. What was expected was not run for that.
    pub fn was_run(&self) -> bool {
        !matches!(
            self.came.unwrap_or(self.verdict),
            Verdict::Unsupported | Verdict::Untestable | Verdict::Blocked
        )
    }

    /// Whether this requirement was broken, or one that the suite cannot tell from it.
    pub fn blames(&self, id: &str) -> bool {
        self.requirement.as_deref() == Some(id) || self.or.iter().any(|other| other == id)
    }

    /// The case and what it was run against, as one name.
    pub fn name(&self) -> String {
        format!("{}@{}", self.case, self.on())
    }

    /// What it was run against, in a word.
    pub fn on(&self) -> String {
        super::on(self.target, self.pairing.as_ref())
    }

    pub(super) fn of(errand: &Errand, seed: u64) -> Self {
        Self {
            case: errand.case.id.clone(),
            title: errand.case.title.clone(),
            target: errand.target,
            pairing: errand.pairing.clone(),
            verdict: Verdict::Pass,
            requirement: None,
            or: Vec::new(),
            detail: String::new(),
            held: Vec::new(),
            checks: errand.case.checks_of(errand.target),
            seconds: 0.0,
            seed,
            expected: None,
            came: None,
            bundle: None,
            evidence: Evidence::default(),
        }
    }

    /// It came to its end; each requirement that it is about must have been looked at.
    pub(super) fn ended(&mut self, held: &[&'static str], took: Duration) {
        self.held = held.iter().map(ToString::to_string).collect();
        self.seconds = took.as_secs_f64();
        let missing: Vec<_> = self
            .checks
            .iter()
            .filter(|id| !self.held.contains(id))
            .cloned()
            .collect();
        if self.verdict == Verdict::Pass && !missing.is_empty() {
            self.verdict = Verdict::HarnessError;
            self.detail = format!(
                "the case came to its end without a look at {}",
                missing.join(", ")
            );
        }
    }

    /// It went no further.
    pub(super) fn stopped(&mut self, stop: &Stop) {
        self.detail = stop.to_string();
        self.verdict = match stop {
            Stop::Fails { blame, .. } => {
                self.requirement = Some(blame.first().to_owned());
                self.or = blame.others().iter().map(ToString::to_string).collect();
                let known = requirements::all().get(blame.first());
                broken(known.map_or("MUST", |one| &one.level))
            }
            Stop::Timeout { .. } => Verdict::Timeout,
            Stop::Unsupported(what) => optional::verdict(what),
            Stop::Untestable(_) => Verdict::Untestable,
            Stop::Crash(_) => Verdict::Crash,
            Stop::Driver(_) => Verdict::Fail,
            Stop::Harness(_) => Verdict::HarnessError,
        };
        if let (Stop::Unsupported(what), Verdict::Fail) = (stop, self.verdict) {
            self.detail = format!("{what:?} is unsupported, and every client of this role has it");
        }
    }
}

/// How bad it is to break a requirement of this level.
fn broken(level: &str) -> Verdict {
    match level {
        "SHOULD" | "SHOULD NOT" | "RECOMMENDED" => Verdict::Warn,
        "MAY" | "OPTIONAL" => Verdict::Info,
        _ => Verdict::Fail,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An outcome of a case that checks a MUST.
    pub(crate) fn outcome(verdict: Verdict) -> Outcome {
        Outcome {
            case: "sharer/consent/given".to_owned(),
            title: "nothing is seen before the person agrees".to_owned(),
            target: Target::Sharer,
            pairing: None,
            verdict,
            requirement: None,
            or: Vec::new(),
            detail: match verdict {
                Verdict::Pass => String::new(),
                _ => "expected <this> & that; there came \"nothing\"".to_owned(),
            },
            held: Vec::new(),
            checks: vec!["CONSENT-2".to_owned()],
            seconds: 0.5,
            seed: 1,
            expected: None,
            came: None,
            bundle: None,
            evidence: Evidence::default(),
        }
    }

    #[test]
    fn what_cannot_be_tested_fails_if_it_must_be() {
        let mut untestable = outcome(Verdict::Untestable);
        assert!(untestable.is_bad());
        untestable.checks = vec!["NONE-1".to_owned()];
        assert!(!untestable.is_bad());
    }

    #[test]
    fn what_should_be_is_warned_of_and_what_may_be_is_noted() {
        for (level, verdict) in [
            ("MUST", Verdict::Fail),
            ("MUST NOT", Verdict::Fail),
            ("SHOULD", Verdict::Warn),
            ("SHOULD NOT", Verdict::Warn),
            ("RECOMMENDED", Verdict::Warn),
            ("MAY", Verdict::Info),
            ("OPTIONAL", Verdict::Info),
        ] {
            assert_eq!(broken(level), verdict, "{level}");
        }
    }

    #[test]
    fn a_case_that_looks_away_is_no_pass() {
        let mut outcome = outcome(Verdict::Pass);
        outcome.ended(&[], Duration::ZERO);
        assert_eq!(outcome.verdict, Verdict::HarnessError);
    }
}
