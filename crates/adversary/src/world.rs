//! Two people, their programs, a relay and a network, whatever they do in whatever order.

use std::fmt;

use alongside_harness::{Broken, Conditions, Side, World};
use alongside_state_machine::{
    channel::aead::Aead,
    endpoint::{Config, helper, sharer},
    relay::account::{Role, Standing},
    session::sharer::Event,
};
use alongside_wire::Scopes;

use crate::{
    fake::{self, Fake},
    people,
    person::{self, Person},
    source::Source,
    walk::{self, LooksFor},
    watch::Watch,
};

/// Bytes that a session begins with: where, the network, the seed.
pub const HEAD: usize = 3;
/// Bytes that one act is made of.
pub const ACT: usize = 4;

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The sharer's person answers the first question.
    Consent(bool),
    /// A picture is taken.
    Frame,
    /// The helper asks for control: for all of it, or the keyboard.
    Request(bool),
    /// The sharer's person allows so much control.
    Allow(Scopes),
    /// It says no to control.
    Deny,
    /// It takes control back.
    Revoke,
    /// The helper gives control up.
    Release,
    /// The helper types and clicks.
    Type,
    /// The helper pauses, or goes on.
    HelperPause(bool),
    /// The sharer pauses, or goes on.
    SharerPause(bool),
    /// The helper sends a line of chat.
    HelperChat,
    /// The sharer sends one.
    SharerChat,
    /// The helper wants a complete picture.
    Refresh,
    /// An end offers a path.
    OfferPath(Side),
    /// An end gives the path up.
    EndPath(Side),
    /// Milliseconds pass.
    Wait(u16),
    /// Nobody does anything for longer than a question stays open.
    Silence,
    /// The helper ends it.
    HelperEnd,
    /// The sharer ends it.
    SharerEnd,
    /// The network becomes good (0), poor or worse.
    Network(u8),
    /// Something breaks.
    Trouble(Trouble),
}

/// What may break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// An end is gone without a word.
    Kill(Side),
    /// The relay is gone without a word, and another is in its place.
    KillRelay,
    /// The connection of an end breaks.
    Disconnect(Side),
    /// Nothing comes through to an end for some seconds.
    Outage(Side),
    /// The relay says that it goes.
    Shutdown,
}

pub(crate) const TROUBLE: [Trouble; 8] = [
    Trouble::Kill(Side::Helper),
    Trouble::Kill(Side::Sharer),
    Trouble::KillRelay,
    Trouble::Disconnect(Side::Helper),
    Trouble::Disconnect(Side::Sharer),
    Trouble::Outage(Side::Helper),
    Trouble::Outage(Side::Sharer),
    Trouble::Shutdown,
];

const SIDES: [Side; 2] = [Side::Helper, Side::Sharer];

const NETWORKS: [Conditions; 3] = [Conditions::INSTANT, Conditions::POOR, Conditions::WORSE];

impl Act {
    /// What lets a session go on is more frequent than what ends it.
    fn of(source: &mut Source<'_>) -> Self {
        match source.byte() {
            0..=15 => Self::Consent(!source.one_in(8)),
            16..=55 => Self::Frame,
            56..=85 => Self::Request(source.bool()),
            86..=120 => {
                Self::Allow(*source.pick(&[Scopes::KEYBOARD, Scopes::POINTER, Scopes::CONTROL]))
            }
            121..=124 => Self::Deny,
            125..=130 => Self::Revoke,
            131..=136 => Self::Release,
            137..=190 => Self::Type,
            191..=196 => Self::HelperPause(source.one_in(3)),
            197..=202 => Self::SharerPause(source.one_in(3)),
            203..=206 => Self::HelperChat,
            207 | 208 => Self::EndPath(*source.pick(&SIDES)),
            209..=212 => Self::SharerChat,
            213..=216 => Self::Refresh,
            217..=224 => Self::OfferPath(*source.pick(&SIDES)),
            225..=241 => Self::Wait(if source.bool() {
                source.below(200) as u16
            } else {
                source.below(12_000) as u16
            }),
            242 => Self::Silence,
            243..=248 => Self::Network(source.below(NETWORKS.len()) as u8),
            249..=252 => Self::Trouble(*source.pick(&TROUBLE)),
            253 | 254 => Self::HelperEnd,
            255 => Self::SharerEnd,
        }
    }
}

impl Trouble {
    pub(crate) fn befalls(self, world: &mut World) {
        match self {
            Self::Kill(Side::Helper) => world.kill_helper(),
            Self::Kill(Side::Sharer) => world.kill_sharer(),
            Self::KillRelay => world.kill_relay(),
            Self::Disconnect(side) => world.disconnect(side),
            Self::Outage(side) => world.outage(side, 9_000),
            Self::Shutdown => world.relay.shutdown(world.now),
        }
    }
}

