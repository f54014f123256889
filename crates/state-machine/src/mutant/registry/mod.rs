//! Every mutant: what it breaks, where it sits, which case has to notice it.

mod client;
mod helper;
mod paths;
mod relay;
mod rules;
mod sharer;

use super::{Mutant, Target};

const TABLES: [(Target, &[Mutant]); 5] = [
    (Target::Client, client::MUTANTS),
    (Target::Helper, helper::MUTANTS),
    (Target::Sharer, sharer::MUTANTS),
    (Target::Relay, relay::MUTANTS),
    (Target::Relay, paths::MUTANTS),
];

/// All of them, and which machine has each.
pub fn all() -> impl Iterator<Item = (Target, &'static Mutant)> {
    let table = |(target, mutants): (Target, &'static [Mutant])| {
        mutants.iter().map(move |mutant| (target, mutant))
    };
    TABLES.into_iter().flat_map(table)
}
