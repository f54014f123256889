//! These machines are not wrong in any way: what `mutant` is without the feature `mutants`.

use alongside_wire::{rendezvous, session};

use crate::relay::RelayConfig;

/// Which machine is made wrong.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    Client,
    Helper,
    Sharer,
    Relay,
}

/// Whether this mutant is the one.
#[inline]
pub const fn is(_: &str) -> bool {
    false
}

pub(crate) const fn longer(_: &str, ms: u64) -> u64 {
    ms
}

pub(crate) const fn is_lenient(_: Target, _: &str) -> bool {
    false
}

pub(crate) fn says(_: Target, message: &session::Message, mut say: impl FnMut(&session::Message)) {
    say(message);
}

pub(crate) fn says_to_relay(
    _: Target,
    message: &rendezvous::Message,
    mut say: impl FnMut(&rendezvous::Message),
) {
    say(message);
}

pub(crate) const fn is_deaf(_: Target, _: &str) -> bool {
    false
}

pub(crate) const fn hides<E>(_: Target, _: &E) -> bool {
    false
}

pub(crate) const fn kept(config: RelayConfig) -> RelayConfig {
    config
}
