//! The way to the other end: up, or lost and awaited.

use alloc::collections::VecDeque;

use alongside_wire::{
    Scopes,
    limits::timers,
    session::{Pause, State},
};

use super::Output;
use crate::{mutant, time::Timestamp};

/// A region of its own beside the phases *deciding* and *viewing*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    #[default]
    Up,
    /// Nothing is said or done until then, when it is over.
    Lost {
        until: Timestamp,
        /// The pause flag that the latest `state` said.
        told: Option<bool>,
    },
}

impl Link {
    //= spec/12-reconnect.md#link [RECON-5] dc497654
    pub(crate) fn lost(now: Timestamp) -> (Self, Timestamp) {
        let until = now.plus_ms(mutant::longer("RECON-5/waits", timers::RECONNECT));
        (Self::Lost { until, told: None }, until)
    }

    pub(crate) fn is_lost(self) -> bool {
        self != Self::Up
    }

    /// When the session is over if the link is not up by then.
    pub(crate) fn until(self) -> Option<Timestamp> {
        match self {
            Self::Up => None,
            Self::Lost { until, .. } => Some(until),
        }
    }

    /// What the latest `state` since said of this end's pause flag, in the words of the state tables.
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Up | Self::Lost { told: None, .. } => "nothing",
            Self::Lost {
                told: Some(false), ..
            } => "unset",
            Self::Lost {
                told: Some(true), ..
            } => "set",
        }
    }

    /// This end's pause flag is told by `state`.
    pub(crate) fn tell(&mut self, paused: bool) {
        if let Self::Lost { told, .. } = self {
            *told = Some(paused);
        }
    }

    //= spec/12-reconnect.md#state [RECON-37] c4b05256
    /// The link is up again: what is to be said of this end's pause flag, if it is not what was told.
    pub(crate) fn back(&mut self, paused: bool) -> Option<Pause> {
        match core::mem::take(self) {
            Self::Lost {
                told: Some(told), ..
            } if told != paused && !mutant::is("RECON-37/silent") => Some(Pause { paused }),
            _ => None,
        }
    }
}

//= spec/12-reconnect.md#link [RECON-7] c8aafabd
/// Takes back what was to be sealed.
pub(crate) fn hush<E>(out: &mut VecDeque<Output<E>>) {
    let speaks = mutant::is("RECON-7/speaks");
    out.retain(|output| speaks || !matches!(output, Output::Send(_)));
}

/// What an end knows before consent: its own pause flag.
pub(crate) fn undecided(paused: bool) -> State {
    State {
        paused,
        scopes: Scopes::NONE,
        epoch: 0,
        grant: 0,
        sent: 0,
        received: 0,
    }
}
