//! What somebody knows that their implementation does not do yet: a file in their own repository.
//!
//! ```toml
//! [[expect]]
//! case = "sharer/consent/silence"  # or a group, "sharer/consent/*", of which those count that fail
//! target = "sharer"                # any without it
//! pair = "1-2"                     # of several pairs the second sharer with the first helper; any without it
//! verdict = "FAIL"
//! match = "CONSENT-4"              # the detail holds this; any without it
//! reason = "the prompt has no time limit yet"
//! issue = "https://example.org/issues/12"
//! expires = 2027-01-31
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use toml::value::{Date, Datetime};

use super::{Outcome, SETUP, Verdict};
use crate::{case::Target, report::date, words::nearest};

/// One failure that is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The case.
    pub case: String,
    /// Against what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// With which pair, of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair: Option<String>,
    /// What becomes of it.
    pub verdict: Verdict,
    /// What the detail holds.
    #[serde(default, rename = "match")]
    pub matches: String,
    /// Why.
    pub reason: String,
    /// Where it is followed up.
    #[serde(default)]
    pub issue: String,
    /// The last day on which it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Datetime>,
}

/// A file of them.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    expect: Vec<Expectation>,
}

/// What a file that is written begins with.
const HEAD: &str =
    "# Failures that are known. Say why of each, and take it out when it is put right.\n\n";
/// For so many days what is written counts.
const DAYS: u64 = 90;

/// All of them, and which have come true.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    all: Vec<Expectation>,
    today: Option<Date>,
    /// Those that came true, each with what it came true of.
    seen: BTreeMap<usize, Vec<Expectation>>,
    /// Those of which a case has passed.
    passed: BTreeSet<usize>,
    /// What came instead of what was expected, of each the latest.
    instead: BTreeMap<usize, String>,
    run: BTreeSet<(String, Target, Option<String>)>,
}

/// An expectation that is no longer right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    /// Of this case.
    pub case: String,
    /// Why it is not right.
    pub why: String,
}

