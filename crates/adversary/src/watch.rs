//! What is held against a world after each act, and at the end.

use alongside_harness::{Broken, Side, World, numbers};
use alongside_state_machine::{
    endpoint::{helper, helper::SessionEvent as Helper, sharer},
    session::sharer::Event,
    time::Timestamp,
};
use alongside_wire::{Scopes, limits::timers::CONSENT_PROMPT};

use crate::{
    fake,
    person::Person,
    walk::LooksFor,
    world::{Act, Trouble},
};

/// Milliseconds within which an end is frozen by which nothing comes, and out if nothing comes at all.
const FROZEN_MS: u64 = 6_000;
const OUT_MS: u64 = 36_000;

/// Milliseconds that a world goes on after its last act.
const REST_MS: u64 = 7_000;

pub(crate) struct Watch {
    looks: LooksFor,
    ceiling: Scopes,
    pub(crate) person: Person,
    /// Lines of chat that were sent by the helper, and by the sharer.
    sent: [usize; 2],
    /// Events of the helper that were looked at, and what it knows by them.
    read: usize,
    helper_ended: bool,
    /// When the first end said that it is over, or was gone.
    over: Option<Timestamp>,
    /// When the helper, and the sharer, was gone without a word.
    killed: [Option<Timestamp>; 2],
}

impl Watch {
    pub(crate) fn new(looks: LooksFor, ceiling: Scopes, person: Person) -> Self {
        Self {
            looks,
            ceiling,
            person,
            sent: [0; 2],
            read: 0,
            helper_ended: false,
            over: None,
            killed: [None; 2],
        }
    }

    /// What is done next.
    pub(crate) fn begins(&mut self, act: Act, world: &World) {
        match act {
            Act::HelperChat => self.sent[0] += 1,
            Act::SharerChat => self.sent[1] += 1,
            Act::HelperEnd | Act::SharerEnd => drop(self.over.get_or_insert(world.now)),
            Act::Trouble(Trouble::Kill(side)) => {
                self.over.get_or_insert(world.now);
                self.killed[side as usize].get_or_insert(world.now);
            }
            _ => {}
        }
    }

    /// What has to hold at each moment.
    ///
    /// # Errors
    /// What does not.
    pub(crate) fn check(&mut self, world: &mut World) -> Result<(), Broken> {
        for broken in world.broken.iter_mut().flat_map(|all| all.drain(..)) {
            self.looks.found(broken)?;
        }
        self.person.check(world, self.looks)?;
        self.helper(world)?;
        self.bounds(world)?;
        self.looks.holds(9, !fake::sealed_twice(), || {
            "two records under one key and number".to_owned()
        })
    }

    /// What the helper's program was told since the last time.
    fn helper(&mut self, world: &World) -> Result<(), Broken> {
        let looks = self.looks;
        for event in &world.helper_events[self.read..] {
            let shows = matches!(
                event,
                helper::Event::Frame { .. }
                    | helper::Event::Session(Helper::Displays(_) | Helper::Chat(_))
            );
            let told = || match event {
                helper::Event::Frame { id, .. } => format!("frame {id}"),
                other => format!("{other:?}"),
            };
            if shows {
                looks.holds(1, self.person.consented, || {
                    format!("before consent the helper has {}", told())
                })?;
                looks.holds(5, !self.helper_ended, || {
                    format!("after the end the helper has {}", told())
                })?;
            }
            if let helper::Event::Session(Helper::Ended(_)) = event {
                self.helper_ended = true;
            }
        }
        self.read = world.helper_events.len();
        let has = world.helper.machine().live_grant();
        let has = has.map_or(Scopes::NONE, |(_, scopes, _)| scopes);
        let most = self.person.ever.intersect(self.ceiling);
        looks.holds(6, most.contains(has), || {
            format!("the helper takes itself to have {has:?}, and {most:?} was allowed")
        })?;
        let may = world.sharer.scopes();
        looks.holds(6, self.ceiling.contains(may), || {
            format!("the helper may {may:?} of {:?}", self.ceiling)
        })
    }

