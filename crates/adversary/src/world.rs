//! Two people, their programs, a relay and a network, whatever they do in whatever order.

use alongside_harness::{Conditions, World};
use alongside_state_machine::{
    endpoint::{helper, helper::SessionEvent as Helper, sharer},
    session::sharer::Event,
    time::Timestamp,
};
use alongside_wire::{ErrorCode, Scopes, input::InputEvent};

use crate::{fake, source::Source};

/// Bytes that one act is made of. A sequence loses an act, and nothing else, when so many are taken out.
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
    /// Milliseconds pass.
    Wait(u16),
    /// The helper ends it.
    HelperEnd,
    /// The sharer ends it.
    SharerEnd,
    /// The network becomes good (0), poor or worse.
    Network(u8),
    /// Something breaks: one of [`TROUBLE`].
    Trouble(usize),
}

/// What may break.
pub const TROUBLE: [fn(&mut World); 8] = [
    World::kill_helper,
    World::kill_sharer,
    World::kill_relay,
    World::disconnect_helper,
    World::disconnect_sharer,
    |world| world.outage(alongside_harness::Side::Helper, 9_000),
    |world| world.outage(alongside_harness::Side::Sharer, 9_000),
    |world| world.relay.shutdown(world.now),
];

const NETWORKS: [Conditions; 3] = [Conditions::INSTANT, Conditions::POOR, Conditions::WORSE];

impl Act {
    /// The act of these bytes. What lets a session go on is more frequent than what ends it.
    pub fn of(bytes: &[u8]) -> Self {
        let mut source = Source::new(bytes);
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
            203..=208 => Self::HelperChat,
            209..=214 => Self::SharerChat,
            215..=218 => Self::Refresh,
            219..=242 => Self::Wait(if source.bool() {
                source.below(200) as u16
            } else {
                source.below(12_000) as u16
            }),
            243..=248 => Self::Network(source.below(NETWORKS.len()) as u8),
            249..=252 => Self::Trouble(source.below(TROUBLE.len())),
            253 | 254 => Self::HelperEnd,
            255 => Self::SharerEnd,
        }
    }
}

/// A session: how it begins, and what is done in it.
#[derive(Clone, Debug)]
pub struct Session {
    /// What all chance in it follows from.
    pub seed: u8,
    /// From the question (0), from consent (1), or from control.
    pub start: u8,
    /// The network at the beginning, as in [`Act::Network`].
    pub network: u8,
    /// In their order.
    pub acts: Vec<Act>,
}

impl Session {
    /// The session of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut source = Source::new(bytes);
        let (start, network) = (source.below(4) as u8, source.below(NETWORKS.len()) as u8);
        let seed = source.byte();
        let acts = source.rest().chunks(ACT).map(Act::of).collect();
        Self {
            seed,
            start,
            network,
            acts,
        }
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
    if let Err(why) = play(&session) {
        panic!("{why}: {session:?}");
    }
}

/// What the sharer's person has allowed. It knows the answers that were taken, and no more.
#[derive(Default)]
struct Person {
    consented: bool,
    may: Option<(Scopes, Timestamp)>,
    ended: bool,
    read: usize,
}

/// A grant lasts no longer.
const MOST_MS: u64 = 900_000;

impl Person {
    fn does(&mut self, world: &mut World, act: Act) {
        let now = world.now;
        let taken = match act {
            Act::Consent(allow) => world.consent(allow),
            Act::Allow(scopes) => world.allow(scopes),
            Act::Deny => world.sharer.deny_control(now),
            Act::Revoke => world.sharer.revoke(now),
            Act::SharerPause(paused) => world.sharer.set_paused(paused, now),
            Act::SharerChat => world.sharer.chat("to the helper").map(drop),
            Act::SharerEnd => {
                world.sharer.end();
                Ok(())
            }
            Act::Frame => {
                world.frame(world.sharer.wants_complete());
                Ok(())
            }
            _ => return,
        };
        match act {
            _ if taken.is_err() => {}
            Act::Consent(allow) => self.consented = allow,
            Act::Allow(scopes) => self.may = Some((scopes, now.plus_ms(MOST_MS))),
            Act::Revoke | Act::SharerPause(true) => self.may = None,
            Act::SharerEnd => self.ended = true,
            _ => {}
        }
    }