impl Expectations {
    /// Reads a file of them.
    ///
    /// # Errors
    /// If it is none; in words.
    pub fn read(text: &str, today: Date) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        for one in &file.expect {
            if !one.verdict.is_bad() || one.verdict == Verdict::Xpass {
                return Err(format!("{}: {} is no failure", one.case, one.verdict));
            }
            if one.verdict == Verdict::HarnessError {
                return Err(format!(
                    "{}: {} is a fault of the suite, and nothing to expect: take it out",
                    one.case, one.verdict
                ));
            }
            if one.reason.trim().is_empty() {
                return Err(format!("{}: the reason is empty", one.case));
            }
            if one.expires.is_some_and(|when| when.date.is_none()) {
                return Err(format!("{}: expires is no date", one.case));
            }
        }
        Ok(Self {
            all: file.expect,
            today: Some(today),
            ..Self::default()
        })
    }

    /// Makes XFAIL of what was expected, and XPASS of what was not to pass.
    pub fn apply(&mut self, outcome: &mut Outcome) {
        let of = (outcome.case.clone(), outcome.target, owned_pair(outcome));
        let (bad, verdict) = (outcome.is_bad(), outcome.verdict);
        // Of what was not run nothing is known.
        if verdict != Verdict::Blocked {
            self.run.insert(of);
        }
        for (place, one) in self.all.iter().enumerate() {
            if !one.is_about(outcome) || self.has_expired(one) {
                continue;
            }
            let comes_true = bad && one.verdict == verdict && outcome.detail.contains(&one.matches);
            let passes = verdict == Verdict::Pass && !one.is_of_group();
            if comes_true || passes {
                outcome.expected = Some(one.why());
                outcome.came = Some(verdict);
            }
            if comes_true {
                self.seen.entry(place).or_default().push(one.only(outcome));
                outcome.verdict = Verdict::Xfail;
            } else if passes {
                self.passed.insert(place);
                outcome.verdict = Verdict::Xpass;
                outcome.detail = format!(
                    "it passes, and was expected to be {}: take its entry out",
                    one.verdict
                );
            } else if verdict != Verdict::Pass {
                let came = format!("{verdict}: {}", outcome.detail);
                // A failure says more than what is none.
                match bad {
                    true => drop(self.instead.insert(place, came)),
                    false => drop(self.instead.entry(place).or_insert(came)),
                }
            }
        }
    }

    /// A file that expects every failure of these, as they are after [`Self::apply`]. Of what was expected it has
    /// whole what is still right.
    ///
    /// # Errors
    /// As toml.
    pub fn write(
        &self,
        outcomes: &[Outcome],
        known: &[String],
        today: Date,
    ) -> Result<String, toml::ser::Error> {
        let last = date::later(today, DAYS);
        let stays = self.all.iter().enumerate().flat_map(|(place, one)| {
            let came_true = || self.seen.get(&place).cloned().unwrap_or_default();
            match () {
                () if self.passed.contains(&place) => came_true(),
                () if self.why_stale(place, one, known).is_some() => Vec::new(),
                () => vec![one.clone()],
            }
        });
        let fails = outcomes.iter().filter(|outcome| can_be_expected(outcome));
        let comes = fails.map(|outcome| Expectation::of(outcome, last));
        let expect: Vec<_> = stays.chain(comes).collect();
        // An empty list would be no table to add to.
        let entries = match expect.is_empty() {
            true => String::new(),
            false => toml::to_string(&File { expect })?,
        };
        Ok(format!("{HEAD}{entries}"))
    }

    /// What has to be put right in the file: of what was run, and of cases that are not `known`.
    pub fn stale(&self, known: &[String]) -> Vec<Stale> {
        let all = self.all.iter().enumerate();
        let stale = all.filter_map(|(place, one)| {
            Some(Stale {
                case: one.case.clone(),
                why: self.why_stale(place, one, known)?,
            })
        });
        stale.collect()
    }

    fn why_stale(&self, place: usize, one: &Expectation, known: &[String]) -> Option<String> {
        let was_run = |named: &&String| {
            let mut run = self.run.iter().filter(|(case, ..)| case == *named);
            run.any(|(_, target, pair)| one.is_against(*target, pair.as_deref()))
        };
        let named: Vec<_> = known.iter().filter(|case| one.names(case)).collect();
        // Those of a group that were not run may be the ones.
        let was_run = named.iter().all(was_run);
        let is_right = self.seen.contains_key(&place) || self.passed.contains(&place);
        match () {
            () if named.is_empty() => Some(format!(
                "there is no such case{}",
                nearest(&one.case, known)
            )),
            () if self.has_expired(one) => Some(one.expired()),
            () if was_run && !is_right => Some(one.came_otherwise(self.instead.get(&place))),
            () => None,
        }
    }

    fn has_expired(&self, one: &Expectation) -> bool {
        let last = one.expires.and_then(|when| when.date);
        let day = |date: Date| (date.year, date.month, date.day);
        match (last, self.today) {
            (Some(last), Some(today)) => day(last) < day(today),
            _ => false,
        }
    }
}

/// Whether a case is the one of this name, or one of those whose names begin and end as a name with a `*` in it.
pub(crate) fn is_of(group: &str, case: &str) -> bool {
    match group.split_once('*') {
        None => group == case,
        Some((begins, ends)) => case
            .strip_prefix(begins)
            .is_some_and(|rest| rest.ends_with(ends)),
    }
}

impl Expectation {
    /// Of something that nobody has looked into.
    fn of(outcome: &Outcome, last: Date) -> Self {
        Self {
            case: outcome.case.clone(),
            target: Some(outcome.target),
            pair: owned_pair(outcome),
            verdict: outcome.verdict,
            matches: outcome.requirement.clone().unwrap_or_default(),
            reason: "not looked into yet".to_owned(),
            issue: String::new(),
            expires: Some(Datetime {
                date: Some(last),
                time: None,
                offset: None,
            }),
        }
    }

    /// The same of this alone.
    fn only(&self, outcome: &Outcome) -> Self {
        Self {
            case: outcome.case.clone(),
            target: Some(outcome.target),
            pair: owned_pair(outcome),
            ..self.clone()
        }
    }

