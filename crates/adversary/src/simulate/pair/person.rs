//! What the helper's and the sharer's people do.

use alongside_harness::{Side, picture};
use alongside_state_machine::{
    channel::handshake::{Offering, SUITES},
    session::friction::{Consent, Contact},
    time::Timestamp,
};
use alongside_wire::{
    Scopes,
    code::{Code, Locator, Secret},
    input::InputEvent,
    rendezvous::Join,
    session::DisplayInfo,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::Pair;
use crate::simulate::chance::Chance;

/// What the sharer's person was asked, and allowed.
#[derive(Default)]
pub(super) struct Person {
    /// Says nothing when asked for consent, for as long as it takes.
    pub(super) silent: bool,
    /// When consent was asked for.
    pub(super) asked: Option<Timestamp>,
    /// When control was asked for, and with which number it is allowed.
    pub(super) prompted: Option<Timestamp>,
    pub(super) number: Option<u32>,
    pub(super) consented: bool,
    /// Consent was given or refused.
    pub(super) answered: bool,
    /// What the helper may do besides now, and what it was ever allowed.
    pub(super) may: Scopes,
    pub(super) ever: Scopes,
    pub(super) ended: bool,
    pub(super) helper_ended: bool,
}

impl Person {
    pub(super) fn new(chance: &mut Chance) -> Self {
        Self {
            silent: chance.permille(20),
            ..Self::default()
        }
    }
}

impl Pair {
    /// The next that somebody does; in words.
    pub(in crate::simulate) fn act(&mut self, now: Timestamp) -> &'static str {
        let [helper, sharer] = [Side::Helper, Side::Sharer].map(|side| self.clock(side, now));
        let awake = [Side::Helper, Side::Sharer].map(|side| self.is_awake(side, now));
        let Some(code) = self.code else {
            if !awake[0] {
                return "nothing: the helper is not there";
            }
            // Refused while one is asked for, or alive.
            let _ = self.helper.request_code(helper);
            return "the helper asks for a code";
        };
        if awake[1] {
            if self.person.asked.is_none() {
                let joins = self.sharer.join(code, "relay", &mut self.spent, sharer);
                if joins.is_ok() {
                    self.rival = self.chance.permille(15);
                    return "the sharer joins";
                }
            } else if !self.person.answered {
                return self.answer(sharer);
            } else if let Some(since) = self.person.prompted
                && sharer.since(since) >= 1_100_000
                && self.chance.permille(800)
            {
                return self.decide(sharer);
            }
        }
        if self.person.consented
            && let Some(next) = self.pursues(helper, awake)
        {
            return next;
        }
        match self.chance.below(100) {
            0..=24 if awake[1] => {
                self.frame();
                "a picture is taken"
            }
            25..=44 if awake[0] => {
                let _ = self.helper.request_control(Scopes::CONTROL, helper);
                "the helper asks for control"
            }
            45..=69 if awake[0] => self.types(),
            70..=75 if awake[0] => {
                let _ = self.helper.chat("to the sharer", helper);
                "the helper chats"
            }
            76..=81 if awake[1] => {
                let _ = self.sharer.chat("to the helper");
                "the sharer chats"
            }
            82 | 83 if awake[0] => {
                let _ = self.helper.set_paused(true, helper);
                "the helper pauses"
            }
            84..=87 if awake[0] => {
                let _ = self.helper.set_paused(false, helper);
                "the helper goes on"
            }
            88 | 89 if awake[1] => {
                if self.sharer.set_paused(true, sharer).is_ok() {
                    self.person.may = Scopes::NONE;
                }
                "the sharer pauses"
            }
            90..=93 if awake[1] => {
                let _ = self.sharer.set_paused(false, sharer);
                "the sharer goes on"
            }
            94 | 95 if awake[1] => {
                if self.sharer.revoke(sharer).is_ok() {
                    self.person.may = Scopes::NONE;
                }
                "the sharer takes control back"
            }
            96 | 97 if awake[0] => {
                let _ = self.helper.release_control(helper);
                "the helper gives control up"
            }
            _ => "nobody does anything",
        }
    }

    /// What a helper is there for: to see, to have control, and to use it. Half of the time something else is done.
    fn pursues(&mut self, now: Timestamp, awake: [bool; 2]) -> Option<&'static str> {
        if !awake[0] || self.chance.permille(500) {
            return None;
        }
        if self.helper.machine().live_grant().is_some() {
            return Some(self.types());
        }
        if awake[1] && self.chance.permille(500) {
            self.frame();
            return Some("a picture is taken");
        }
        let _ = self.helper.request_control(Scopes::CONTROL, now);
        Some("the helper asks for control")
    }

    fn types(&mut self) -> &'static str {
        let (usage, down) = (5, true);
        let typed = self.helper.input(InputEvent::Key { usage, down });
        // A key that is held is told of again and again.
        if typed.is_ok() && !self.chance.permille(100) {
            let _ = self.helper.input(InputEvent::ReleaseAll);
        }
        "the helper types"
    }

    fn answer(&mut self, now: Timestamp) -> &'static str {
        let answer = match self.chance.below(20) {
            _ if self.person.silent => return "the sharer does not answer",
            0 => Consent::Refused,
            // Silence, which may last.
            1..=3 => return "the sharer does not answer",
            _ => Consent::Given,
        };
        let display = DisplayInfo {
            id: 0,
            width: 8,
            height: 8,
        };
        let _ = self.sharer.contact(Contact::Person, now);
        let taken = self.sharer.consent(answer, vec![display], now).is_ok();
        self.person.answered |= taken;
        match answer {
            Consent::Given => {
                self.person.consented |= taken;
                "the sharer consents"
            }
            _ => "the sharer refuses",
        }
    }

    /// How many milliseconds there are between two acts, at least and at most. Who does not answer is waited for; while there
    /// is control much is done in a short time, because each second of it is a hundred records.
    pub(in crate::simulate) fn pace(&self) -> [u64; 2] {
        let person = &self.person;
        if person.silent && person.asked.is_some() && !person.ended {
            return [20_000, 60_000];
        }
        match self.helper.machine().live_grant() {
            Some(_) => [10, 250],
            None => [100, 2_500],
        }
    }

    /// A join by somebody who knows the locator and guesses the secret, or says anything.
    pub(in crate::simulate) fn guesses(&mut self, locator: Locator) -> Join {
        let seed = self.chance.seed();
        let offer = match self.chance.permille(500) {
            true => seed.to_vec(),
            false => {
                let [a, b, c, d, ..] = seed;
                let secret = Secret::from_random(&[a, b, c, d]);
                let rng = ChaCha20Rng::from_seed(seed);
                let code = Code { locator, secret };
                let offering = Offering::new(code, SUITES, Scopes::ALL, rng);
                offering.offer().to_vec()
            }
        };
        let link = self.chance.permille(300);
        Join {
            locator,
            link,
            offer,
        }
    }

    fn decide(&mut self, now: Timestamp) -> &'static str {
        if self.chance.permille(150) {
            let _ = self.sharer.deny_control(now);
            return "the sharer denies control";
        }
        let wide = self.chance.permille(700);
        let scopes = if wide {
            Scopes::CONTROL
        } else {
            Scopes::KEYBOARD
        };
        let number = self.person.number;
        if self.sharer.allow_control(scopes, number, now).is_ok() {
            self.person.may = scopes;
            self.person.ever = self.person.ever.union(scopes);
        }
        "the sharer allows control"
    }

    fn frame(&mut self) {
        let frame = picture(self.sharer.wants_complete(), 60);
        let _ = self.sharer.send_frame(&frame);
    }

    /// Somebody has enough.
    pub(in crate::simulate) fn finish(&mut self, now: Timestamp) -> &'static str {
        let helper = self.clock(Side::Helper, now);
        let first = self.chance.permille(500);
        if first && self.is_awake(Side::Helper, now) || !self.is_awake(Side::Sharer, now) {
            self.helper.end(helper);
            return "the helper ends it";
        }
        self.sharer.end();
        self.person.ended = true;
        "the sharer ends it"
    }
}