/// A session: how it begins, and what is done in it. Told act by act.
#[derive(Clone)]
pub struct Session {
    /// What all chance in it follows from.
    pub seed: u8,
    /// From the question (0), from consent (1), or from control.
    pub start: u8,
    /// The most that the sharer's program allows, whatever its person says.
    pub ceiling: Scopes,
    /// The role that the helper signs in with, if they do.
    pub role: Option<Role>,
    /// The network at the beginning, as in [`Act::Network`].
    pub network: u8,
    /// In their order.
    pub acts: Vec<Act>,
}

impl Session {
    /// The session of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let (head, acts) = bytes.split_at(HEAD.min(bytes.len()));
        let mut source = Source::new(head);
        let from = source.below(8) as u8;
        let start = from % 4;
        let network = source.below(NETWORKS.len()) as u8;
        Self {
            seed: source.byte(),
            start,
            ceiling: match from {
                4 | 5 => Scopes::CONSENT.union(Scopes::KEYBOARD),
                _ => Scopes::ALL,
            },
            role: None,
            network,
            acts: walk::acts(acts, ACT, Act::of),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = match self.start {
            0 => "the question",
            1 => "consent",
            _ => "control",
        };
        let begins = format_args!(
            "from {start}, network {}, seed {}, at most {:?}, role {:?}",
            self.network, self.seed, self.ceiling, self.role
        );
        walk::tell(f, begins, &self.acts)
    }
}

/// Acts of the longest session of a fuzzer: more are slow, and hardly tell more.
const LONGEST: usize = 200;

/// Plays the session of these bytes.
///
/// # Panics
/// If [`play`] fails.
pub fn fuzz(data: &[u8]) {
    let mut session = Session::of(data);
    session.acts.truncate(LONGEST);
    walk::told(play(&session, &Fake, LooksFor::ALL), &session);
}

/// The helper with this role, and the sharer, of one organisation.
fn sign_in(world: &mut World, role: Role) {
    for (name, role) in [("ada", role), ("charles", Role::None)] {
        let account = people::account(name, role, Standing::Compliant);
        world.tokens.insert(name.to_owned(), account);
    }
    // They are asked for nothing yet.
    let _ = world.helper.sign_in(people::token("ada"));
    let _ = world.sharer.sign_in(people::token("charles"));
    world.run_until("the answers to the sign-ins", |world| {
        let mut helper = world.helper_events.iter();
        let mut sharer = world.sharer_events.iter();
        helper.any(|event| matches!(event, helper::Event::SignedIn(_)))
            && sharer.any(|event| matches!(event, sharer::Event::SignedIn(_)))
    });
}

/// What came about in a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Pictures that were shown.
    pub frames: usize,
    /// Grants.
    pub granted: usize,
    /// Input that was carried out.
    pub injected: usize,
    /// Connections from end to end.
    pub paths: usize,
}

/// Plays a session whose ends seal by this.
///
/// # Errors
/// What is broken, of what is looked for.
///
/// # Panics
/// If a machine broke, or a deadline stays due.
pub fn play(session: &Session, aead: &'static dyn Aead, looks: LooksFor) -> Result<Came, Broken> {
    fake::forget();
    let network = |which: u8| NETWORKS[usize::from(which) % NETWORKS.len()];
    let config = |ceiling| Config {
        aead,
        ceiling,
        ..Config::default()
    };
    let (helper, sharer) = (config(Scopes::ALL), config(session.ceiling));
    let conditions = network(session.network);
    let mut world = World::with(session.seed.into(), conditions, helper, sharer);
    world.broken = Some(Vec::new());
    let ceiling = session.role.map_or(session.ceiling, |role| {
        sign_in(&mut world, role);
        session.ceiling.intersect(role.ceiling())
    });
    match session.start {
        0 => world.asked(),
        1 => world.viewing(),
        _ => world.controlled(),
    }
    let person = match session.start {
        0 => Person::default(),
        1 => Person::consented(),
        _ => Person::in_control(world.now),
    };
    let mut watch = Watch::new(looks, ceiling, person);
    for act in &session.acts {
        watch.begins(*act, &world);
        match *act {
            Act::Wait(ms) => world.run(ms.into()),
            Act::Silence => watch.silence(&mut world)?,
            Act::Network(which) => world.conditions(network(which)),
            Act::Trouble(trouble) => trouble.befalls(&mut world),
            act => {
                watch.person.does(&mut world, act);
                watch.check(&mut world)?;
                person::helper_does(&mut world, act);
            }
        }
        world.run(1);
        watch.check(&mut world)?;
    }
    watch.end(&mut world)?;
    let count = |what: fn(&Event) -> bool| {
        let told = world.sharer_events.iter();
        told.filter(|event| matches!(event, sharer::Event::Session(event) if what(event)))
            .count()
    };
    Ok(Came {
        frames: world.frames(),
        granted: count(|event| matches!(event, Event::ControlGranted { .. })),
        injected: count(|event| matches!(event, Event::Inject(_))),
        paths: world.paths_made(),
    })
}