    fn is_about(&self, outcome: &Outcome) -> bool {
        self.names(&outcome.case) && self.is_against(outcome.target, pair(outcome))
    }

    fn is_against(&self, target: Target, pair: Option<&str>) -> bool {
        self.target.is_none_or(|wanted| wanted == target)
            && (self.pair.as_deref()).is_none_or(|wanted| Some(wanted) == pair)
    }

    /// It is about all cases whose names begin, and end, as this says.
    fn is_of_group(&self) -> bool {
        self.case.contains('*')
    }

    fn names(&self, case: &str) -> bool {
        is_of(&self.case, case)
    }

    fn expired(&self) -> String {
        let last = self.expires.map(|when| when.to_string());
        let last = last.unwrap_or_default();
        format!("it has expired on {last}: take it out, or give it a later day")
    }

    fn came_otherwise(&self, instead: Option<&String>) -> String {
        let instead = instead.map_or_else(String::new, |came| format!(", but {came}"));
        format!("no {} that matches came of it{instead}", self.verdict)
    }

    fn why(&self) -> String {
        match self.issue.is_empty() {
            true => self.reason.clone(),
            false => format!("{} ({})", self.reason, self.issue),
        }
    }
}

/// Which pair it was run with, if there were several.
fn pair(outcome: &Outcome) -> Option<&str> {
    let pairing = outcome.pairing.as_ref()?;
    Some(&pairing.name)
}

fn owned_pair(outcome: &Outcome) -> Option<String> {
    pair(outcome).map(str::to_owned)
}

/// What is a failure of what is under test, and was looked at. If it does not even start, nothing is known of it.
fn can_be_expected(outcome: &Outcome) -> bool {
    outcome.is_bad()
        && !matches!(outcome.verdict, Verdict::Xpass | Verdict::HarnessError)
        && outcome.case != SETUP
        && !outcome.is_blocked_by(SETUP)
}

#[cfg(test)]
mod tests {
    use super::{Date, Expectations, SETUP};
    use crate::{
        case::Target,
        run::{Outcome, Pairing, Verdict, verdict::tests::outcome},
    };

    const TODAY: Date = Date {
        year: 2026,
        month: 11,
        day: 21,
    };

    fn expecting(more: &str) -> Expectations {
        let text = format!(
            "[[expect]]\ncase = \"sharer/consent/given\"\nverdict = \"FAIL\"\nreason = \"known\"\n{more}"
        );
        Expectations::read(&text, TODAY).unwrap()
    }

    fn known() -> [String; 2] {
        ["sharer/consent/given", "helper/frame/given"].map(str::to_owned)
    }

    fn written(expectations: &Expectations, outcomes: &[Outcome]) -> String {
        expectations.write(outcomes, &known(), TODAY).unwrap()
    }

    fn stale(expectations: &Expectations) -> Vec<String> {
        let stale = expectations.stale(&known());
        stale.into_iter().map(|one| one.why).collect()
    }

    fn applied(expectations: &mut Expectations, verdict: Verdict) -> Outcome {
        let mut outcome = outcome(verdict);
        expectations.apply(&mut outcome);
        outcome
    }

    #[test]
    fn what_was_expected_is_no_failure() {
        let mut file = expecting("match = \"there came\"\nissue = \"#12\"");
        let outcome = applied(&mut file, Verdict::Fail);
        assert_eq!(outcome.verdict, Verdict::Xfail);
        assert_eq!(outcome.expected.as_deref(), Some("known (#12)"));
        assert!(!outcome.is_bad());
        assert!(stale(&file).is_empty());
    }

    #[test]
    fn what_passes_was_not_to() {
        let mut file = expecting("");
        assert_eq!(applied(&mut file, Verdict::Pass).verdict, Verdict::Xpass);
    }

