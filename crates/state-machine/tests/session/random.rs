//! Whatever people and networks do, in any order: what must never happen does not.

use alongside_harness::{Conditions, Packet, Way, World};
use alongside_state_machine::{
    endpoint::{Config, sharer},
    session::sharer::Event,
};
use alongside_wire::{Scopes, input::InputEvent, record::MEDIA};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Act {
    Consent(bool),
    Frame,
    Request(bool),
    Allow,
    Deny,
    Revoke,
    Release,
    Type,
    HelperPause(bool),
    SharerPause(bool),
    HelperChat,
    SharerChat,
    Refresh,
    Wait(u16),
    HelperEnd,
    SharerEnd,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => any::<bool>().prop_map(Act::Consent),
        4 => Just(Act::Frame),
        3 => any::<bool>().prop_map(Act::Request),
        4 => Just(Act::Allow),
        1 => Just(Act::Deny),
        1 => Just(Act::Revoke),
        1 => Just(Act::Release),
        6 => Just(Act::Type),
        1 => any::<bool>().prop_map(Act::HelperPause),
        1 => any::<bool>().prop_map(Act::SharerPause),
        1 => Just(Act::HelperChat),
        1 => Just(Act::SharerChat),
        1 => Just(Act::Refresh),
        8 => (0..12_000_u16).prop_map(Act::Wait),
        1 => prop_oneof![Just(Act::HelperEnd), Just(Act::SharerEnd)],
    ]
}

/// What the sharer's person has allowed, kept apart from the machine.
#[derive(Default)]
struct Person {
    consented: bool,
    paused: [bool; 2],
    granted: Option<Scopes>,
    ended: bool,
    read: usize,
    media: usize,
}

impl Person {
    /// Reads what the sharer was told since the last time, and holds it against what was allowed.
    fn check(&mut self, world: &World) -> Result<(), TestCaseError> {
        for event in &world.sharer_events[self.read..] {
            let sharer::Event::Session(event) = event else {
                continue;
            };
            prop_assert!(!self.ended, "after the end: {event:?}");
            match event {
                Event::Inject(input) => {
                    let granted = self.granted;
                    prop_assert!(granted.is_some_and(|g| g.contains(input.scope())));
                    prop_assert!(!self.paused.contains(&true));
                }
                Event::ControlAsked { .. } => prop_assert!(self.consented),
                Event::ControlGranted { scopes, .. } => self.granted = Some(*scopes),
                Event::ControlEnded { .. } => self.granted = None,
                Event::Paused { local, peer } => {
                    self.paused = [*local, *peer];
                    prop_assert!(self.granted.is_none() || !self.paused.contains(&true));
                }
                Event::Ended(_) => self.ended = true,
                _ => {}
            }
        }
        self.read = world.sharer_events.len();
        let media = |sent: &&(Way, Packet)| matches!(sent, (Way::SharerUp, Packet::Stream { bytes, .. }) if bytes.first() == Some(&MEDIA));
        let media = world.sent.iter().filter(media).count();
        prop_assert!(self.consented || media == 0);
        self.media = media;
        Ok(())
    }
}

proptest! {
    #![proptest_config(crate::cases(64))]

    //= test spec/05-session.md#consent [CONSENT-2] bd3752a6
    //= test spec/06-media-input.md#input-records [INPUT-3] 782ead1b
    //= test spec/05-session.md#control [CONTROL-6] d5b72aae
    //= test spec/05-session.md#control [CONTROL-24] 901e49a3
    #[test]
    fn nothing_happens_that_was_not_allowed(
        seed in 0..10_000_u64,
        poor in any::<bool>(),
        acts in prop::collection::vec(act(), 1..80),
    ) {
        let conditions = if poor { Conditions::POOR } else { Conditions::INSTANT };
        let mut world = World::with(seed, conditions, Config::default(), Config::default());
        world.asked();
        let mut person = Person::default();
        for act in acts {
            let now = world.now;
            match act {
                Act::Consent(allow) => {
                    if world.sharer.consent(allow, Vec::new(), now).is_ok() {
                        person.consented = allow;
                    }
                }
                Act::Frame => {
                    let may = person.consented && !person.ended;
                    let sent = world.frame(world.sharer.wants_complete()).is_some();
                    prop_assert!(may || !sent);
                }
                Act::Request(all) => {
                    let scopes = if all { Scopes::CONTROL } else { Scopes::KEYBOARD };
                    let _ = world.helper.request_control(scopes, now);
                }
                Act::Allow => {
                    let _ = world.allow(Scopes::KEYBOARD);
                }
                Act::Deny => {
                    let _ = world.sharer.deny_control(now);
                }
                Act::Revoke => {
                    let _ = world.sharer.revoke(now);
                }
                Act::Release => {
                    let _ = world.helper.release_control(now);
                }
                Act::Type => {
                    let _ = world.helper.input(InputEvent::Key { usage: 5, down: true });
                    world.run(10);
                }
                Act::HelperPause(paused) => {
                    let _ = world.helper.set_paused(paused, now);
                }
                Act::SharerPause(paused) => {
                    let _ = world.sharer.set_paused(paused, now);
                }
                Act::HelperChat => {
                    let _ = world.helper.chat("a", now);
                }
                Act::SharerChat => {
                    let _ = world.sharer.chat("b");
                }
                Act::Refresh => world.helper.refresh(now),
                Act::Wait(ms) => world.run(ms.into()),
                Act::HelperEnd => world.helper.end(now),
                Act::SharerEnd => world.sharer.end(),
            }
            world.run(1);
            person.check(&world)?;
            let most = if person.granted.is_some() {
                Scopes::CONSENT.union(Scopes::KEYBOARD)
            } else {
                Scopes::CONSENT
            };
            prop_assert!(most.contains(world.sharer.scopes()));
            prop_assert!(person.consented || world.sharer.scopes().is_empty());
        }
        // Nobody who kept to the rules was blamed for anything.
        for ended in [world.helper.machine().ended(), world.sharer.machine().ended()] {
            prop_assert!(ended.is_none_or(|ended| ended.fault.is_none()), "{:?}", ended);
        }
    }
}
