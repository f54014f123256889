//! `list`: the cases there are.

use std::collections::BTreeSet;

use super::{CONFORMANT, complain, print};
use crate::{
    case::Target,
    cases,
    run::{Errand, Selection},
};

/// What is listed.
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    selection: Selection,
    /// Only the ids, as a file of conformance/sets has them
    #[arg(long)]
    ids: bool,
}

pub(super) fn run(options: &Options) -> u8 {
    let targets = [Target::Helper, Target::Sharer, Target::Relay, Target::Pair];
    let errands = match options.selection.choose(&cases::all(), &targets) {
        Ok(errands) => errands,
        Err(why) => return complain(&why),
    };
    let text = match options.ids {
        true => ids(&errands),
        false => errands.iter().map(line).collect(),
    };
    print(&text);
    CONFORMANT
}

fn ids(errands: &[Errand]) -> String {
    let ids: BTreeSet<_> = errands.iter().map(|errand| &errand.case.id).collect();
    ids.into_iter().map(|id| format!("{id}\n")).collect()
}

fn line(errand: &Errand) -> String {
    let (case, target) = (&errand.case, errand.target);
    let checks = case.checks_of(target).join(" ");
    format!("{target:<8} {:<40} {} [{checks}]\n", case.id, case.title)
}
