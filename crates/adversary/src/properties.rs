//! The safety properties of the model, each as a walk that looks for it alone.

use std::fmt;

use alongside_harness::{Broken, Side};
use alongside_state_machine::relay::account::Role;
use alongside_wire::Scopes;

use crate::{
    fake::Fake,
    joins::{self, Joins},
    liars::{self, Lies},
    source::Source,
    walk::LooksFor,
    willing::{self, Willing},
    world::{self, Act, Session, Trouble},
};

/// A property of `spec/model/README.md`.
pub struct Property {
    /// Its number there.
    pub number: u8,
    /// Its test in `tests/properties.rs`.
    pub name: &'static str,
    /// Bytes that a walk begins with, those of each act, and most acts.
    pub sizes: [usize; 3],
    /// Bugs that break it, by their names in `state-machine/src/mutant/registry`.
    pub mutants: &'static [&'static str],
    /// The walk of some bytes.
    pub walk: fn(&[u8]) -> Box<dyn Walk>,
}

/// What is played, and told act by act.
pub trait Walk: fmt::Debug {
    /// Plays it.
    ///
    /// # Errors
    /// What is broken, of what is looked for.
    ///
    /// # Panics
    /// If a machine broke.
    fn play(&self, looks: LooksFor) -> Result<(), Broken>;
}

impl Walk for Session {
    fn play(&self, looks: LooksFor) -> Result<(), Broken> {
        world::play(self, &Fake, looks).map(drop)
    }
}

impl Walk for Joins {
    fn play(&self, looks: LooksFor) -> Result<(), Broken> {
        joins::play(self, looks).map(drop)
    }
}

impl Walk for Willing {
    fn play(&self, looks: LooksFor) -> Result<(), Broken> {
        willing::play(self, looks)
    }
}

impl Walk for Lies {
    /// To either end. Whatever is broken is looked for.
    fn play(&self, _: LooksFor) -> Result<(), Broken> {
        liars::to_sharer(self, &Fake)?;
        liars::to_helper(self, &Fake)
    }
}

/// All of them.
pub const PROPERTIES: &[Property] = &[
    Property {
        number: 1,
        name: "nothing_is_seen_before_consent",
        sizes: WORLD,
        mutants: &["CONSENT-2/early"],
        walk: |data| Box::new(undecided(data)),
    },
    Property {
        number: 2,
        name: "nothing_is_injected_without_a_grant",
        sizes: WORLD,
        mutants: &["CONTROL-9/injects", "CONTROL-24/holds"],
        walk: |data| Box::new(controlled(data)),
    },
    Property {
        number: 3,
        name: "a_code_takes_one_join",
        sizes: [joins::HEAD, joins::ACT, 60],
        mutants: &[
            "CODE-7/lives",
            "CODE-9/again",
            "CODE-10/secret",
            "CODE-11/forgets",
        ],
        walk: |data| Box::new(Joins::of(data)),
    },
    Property {
        number: 4,
        name: "nothing_is_sealed_or_taken_in_a_paused_epoch",
        sizes: WORLD,
        mutants: &["PAUSE-5/unseen", "MEDIA-4/other"],
        walk: |data| Box::new(pausing(data)),
    },
    Property {
        number: 5,
        name: "nothing_is_put_out_after_an_end",
        sizes: WORLD,
        mutants: &["END-6/injects"],
        walk: |data| Box::new(ending(data)),
    },
    Property {
        number: 6,
        name: "nobody_widens_a_scope",
        sizes: WORLD,
        mutants: &["CONSENT-6/control", "AUTH-19/beyond"],
        walk: |data| Box::new(bounded(data)),
    },
    Property {
        number: 7,
        name: "silence_denies",
        sizes: WORLD,
        mutants: &["CONSENT-4/waits"],
        walk: |data| Box::new(silent(data)),
    },
    Property {
        number: 8,
        name: "after_a_pause_or_a_lost_link_there_is_no_control",
        sizes: WORLD,
        mutants: &["RECON-2/keeps"],
        walk: |data| Box::new(losing(data)),
    },
    Property {
        number: 9,
        name: "no_key_meets_a_number_twice",
        sizes: WORLD,
        mutants: &["KEY-4/again"],
        walk: |data| Box::new(pausing(data)),
    },
    Property {
        number: 10,
        name: "both_are_out_in_time",
        sizes: WORLD,
        mutants: &["SESSION-5/patient", "RECON-5/waits"],
        walk: |data| Box::new(gone(data)),
    },
    Property {
        number: 11,
        name: "a_willing_pair_gets_there",
        sizes: [willing::HEAD, 0, 0],
        mutants: &["PAUSE-4/silent", "CONTROL-7/silent"],
        walk: |data| Box::new(Willing::of(data)),
    },
    Property {
        number: 12,
        name: "a_liar_breaks_none_of_them",
        sizes: [liars::HEAD, liars::ACT, 60],
        mutants: &["CONTROL-9/injects", "TOOL-1/takes"],
        walk: |data| Box::new(Lies::of(data)),
    },
];

