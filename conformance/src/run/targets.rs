//! What is under test, and how one comes by it.

use std::net::SocketAddr;

use crate::{case::Target, driver, stage::RelayProgram};

/// A client.
#[derive(Clone, Debug)]
pub struct ClientTarget {
    /// Its driver.
    pub driver: driver::Program,
}

/// A relay.
#[derive(Clone, Debug)]
pub enum RelayTarget {
    /// It runs already, here, with this certificate.
    At(SocketAddr, String),
    /// It is started.
    Program(RelayProgram),
}

/// Everything that is under test.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// The helper.
    pub helper: Option<ClientTarget>,
    /// The sharer.
    pub sharer: Option<ClientTarget>,
    /// The relay.
    pub relay: Option<RelayTarget>,
}

impl Targets {
    /// Without those that are not wanted.
    #[must_use]
    pub fn only(self, wanted: impl Fn(Target) -> bool) -> Self {
        Self {
            helper: self.helper.filter(|_| wanted(Target::Helper)),
            sharer: self.sharer.filter(|_| wanted(Target::Sharer)),
            relay: self.relay.filter(|_| wanted(Target::Relay)),
        }
    }

    /// What there is.
    pub fn present(&self) -> Vec<Target> {
        [
            (Target::Helper, self.helper.is_some()),
            (Target::Sharer, self.sharer.is_some()),
            (Target::Relay, self.relay.is_some()),
        ]
        .into_iter()
        .filter_map(|(target, there)| there.then_some(target))
        .collect()
    }
}