    #[test]
    fn another_failure_is_one() {
        for more in ["match = \"other words\"", "target = \"helper\""] {
            let outcome = applied(&mut expecting(more), Verdict::Fail);
            assert_eq!(outcome.verdict, Verdict::Fail, "{more}");
        }
        let mut file = expecting("");
        assert_eq!(
            applied(&mut file, Verdict::Timeout).verdict,
            Verdict::Timeout
        );
        let why = "no FAIL that matches came of it, but TIMEOUT: expected <this> & that; there came \"nothing\"";
        assert_eq!(stale(&file), [why]);
    }

    #[test]
    fn one_of_several_pairs_is_one() {
        let of = |name: &str, verdict| {
            let mut outcome = outcome(verdict);
            let command = String::new();
            let name = name.to_owned();
            outcome.pairing = Some(Pairing { name, command });
            outcome
        };
        let mut file = expecting("pair = \"1-2\"");
        let (mut first, mut second) = (of("1-1", Verdict::Fail), of("1-2", Verdict::Fail));
        file.apply(&mut first);
        assert_eq!(first.verdict, Verdict::Fail);
        assert!(stale(&file).is_empty(), "its pair was not run");
        let mut passes = file.clone();
        file.apply(&mut second);
        assert_eq!(second.verdict, Verdict::Xfail);
        assert!(stale(&file).is_empty());
        passes.apply(&mut of("1-2", Verdict::Timeout));
        let why = "no FAIL that matches came of it, but TIMEOUT: expected <this> & that; there came \"nothing\"";
        assert_eq!(stale(&passes), [why]);
        let written = written(&Expectations::default(), &[of("1-2", Verdict::Fail)]);
        let mut again = Expectations::read(&written, TODAY).unwrap();
        let (mut first, mut second) = (of("1-1", Verdict::Fail), of("1-2", Verdict::Fail));
        again.apply(&mut first);
        again.apply(&mut second);
        assert_eq!(
            (first.verdict, second.verdict),
            (Verdict::Fail, Verdict::Xfail)
        );
    }

    #[test]
    fn an_expectation_expires_after_its_day() {
        let mut today = expecting("expires = 2026-11-21");
        assert_eq!(applied(&mut today, Verdict::Fail).verdict, Verdict::Xfail);
        let mut yesterday = expecting("expires = 2026-11-20");
        assert_eq!(
            applied(&mut yesterday, Verdict::Fail).verdict,
            Verdict::Fail
        );
        let why = "it has expired on 2026-11-20: take it out, or give it a later day";
        assert_eq!(stale(&yesterday), [why]);
    }

    #[test]
    fn what_was_not_run_is_not_stale_if_there_is_such_a_case() {
        assert!(stale(&expecting("")).is_empty());
        let text = "[[expect]]\ncase = \"no/such\"\nverdict = \"FAIL\"\nreason = \"r\"";
        let file = Expectations::read(text, TODAY).unwrap();
        assert_eq!(stale(&file), ["there is no such case"]);
    }

    #[test]
    fn a_group_is_those_of_it_that_fail() {
        let group = |case: &str| {
            let text = format!(
                "[[expect]]\ncase = \"{case}\"\nverdict = \"FAIL\"\nmatch = \"there\"\nreason = \"r\""
            );
            Expectations::read(&text, TODAY).unwrap()
        };
        for case in ["sharer/*", "sharer/*/given", "*consent/given"] {
            let mut file = group(case);
            assert_eq!(applied(&mut file, Verdict::Pass).verdict, Verdict::Pass);
            assert_eq!(stale(&file), ["no FAIL that matches came of it"]);
            assert_eq!(applied(&mut file, Verdict::Fail).verdict, Verdict::Xfail);
            assert!(stale(&file).is_empty());
            let crash = applied(&mut file, Verdict::Crash).verdict;
            assert_eq!(crash, Verdict::Crash);
        }
        // One of it was not run.
        let mut file = group("*/given");
        assert_eq!(applied(&mut file, Verdict::Pass).verdict, Verdict::Pass);
        assert!(stale(&file).is_empty());
        for case in ["sharer/consent/given/*", "*/refused"] {
            let mut file = group(case);
            assert_eq!(applied(&mut file, Verdict::Fail).verdict, Verdict::Fail);
            let why = stale(&file).join("\n");
            assert!(why.starts_with("there is no such case"), "{why}");
        }
    }

