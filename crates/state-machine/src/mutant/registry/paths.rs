//! Of a relay, with paths.

use alloc::vec;

use alongside_wire::{
    ErrorCode,
    rendezvous::{Message, PathOver},
};

use super::rules::{drops, lenient, patch, says_to_relay, sets};
use crate::mutant::Mutant;

const HOUR_MS: u64 = 3_600_000;

pub(super) const MUTANTS: &[Mutant] = &[
    drops("PATH-6/silent", "relay/path/asked", "path")
        .also("they go on when there is a path", &["PATH-7"]),
    sets("PATH-7/more", "relay/path/busy", |config| config.paths += 1),
    patch("PATH-8/once", "relay/path/checks"),
    patch("PATH-9/any", "relay/path/token-of-another"),
    patch("PATH-9/unshown", "relay/path/opens").also(
        "whoever has asked has shown where it is, without a check",
        &["PATH-8", "PATH-11", "PATH-15", "PATH-16"],
    ),
    patch("PATH-10/one", "relay/path/opens"),
    patch("PATH-11/anywhere", "relay/path/stranger").also(
        "what comes from an old address is as a stranger's",
        &["PATH-15"],
    ),
    patch("PATH-12/unmarked", "relay/path/marks"),
    patch("PATH-13/longer", "relay/path/longest"),
    patch("PATH-14/more", "relay/path/rate"),
    patch("PATH-15/stays", "relay/path/moves").also(
        "who was somewhere once counts as there, and is not checked again",
        &["PATH-8", "PATH-16"],
    ),
    sets("PATH-16/never", "relay/path/alone", |config| {
        config.path_attempt_ms = HOUR_MS
    }),
    sets("PATH-17/never", "relay/path/idle", |config| {
        config.path_idle_ms = HOUR_MS
    }),
    patch("PATH-18/goes-on", "relay/path/over"),
    says_to_relay("PATH-19/another", "relay/path/over", |message| {
        let Message::PathOver(over) = message else {
            return None;
        };
        // Only an end says this one.
        let code = ErrorCode::Lost.to_wire();
        (over.code == 0x7777).then(|| vec![PathOver { code }.into()])
    }),
    patch("PATH-35/each", "relay/path/checks-bounded"),
    lenient("PATH-36/lenient", "relay/path/too-many"),
    patch("PATH-37/each", "relay/path/tokens-bounded"),
];
