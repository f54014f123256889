//! Which cases are run.

use std::collections::BTreeSet;

use crate::{
    case::{Case, Target},
    requirements,
    run::{Errand, sets},
    words::nearest,
};

/// What somebody wants to have run. Nothing here means everything.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Selection {
    /// Only cases whose id holds one of these words; a whole id chooses that case alone (repeatable)
    #[arg(long, value_name = "WORD")]
    pub run: Vec<String>,
    /// No cases whose id holds one of these words (repeatable)
    #[arg(long, value_name = "WORD")]
    pub skip: Vec<String>,
    /// Only cases that check one of these requirements, or of these areas: CONSENT-3, CONSENT (repeatable)
    #[arg(long, value_name = "ID")]
    pub req: Vec<String>,
    /// Only cases that check a requirement of this level
    #[arg(long, value_parser = ["MUST", "SHOULD", "MAY"])]
    pub level: Option<String>,
    /// Only what is run against this
    #[arg(long)]
    pub role: Option<Target>,
    /// Only the cases of this version of the specification: 1.0
    #[arg(long, value_name = "VERSION", value_parser = sets::known)]
    pub set: Option<String>,
    /// Only the i-th of n parts: 1/4
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<(usize, usize)>,
}

fn listed(targets: &[Target]) -> String {
    let all: Vec<_> = targets.iter().map(|target| format!("a {target}")).collect();
    all.join(" and ")
}

/// The i-th of n parts, as it is written.
///
/// # Errors
/// If it is none; in words.
pub fn shard(text: &str) -> Result<(usize, usize), String> {
    let wrong = || format!("{text:?} is no part like 1/4");
    let (part, of) = text.split_once('/').ok_or_else(wrong)?;
    let (part, of): (usize, usize) = (
        part.parse().map_err(|_| wrong())?,
        of.parse().map_err(|_| wrong())?,
    );
    match (1..=of).contains(&part) {
        true => Ok((part, of)),
        false => Err(wrong()),
    }
}

impl Selection {
    /// What is to be run against these targets.
    ///
    /// # Errors
    /// If a word of it chooses nothing, or all of it together; in words.
    pub fn choose(&self, cases: &[Case], targets: &[Target]) -> Result<Vec<Errand>, String> {
        if let Some(role) = self.role.filter(|role| !targets.contains(role)) {
            return Err(format!("--role {role}: this tests {}", listed(targets)));
        }
        let theirs = |case: &&Case| case.targets().iter().any(|of| targets.contains(of));
        let among: Vec<_> = cases.iter().filter(theirs).collect();
        let ids = |cases: &[&Case]| cases.iter().map(|case| case.id.clone()).collect();
        let held = |word: &String, ids: &BTreeSet<String>| ids.iter().any(|id| id.contains(word));
        let (here, all): (BTreeSet<_>, BTreeSet<_>) =
            (ids(&among), ids(&cases.iter().collect::<Vec<_>>()));
        if let Some(word) = self.run.iter().find(|word| !held(word, &here)) {
            let of = listed(targets);
            return Err(format!(
                "--run {word} chooses no case of {of}{}",
                nearest(word, &here)
            ));
        }
        if let Some(word) = self.skip.iter().find(|word| !held(word, &all)) {
            return Err(format!(
                "--skip {word} skips no case{}",
                nearest(word, &all)
            ));
        }
        let checks = among.iter().flat_map(|case| &case.checks);
        let areas = |id: &&'static str| id.rsplit_once('-').map(|(area, _)| area);
        let known: BTreeSet<String> = checks
            .flat_map(|id| [Some(*id), areas(id)])
            .flatten()
            .map(str::to_owned)
            .collect();
        if let Some(word) = self.req.iter().find(|word| !known.contains(*word)) {
            return Err(format!(
                "--req {word}: no case of {} checks such a requirement or area{}",
                listed(targets),
                nearest(word, &known)
            ));
        }
        match self.of(cases, targets) {
            none if none.is_empty() => Err(
                "no case is chosen by all of that together; `list` takes the same options"
                    .to_owned(),
            ),
            errands => Ok(errands),
        }
    }

    /// What is to be run against these targets, perhaps nothing.
    pub fn of(&self, cases: &[Case], targets: &[Target]) -> Vec<Errand> {
        let whole = |word: &String| cases.iter().any(|case| case.id == *word);
        let chosen = cases.iter().filter(|case| self.wants(case, &whole));
        let errands = chosen.flat_map(|case| {
            let fitting = case
                .targets()
                .into_iter()
                .filter(|target| targets.contains(target))
                .filter(|target| self.role.is_none_or(|role| role == *target));
            fitting.map(|target| Errand {
                case: case.clone(),
                target,
                pairing: None,
            })
        });
        let (part, of) = self.shard.unwrap_or((1, 1));
        let mine = errands
            .enumerate()
            .filter(|(place, _)| place % of == part - 1);
        mine.map(|(_, errand)| errand).collect()
    }

    fn wants(&self, case: &Case, whole: &impl Fn(&String) -> bool) -> bool {
        let names = |word: &String| match whole(word) {
            true => case.id == *word,
            false => case.id.contains(word.as_str()),
        };
        let named = |words: &[String]| words.iter().any(names);
        let about = |wanted: &String| {
            let area = format!("{wanted}-");
            let mut checks = case.checks.iter();
            checks.any(|id| id == wanted || id.starts_with(&area))
        };
        let level = |wanted: &String| {
            let of = |id: &&&str| requirements::all().get(**id).map(|one| &one.level);
            let is = |level: &String| level == wanted || level.strip_suffix(" NOT") == Some(wanted);
            case.checks.iter().any(|id| of(&id).is_some_and(is))
        };
        (self.run.is_empty() || named(&self.run))
            && !named(&self.skip)
            && (self.req.is_empty() || self.req.iter().any(about))
            && self.level.as_ref().is_none_or(level)
            && self
                .set
                .as_ref()
                .is_none_or(|set| sets::holds(set, &case.id))
    }
}
