//! Whatever people and networks do, in any order: what must never happen does not.

use alongside_harness::{Conditions, Side, World};
use alongside_state_machine::{
    endpoint::{Config, helper, helper::SessionEvent as Helper, sharer},
    session::sharer::Event,
    time::Timestamp,
};
use alongside_wire::{ErrorCode, Scopes, input::InputEvent};
use proptest::{prelude::*, strategy::ValueTree};

#[derive(Clone, Copy, Debug)]
enum Act {
    Consent(bool),
    Frame,
    Request(bool),
    Allow(Scopes),
    Deny,
    Revoke,
    Release,
    Type,
    HelperPause(bool),
    SharerPause(bool),
    HelperChat,
    SharerChat,
    Refresh,
    OfferPath(Side),
    EndPath(Side),
    Wait(u16),
    HelperEnd,
    SharerEnd,
    Network(Conditions),
    Trouble(fn(&mut World)),
}

const TROUBLE: [fn(&mut World); 6] = [
    World::kill_helper,
    World::kill_sharer,
    World::kill_relay,
    World::disconnect_helper,
    World::disconnect_sharer,
    |world| world.relay.shutdown(world.now),
];

fn side() -> impl Strategy<Value = Side> {
    prop::sample::select(vec![Side::Helper, Side::Sharer])
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => prop::bool::weighted(0.9).prop_map(Act::Consent),
        16 => Just(Act::Frame),
        12 => any::<bool>().prop_map(Act::Request),
        16 => prop::sample::select(vec![Scopes::KEYBOARD, Scopes::POINTER, Scopes::CONTROL])
            .prop_map(Act::Allow),
        2 => Just(Act::Deny),
        3 => Just(Act::Revoke),
        3 => Just(Act::Release),
        32 => Just(Act::Type),
        3 => prop::bool::weighted(0.3).prop_map(Act::HelperPause),
        3 => prop::bool::weighted(0.3).prop_map(Act::SharerPause),
        4 => Just(Act::HelperChat),
        4 => Just(Act::SharerChat),
        4 => Just(Act::Refresh),
        6 => side().prop_map(Act::OfferPath),
        2 => side().prop_map(Act::EndPath),
        32 => prop_oneof![0..200_u16, 0..12_000_u16].prop_map(Act::Wait),
        4 => conditions().prop_map(Act::Network),
        // Seldom, or most walks would be over before anything happens.
        1 => prop_oneof![Just(Act::HelperEnd), Just(Act::SharerEnd)],
        1 => prop::sample::select(TROUBLE.to_vec()).prop_map(Act::Trouble),
    ]
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
    fn check(&mut self, world: &World) -> Result<(), TestCaseError> {
        for event in &world.sharer_events[self.read..] {
            let sharer::Event::Session(event) = event else {
                continue;
            };
            match event {
                Event::Inject(input) => {
                    let may = self.may.filter(|(_, until)| world.now <= *until);
                    prop_assert!(!self.ended && may.is_some_and(|m| m.0.contains(input.scope())));
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
        prop_assert!(most.contains(world.sharer.scopes()));
        Ok(())
    }
}

fn helper_does(world: &mut World, act: Act) {
    let now = world.now;
    match act {
        Act::Request(all) => {
            let scopes = if all {
                Scopes::CONTROL
            } else {
                Scopes::KEYBOARD
            };
            let _ = world.helper.request_control(scopes, now);
        }
        Act::Release => {
            let _ = world.helper.release_control(now);
        }
        Act::Type => {
            let key = InputEvent::Key {
                usage: 5,
                down: true,
            };
            let button = InputEvent::Button {
                button: 1,
                down: true,
            };
            let _ = world.helper.input(key);
            let _ = world.helper.input(button);
            let _ = world.helper.input(InputEvent::ReleaseAll);
            world.run(10);
        }
        Act::HelperPause(paused) => {
            let _ = world.helper.set_paused(paused, now);
        }
        Act::HelperChat => {
            let _ = world.helper.chat("to the sharer", now);
        }
        Act::Refresh => world.helper.refresh(now),
        Act::HelperEnd => world.helper.end(now),
        _ => {}
    }
}

/// Lines that were sent, and those that came, at each end.
fn chat_comes_once(world: &World, sent: [usize; 2]) -> Result<(), TestCaseError> {
    let heard = |event: &&sharer::Event| matches!(event, sharer::Event::Session(Event::Chat(_)));
    prop_assert!(world.sharer_events.iter().filter(heard).count() <= sent[0]);
    let heard = |event: &&helper::Event| matches!(event, helper::Event::Session(Helper::Chat(_)));
    prop_assert!(world.helper_events.iter().filter(heard).count() <= sent[1]);
    Ok(())
}

/// What came about in a random session.
#[derive(Debug, Default)]
struct Came {
    frames: usize,
    granted: usize,
    injected: usize,
    paths: usize,
}

/// One session of these people, from the question, from consent, or from control on.
fn play(
    seed: u64,
    start: u8,
    conditions: Conditions,
    acts: Vec<Act>,
) -> Result<Came, TestCaseError> {
    let mut world = World::with(seed, conditions, Config::default(), Config::default());
    let mut person = Person::default();
    match start {
        0 => world.asked(),
        1 => world.viewing(),
        _ => {
            world.controlled();
            person.may = Some((Scopes::CONTROL, world.now.plus_ms(MOST_MS)));
        }
    }
    person.consented = start > 0;
    let mut sent = [0, 0];
    for act in acts {
        sent[0] += usize::from(matches!(act, Act::HelperChat));
        sent[1] += usize::from(matches!(act, Act::SharerChat));
        match act {
            Act::Wait(ms) => world.run(ms.into()),
            Act::Network(conditions) => world.conditions(conditions),
            Act::Trouble(trouble) => trouble(&mut world),
            // Whether it may is for the endpoint to say, and for the harness to look at.
            Act::OfferPath(side) => drop(world.offer_path(side)),
            Act::EndPath(side) => world.end_path(side),
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
    prop_assert_eq!(world.audit(), Ok(()));
    // Nobody who kept to the rules was blamed for anything.
    for ended in [
        world.helper.machine().ended(),
        world.sharer.machine().ended(),
    ] {
        prop_assert!(ended.is_none_or(|ended| ended.fault.is_none()), "{ended:?}");
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
        paths: world.paths_made(),
    })
}

fn conditions() -> impl Strategy<Value = Conditions> {
    prop::sample::select(vec![
        Conditions::INSTANT,
        Conditions::POOR,
        Conditions::WORSE,
    ])
}

proptest! {
    #![proptest_config(crate::cases(96))]

    //= test spec/05-session.md#consent [CONSENT-2] bd3752a6
    //= test spec/05-session.md#pause [PAUSE-5] 334d72fe
    //= test spec/06-media-input.md#input-records [INPUT-3] 782ead1b
    //= test spec/05-session.md#control [CONTROL-6] d5b72aae
    //= test spec/05-session.md#control [CONTROL-24] 901e49a3
    /// The world's monitor watches each event as well, and that no deadline stays due.
    #[test]
    fn nothing_happens_that_was_not_allowed(
        seed in 0..10_000_u64,
        start in 0..4_u8,
        conditions in conditions(),
        acts in prop::collection::vec(act(), 1..80),
    ) {
        play(seed, start, conditions, acts)?;
    }
}

/// The walks above are worth something: they come to pictures, to control and to typing.
#[test]
fn random_people_do_help_each_other() {
    let mut runner = prop::test_runner::TestRunner::new(crate::cases(96));
    let (mut frames, mut granted, mut injected, mut paths) = (0, 0, 0, 0);
    for seed in 0..96 {
        let strategy = (0..4_u8, conditions(), prop::collection::vec(act(), 1..80));
        let (start, conditions, acts) = strategy.new_tree(&mut runner).unwrap().current();
        let came = play(seed, start, conditions, acts).unwrap();
        frames += usize::from(came.frames > 0);
        granted += usize::from(came.granted > 0);
        injected += usize::from(came.injected > 0);
        paths += usize::from(came.paths > 0);
    }
    let came = (frames, granted, injected, paths);
    let enough = frames >= 50 && granted >= 30 && injected >= 15 && paths >= 10;
    assert!(enough, "{came:?}");
}
