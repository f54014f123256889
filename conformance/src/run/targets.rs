//! What is under test, and how one comes by it.

use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

use super::Errand;
use crate::{
    case::Target,
    driver::{self, Broken, Stdio},
    stage::{RelayProgram, RelayUnderTest, SetUp},
};

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

impl RelayTarget {
    /// The relay, started if it does not run. What it is told and writes is kept there.
    pub(crate) fn start(
        &self,
        set_up: &SetUp,
        patience: Duration,
        stdio: Stdio,
    ) -> Result<RelayUnderTest, Broken> {
        match self {
            Self::At(address, certificate) => Ok(RelayUnderTest::at(*address, certificate.clone())),
            Self::Program(program) => RelayUnderTest::start(program, set_up, patience, stdio),
        }
    }
}

/// A helper and a sharer, and the relay between them.
#[derive(Clone, Debug)]
pub struct PairTarget {
    /// Which, if there are several.
    pub pairing: Option<Pairing>,
    /// The driver of the helper.
    pub helper: driver::Program,
    /// The driver of the sharer.
    pub sharer: driver::Program,
    /// The relay.
    pub relay: RelayTarget,
}

/// One of several pairs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pairing {
    /// The places of the helper and of the sharer on the command line: `1-2`.
    pub name: String,
    /// The beginning of the command that tests this pair alone.
    pub command: String,
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
    /// The pairs.
    pub pairs: Vec<PairTarget>,
}

impl Targets {
    /// Without those that are not wanted.
    #[must_use]
    pub fn only(self, wanted: impl Fn(Target) -> bool) -> Self {
        Self {
            helper: self.helper.filter(|_| wanted(Target::Helper)),
            sharer: self.sharer.filter(|_| wanted(Target::Sharer)),
            relay: self.relay.filter(|_| wanted(Target::Relay)),
            pairs: match wanted(Target::Pair) {
                true => self.pairs,
                false => Vec::new(),
            },
        }
    }

    /// What there is.
    pub fn present(&self) -> Vec<Target> {
        [
            (Target::Helper, self.helper.is_some()),
            (Target::Sharer, self.sharer.is_some()),
            (Target::Relay, self.relay.is_some()),
            (Target::Pair, !self.pairs.is_empty()),
        ]
        .into_iter()
        .filter_map(|(target, there)| there.then_some(target))
        .collect()
    }

    /// The same errands, those of a pair once for each.
    pub fn spread(&self, errands: Vec<Errand>) -> Vec<Errand> {
        let (of_pairs, mut all): (Vec<_>, Vec<_>) = errands
            .into_iter()
            .partition(|errand| errand.target == Target::Pair);
        for pair in &self.pairs {
            all.extend(of_pairs.iter().map(|errand| Errand {
                pairing: pair.pairing.clone(),
                ..errand.clone()
            }));
        }
        all
    }
}
