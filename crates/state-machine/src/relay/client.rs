//! What the relay keeps of one client.

use alloc::{sync::Arc, vec::Vec};

use alongside_wire::{ErrorCode, code::Locator, framing::Deframer, rendezvous::SignIn};

use super::{
    ConnId, RelayConfig,
    cards::Asked,
    control::Held,
    devices::Dialling,
    sign_in::SignedIn,
    sources::{Counted, Source},
};
use crate::time::Timestamp;

#[derive(Clone)]
pub(super) struct Client {
    pub(super) source: Source,
    pub(super) deframer: Deframer,
    pub(super) phase: Phase,
    /// When the phase ends by itself, or the client has stayed for too long.
    pub(super) deadline: Timestamp,
    /// When a client has to be gone whose control stream has ended.
    pub(super) stays_until: Option<Timestamp>,
    /// Bytes of whole messages since it connected or last left a session.
    pub(super) unpaired_bytes: usize,
    /// It may have deliveries under way that its peer is no longer there for.
    pub(super) was_paired: bool,
    /// It is kept when its time is over, so that the client is not taken for one that never was.
    pub(super) signed_in: Option<SignedIn>,
    /// When it left the session that it may still report.
    pub(super) left: Option<Timestamp>,
    /// Issuer and subject of the helper's account in its latest session; empty without one.
    pub(super) helped_by: Arc<str>,
    /// A card that it has asked for.
    pub(super) card: Option<Asked>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// It has not said hello.
    Greeting,
    /// It asked for nothing, or that is over.
    Idle,
    /// Its token is being checked.
    SigningIn(SigningIn),
    /// It has a live code.
    Waiting { locator: Locator, until: Ends },
    /// Its join waits to be looked up.
    Joining {
        locator: Locator,
        link: bool,
        offer: Vec<u8>,
        held: Held,
    },
    /// It waits to be called, or asked for something about a device.
    Device(Dialling),
    /// It is in a session; its peer may be away.
    Paired { peer: Option<ConnId>, until: Ends },
}

/// What becomes of a token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum SigningIn {
    /// Its source has to wait.
    Waiting {
        request: SignIn,
        counted: Counted,
        due: Timestamp,
    },
    /// It has been given out to be checked.
    Asked { attempt: u64, counted: Counted },
}

/// When something ends by itself, and what its clients are told then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ends {
    pub(super) at: Timestamp,
    pub(super) code: ErrorCode,
}

impl Ends {
    pub(super) const fn new(at: Timestamp, code: ErrorCode) -> Self {
        Self { at, code }
    }

    /// The earlier of this and the end of a sign-in, if there is one.
    pub(super) fn or_sign_in(self, until: Option<Timestamp>) -> Self {
        match until {
            Some(until) if until < self.at => Self::new(until, ErrorCode::SignInExpired),
            _ => self,
        }
    }
}

impl Client {
    pub(super) fn new(source: Source, message_limit: usize, deadline: Timestamp) -> Self {
        Self {
            source,
            deframer: Deframer::new(message_limit, "a rendezvous message"),
            phase: Phase::Greeting,
            deadline,
            stays_until: None,
            unpaired_bytes: 0,
            was_paired: false,
            signed_in: None,
            left: None,
            helped_by: Arc::default(),
            card: None,
        }
    }

    pub(super) fn session_over(&mut self, now: Timestamp) {
        self.unpaired_bytes = 0;
        self.was_paired = true;
        self.left = Some(now);
    }
}

impl Phase {
    /// What the client is doing, for errors.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Greeting => "that has not said hello",
            Self::Idle => "outside a session",
            Self::SigningIn(_) => "that is signing in",
            Self::Waiting { .. } => "with a code",
            Self::Joining { .. } | Self::Device(Dialling::Asking { .. }) => "that is joining",
            Self::Device(Dialling::Listening { .. }) => "that waits to be called",
            Self::Paired { .. } => "in a session",
        }
    }

    /// What is known of the wait for an answer.
    pub(super) const fn held(&self) -> Option<&Held> {
        match self {
            Self::Joining { held, .. } | Self::Device(Dialling::Asking { held, .. }) => Some(held),
            Self::Greeting
            | Self::Idle
            | Self::SigningIn(_)
            | Self::Waiting { .. }
            | Self::Device(Dialling::Listening { .. })
            | Self::Paired { .. } => None,
        }
    }

    /// When this phase ends by itself if it begins now.
    pub(super) fn deadline(&self, config: &RelayConfig, now: Timestamp) -> Timestamp {
        match self {
            Self::Greeting | Self::Idle | Self::SigningIn(SigningIn::Asked { .. }) => {
                now.plus_ms(config.unpaired_idle_ms)
            }
            Self::Joining { held, .. } | Self::Device(Dialling::Asking { held, .. }) => held.due,
            Self::SigningIn(SigningIn::Waiting { due, .. }) => {
                (*due).min(now.plus_ms(config.unpaired_idle_ms))
            }
            Self::Device(Dialling::Listening { .. }) => now.plus_ms(config.device_wait_ms),
            Self::Waiting { until, .. } | Self::Paired { until, .. } => until.at,
        }
    }
}