    #[test]
    fn a_wrong_file_is_none() {
        for wrong in [
            "verdict = \"PASS\"\nreason = \"r\"",
            "verdict = \"HARNESS_ERROR\"\nreason = \"r\"",
            "verdict = \"FAIL\"\nreason = \" \"",
            "verdict = \"FAIL\"",
            "verdict = \"FAIL\"\nreason = \"r\"\nuntil = 3",
            "verdict = \"FAIL\"\nreason = \"r\"\nexpires = 12:00:00",
        ] {
            let text = format!("[[expect]]\ncase = \"a\"\n{wrong}");
            assert!(Expectations::read(&text, TODAY).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_written_expects_what_failed() {
        let outcomes = [outcome(Verdict::Fail), outcome(Verdict::Pass)];
        let text = written(&Expectations::default(), &outcomes);
        let mut file = Expectations::read(&text, TODAY).unwrap();
        assert_eq!(applied(&mut file, Verdict::Fail).verdict, Verdict::Xfail);
        assert!(stale(&file).is_empty());
        let nothing = written(&Expectations::default(), &[]);
        assert!(Expectations::read(&nothing, TODAY).unwrap().all.is_empty());
    }

    #[test]
    fn what_does_not_start_and_what_the_suite_did_wrong_is_not_written() {
        let mut setup = outcome(Verdict::Crash);
        setup.case = SETUP.to_owned();
        let mut blocked = outcome(Verdict::Blocked);
        blocked.detail = format!("it was not run, because {SETUP} did not pass");
        assert!(blocked.is_blocked_by(SETUP));
        let text = written(
            &Expectations::default(),
            &[setup, blocked, outcome(Verdict::HarnessError)],
        );
        assert!(!text.contains("expect"), "{text}");
    }

    #[test]
    fn what_came_true_or_was_not_run_stays_whole() {
        let own = "target = \"sharer\"\nmatch = \"there\"\nissue = \"#12\"\nexpires = 2027-12-31";
        let mut file = expecting(own);
        let read = |text: &str| Expectations::read(text, TODAY).unwrap().all;
        let whole = format!("{:?}", file.all);
        assert_eq!(
            format!("{:?}", read(&written(&file, &[]))),
            whole,
            "not run"
        );
        let expected = applied(&mut file, Verdict::Fail);
        assert_eq!(
            format!("{:?}", read(&written(&file, &[expected]))),
            whole,
            "came true"
        );
        for (more, verdict) in [("", Verdict::Pass), ("", Verdict::Timeout)] {
            let mut file = expecting(more);
            let outcome = applied(&mut file, verdict);
            let left = read(&written(&file, &[outcome]));
            assert!(left.iter().all(|one| one.reason != "known"), "{left:?}");
        }
    }

    /// What passes against one target is left of the others, with what was said of it.
    #[test]
    fn what_came_true_of_one_target_alone_is_written_of_that() {
        let mut file = expecting("issue = \"#12\"");
        let failed = applied(&mut file, Verdict::Fail);
        let mut passed = outcome(Verdict::Pass);
        passed.target = Target::Helper;
        file.apply(&mut passed);
        let text = written(&file, &[failed, passed]);
        let left = Expectations::read(&text, TODAY).unwrap().all;
        let left: Vec<_> = left.iter().map(|one| (one.target, one.why())).collect();
        assert_eq!(left, [(Some(Target::Sharer), "known (#12)".to_owned())]);
    }

    #[test]
    fn what_was_blocked_was_not_run() {
        let mut file = expecting("");
        assert_eq!(
            applied(&mut file, Verdict::Blocked).verdict,
            Verdict::Blocked
        );
        assert!(stale(&file).is_empty());
    }

    #[test]
    fn what_came_instead_is_told_if_it_is_no_failure() {
        let mut file = expecting("");
        applied(&mut file, Verdict::Unsupported);
        let why = "no FAIL that matches came of it, but UNSUPPORTED: expected <this> & that; there came \"nothing\"";
        assert_eq!(stale(&file), [why]);
    }
}
