//! A helper's machine, and a program that does anything.

use alongside_state_machine::{
    error::Fault,
    session::{
        By, Ended,
        helper::{Event, Helper, Line, Output},
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes,
    code::Code,
    session::{
        Advisory, Clipboard, Consent, ControlGrant, DisplayInfo, Displays, Epoch, Heartbeat,
        Message, Pad, State,
    },
};

use super::{CEILINGS, Lonely, Refused, SECRET, code, is_silent, mirrored, of_a_path, peer, relay};
use crate::{messages, source::Source, words};

#[derive(Default)]
pub(super) struct Alone {
    machine: Helper,
    viewing: bool,
    ceiling: Scopes,
    /// All that was ever asked for, and what the latest request was for.
    asked: Scopes,
    latest: Scopes,
    frozen: bool,
    over: bool,
    epoch: u32,
    grant: u32,
    request: u32,
    state: Option<State>,
}

const SCOPES: [Scopes; 7] = [
    Scopes::ALL,
    Scopes::CONTROL,
    Scopes::GRANTABLE,
    Scopes::KEYBOARD,
    Scopes::ANNOTATE,
    Scopes::CONSENT,
    Scopes::NONE,
];

impl Alone {
    /// What brings the session on from wherever it is.
    fn goes_on(&mut self, source: &mut Source<'_>, now: Timestamp) -> Result<(), Refused> {
        let machine = &mut self.machine;
        if machine.frozen_until().is_some() {
            if source.one_in(8) {
                return peer(machine.handle_message(&Pad { len: 3 }.into(), now));
            }
            match self.state.take() {
                None => machine.master_taken(),
                Some(state) => {
                    let state = mirrored(&state, source).into();
                    return peer(machine.handle_message(&state, now));
                }
            }
            return Ok(());
        }
        match machine.phase() {
            "without a code" => Ok(machine.request_code(now)?),
            "while asking for a code" => {
                let code = Code::parse("4060r0gx").expect("a code");
                relay(machine.code_issued(code.locator, 60_000, now))
            }
            "while the code waits" | "while calling a device" => relay(machine.joined(now)),
            "while securing" => {
                self.ceiling = *source.pick(&CEILINGS);
                peer(machine.secured(self.ceiling, now))
            }
            "before consent" => {
                let consent = Consent {
                    scopes: self.ceiling.intersect(Scopes::CONSENT),
                };
                peer(machine.handle_message(&consent.into(), now))
            }
            _ => {
                let message = self.next(source);
                peer(self.machine.handle_message(&message, now))
            }
        }
    }

    /// Something that a sharer may say while it shares.
    fn next(&mut self, source: &mut Source<'_>) -> Message {
        match source.below(10) {
            8 => Pad { len: 3 }.into(),
            9 => Clipboard {
                grant: self.grant,
                item: 1,
                text: source.text(),
            }
            .into(),
            0 | 1 => {
                self.epoch = self.epoch.wrapping_add(1);
                let (epoch, paused) = (self.epoch, source.one_in(4));
                Epoch { epoch, paused }.into()
            }
            2 => Advisory::default().into(),
            3 => {
                let display = DisplayInfo {
                    id: 0,
                    width: 8,
                    height: 8,
                };
                let displays = vec![display];
                Displays { displays }.into()
            }
            _ => {
                self.grant = self.grant.wrapping_add(1);
                let scopes = match source.bool() {
                    true => self.latest,
                    false => *source.pick(&SCOPES),
                };
                ControlGrant {
                    request: if source.one_in(4) { 0 } else { self.request },
                    grant: self.grant,
                    scopes,
                    duration_ms: 60_000,
                    secret: SECRET,
                }
                .into()
            }
        }
    }

    /// Notes the numbers of a message, whether it is taken or not.
    fn note(&mut self, message: &Message) {
        match message {
            Message::Epoch(said) => self.epoch = said.epoch,
            Message::ControlGrant(said) => self.grant = self.grant.max(said.grant),
            _ => {}
        }
    }
}

impl Lonely for Alone {
    type Machine = Helper;
    type Event = Event;

    fn machine(&mut self) -> &mut Helper {
        &mut self.machine
    }

    fn poll(&mut self) -> Option<Output> {
        self.machine.poll_output()
    }

    fn due(&self) -> Option<Timestamp> {
        self.machine.poll_timeout()
    }

    fn time_out(&mut self, now: Timestamp) {
        self.machine.handle_timeout(now);
    }

    fn ended(&self) -> Option<Ended> {
        self.machine.ended()
    }

    fn fail(&mut self, by: By, fault: Fault) {
        self.machine.fail(by, fault);
    }

    fn heard(&mut self, now: Timestamp) {
        self.machine.heard(now);
    }

    fn wants(&mut self, output: &Output) {
        assert!(!self.over, "{output:?} after the end");
        match output {
            Output::Send(message) => {
                assert!(self.viewing || is_silent(message), "{message:?}");
                let state = matches!(message, Message::State(_));
                assert!(!self.frozen || state, "{message:?} on a lost link");
                match message {
                    Message::ControlRequest(asked) => self.request = asked.request,
                    Message::State(state) => self.state = Some(state.clone()),
                    _ => {}
                }
            }
            Output::Relay(_) => assert!(self.viewing, "{output:?}"),
            Output::Leave(_) | Output::NewPath => {}
            Output::Event(event) => match event {
                Event::Viewing { scopes } => {
                    assert!(Scopes::CONSENT.contains(*scopes) && !scopes.is_empty());
                    self.viewing = true;
                }
                Event::ControlGranted { scopes, .. } => {
                    assert!(self.asked.contains(*scopes), "nobody asked for {scopes:?}");
                }
                Event::CodeSpent { fault, .. } => words::blamed(fault),
                Event::Frozen { .. } => (self.frozen, self.state) = (true, None),
                Event::Back => self.frozen = false,
                Event::Ended(ended) => {
                    self.over = true;
                    if let Some(fault) = &ended.fault {
                        words::blamed(fault);
                    }
                }
                _ => {}
            },
        }
    }

    fn check(&self, now: Timestamp) {
        let machine = &self.machine;
        let live = machine.live_grant();
        let has = live.map_or(Scopes::NONE, |(_, scopes, _)| scopes);
        assert!(self.asked.contains(has), "nobody asked for {has:?}");
        assert!(has.is_empty() || !self.frozen && !self.over, "{has:?}");
        assert_eq!(machine.scopes(), has);
        let regions = machine.regions(now);
        assert!(
            regions
                .iter()
                .all(|(region, state)| !region.is_empty() && !state.is_empty())
        );
        assert_eq!(machine.frozen_until().is_some(), self.frozen && !self.over);
        let _ = (
            machine.media_epoch(),
            machine.path_offer_from(),
            machine.is_idle(),
        );
    }

    fn call(&mut self, source: &mut Source<'_>, now: Timestamp) -> Result<(), Refused> {
        let machine = &mut self.machine;
        match source.below(64) {
            // Most of what anybody might say is the end of it.
            29 if source.one_in(2) => {
                let message = messages::any(source).unwrap_or(Heartbeat {}.into());
                let done = machine.handle_message(&message, now);
                self.note(&message);
                return peer(done);
            }
            0..=29 => return self.goes_on(source, now),
            30 => machine.request_code(now)?,
            31 => machine.call(now)?,
            32 if source.one_in(8) => {
                let code = Code::parse("4060r0gx").expect("a code");
                let lifetime_ms = source.number() as u32;
                return relay(machine.code_issued(code.locator, lifetime_ms, now));
            }
            33 if source.one_in(8) => return relay(machine.refused(code(source))),
            34 if source.one_in(8) => machine.gone(code(source), now),
            35 if source.one_in(8) => return relay(machine.joined(now)),
            36 => machine.spent(Fault::BadPoint, ErrorCode::BadPoint, now),
            37 if source.one_in(8) => return peer(machine.secured(*source.pick(&SCOPES), now)),
            32..=35 | 37 | 38 => machine.heard(now),
            39 if source.one_in(8) => return peer(machine.handle_media(source.number() as u32)),
            40 if source.one_in(32) => machine.relay_ended(code(source)),
            39..=43 => {
                let scopes = *source.pick(&SCOPES);
                machine.request_control(scopes, now)?;
                (self.asked, self.latest) = (self.asked.union(scopes), scopes);
            }
            44 => machine.release_control(now)?,
            45 => drop(machine.send_clipboard(&source.text(), now)?),
            46 => drop(machine.answer_clipboard(source.bool(), now)?),
            47 => {
                let line = Line {
                    id: source.number() as u32,
                    display: source.byte() & 1,
                    colour: source.byte() & 15,
                    width: source.byte() & 63,
                    points: vec![(1, 2); source.below(4)],
                };
                machine.stroke(line, now)?;
            }
            48 => machine.laser(source.byte(), (source.number() as u16, 1), now)?,
            49 => machine.clear(now)?,
            50 => machine.acknowledge(now)?,
            51 => machine.shown(source.number() as u32),
            52 => machine.refresh(now),
            53 => machine.set_paused(source.bool(), now)?,
            54 => drop(machine.chat(&source.text())?),
            55 if source.one_in(32) => machine.end(code(source)),
            55 => machine.link_lost(now),
            56 => machine.peer_lost(now),
            // There are keys as long as there is a session.
            57 if ["before consent", "while viewing"].contains(&machine.phase()) => {
                machine.record_failed(now);
            }
            57 => {}
            58 => machine.master_taken(),
            59 => machine.offer_path([source.byte(); 32], now)?,
            60 => return relay(machine.handle_path(&of_a_path(source), now)),
            61 => machine.prove_path([source.byte(); 16], now),
            62 => drop(machine.path_stands(now)),
            _ => machine.end_path(code(source), now),
        }
        Ok(())
    }
}
