//! What the people at both ends do, and what the sharer's has allowed.

use alongside_harness::{Broken, World};
use alongside_state_machine::{endpoint::sharer, session::sharer::Event, time::Timestamp};
use alongside_wire::{ErrorCode, Scopes, input::InputEvent};

use crate::{walk::LooksFor, world::Act};

/// What the sharer's person has allowed. It knows the answers that were taken, and no more.
#[derive(Default)]
pub(crate) struct Person {
    pub(crate) consented: bool,
    may: Option<(Scopes, Timestamp)>,
    /// All that it ever allowed in a grant.
    pub(crate) ever: Scopes,
    /// What it allowed went by a pause or a lost link, and was not allowed again.
    lost: bool,
    ended: bool,
    read: usize,
}

/// A grant lasts no longer.
const MOST_MS: u64 = 900_000;

impl Person {
    /// One that has agreed already.
    pub(crate) fn consented() -> Self {
        Self {
            consented: true,
            ..Self::default()
        }
    }

    /// One that has allowed control already.
    pub(crate) fn in_control(now: Timestamp) -> Self {
        let mut person = Self::consented();
        person.allows(Scopes::CONTROL, now);
        person
    }

    fn allows(&mut self, scopes: Scopes, now: Timestamp) {
        self.may = Some((scopes, now.plus_ms(MOST_MS)));
        self.ever = self.ever.union(scopes);
        self.lost = false;
    }

    pub(crate) fn does(&mut self, world: &mut World, act: Act) {
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
            Act::Allow(scopes) => self.allows(scopes, now),
            Act::Revoke => self.may = None,
            Act::SharerPause(true) => (self.may, self.lost) = (None, true),
            Act::SharerEnd => self.ended = true,
            _ => {}
        }
    }

    /// Reads what the sharer was told since the last time, and holds it against the answers.
    ///
    /// # Errors
    /// What was not allowed.
    pub(crate) fn check(&mut self, world: &World, looks: LooksFor) -> Result<(), Broken> {
        for event in &world.sharer_events[self.read..] {
            let sharer::Event::Session(event) = event else {
                continue;
            };
            match event {
                Event::Inject(input) => {
                    let may = self.may.filter(|(_, until)| world.now <= *until);
                    let allowed = may.is_some_and(|(scopes, _)| scopes.contains(input.scope()));
                    let property = match (self.ended, self.lost) {
                        (true, _) => 5,
                        (_, true) => 8,
                        _ => 2,
                    };
                    looks.holds(property, allowed && !self.ended, || {
                        format!("{input:?} was injected, and not allowed")
                    })?;
                }
                // What replaces a grant was allowed just now.
                Event::ControlEnded { code, .. } if *code != ErrorCode::Replaced => self.may = None,
                Event::Frozen { .. } => (self.may, self.lost) = (None, true),
                Event::Paused { local, peer } if *local || *peer => {
                    (self.may, self.lost) = (None, true);
                }
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
        let property = match (self.consented, self.ended, self.lost) {
            (false, ..) => 1,
            (_, true, _) => 5,
            (_, _, true) => 8,
            _ => 6,
        };
        looks.holds(property, most.contains(scopes), || {
            format!("the helper may {scopes:?}, and no more than {most:?} was allowed")
        })
    }
}

pub(crate) fn helper_does(world: &mut World, act: Act) {
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
        // Whether it may is for the endpoint to say, and for the harness to look at.
        Act::OfferPath(side) => world.offer_path(side),
        Act::EndPath(side) => {
            world.end_path(side);
            Ok(())
        }
        _ => Ok(()),
    };
}
