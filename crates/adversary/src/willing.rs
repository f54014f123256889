//! Two people who want the same, on any network that is one: they get there.

use std::fmt;

use alongside_harness::{Broken, Conditions, Side, World};
use alongside_state_machine::{
    endpoint::{Config, helper, helper::SessionEvent as Helper, sharer},
    relay::ConnId,
    session::sharer::Event,
};
use alongside_wire::{Scopes, limits::timers::CONTROL_PROMPT};

use crate::{fake::Fake, source::Source, walk::LooksFor};

/// Bytes that all of it follows from.
pub const HEAD: usize = 6;

/// Milliseconds by which everything has happened that only a network delays.
const SOON_MS: u64 = 60_000;

/// How a request for control is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The person allows it.
    Yes,
    /// It denies.
    No,
    /// It says nothing.
    Nothing,
}

/// A willing pair.
#[derive(Clone, Copy, Debug)]
pub struct Willing {
    /// What all chance in it follows from.
    pub seed: u8,
    /// Milliseconds that every packet takes, and at most beyond that.
    pub delay_ms: [u8; 2],
    /// Packets of 1,000 that are lost.
    pub lost: u8,
    /// The answer to the helper's request.
    pub answer: Answer,
    /// Who ends it.
    pub ends: Side,
}

impl Willing {
    /// The pair of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut source = Source::new(bytes);
        Self {
            seed: source.byte(),
            delay_ms: [source.byte(), source.byte()],
            lost: source.below(200) as u8,
            answer: *source.pick(&[Answer::Yes, Answer::No, Answer::Nothing]),
            ends: *source.pick(&[Side::Helper, Side::Sharer]),
        }
    }
}

/// Waits for something that has to come.
struct Wait(LooksFor);

impl Wait {
    fn until(
        &self,
        world: &mut World,
        ms: u64,
        what: impl fmt::Display,
        done: impl Fn(&World) -> bool,
    ) -> Result<(), Broken> {
        let most = world.now.plus_ms(ms);
        while world.now < most && !done(world) {
            world.run(20);
        }
        let done = done(world);
        self.0
            .holds(11, done, || format!("waited in vain for {what}"))
    }
}

/// Has them meet, see, ask, answer and end.
///
/// # Errors
/// If they wait in vain.
///
/// # Panics
/// If a machine broke, or a deadline stays due.
pub fn play(pair: &Willing, looks: LooksFor) -> Result<(), Broken> {
    let config = || Config {
        aead: &Fake,
        ..Config::default()
    };
    let [delay, jitter] = pair.delay_ms.map(u64::from);
    let conditions = Conditions {
        delay_ms: delay,
        jitter_ms: jitter,
        lost: pair.lost.into(),
        ..Conditions::INSTANT
    };
    let mut world = World::with(pair.seed.into(), conditions, config(), config());
    world.broken = Some(Vec::new());
    let (world, wait) = (&mut world, Wait(looks));
    let _ = world.helper.request_code(world.now);
    let code = |world: &World| {
        let mut told = world.helper_events.iter();
        told.find_map(|event| match event {
            helper::Event::Code { code, .. } => Some(*code),
            _ => None,
        })
    };
    wait.until(world, SOON_MS, "a code", |world| code(world).is_some())?;
    if let Some(code) = code(world) {
        world.join(code);
    }
    let asked = |world: &World| world.was_told(|event| matches!(event, Event::ConsentAsked { .. }));
    wait.until(world, SOON_MS, "the question", asked)?;
    let _ = world.consent(true);
    wait.until(world, SOON_MS, "leave to send pictures", |world| {
        world.sharer.may_send_frame()
    })?;
    world.frame(true);
    wait.until(world, SOON_MS, "a picture", |world| world.frames() > 0)?;
    // Not too early to ask.
    world.run(6_000);
    control(world, pair.answer, &wait)?;
    match pair.ends {
        Side::Helper => world.helper.end(world.now),
        Side::Sharer => world.sharer.end(),
    }
    wait.until(world, SOON_MS, "the end at both", |world| {
        [Side::Helper, Side::Sharer]
            .iter()
            .all(|side| world.ended(*side).is_some())
    })?;
    wait.until(world, SOON_MS, "a relay that is free of it", |world| {
        [ConnId(1), ConnId(2)]
            .iter()
            .all(|conn| world.relay.peer_of(*conn).is_none())
    })
}

/// A request, and its answer.
fn control(world: &mut World, answer: Answer, wait: &Wait) -> Result<(), Broken> {
    let _ = world.helper.request_control(Scopes::CONTROL, world.now);
    wait.until(world, SOON_MS, "a request", |world| {
        let told = world.sharer_events.iter();
        let asked = |event: &sharer::Event| {
            matches!(event, sharer::Event::Session(Event::ControlAsked { .. }))
        };
        told.rev().any(asked)
    })?;
    // Nobody reads faster than this.
    world.run(2_000);
    match answer {
        Answer::Yes => drop(world.allow(Scopes::CONTROL)),
        Answer::No => drop(world.sharer.deny_control(world.now)),
        Answer::Nothing => {}
    }
    wait.until(world, CONTROL_PROMPT + SOON_MS, "an answer", |world| {
        world.helper_was_told(|event| match answer {
            Answer::Yes => matches!(event, Helper::ControlGranted { .. }),
            _ => matches!(event, Helper::ControlDenied(_)),
        })
    })
}