    /// Reads what the sharer was told since the last time, and holds it against the answers.
    fn check(&mut self, world: &World) -> Result<(), String> {
        for event in &world.sharer_events[self.read..] {
            let sharer::Event::Session(event) = event else {
                continue;
            };
            match event {
                Event::Inject(input) => {
                    let may = self.may.filter(|(_, until)| world.now <= *until);
                    let allowed = may.is_some_and(|(scopes, _)| scopes.contains(input.scope()));
                    if self.ended || !allowed {
                        return Err(format!("{input:?} was injected, and not allowed"));
                    }
                }
                // What replaces a grant was allowed just now.
                Event::ControlEnded { code, .. } if *code != ErrorCode::Replaced => self.may = None,
                _ => {}
            }
        }
        self.read = world.sharer_events.len();
        let mut most = Scopes::NONE;
        if self.consented && !self.ended {
            most = self
                .may
                .map_or(Scopes::CONSENT, |(scopes, _)| scopes.union(Scopes::CONSENT));
        }
        let scopes = world.sharer.scopes();
        if most.contains(scopes) {
            return Ok(());
        }
        Err(format!(
            "the helper may {scopes:?}, and no more than {most:?} was allowed"
        ))
    }
}

fn helper_does(world: &mut World, act: Act) {
    let now = world.now;
    // What a machine refuses is its business; what comes of it is checked.
    let _ = match act {
        Act::Request(all) => {
            let scopes = if all {
                Scopes::CONTROL
            } else {
                Scopes::KEYBOARD
            };
            world.helper.request_control(scopes, now)
        }
        Act::Release => world.helper.release_control(now),
        Act::Type => {
            let key = InputEvent::Key {
                usage: 5,
                down: true,
            };
            let button = InputEvent::Button {
                button: 1,
                down: true,
            };
            let typed = [key, button, InputEvent::ReleaseAll]
                .into_iter()
                .try_for_each(|event| world.helper.input(event));
            world.run(10);
            typed
        }
        Act::HelperPause(paused) => world.helper.set_paused(paused, now),
        Act::HelperChat => world.helper.chat("to the sharer", now).map(drop),
        Act::Refresh => {
            world.helper.refresh(now);
            Ok(())
        }
        Act::HelperEnd => {
            world.helper.end(now);
            Ok(())
        }
        _ => Ok(()),
    };
}

/// Lines of chat that were sent, and those that came, at each end.
fn chat_comes_once(world: &World, [from_helper, from_sharer]: [usize; 2]) -> Result<(), String> {
    let heard = |event: &&sharer::Event| matches!(event, sharer::Event::Session(Event::Chat(_)));
    let by_sharer = world.sharer_events.iter().filter(heard).count();
    let heard = |event: &&helper::Event| matches!(event, helper::Event::Session(Helper::Chat(_)));
    let by_helper = world.helper_events.iter().filter(heard).count();
    if by_sharer <= from_helper && by_helper <= from_sharer {
        return Ok(());
    }
    Err(format!(
        "{by_sharer} lines came of {from_helper}, and {by_helper} of {from_sharer}"
    ))
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
}

/// Plays a session.
///
/// # Errors
/// What must not have happened and did, in words.
///
/// # Panics
/// If the [monitor](alongside_harness::Monitor) saw something, a machine broke, or a deadline stays due.
pub fn play(session: &Session) -> Result<Came, String> {
    let network = |which: u8| NETWORKS[usize::from(which) % NETWORKS.len()];
    let conditions = network(session.network);
    let mut world = fake::world(session.seed, conditions);
    let mut person = Person::default();
    match session.start {
        0 => world.asked(),
        1 => world.viewing(),
        _ => {
            world.controlled();
            person.may = Some((Scopes::CONTROL, world.now.plus_ms(MOST_MS)));
        }
    }
    person.consented = session.start > 0;
    let mut sent = [0, 0];
    for act in &session.acts {
        sent[0] += usize::from(*act == Act::HelperChat);
        sent[1] += usize::from(*act == Act::SharerChat);
        match *act {
            Act::Wait(ms) => world.run(ms.into()),
            Act::Network(which) => world.conditions(network(which)),
            Act::Trouble(which) => TROUBLE[which % TROUBLE.len()](&mut world),
            act => {
                person.does(&mut world, act);
                person.check(&world)?;
                helper_does(&mut world, act);
            }
        }
        world.run(1);
        person.check(&world)?;
    }
    world.run(7_000);
    person.check(&world)?;
    chat_comes_once(&world, sent)?;
    world.audit()?;
    let ends = [
        world.helper.machine().ended(),
        world.sharer.machine().ended(),
    ];
    for ended in ends.into_iter().flatten() {
        if ended.fault.is_some() {
            return Err(format!(
                "an end that kept to the rules is blamed: {ended:?}"
            ));
        }
    }
    let count = |what: fn(&Event) -> bool| {
        let told = world.sharer_events.iter();
        told.filter(|event| matches!(event, sharer::Event::Session(event) if what(event)))
            .count()
    };
    Ok(Came {
        frames: world.frames(),
        granted: count(|event| matches!(event, Event::ControlGranted { .. })),
        injected: count(|event| matches!(event, Event::Inject(_))),
    })
}
