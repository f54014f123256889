//! Ways in which these machines can be made wrong, one at a time, so that a conformance suite can be
//! held against each: it has to notice. Only with the feature `mutants`, which a release build refuses.
//!
//! A mutant breaks one requirement and nothing else. Most sit at one of a few seams, where a machine finds
//! fault with the other side, says something, or tells its program; the others are asked for by [`is`] at
//! the one place that they change. What there is stands in the `registry`.

mod registry;

use alloc::{format, string::String, vec::Vec};
use core::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

use alongside_wire::{rendezvous, session};

pub use alongside_wire::mutant::watch;
pub use registry::all;

use crate::relay::RelayConfig;

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
    /// The case that must notice it.
    pub killed_by: &'static str,
    /// What may fail as well: cases, and whatever blames one of these requirements. A `*` stands for any
    /// letters.
    pub also: &'static [&'static str],
    /// Why that depends on what is broken.
    pub because: &'static str,
    rule: Rule,
}

/// What is said in place of a message, if it is another thing.
type Said<M> = fn(&M) -> Option<Vec<M>>;

/// Messages and events go by their names.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Whoever breaks the requirement is not found at fault.
    Lenient,
    /// Does not say this, to the other end or to the relay.
    Drops(&'static str),
    /// Says this twice.
    Doubles(&'static str),
    /// Says these to the other end in place of this.
    Says(Said<session::Message>),
    /// Says these to the relay, or as the relay, in place of this.
    SaysToRelay(Said<rendezvous::Message>),
    /// Takes no notice of this, of the other end, of the relay or of a client.
    Deaf(&'static str),
    /// Does not tell its program of this.
    Hides(&'static str),
    /// A relay keeps to other bounds than those that it was given and states.
    Sets(fn(&mut RelayConfig)),
    /// At no seam: the machine asks by [`is`] where it does it.
    Patch,
}

impl Mutant {
    /// The requirement that it breaks.
    pub fn requirement(&self) -> &'static str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Whether the machine asks for it where it does it.
    pub const fn is_patch(&self) -> bool {
        matches!(self.rule, Rule::Patch)
    }
}

impl Rule {
    /// Whether a message of this name is not said, or not once.
    fn is_of(&self, name: &str) -> bool {
        matches!(self, Self::Drops(this) | Self::Doubles(this) if *this == name)
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
    let place = all().position(|(_, mutant)| mutant.name == name);
    CHOSEN.store(place.unwrap_or(NONE), Ordering::Relaxed);
    alongside_wire::mutant::choose(name);
    place.is_some()
}

fn chosen() -> Option<(Target, &'static Mutant)> {
    match CHOSEN.load(Ordering::Relaxed) {
        NONE => None,
        place => all().nth(place),
    }
}

fn rule(target: Target) -> Option<Rule> {
    let (of, mutant) = chosen()?;
    of.has(target).then_some(mutant.rule)
}

/// Tells who watches of the mutants that would do something else here.
fn reach(target: Target, here: impl Fn(&Mutant) -> bool) {
    if !alongside_wire::mutant::is_watched() {
        return;
    }
    for (of, mutant) in all() {
        if of.has(target) && here(mutant) {
            alongside_wire::mutant::reach(mutant.name);
        }
    }
}

/// Whether this mutant, which is at no seam, is the one.
pub fn is(name: &str) -> bool {
    alongside_wire::mutant::reach(name);
    chosen().is_some_and(|(_, mutant)| mutant.is_patch() && mutant.name == name)
}

/// How long something takes, which this mutant gives four times as long.
pub(crate) fn longer(name: &str, ms: u64) -> u64 {
    if is(name) { 4 * ms } else { ms }
}

/// Whether a fault by this clause goes unnoticed.
pub(crate) fn is_lenient(target: Target, clause: &str) -> bool {
    let here =
        |mutant: &Mutant| matches!(mutant.rule, Rule::Lenient) && mutant.requirement() == clause;
    reach(target, here);
    chosen().is_some_and(|(of, mutant)| of.has(target) && here(mutant))
}

/// The bounds that a relay keeps to.
pub(crate) fn kept(mut config: RelayConfig) -> RelayConfig {
    reach(Target::Relay, |mutant| matches!(mutant.rule, Rule::Sets(_)));
    if let Some(Rule::Sets(set)) = rule(Target::Relay) {
        set(&mut config);
    }
    config
}

/// Says a message to the other end, or what is said in its place.
pub(crate) fn says(target: Target, message: &session::Message, say: impl FnMut(&session::Message)) {
    reach(target, |mutant| match mutant.rule {
        Rule::Says(said) => said(message).is_some(),
        rule => rule.is_of(message.name()),
    });
    let rule = rule(target);
    let instead = match rule {
        Some(Rule::Says(said)) => said(message),
        _ => None,
    };
    speak(rule, message.name(), message, instead, say);
}

/// Says a message to the relay, or to a client, or what is said in its place.
pub(crate) fn says_to_relay(
    target: Target,
    message: &rendezvous::Message,
    say: impl FnMut(&rendezvous::Message),
) {
    reach(target, |mutant| match mutant.rule {
        Rule::SaysToRelay(said) => said(message).is_some(),
        rule => rule.is_of(message.name()),
    });
    let rule = rule(target);
    let instead = match rule {
        Some(Rule::SaysToRelay(said)) => said(message),
        _ => None,
    };
    speak(rule, message.name(), message, instead, say);
}

fn speak<M>(
    rule: Option<Rule>,
    name: &str,
    message: &M,
    instead: Option<Vec<M>>,
    mut say: impl FnMut(&M),
) {
    match (rule, instead) {
        (_, Some(instead)) => instead.iter().for_each(say),
        (Some(Rule::Drops(this)), None) if this == name => {}
        (Some(Rule::Doubles(this)), None) if this == name => {
            say(message);
            say(message);
        }
        (_, None) => say(message),
    }
}

/// Whether a message of this name goes unheard.
pub(crate) fn is_deaf(target: Target, name: &str) -> bool {
    let here = |rule: Rule| matches!(rule, Rule::Deaf(this) if this == name);
    reach(target, |mutant| here(mutant.rule));
    rule(target).is_some_and(here)
}

/// Whether the program is not told of this.
pub(crate) fn hides(target: Target, event: &impl fmt::Debug) -> bool {
    let here = |rule: Rule| matches!(rule, Rule::Hides(this) if this == kind(event));
    reach(target, |mutant| here(mutant.rule));
    rule(target).is_some_and(here)
}

/// The name of an event.
fn kind(event: &impl fmt::Debug) -> String {
    let told = format!("{event:?}");
    let told = told.strip_prefix("Session(").unwrap_or(&told);
    let name = told.split(|c: char| !c.is_alphanumeric()).next();
    name.unwrap_or_default().into()
}