    /// Who has to be frozen, or out, is.
    fn bounds(&self, world: &World) -> Result<(), Broken> {
        let passed = |since: Timestamp, ms| world.now > since.plus_ms(ms);
        let gone = match self.killed {
            [Some(at), None] => Some((Side::Sharer, at)),
            [None, Some(at)] => Some((Side::Helper, at)),
            _ => None,
        };
        if let Some((left, at)) = gone {
            let stops = world.froze(left) || world.ended(left).is_some();
            self.looks.holds(10, stops || !passed(at, FROZEN_MS), || {
                format!("{left:?} goes on, and nobody is there")
            })?;
        }
        for side in [Side::Helper, Side::Sharer] {
            let dead = self.killed[side as usize].is_some();
            let late = self.over.is_some_and(|at| passed(at, OUT_MS));
            let out = dead || world.ended(side).is_some();
            self.looks
                .holds(10, out || !late, || format!("{side:?} is still there"))?;
        }
        Ok(())
    }

    /// Nobody says anything for as long as a question can be open: it is answered by no.
    ///
    /// # Errors
    /// If it is answered otherwise, or not.
    pub(crate) fn silence(&mut self, world: &mut World) -> Result<(), Broken> {
        let grants = granted(world);
        let undecided = !self.person.consented && world.ended(Side::Sharer).is_none();
        world.run(CONSENT_PROMPT + 1_000);
        self.looks.holds(7, granted(world) == grants, || {
            "control was granted by nobody".to_owned()
        })?;
        if undecided {
            self.looks
                .holds(7, world.ended(Side::Sharer).is_some(), || {
                    "nobody answered, and it is still asked".to_owned()
                })?;
        }
        let open = prompts(world);
        self.looks
            .holds(7, !open, || "a request is still open".to_owned())
    }

    /// What has to hold when it was all.
    ///
    /// # Errors
    /// What does not.
    pub(crate) fn end(mut self, world: &mut World) -> Result<(), Broken> {
        world.run(REST_MS);
        self.check(world)?;
        let ends = self.over.map(|at| at.plus_ms(OUT_MS + 1));
        if let Some(end) = ends.filter(|end| *end > world.now) {
            world.run(end.since(world.now) / 1_000 + 1);
            self.check(world)?;
        }
        self.chat_comes_once(world)?;
        self.looks.each(world.audit())?;
        let used = numbers(&world.sent, &world.all_keys());
        self.looks
            .each(used.map(drop).map_err(|why| Broken::new(9, why)))?;
        for side in [Side::Helper, Side::Sharer] {
            let blamed = world.ended(side).filter(|ended| ended.fault.is_some());
            self.looks.holds(Broken::OTHER, blamed.is_none(), || {
                format!("an end that kept to the rules is blamed: {blamed:?}")
            })?;
        }
        Ok(())
    }

    fn chat_comes_once(&self, world: &World) -> Result<(), Broken> {
        let [from_helper, from_sharer] = self.sent;
        let heard =
            |event: &&sharer::Event| matches!(event, sharer::Event::Session(Event::Chat(_)));
        let by_sharer = world.sharer_events.iter().filter(heard).count();
        let heard =
            |event: &&helper::Event| matches!(event, helper::Event::Session(Helper::Chat(_)));
        let by_helper = world.helper_events.iter().filter(heard).count();
        let once = by_sharer <= from_helper && by_helper <= from_sharer;
        self.looks.holds(Broken::OTHER, once, || {
            format!("{by_sharer} lines came of {from_helper}, and {by_helper} of {from_sharer}")
        })
    }
}

fn granted(world: &World) -> usize {
    let grant = |event: &&sharer::Event| {
        matches!(event, sharer::Event::Session(Event::ControlGranted { .. }))
    };
    world.sharer_events.iter().filter(grant).count()
}

/// Whether the sharer's person is asked for control.
fn prompts(world: &World) -> bool {
    let told = world.sharer_events.iter().rev();
    let mut told = told.filter_map(|event| match event {
        sharer::Event::Session(Event::ControlAsked { .. }) => Some(true),
        sharer::Event::Session(
            Event::ControlPromptClosed
            | Event::ControlGranted { .. }
            | Event::ControlRenewed { .. }
            | Event::Ended(_),
        ) => Some(false),
        _ => None,
    });
    told.next().unwrap_or_default()
}
