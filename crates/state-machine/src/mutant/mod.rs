//! Ways in which these machines can be made wrong, one at a time, so that a conformance suite can be
//! held against each: it has to notice. Only with the feature `mutants`, which a release build refuses.
//!
//! A mutant breaks one requirement and nothing else. It sits at one of a few seams, where a machine
//! finds fault with the other side, or says something; what it does there is in the `registry`.

mod registry;

use alloc::{vec, vec::Vec};
use core::sync::atomic::{AtomicUsize, Ordering};

use alongside_wire::{rendezvous, session};

pub use registry::MUTANTS;

#[cfg(not(debug_assertions))]
compile_error!("a machine that can be made wrong is for tests: no release build has it");

/// Which machine is made wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Either end.
    Client,
    /// A helper.
    Helper,
    /// A sharer.
    Sharer,
    /// A relay.
    Relay,
}

/// One way to be wrong.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// The requirement that it breaks, and how.
    pub name: &'static str,
    /// Which machine has it.
    pub target: Target,
    /// The case that must notice it.
    pub killed_by: &'static str,
    rule: Rule,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Whoever breaks the requirement is not found at fault.
    Lenient,
    /// Says these to the other end instead of this.
    Says(fn(&session::Message) -> Option<Vec<session::Message>>),
    /// Says these to the relay, or as the relay, instead of this.
    SaysToRelay(fn(&rendezvous::Message) -> Option<Vec<rendezvous::Message>>),
    /// Takes no notice of this of the other end.
    Deaf(fn(&session::Message) -> bool),
    /// Takes no notice of this of the relay, or of a client.
    DeafToRelay(fn(&rendezvous::Message) -> bool),
    /// At no seam: the machine asks by [`is_patched`] where it does it.
    Patch,
}

impl Mutant {
    /// The requirement that it breaks.
    pub fn requirement(&self) -> &'static str {
        self.name.split('/').next().unwrap_or_default()
    }
}

impl Target {
    fn has(self, target: Self) -> bool {
        let clients = self != Self::Relay && target != Self::Relay;
        self == target || clients && (self == Self::Client || target == Self::Client)
    }
}

/// Nothing is wrong.
const NONE: usize = usize::MAX;
static CHOSEN: AtomicUsize = AtomicUsize::new(NONE);

/// Makes the machines of this program wrong in this way, for good. False if there is no such mutant.
pub fn choose(name: &str) -> bool {
    let place = MUTANTS.iter().position(|mutant| mutant.name == name);
    CHOSEN.store(place.unwrap_or(NONE), Ordering::Relaxed);
    place.is_some()
}

fn chosen(target: Target) -> Option<&'static Mutant> {
    let mutant = MUTANTS.get(CHOSEN.load(Ordering::Relaxed))?;
    mutant.target.has(target).then_some(mutant)
}

/// Whether this mutant, which is at no seam, is the one.
pub(crate) fn is_patched(name: &str) -> bool {
    let mutant = MUTANTS.get(CHOSEN.load(Ordering::Relaxed));
    mutant.is_some_and(|mutant| matches!(mutant.rule, Rule::Patch) && mutant.name == name)
}

/// Whether a fault by this clause goes unnoticed.
pub(crate) fn is_lenient(target: Target, clause: &str) -> bool {
    chosen(target).is_some_and(|mutant| {
        matches!(mutant.rule, Rule::Lenient) && mutant.requirement() == clause
    })
}

/// What is said to the other end in place of a message.
pub(crate) fn says(target: Target, message: &session::Message) -> Vec<session::Message> {
    let instead = match chosen(target).map(|mutant| mutant.rule) {
        Some(Rule::Says(rule)) => rule(message),
        _ => None,
    };
    instead.unwrap_or_else(|| vec![message.clone()])
}

/// What is said to the relay, or to a client, in place of a message.
pub(crate) fn says_to_relay(
    target: Target,
    message: rendezvous::Message,
) -> Vec<rendezvous::Message> {
    let instead = match chosen(target).map(|mutant| mutant.rule) {
        Some(Rule::SaysToRelay(rule)) => rule(&message),
        _ => None,
    };
    instead.unwrap_or_else(|| vec![message])
}

/// Whether a message of the other end goes unheard.
pub(crate) fn is_deaf(target: Target, message: &session::Message) -> bool {
    match chosen(target).map(|mutant| mutant.rule) {
        Some(Rule::Deaf(rule)) => rule(message),
        _ => false,
    }
}

/// Whether a message of the relay, or of a client, goes unheard.
pub(crate) fn is_deaf_to_relay(target: Target, message: &rendezvous::Message) -> bool {
    match chosen(target).map(|mutant| mutant.rule) {
        Some(Rule::DeafToRelay(rule)) => rule(message),
        _ => false,
    }
}
