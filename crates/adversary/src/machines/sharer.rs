//! A sharer's machine, and a program that does anything.

use alongside_state_machine::{
    error::Fault,
    identity::trust::{self, Who},
    session::{
        By, Ended,
        friction::{Consent, Contact},
        sharer::{Event, Output, Sharer},
    },
    time::Timestamp,
};
use alongside_wire::{
    DeviceStatus, ErrorCode, Scopes,
    session::{
        Advisory, AdvisoryAck, Clipboard, ControlRequest, DisplayInfo, EpochSeen, Heartbeat,
        Message, Pad, Pause, Shown, State, Stroke,
    },
};

use super::{CEILINGS, Lonely, Refused, SECRET, code, is_silent, mirrored, of_a_path, peer, relay};
use crate::{cast, messages, people, source::Source, words};

#[derive(Default)]
pub(super) struct Alone {
    machine: Sharer,
    /// The person has consented.
    consented: bool,
    /// What the person allowed, if it was not ended since.
    allowed: Scopes,
    frozen: bool,
    over: bool,
    /// The latest of what was sent: frame, epoch, state.
    frame: u32,
    epoch: u32,
    state: Option<State>,
    /// Requests that the helper made.
    requests: u32,
}

const SCOPES: [Scopes; 8] = [
    Scopes::ALL,
    Scopes::CONTROL,
    Scopes::GRANTABLE,
    Scopes::KEYBOARD,
    Scopes::ANNOTATE,
    Scopes::CLIPBOARD_TO_HELPER,
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
            "before a join" => Ok(machine.join(now)?),
            "while joining" => relay(machine.answered(*source.pick(&CEILINGS), now)),
            "while securing" => peer(machine.introduced("Ada", who(source), now)),
            "before consent" => {
                if machine.contact(Contact::Person, now).is_ok() {
                    return Ok(());
                }
                self.consents(Consent::Given, now)
            }
            _ => {
                let message = self.next(source);
                peer(self.machine.handle_message(&message, now))
            }
        }
    }

    /// Something that a helper may say while it views.
    fn next(&mut self, source: &mut Source<'_>) -> Message {
        let (epoch, frame) = (self.epoch, self.frame);
        match source.below(4) {
            0 => EpochSeen { epoch }.into(),
            1 => AdvisoryAck {}.into(),
            2 if frame > 0 => Shown { frame }.into(),
            _ => {
                self.requests = self.requests.wrapping_add(1);
                ControlRequest {
                    request: self.requests,
                    scopes: *source.pick(&SCOPES),
                }
                .into()
            }
        }
    }

    fn consents(&mut self, answer: Consent, now: Timestamp) -> Result<(), Refused> {
        let display = DisplayInfo {
            id: 0,
            width: 8,
            height: 8,
        };
        self.machine.consent(answer, vec![display], now)?;
        self.consented = answer != Consent::Refused;
        Ok(())
    }

    fn allows(
        &mut self,
        scopes: Scopes,
        source: &mut Source<'_>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let duration_ms = match source.one_in(8) {
            true => source.number() as u32,
            false => 60_000,
        };
        words::listed(scopes);
        self.machine
            .allow_control(scopes, duration_ms, SECRET, now)?;
        self.allowed = scopes;
        Ok(())
    }
}

/// Somebody without a card, or with one that is believed or not.
fn who(source: &mut Source<'_>) -> Who {
    let card = match source.below(4) {
        0 => cast::card(0),
        1 => cast::brief(0),
        _ => return Who::without_card(),
    };
    let anchors = [cast::anchor(source.bool())];
    let unix = source.bool().then_some(cast::BEGIN + 60);
    trust::judge(Some(card), &anchors, unix)
}

impl Lonely for Alone {
    type Machine = Sharer;
    type Event = Event;

    fn machine(&mut self) -> &mut Sharer {
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
                assert!(self.consented || is_silent(message), "{message:?}");
                let state = matches!(message, Message::State(_));
                assert!(!self.frozen || state, "{message:?} on a lost link");
                match message {
                    Message::Epoch(epoch) => self.epoch = epoch.epoch,
                    Message::State(state) => self.state = Some(state.clone()),
                    _ => {}
                }
            }
            Output::Relay(_) => assert!(self.consented, "{output:?}"),
            Output::Leave(_) | Output::NewPath => {}
            Output::Event(event) => match event {
                Event::ControlGranted { scopes, .. } => {
                    assert!(self.allowed.contains(*scopes), "{scopes:?}");
                }
                Event::ControlEnded { code, .. } if *code != ErrorCode::Replaced => {
                    self.allowed = Scopes::NONE;
                }
                Event::Inject(input) => assert!(self.allowed.contains(input.scope()), "{input:?}"),
                Event::Frozen { .. } => {
                    (self.frozen, self.allowed, self.state) = (true, Scopes::NONE, None);
                }
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
        let most = match self.consented && !self.over {
            true => Scopes::CONSENT.union(self.allowed),
            false => Scopes::NONE,
        };
        let may = self.machine.scopes();
        assert!(most.contains(may), "{may:?} of {most:?}");
        let films = self.machine.media_epoch().is_some();
        assert!(!films || self.consented && !self.over, "a film");
        let regions = self.machine.regions(now);
        assert!(
            regions
                .iter()
                .all(|(region, state)| !region.is_empty() && !state.is_empty())
        );
        let frozen = self.machine.frozen_until().is_some();
        assert_eq!(frozen, self.frozen && !self.over);
        let _ = (
            self.machine.path_offer_from(),
            self.machine.ceiling(),
            self.machine.frame_seen(),
            self.machine.is_idle(),
        );
    }

