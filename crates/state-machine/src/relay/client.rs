//! What the relay keeps of one client.

use alloc::vec::Vec;

use alongside_wire::{code::Locator, framing::Deframer};

use super::{
    ConnId, RelayConfig,
    sources::{Counted, Source},
};
use crate::time::Timestamp;

#[derive(Clone)]
pub(super) struct Client {
    pub(super) source: Source,
    pub(super) deframer: Deframer,
    pub(super) phase: Phase,
    /// When the phase ends by itself.
    pub(super) deadline: Timestamp,
    /// Bytes of whole messages since it connected or last left a session.
    pub(super) unpaired_bytes: usize,
    /// It may have deliveries under way that its peer is no longer there for.
    pub(super) was_paired: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// It has not said hello.
    Greeting,
    /// It asked for nothing, or that is over.
    Idle,
    /// It has a live code.
    Waiting { locator: Locator },
    /// Its join waits to be looked up.
    Joining {
        locator: Locator,
        offer: Vec<u8>,
        counted: Counted,
        due: Timestamp,
        /// By the delay of its source, beyond the next tick.
        held_back: bool,
    },
    /// It is in a session.
    Paired { peer: ConnId },
}

impl Client {
    pub(super) fn new(source: Source, message_limit: usize, deadline: Timestamp) -> Self {
        Self {
            source,
            deframer: Deframer::new(message_limit, "a rendezvous message"),
            phase: Phase::Greeting,
            deadline,
            unpaired_bytes: 0,
            was_paired: false,
        }
    }

    pub(super) fn session_over(&mut self) {
        self.unpaired_bytes = 0;
        self.was_paired = true;
    }
}

impl Phase {
    /// What the client is doing, for errors.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Greeting => "that has not said hello",
            Self::Idle => "outside a session",
            Self::Waiting { .. } => "with a code",
            Self::Joining { .. } => "that is joining",
            Self::Paired { .. } => "in a session",
        }
    }

    /// When this phase ends by itself if it begins now.
    pub(super) fn deadline(&self, config: &RelayConfig, now: Timestamp) -> Timestamp {
        match self {
            Self::Greeting | Self::Idle => now.plus_ms(config.unpaired_idle_ms),
            Self::Waiting { .. } => now.plus_ms(config.code_lifetime_ms),
            Self::Joining { due, .. } => *due,
            Self::Paired { .. } => now.plus_ms(config.session_length_ms),
        }
    }
}