const WORLD: [usize; 3] = [world::HEAD, world::ACT, 80];

impl Property {
    /// The property of this number.
    pub fn of(number: u8) -> Option<&'static Self> {
        PROPERTIES.iter().find(|property| property.number == number)
    }

    /// Looks for this one alone.
    ///
    /// # Errors
    /// If it is broken.
    pub fn holds(&self, walk: &dyn Walk) -> Result<(), Broken> {
        walk.play(LooksFor::only(self.number))
    }
}

/// Somewhere in a session, as its bytes say.
fn somewhere(session: &Session, data: &[u8]) -> usize {
    let sum = data.iter().map(|byte| usize::from(*byte)).sum::<usize>();
    sum % (session.acts.len() + 1)
}

/// Nobody has agreed to anything yet.
fn undecided(data: &[u8]) -> Session {
    Session {
        start: 0,
        ..Session::of(data)
    }
}

/// The helper has control.
fn controlled(data: &[u8]) -> Session {
    let session = Session::of(data);
    Session {
        start: 2,
        ceiling: Scopes::ALL,
        ..session
    }
}

/// One of them pauses on the way, and goes on.
fn pausing(data: &[u8]) -> Session {
    let mut session = Session {
        start: 1,
        ..Session::of(data)
    };
    let at = somewhere(&session, data);
    let pause: fn(bool) -> Act = match at % 2 {
        0 => Act::HelperPause,
        _ => Act::SharerPause,
    };
    let pauses = [
        Act::Frame,
        pause(true),
        Act::Frame,
        pause(false),
        Act::Frame,
    ];
    session.acts.splice(at..at, pauses);
    session
}

/// The helper is signed in, and its role does not go as far as the sharer would.
fn bounded(data: &[u8]) -> Session {
    let session = Session::of(data);
    let (role, start) = match somewhere(&session, data) % 3 {
        0 => (None, session.start),
        1 => (Some(Role::View), session.start.min(1)),
        _ => (Some(Role::Control), session.start),
    };
    Session {
        role,
        start,
        ..session
    }
}

/// One of them ends it on the way, and does not stop.
fn ending(data: &[u8]) -> Session {
    let mut session = controlled(data);
    let at = somewhere(&session, data);
    let end = match at % 2 {
        0 => Act::HelperEnd,
        _ => Act::SharerEnd,
    };
    session
        .acts
        .splice(at..at, [Act::Type, end, Act::Frame, Act::Type]);
    session
}

/// Nobody says anything for a while, on the way.
fn silent(data: &[u8]) -> Session {
    let mut session = Session::of(data);
    let at = somewhere(&session, data);
    session.acts.insert(at, Act::Silence);
    session
}

/// The link is lost while there is control.
fn losing(data: &[u8]) -> Session {
    let mut session = controlled(data);
    let at = somewhere(&session, data);
    let side = match at % 2 {
        0 => Side::Helper,
        _ => Side::Sharer,
    };
    let loses = [
        Act::Type,
        Act::Trouble(Trouble::Disconnect(side)),
        Act::Type,
        Act::Wait(500),
        Act::Type,
    ];
    session.acts.splice(at..at, loses);
    session
}

/// One of them is gone in the end, and the other finds out.
fn gone(data: &[u8]) -> Session {
    let mut session = Session::of(data);
    session.acts.push(*Source::new(data).pick(&[
        Act::HelperEnd,
        Act::SharerEnd,
        Act::Trouble(Trouble::Kill(Side::Helper)),
        Act::Trouble(Trouble::Kill(Side::Sharer)),
    ]));
    session.acts.push(Act::Wait(7_000));
    session
}
