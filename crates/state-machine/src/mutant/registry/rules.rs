//! The words that the tables are written in: a name, the case that has to notice, and what is wrong.

use alongside_wire::{rendezvous, session};

use crate::{
    mutant::{Mutant, Rule, Said},
    relay::RelayConfig,
};

const fn mutant(name: &'static str, killed_by: &'static str, rule: Rule) -> Mutant {
    Mutant {
        name,
        killed_by,
        also: &[],
        because: "",
        rule,
    }
}

impl Mutant {
    /// These cases, and what blames these requirements, may fail as well.
    pub(super) const fn also(self, because: &'static str, also: &'static [&'static str]) -> Self {
        Self {
            also,
            because,
            ..self
        }
    }
}

/// Whoever breaks the requirement is not found at fault.
pub(super) const fn lenient(name: &'static str, killed_by: &'static str) -> Mutant {
    mutant(name, killed_by, Rule::Lenient)
}

/// Does not say this.
pub(super) const fn drops(
    name: &'static str,
    killed_by: &'static str,
    message: &'static str,
) -> Mutant {
    mutant(name, killed_by, Rule::Drops(message))
}

/// Says this twice.
pub(super) const fn doubles(
    name: &'static str,
    killed_by: &'static str,
    message: &'static str,
) -> Mutant {
    mutant(name, killed_by, Rule::Doubles(message))
}

/// Says something else to the other end.
pub(super) const fn says(
    name: &'static str,
    killed_by: &'static str,
    said: Said<session::Message>,
) -> Mutant {
    mutant(name, killed_by, Rule::Says(said))
}

/// Says something else to the relay, or as the relay.
pub(super) const fn says_to_relay(
    name: &'static str,
    killed_by: &'static str,
    said: Said<rendezvous::Message>,
) -> Mutant {
    mutant(name, killed_by, Rule::SaysToRelay(said))
}

/// Takes no notice of this.
pub(super) const fn deaf(
    name: &'static str,
    killed_by: &'static str,
    message: &'static str,
) -> Mutant {
    mutant(name, killed_by, Rule::Deaf(message))
}

/// Does not tell its program of this.
pub(super) const fn hides(
    name: &'static str,
    killed_by: &'static str,
    event: &'static str,
) -> Mutant {
    mutant(name, killed_by, Rule::Hides(event))
}

/// Keeps to other bounds than it states.
pub(super) const fn sets(
    name: &'static str,
    killed_by: &'static str,
    set: fn(&mut RelayConfig),
) -> Mutant {
    mutant(name, killed_by, Rule::Sets(set))
}

/// Asked for by its name where it is wrong.
pub(super) const fn patch(name: &'static str, killed_by: &'static str) -> Mutant {
    mutant(name, killed_by, Rule::Patch)
}
