//! A helper and a sharer, what their people do, and what must hold for them.

use std::mem;

use alongside_harness::{Broken, Monitor, Packet, Side, Way, audit, picture};
use alongside_state_machine::{
    channel::keys::Keys,
    endpoint::{
        Config,
        helper::{self, HelperEndpoint, SessionEvent as Helper},
        sharer::{self, SharerEndpoint},
        spent::SpentLocators,
    },
    relay::ConnId,
    session::{
        Ended,
        friction::{Consent, Contact},
        sharer::Event,
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes, Suite, code::Code, input::InputEvent, session::DisplayInfo,
};

use super::chance::Chance;
use crate::fake::{self, Fake};

/// One end, its connection and its clock.
pub(super) struct End {
    pub(super) conn: ConnId,
    /// The connection carries nothing any more.
    pub(super) cut: bool,
    /// Nothing comes or goes before this.
    pub(super) stalled: Timestamp,
    /// It does nothing before this.
    pub(super) asleep: Timestamp,
    pub(super) dead: bool,
    /// A new connection is on its way.
    pub(super) connecting: bool,
    /// Microseconds that its clock has jumped, and that it has stood.
    pub(super) ahead: u64,
    pub(super) behind: u64,
    /// When the latest packets arrive: control and pictures, up and down.
    pub(super) latest: [Timestamp; 4],
}

impl End {
    fn new(conn: ConnId) -> Self {
        let never = Timestamp::default();
        Self {
            conn,
            cut: false,
            stalled: never,
            asleep: never,
            dead: false,
            connecting: false,
            ahead: 0,
            behind: 0,
            latest: [never; 4],
        }
    }

    /// What its clock shows.
    pub(super) fn clock(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_micros((now.as_micros() + self.ahead).saturating_sub(self.behind))
    }

    /// When its clock shows this.
    fn when(&self, shown: Timestamp) -> Timestamp {
        Timestamp::from_micros((shown.as_micros() + self.behind).saturating_sub(self.ahead))
    }
}

/// A session.
pub(super) struct Pair {
    pub(super) helper: HelperEndpoint,
    pub(super) sharer: SharerEndpoint,
    pub(super) ends: [End; 2],
    pub(super) chance: Chance,
    /// Milliseconds that a packet takes.
    pub(super) delay_ms: u64,
    pub(super) code: Option<Code>,
    spent: SpentLocators,
    /// Who joined by the code, as the relay said to the helper.
    pub(super) joined: usize,
    /// Its acts that are left.
    pub(super) acts: u64,
    /// When it began, and when the first end said that it is over or was gone.
    pub(super) began: Timestamp,
    pub(super) over: Option<Timestamp>,
    pub(super) done: bool,
    /// When the next deadline of its ends is looked at.
    pub(super) wakes: Option<Timestamp>,
    monitor: Monitor,
    person: Person,
    sent: Vec<(Way, Packet)>,
    masters: Vec<(Suite, u32, [u8; 32])>,
    pub(super) frames: usize,
    pub(super) injected: usize,
    /// Invariants that were checked since this was read.
    pub(super) checks: u64,
}

/// What the sharer's person was asked, and allowed.
#[derive(Default)]
struct Person {
    asked: Option<Timestamp>,
    prompted: Option<Timestamp>,
    number: Option<u32>,
    consented: bool,
    answered: bool,
    may: Scopes,
    ever: Scopes,
    ended: bool,
    helper_ended: bool,
}

/// What an end wants sent.
pub(super) enum Wants {
    /// On its connection.
    Send(Packet),
    /// The connection is to be closed as lost.
    Disconnect,
}

impl Pair {
    pub(super) fn new(mut chance: Chance, [helper, sharer]: [ConnId; 2], now: Timestamp) -> Self {
        let config = || Config {
            aead: &Fake,
            ..Config::default()
        };
        Self {
            helper: HelperEndpoint::new("Ada", config(), chance.seed()),
            sharer: SharerEndpoint::new(config(), chance.seed()),
            ends: [End::new(helper), End::new(sharer)],
            delay_ms: chance.between(1, 120),
            code: None,
            spent: SpentLocators::default(),
            joined: 0,
            acts: chance.between(4, 24),
            began: now,
            over: None,
            done: false,
            wakes: None,
            monitor: Monitor::default(),
            person: Person::default(),
            sent: Vec::new(),
            masters: Vec::new(),
            frames: 0,
            injected: 0,
            checks: 0,
            chance,
        }
    }

    pub(super) fn end(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }

    pub(super) fn clock(&self, side: Side, now: Timestamp) -> Timestamp {
        self.ends[side as usize].clock(now)
    }

    /// Whether an end does something now.
    pub(super) fn is_awake(&self, side: Side, now: Timestamp) -> bool {
        let end = &self.ends[side as usize];
        !end.dead && end.asleep <= now
    }

    pub(super) fn ended(&self, side: Side) -> Option<Ended> {
        match side {
            Side::Helper => self.helper.machine().ended(),
            Side::Sharer => self.sharer.machine().ended(),
        }
    }

    /// Whether an end has a session, as far as it knows. A helper whose code was spent in vain has none, and goes on.
    pub(super) fn is_in(&self, side: Side) -> bool {
        let keys = match side {
            Side::Helper => self.helper.keys(),
            Side::Sharer => self.sharer.keys(),
        };
        keys.is_some() && self.ended(side).is_none() && !self.ends[side as usize].dead
    }

    pub(super) fn wants_connection(&self, side: Side) -> bool {
        match side {
            Side::Helper => self.helper.wants_connection(),
            Side::Sharer => self.sharer.wants_connection(),
        }
    }

    pub(super) fn lost(&mut self, side: Side, now: Timestamp) {
        let at = self.clock(side, now);
        match side {
            Side::Helper => self.helper.handle_transport_lost(None, at),
            Side::Sharer => self.sharer.handle_transport_lost(None, at),
        }
    }

    pub(super) fn connected(&mut self, side: Side, now: Timestamp) {
        let at = self.clock(side, now);
        match side {
            Side::Helper => self.helper.handle_connected(at),
            Side::Sharer => self.sharer.handle_connected(at),
        }
    }

    /// An end has another address.
    pub(super) fn moves(&mut self, side: Side, now: Timestamp) {
        let at = self.clock(side, now);
        match side {
            Side::Helper => self.helper.change_path(at),
            Side::Sharer => self.sharer.change_path(at),
        }
    }

    pub(super) fn handle(&mut self, side: Side, packet: &Packet, now: Timestamp) {
        let at = self.clock(side, now);
        match (side, packet) {
            (Side::Helper, Packet::Control(bytes)) => self.helper.handle_control(bytes, at),
            (Side::Sharer, Packet::Control(bytes)) => self.sharer.handle_control(bytes, at),
            (Side::Helper, Packet::Stream { id, bytes }) => {
                self.helper.handle_stream(*id, bytes, false, at);
            }
            (Side::Sharer, Packet::Stream { id, bytes }) => {
                self.sharer.handle_stream(*id, bytes, false, at);
            }
            (Side::Helper, Packet::Reset { id }) => self.helper.handle_stream_reset(*id),
            (Side::Sharer, Packet::Reset { id }) => self.sharer.handle_stream_reset(*id),
            (Side::Helper, Packet::Close(code)) => {
                self.helper.handle_transport_lost(Some(*code), at);
            }
            (Side::Sharer, Packet::Close(code)) => {
                self.sharer.handle_transport_lost(Some(*code), at);
            }
        }
    }

    /// Lets the time of each end pass that is awake.
    pub(super) fn time_out(&mut self, now: Timestamp) {
        let [helper, sharer] = [Side::Helper, Side::Sharer].map(|side| self.clock(side, now));
        if self.is_awake(Side::Helper, now) {
            self.helper.handle_timeout(helper);
        }
        if self.is_awake(Side::Sharer, now) {
            self.sharer.handle_timeout(sharer);
        }
    }

    /// When the next deadline of an end is.
    pub(super) fn deadline(&self, now: Timestamp) -> Option<Timestamp> {
        let [helper, sharer] = &self.ends;
        let of_helper = self.helper.poll_timeout().map(|at| helper.when(at));
        let of_sharer = self.sharer.poll_timeout().map(|at| sharer.when(at));
        // Whoever is asleep is woken by itself.
        let of_helper = of_helper.filter(|_| self.is_awake(Side::Helper, now));
        let of_sharer = of_sharer.filter(|_| self.is_awake(Side::Sharer, now));
        of_helper.into_iter().chain(of_sharer).min()
    }

    /// What an end has to send.
    pub(super) fn transmit(&mut self, side: Side) -> Option<Wants> {
        use alongside_state_machine::endpoint::Transmit;
        loop {
            let transmit = match side {
                Side::Helper => self.helper.poll_transmit(),
                Side::Sharer => self.sharer.poll_transmit(),
            }?;
            let packet = match transmit {
                Transmit::Control(bytes) => Packet::Control(bytes),
                Transmit::Stream { id, bytes, .. } => Packet::Stream { id, bytes },
                Transmit::Reset { id } => Packet::Reset { id },
                // What its sender still writes goes nowhere.
                Transmit::Stop { .. } => continue,
                Transmit::Disconnect => return Some(Wants::Disconnect),
            };
            let way = match side {
                Side::Helper => Way::HelperUp,
                Side::Sharer => Way::SharerUp,
            };
            self.sent.push((way, packet.clone()));
            return Some(Wants::Send(packet));
        }
    }

    /// Reads what both ends were told, and holds it against what was allowed.
    ///
    /// # Errors
    /// What is broken.
    pub(super) fn check(&mut self, now: Timestamp) -> Result<(), Broken> {
        while let Some(event) = self.helper.poll_event() {
            self.checks += 1;
            self.helper_told(&event, now)?;
        }
        while let Some(event) = self.sharer.poll_event() {
            self.checks += 1;
            self.sharer_told(event, now)?;
        }
        for keys in [self.helper.keys(), self.sharer.keys()]
            .into_iter()
            .flatten()
        {
            let keys = (keys.suite(), keys.generation(), keys.master());
            if !self.masters.contains(&keys) {
                self.masters.push(keys);
            }
        }
        self.checks += 3;
        let person = &self.person;
        let most = match person.consented && !person.ended {
            true => Scopes::CONSENT.union(person.may),
            false => Scopes::NONE,
        };
        let scopes = self.sharer.scopes();
        if !most.contains(scopes) {
            let property = if person.consented { 6 } else { 1 };
            let why = format!("the helper may {scopes:?}, and {most:?} was allowed");
            return Err(Broken::new(property, why));
        }
        let has = self.helper.machine().live_grant();
        if let Some((_, scopes, _)) = has.filter(|(_, scopes, _)| !person.ever.contains(*scopes)) {
            return Err(Broken::new(6, format!("the helper has {scopes:?}")));
        }
        if fake::sealed_twice() {
            return Err(Broken::new(9, "two records under one key and number"));
        }
        Ok(())
    }

    fn helper_told(&mut self, event: &helper::Event, now: Timestamp) -> Result<(), Broken> {
        let shown = matches!(
            event,
            helper::Event::Frame { .. }
                | helper::Event::Session(Helper::Displays(_) | Helper::Chat(_))
        );
        if shown && !self.person.consented {
            return Err(Broken::new(1, "the helper sees, and nobody consented"));
        }
        if shown && self.person.helper_ended {
            return Err(Broken::new(5, "the helper sees, after its end"));
        }
        match event {
            helper::Event::Code { code, .. } => (self.code, self.joined) = (Some(*code), 0),
            helper::Event::Frame { id, .. } => {
                self.frames += 1;
                let at = self.clock(Side::Helper, now);
                self.helper.shown(*id, at);
            }
            helper::Event::Session(Helper::Ended(_)) => self.person.helper_ended = true,
            _ => {}
        }
        Ok(())
    }

    fn sharer_told(&mut self, event: sharer::Event, now: Timestamp) -> Result<(), Broken> {
        let event = match event {
            sharer::Event::Session(event) => event,
            sharer::Event::Number(number) => {
                self.person.number = Some(number);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let at = self.clock(Side::Sharer, now);
        self.monitor.see(&event, at)?;
        let person = &mut self.person;
        match event {
            Event::ConsentAsked { .. } => person.asked = Some(at),
            Event::ControlAsked { .. } => (person.prompted, person.number) = (Some(at), None),
            Event::ControlPromptClosed => person.prompted = None,
            Event::ControlGranted { .. } | Event::ControlRenewed { .. } => person.prompted = None,
            Event::Frozen { .. } => person.may = Scopes::NONE,
            // What replaces a grant was allowed just now.
            Event::ControlEnded { code, .. } if code != ErrorCode::Replaced => {
                person.may = Scopes::NONE;
            }
            Event::Inject(input) => {
                self.injected += 1;
                if person.ended || !person.may.contains(input.scope()) {
                    return Err(Broken::new(2, format!("{input:?} was injected")));
                }
            }
            Event::Ended(_) => person.ended = true,
            _ => {}
        }
        Ok(())
    }

    /// What was sealed by both, when it is over.
    ///
    /// # Errors
    /// What is broken.
    pub(super) fn audit(&mut self) -> Result<(), Broken> {
        let keys = mem::take(&mut self.masters).into_iter();
        let keys: Vec<_> = keys
            .map(|(suite, generation, master)| {
                Keys::of_generation(suite, generation, master).with(&Fake)
            })
            .collect();
        let sent = mem::take(&mut self.sent);
        if keys.is_empty() {
            return Ok(());
        }
        self.checks += sent.len() as u64;
        audit(&sent, &keys)
    }

    /// The next that somebody does; in words.
    pub(super) fn act(&mut self, now: Timestamp) -> &'static str {
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
        let what = self.chance.below(100);
        if awake[1] {
            if self.person.asked.is_none() {
                let joins = self.sharer.join(code, "relay", &mut self.spent, sharer);
                if joins.is_ok() {
                    return "the sharer joins";
                }
            } else if !self.person.answered {
                return self.answer(sharer);
            } else if let Some(since) = self.person.prompted
                && sharer.since(since) >= 1_100_000
                && what < 70
            {
                return self.decide(sharer);
            }
        }
        match what {
            0..=24 if awake[1] => {
                self.frame();
                "a picture is taken"
            }
            25..=44 if awake[0] => {
                let _ = self.helper.request_control(Scopes::CONTROL, helper);
                "the helper asks for control"
            }
            45..=69 if awake[0] => {
                let (usage, down) = (5, true);
                let typed = self.helper.input(InputEvent::Key { usage, down });
                let _ = typed.and_then(|()| self.helper.input(InputEvent::ReleaseAll));
                "the helper types"
            }
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

    fn answer(&mut self, now: Timestamp) -> &'static str {
        let answer = match self.chance.below(20) {
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
    pub(super) fn finish(&mut self, now: Timestamp) -> &'static str {
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