    fn call(&mut self, source: &mut Source<'_>, now: Timestamp) -> Result<(), Refused> {
        let machine = &mut self.machine;
        match source.below(64) {
            // Most of what anybody might say is the end of it.
            27 if source.one_in(2) => {
                let message = messages::any(source).unwrap_or(Heartbeat {}.into());
                if let Message::ControlRequest(asked) = &message {
                    self.requests = self.requests.max(asked.request);
                }
                return peer(machine.handle_message(&message, now));
            }
            0..=27 => return self.goes_on(source, now),
            28 => machine.join(now)?,
            29 => machine.wait(now)?,
            30 if source.one_in(8) => return relay(machine.refused(code(source))),
            31 if source.one_in(8) => {
                return relay(machine.answered(*source.pick(&SCOPES), now));
            }
            32 if source.one_in(8) => return peer(machine.introduced("Ada", who(source), now)),
            // Typed, and the link is lost before anybody has looked what is to be injected.
            33 if source.one_in(8) => {
                let grant = machine.live_grant().unwrap_or(1);
                peer(machine.handle_input(grant, &[people::any_input(source)], now))?;
                machine.link_lost(now);
                self.allowed = Scopes::NONE;
            }
            30..=33 => machine.heard(now),
            34 | 35 => {
                let grant = match machine.live_grant() {
                    Some(grant) if !source.one_in(8) => grant,
                    _ => source.number() as u32,
                };
                let events = [people::any_input(source)];
                return peer(machine.handle_input(grant, &events, now));
            }
            36 => {
                let message = match source.below(4) {
                    3 => Stroke {
                        grant: machine.live_grant().unwrap_or(1),
                        stroke: 1,
                        display: 0,
                        colour: 0,
                        width: 1,
                        points: vec![(1, 2); 256],
                    }
                    .into(),
                    0 => Pad { len: 3 }.into(),
                    1 => Clipboard {
                        grant: machine.live_grant().unwrap_or(1),
                        item: 1,
                        text: source.text(),
                    }
                    .into(),
                    _ => Message::from(Pause {
                        paused: source.bool(),
                    }),
                };
                return peer(machine.handle_message(&message, now));
            }
            37 | 38 => machine.input_failed(now),
            39 | 40 => {
                if machine.media_epoch().is_some() {
                    self.frame += 1;
                    machine.frame_sent(self.frame);
                }
            }
            41 if source.one_in(32) => machine.relay_ended(code(source)),
            41 => {
                let statement = cast::own_device(*source.pick(DeviceStatus::ALL));
                let statement = statement.map(|own| own.bytes().to_vec());
                machine.advise(Advisory {
                    statement: statement.unwrap_or_default(),
                    proof: Vec::new(),
                });
            }
            42 => machine.contact(*source.pick(&[Contact::Person, Contact::Other]), now)?,
            43 => {
                let answers = [Consent::Given, Consent::GivenAfterWarning, Consent::Refused];
                return self.consents(*source.pick(&answers), now);
            }
            44..=46 => {
                let scopes = *source.pick(&SCOPES);
                return self.allows(scopes, source, now);
            }
            47 => machine.deny_control(now)?,
            48 => machine.revoke(now)?,
            49 => machine.set_paused(source.bool(), now)?,
            50 => drop(machine.chat(&source.text())?),
            51 => {
                let scopes = *source.pick(&SCOPES);
                machine.narrow(scopes, SECRET, now)?;
                self.allowed = scopes;
            }
            52 => machine.ask_renewal(now)?,
            53 => drop(machine.send_clipboard(&source.text(), now)?),
            54 => drop(machine.answer_clipboard(source.bool(), now)?),
            55 => machine.set_secure_desktop(source.bool(), now)?,
            56 => machine.displays(Vec::new())?,
            57 if source.one_in(32) => machine.end(code(source)),
            57 => machine.link_lost(now),
            58 => return relay(machine.peer_lost(now)),
            59 => machine.record_failed(now),
            60 => machine.master_taken(),
            61 => machine.offer_path([source.byte(); 32], now)?,
            62 => return relay(machine.handle_path(&of_a_path(source), now)),
            _ => match source.below(3) {
                0 => machine.prove_path([source.byte(); 16], now),
                1 => drop(machine.path_stands(now)),
                _ => machine.end_path(code(source), now),
            },
        }
        Ok(())
    }
}
