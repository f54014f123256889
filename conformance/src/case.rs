//! A case: what it is called, which requirements it checks, and how.

use std::{fmt, sync::Arc};

use crate::{
    driver::Role,
    requirements,
    stage::{ClientStage, Done, PairStage, RelayStage, SetUp},
};

/// One thing that is checked of what is under test.
#[derive(Clone)]
pub struct Case {
    /// What it is called, for good: `sharer/consent/refused`.
    pub id: String,
    /// What it is about, in a sentence without a full stop.
    pub title: String,
    /// The requirements that it sees to hold, each of which it must come to.
    pub checks: Vec<&'static str>,
    /// What the client or the relay has to have.
    pub needs: Vec<&'static str>,
    /// What the relay is set up with.
    pub set_up: SetUp,
    /// A case without which this one means nothing.
    pub after: Option<String>,
    /// The case that differs from this in one fact, by which that one is allowed and this is not.
    pub twin: Option<String>,
    /// How it goes.
    pub run: Run,
}

/// How a case goes, and with what.
#[derive(Clone)]
pub enum Run {
    /// With a client, in each of these roles.
    Client(
        Vec<Role>,
        Arc<dyn Fn(&mut ClientStage<'_>) -> Done + Send + Sync>,
    ),
    /// With a relay.
    Relay(Arc<dyn Fn(&mut RelayStage<'_>) -> Done + Send + Sync>),
    /// With a helper and a sharer, and a relay between them.
    Pair(Arc<dyn Fn(&mut PairStage<'_>) -> Done + Send + Sync>),
}

/// What is under test.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A helper.
    Helper,
    /// A sharer.
    Sharer,
    /// A relay.
    Relay,
    /// A helper and a sharer, with one another.
    Pair,
}

impl From<Role> for Target {
    fn from(role: Role) -> Self {
        match role {
            Role::Helper => Self::Helper,
            Role::Sharer => Self::Sharer,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Helper => "helper",
            Self::Sharer => "sharer",
            Self::Relay => "relay",
            Self::Pair => "pair",
        })
    }
}

impl Case {
    fn new(
        id: impl Into<String>,
        title: impl Into<String>,
        checks: &[&'static str],
        run: Run,
    ) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            checks: checks.to_vec(),
            needs: Vec::new(),
            set_up: SetUp::default(),
            after: None,
            twin: None,
            run,
        }
    }

    /// A case of a sharer.
    pub fn sharer(
        id: impl Into<String>,
        title: impl Into<String>,
        checks: &[&'static str],
        run: impl Fn(&mut ClientStage<'_>) -> Done + Send + Sync + 'static,
    ) -> Self {
        Self::new(
            id,
            title,
            checks,
            Run::Client(vec![Role::Sharer], Arc::new(run)),
        )
    }

    /// A case of a helper.
    pub fn helper(
        id: impl Into<String>,
        title: impl Into<String>,
        checks: &[&'static str],
        run: impl Fn(&mut ClientStage<'_>) -> Done + Send + Sync + 'static,
    ) -> Self {
        Self::new(
            id,
            title,
            checks,
            Run::Client(vec![Role::Helper], Arc::new(run)),
        )
    }

    /// A case of both, run once for each.
    pub fn client(
        id: impl Into<String>,
        title: impl Into<String>,
        checks: &[&'static str],
        run: impl Fn(&mut ClientStage<'_>) -> Done + Send + Sync + 'static,
    ) -> Self {
        let roles = vec![Role::Helper, Role::Sharer];
        Self::new(id, title, checks, Run::Client(roles, Arc::new(run)))
    }

    /// A case of a relay.
    pub fn relay(
        id: impl Into<String>,
        title: impl Into<String>,
        checks: &[&'static str],
        run: impl Fn(&mut RelayStage<'_>) -> Done + Send + Sync + 'static,
    ) -> Self {
        Self::new(id, title, checks, Run::Relay(Arc::new(run)))
    }

    /// A case of a helper and a sharer.
    pub fn pair(
        id: impl Into<String>,
        title: impl Into<String>,
        checks: &[&'static str],
        run: impl Fn(&mut PairStage<'_>) -> Done + Send + Sync + 'static,
    ) -> Self {
        Self::new(id, title, checks, Run::Pair(Arc::new(run)))
    }

    /// The relay is set up with this.
    #[must_use]
    pub fn set_up(mut self, set_up: &SetUp) -> Self {
        self.set_up = set_up.clone();
        self
    }

    /// The client, the relay, or each of a pair, has to have this.
    #[must_use]
    pub fn needs(mut self, capability: &'static str) -> Self {
        self.needs.push(capability);
        self
    }

    /// It means nothing if that case has failed.
    #[must_use]
    pub fn after(mut self, case: impl Into<String>) -> Self {
        self.after = Some(case.into());
        self
    }

    /// Something that is not allowed is done here, and something that is, in the twin. What is under
    /// test has to be there for a fresh session afterwards.
    #[must_use]
    pub fn twin(mut self, case: impl Into<String>) -> Self {
        self.twin = Some(case.into());
        self
    }

    /// The requirements that it sees to hold of this: a case of both ends has some of one alone.
    pub fn checks_of(&self, target: Target) -> Vec<String> {
        let theirs = |id: &&&str| {
            let role = requirements::all().get(**id).map(|one| one.role.as_str());
            match role {
                Some("helper") => target != Target::Sharer,
                Some("sharer") => target != Target::Helper,
                _ => true,
            }
        };
        self.checks
            .iter()
            .filter(theirs)
            .map(ToString::to_string)
            .collect()
    }

    /// What it can be run against.
    pub fn targets(&self) -> Vec<Target> {
        match &self.run {
            Run::Client(roles, _) => roles.iter().copied().map(Target::from).collect(),
            Run::Relay(_) => vec![Target::Relay],
            Run::Pair(_) => vec![Target::Pair],
        }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.id).finish()
    }
}
