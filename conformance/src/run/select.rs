//! Which cases are run.

use crate::{
    case::{Case, Target},
    requirements,
    run::{Errand, sets},
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
    /// Only cases that check a requirement of this level: MUST, SHOULD, MAY
    #[arg(long)]
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
