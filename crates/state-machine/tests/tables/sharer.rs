//! The sharer.

use std::collections::BTreeMap;

use alongside_state_machine::{
    error::{Fault, Misuse},
    identity::trust::{Standing, Who},
    session::{
        By, Output,
        friction::{Consent as Said, Contact},
        path,
        sharer::{Event, Sharer},
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes, card,
    input::InputEvent,
    limits::timers,
    rendezvous,
    session::{
        Advisory, AdvisoryAck, Card, Chat, ChatAck, Clear, Clipboard, ClipboardTaken, Consent,
        ControlDeny, ControlEnd, ControlGrant, ControlRenew, ControlRequest, ControlWithdraw,
        Displays, End, Epoch, EpochSeen, Heartbeat, Introduce, Laser, Message, Pad, PathOffer,
        Pause, Picture, PictureRequest, Probe, ProbeAnswer, Refresh, SecureDesktop, Shown, State,
        Stroke,
    },
};

use crate::walk::{Answer, Done, Subject, named, receipt, walk};

/// What this sharer's system can carry out; both ends allow elevation as well.
const SUPPORTED: Scopes = Scopes::ALL.without(Scopes::ELEVATION);
const FEW: Scopes = Scopes::KEYBOARD;
/// Two that both have all the tools.
const ASKED: Scopes = SUPPORTED.without(Scopes::CONSENT.union(Scopes::POINTER));
const OTHER: Scopes = SUPPORTED.without(Scopes::CONSENT);
const ASIDE: [&str; 7] = [
    "secure", "refresh", "drawing", "chat", "offer", "item", "path",
];

/// A sharer, and what its relay and its helper know of it.
#[derive(Clone)]
struct At {
    machine: Sharer,
    /// As it was before the last event.
    before: Sharer,
    now: Timestamp,
    heard: Timestamp,
    /// When each timer runs out that was ever started.
    timers: BTreeMap<&'static str, Timestamp>,
    prompted: Timestamp,
    prompt: Scopes,
    grant: Scopes,
    /// The last request, the one that is open, and the one that was granted, or 0.
    request: u32,
    granted: u32,
    last_grant: u32,
    epoch: u32,
    frame: u32,
    written: u32,
    acknowledged: u32,
    received: u32,
    items_sent: u32,
    items_answered: u32,
    items: u32,
}

impl At {
    fn start() -> Self {
        let now = Timestamp::from_millis(1_000);
        Self {
            machine: Sharer::new(SUPPORTED),
            before: Sharer::new(SUPPORTED),
            now,
            heard: now,
            timers: BTreeMap::new(),
            prompted: now,
            prompt: Scopes::NONE,
            grant: Scopes::NONE,
            request: 0,
            granted: 0,
            last_grant: 0,
            epoch: 0,
            frame: 0,
            written: 0,
            acknowledged: 0,
            received: 0,
            items_sent: 0,
            items_answered: 0,
            items: 0,
        }
    }

    fn is(&self, region: &str, state: &str) -> bool {
        let regions = self.machine.regions(self.now);
        let mut found = regions.iter().filter(|(name, _)| *name == region);
        found.any(|(_, is)| *is == state)
    }

    fn stands(&self) -> bool {
        self.is("phase", "deciding") || self.is("phase", "viewing")
    }

    fn outputs(&mut self, told: Option<ErrorCode>) -> Vec<String> {
        let mut outputs = Vec::new();
        while let Some(output) = self.machine.poll_output() {
            outputs.extend(match output {
                Output::Send(message) => self.sent(&message, told),
                Output::Relay(message) => self.asked(&message, told),
                Output::Leave(code) => Some(format!("leave {}", named(code, told))),
                Output::NewPath => Some("close lost".to_owned()),
                Output::Event(event) => self.told(&event),
            });
        }
        outputs
    }

    fn sent(&mut self, message: &Message, told: Option<ErrorCode>) -> Option<String> {
        let name = message.name();
        match message {
            Message::Heartbeat(_) | Message::Probe(_) => return None,
            Message::PathOffer(_) => {
                let until = self.now.plus_ms(timers::PATH_RETRY);
                self.timers.insert("path-retry", until);
            }
            Message::Chat(chat) => self.written = self.written.max(chat.id),
            Message::Clipboard(item) => self.items_sent = item.item,
            Message::ControlGrant(grant) => {
                assert_eq!(grant.grant, self.last_grant + 1, "CONTROL-13");
                self.last_grant = grant.grant;
                self.granted = grant.request;
                self.grant = grant.scopes;
            }
            Message::Epoch(Epoch { epoch, paused }) => {
                assert!(*epoch > self.epoch, "PAUSE-2");
                self.epoch = *epoch;
                let paused = if *paused { "paused" } else { "running" };
                return Some(format!("send {name} {paused}"));
            }
            Message::ControlEnd(ControlEnd { code, .. })
            | Message::ControlDeny(ControlDeny { code, .. })
            | Message::End(End { code }) => {
                let code = ErrorCode::from_wire(*code).expect("registered");
                return Some(format!("send {name} {}", named(code, told)));
            }
            _ => {}
        }
        Some(format!("send {name}"))
    }

    fn told_of_path(&mut self, event: &path::Event) -> &'static str {
        match event {
            path::Event::Offered => "path offered",
            path::Event::Agreed { .. } => {
                let until = self.now.plus_ms(timers::PATH_ATTEMPT);
                self.timers.insert("path-attempt", until);
                "path agreed"
            }
            path::Event::Routed { .. } => "path routed",
            path::Event::Open { .. } => "path open",
            path::Event::Over { .. } => "path over",
        }
    }

    fn told(&mut self, event: &Event) -> Option<String> {
        let now = self.now;
        let told = match event {
            Event::JoinHeldBack => "held back",
            Event::ConsentAsked { until, .. } => {
                self.timers.insert("consent-prompt", *until);
                "ask consent"
            }
            Event::ScamWarning => "warn",
            Event::Viewing => "viewing",
            Event::MediaReady => "media ready",
            Event::MediaStopped => "media stopped",
            Event::CompleteFrameWanted => {
                let until = now.plus_ms(timers::REFRESH_INTERVAL);
                self.timers.insert("refresh-interval", until);
                "complete frame"
            }
            Event::ControlNotBefore(from) => {
                let after_consent = *from == now.plus_ms(timers::CONTROL_AFTER_CONSENT);
                self.timers.remove("control-after-consent");
                self.timers.remove("control-after-denial");
                let timer = if after_consent {
                    "control-after-consent"
                } else {
                    "control-after-denial"
                };
                self.timers.insert(timer, *from);
                "not before"
            }
            Event::ControlAsked { until, scopes, .. } => {
                self.timers.insert("control-prompt", *until);
                self.prompted = now;
                self.prompt = *scopes;
                "ask control"
            }
            Event::ControlPromptClosed => "prompt closed",
            Event::ControlGranted { until, .. } => {
                self.timers.insert("grant", *until);
                "control"
            }
            Event::ControlRenewed { until, .. } => {
                self.timers.insert("grant", *until);
                "control renewed"
            }
            Event::ControlEnded { .. } => "control over",
            Event::Inject(_) => "inject",
            Event::ReleaseAll => "release all",
            Event::Paused { .. } => "paused",
            Event::Chat(_) => "chat",
            Event::ChatDelivered(id) => {
                self.acknowledged = *id;
                "chat delivered"
            }
            Event::ClipboardOffered { .. } => "clipboard offered",
            Event::ClipboardLapsed { .. } => "clipboard lapsed",
            Event::ClipboardAnswered { .. } => "clipboard answered",
            Event::Stroke(_) => "draw",
            Event::Laser { .. } => {
                self.timers
                    .insert("laser-pointer", now.plus_ms(timers::LASER));
                "point"
            }
            Event::LaserGone => "laser gone",
            Event::DrawingCleared => "drawing cleared",
            Event::Delay(_) => return None,
            Event::Frozen { until } => {
                self.timers.insert("reconnect", *until);
                "frozen"
            }
            Event::Back => "back",
            Event::Path(event) => self.told_of_path(event),
            Event::Ended(_) => "ended",
        };
        Some(format!("tell {told}"))
    }

    /// The timers that run, the next one first. That of silence is put off by whatever is heard.
    fn running(&self) -> Vec<(Timestamp, &'static str)> {
        let runs = |timer: &str| match timer {
            "join-notice" => self.is("phase", "joining"),
            "handshake" => self.is("phase", "waiting") || self.is("phase", "securing"),
            "consent-prompt" => self.is("phase", "deciding"),
            "control-prompt" => !self.is("prompt", "none"),
            "grant" => !self.is("grant", "none"),
            "control-after-consent" | "control-after-denial" => {
                self.is("phase", "viewing") && self.is("rest", "rests")
            }
            "refresh-interval" => !self.is("refresh", "rested"),
            "laser-pointer" => self.is("drawing", "pointed") || self.is("drawing", "both"),
            "reconnect" => self.is("link", "frozen"),
            "path-attempt" => self.is("path", "attempt"),
            "path-retry" => self.is("path", "asked early"),
            _ => false,
        };
        let timers = self.timers.iter().filter(|(timer, _)| runs(timer));
        let mut timers: Vec<_> = timers.map(|(timer, at)| (*at, *timer)).collect();
        timers.sort();
        timers
    }

    /// Nothing else than the passing of time happens until then. None if a timer runs out first.
    fn wait(&mut self, until: Timestamp) -> Option<()> {
        let next = self.running().first().map(|(at, _)| *at);
        if next.is_some_and(|at| at <= until) {
            return None;
        }
        let before = self.states();
        let silent = !self.stands() || self.is("link", "frozen");
        while self.now < until {
            self.now = if silent {
                until
            } else {
                self.now.plus_ms(2_000).min(until)
            };
            self.machine.handle_timeout(self.now);
            if !silent {
                let kept = self.machine.handle_message(&Heartbeat {}.into(), self.now);
                assert_eq!(kept, Ok(()));
                self.heard = self.now;
            }
            assert_eq!(self.outputs(None), [""; 0], "in {before:?}");
        }
        assert_eq!(self.states(), before);
        Some(())
    }

    fn time(&mut self, timer: &str) -> Option<Done> {
        let next = self.running().first().copied();
        let silence = timer == "silence";
        let at = if silence {
            let up = self.stands() && self.is("link", "up");
            up.then(|| self.heard.plus_ms(timers::SILENCE))?
        } else {
            next.filter(|(_, next)| *next == timer)?.0
        };
        // An attempt at a path may end at the same moment as something else.
        let attempt = |other: &(Timestamp, &str)| *other == (at, "path-attempt");
        if timer != "path-attempt" && self.running().iter().any(attempt) {
            return None;
        }
        let before = Timestamp::from_micros(at.as_micros() - 1);
        if silence {
            if next.is_some_and(|(next, _)| next <= at) {
                return None;
            }
            let states = self.states();
            self.now = before;
            self.machine.handle_timeout(before);
            assert_eq!(self.outputs(None), [""; 0]);
            assert_eq!(self.states(), states);
        } else {
            self.wait(before)?;
        }
        self.now = at;
        self.machine.handle_timeout(at);
        let outputs = self.outputs(None);
        Some(Done::new(Answer::Taken, outputs))
    }

    fn act(&mut self, act: &str) -> Option<Done> {
        if act.starts_with("allow") && act != "allow within a second" {
            let guard = timers::ANSWER_GUARD;
            self.wait(self.now.plus_ms(guard))?;
            self.before.clone_from(&self.machine);
        }
        let now = self.now;
        let (prompt, grant) = (self.prompt, !self.is("grant", "none"));
        let sends_frames = self.machine.media_epoch().is_some();
        let machine = &mut self.machine;
        let allow = |machine: &mut Sharer, scopes, duration| {
            machine.allow_control(scopes, duration, [1; 32], now)
        };
        let done = match act {
            "join" => machine.join(now),
            "wait as a device" => machine.wait(now),
            "say: I started it" => machine.contact(Contact::Person, now),
            "say: somebody else did" => machine.contact(Contact::Other, now),
            "refuse" => machine.consent(Said::Refused, Vec::new(), now),
            "give consent" => machine.consent(Said::Given, Vec::new(), now),
            "give consent after the warning" => {
                machine.consent(Said::GivenAfterWarning, Vec::new(), now)
            }
            "allow what was asked" => allow(machine, prompt, 100_000),
            "allow less" if prompt != FEW => allow(machine, FEW, 100_000),
            "allow more" => allow(machine, prompt.union(Scopes::ELEVATION), 100_000),
            "allow for too long" => allow(machine, prompt, 900_001),
            "allow within a second" => {
                let asked = !self.is("prompt", "none");
                let guard = timers::ANSWER_GUARD * 1_000;
                if asked && now.since(self.prompted) >= guard {
                    return None;
                }
                allow(&mut self.machine, prompt, 100_000)
            }
            "deny" => machine.deny_control(now),
            "take control back" => machine.revoke(now),
            "narrow the grant" => machine.narrow(FEW, [2; 32], now),
            "ask for more time" => machine.ask_renewal(now),
            "set pause" => machine.set_paused(true, now),
            "unset pause" => machine.set_paused(false, now),
            "write chat" => machine.chat("a line").map(drop),
            "send a clipboard item" => machine.send_clipboard("an item", now).map(drop),
            "answer a clipboard item" => machine.answer_clipboard(true, now).map(drop),
            "offer a path" | "offer a path too early" => machine.offer_path([2; 32], now),
            "end the session" => {
                machine.end(ErrorCode::Done);
                Ok(())
            }
            "displays change" => machine.displays(Vec::new()),
            "a frame is sent" if sends_frames => {
                self.frame += 1;
                machine.frame_sent(self.frame);
                Ok(())
            }
            "a secure desktop appears" => machine.set_secure_desktop(true, now),
            "a secure desktop goes" => machine.set_secure_desktop(false, now),
            "input: that does not open" if grant => {
                machine.input_failed(now);
                Ok(())
            }
            _ => return None,
        };
        if done.is_ok() {
            let longest = timers::JOIN_DELAY_MOST + timers::HANDSHAKE;
            match act {
                "join" => {
                    let notice = now.plus_ms(timers::JOIN_NOTICE);
                    self.timers.insert("join-notice", notice);
                    self.timers.insert("handshake", now.plus_ms(longest));
                }
                "wait as a device" => {
                    let until = now.plus_ms(timers::DEVICE_WAIT + longest);
                    self.timers.insert("handshake", until);
                }
                "write chat" => self.written += 1,
                _ => {}
            }
        }
        let answer = misuse(done);
        let outputs = self.outputs(None);
        Some(Done::new(answer, outputs))
    }

    /// What comes from the relay, and what the channel finds.
    fn below(&mut self, event: &str) -> Option<Done> {
        let now = self.now;
        let phase = |phase| self.is("phase", phase);
        let asked = phase("joining") || phase("waiting");
        let (securing, viewing) = (phase("securing"), phase("viewing"));
        let (stands, frozen) = (self.stands(), self.is("link", "frozen"));
        let grant = if self.is("grant", "none") {
            Scopes::NONE
        } else {
            self.grant
        };
        let id = self.last_grant;
        let machine = &mut self.machine;
        let who = Who {
            standing: Standing::Verified { issuer: "x".into() },
            card: None,
        };
        let code = match event {
            "refused" => ErrorCode::NotFound,
            "gone" => ErrorCode::SessionLength,
            "connection closed on purpose" => ErrorCode::Superseded,
            "a violation" => ErrorCode::BadPoint,
            _ => ErrorCode::Done,
        };
        let key = InputEvent::Key {
            usage: 4,
            down: true,
        };
        let (display, x, y) = (1, 1, 1);
        let pointer = InputEvent::Pointer { display, x, y };
        let mut done = Ok(());
        match event {
            "refused" => done = machine.refused(code),
            "gone" | "connection closed on purpose" => machine.relay_ended(code),
            "peer-lost" => done = machine.peer_lost(now),
            "connection lost" => machine.link_lost(now),
            "an authentic reconnect-1" if stands => machine.link_lost(now),
            "answer" if asked => done = machine.answered(Scopes::ALL, now),
            "answer: without chat" if asked => {
                done = machine.answered(Scopes::ALL.without(Scopes::CHAT), now);
            }
            "introduced" if securing => done = machine.introduced("x", who, now),
            "introduced: with nothing to allow" if securing => {
                let card = Some(card_of_nothing());
                done = machine.introduced("x", Who { card, ..who }, now);
            }
            "a next master" if frozen => machine.master_taken(),
            "a record does not open" if stands || securing => machine.record_failed(now),
            "input: within the scopes" if grant.contains(FEW) => {
                done = machine.handle_input(id, &[key], now);
            }
            "input: beyond the scopes" if !grant.is_empty() && !grant.contains(Scopes::POINTER) => {
                done = machine.handle_input(id, &[key, pointer], now);
            }
            "input: of another grant" if viewing => {
                done = machine.handle_input(id + 1, &[key], now);
            }
            "a violation" => machine.fail(By::Peer, Fault::BadPoint),
            _ => return None,
        }
        match event {
            "answer" | "answer: without chat" => {
                let until = now.plus_ms(timers::HANDSHAKE);
                self.timers.insert("handshake", until);
            }
            "introduced" => self.heard = now,
            _ => {}
        }
        let outputs = self.outputs(Some(code));
        Some(Done::new(Answer::from(done), outputs))
    }

    /// The helper's message, if it can send such a one.
    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    fn message(&self, event: &str) -> Option<Message> {
        let viewing = self.is("phase", "viewing");
        // In another phase every variant can come: it is refused for its kind.
        let live = !viewing || self.is("grant", "live");
        let narrowed = !viewing || self.is("grant", "narrowed");
        let alive = live || narrowed;
        let open = !viewing || !(self.is("prompt", "none") || self.is("prompt", "own"));
        let request = |scopes| ControlRequest {
            request: self.request + 1,
            scopes,
        };
        let item = |grant, ahead| Clipboard {
            grant,
            item: self.items + ahead,
            text: "an item".into(),
        };
        let display = 1;
        let end = |grant| ControlEnd {
            grant,
            code: ErrorCode::Released.to_wire(),
        };
        let draws = |message: &str, grant| match message {
            "stroke" => Stroke {
                grant,
                stroke: 1,
                display,
                colour: 0,
                width: 1,
                points: vec![(1, 1)],
            }
            .into(),
            "laser" => Laser {
                grant,
                display,
                x: 1,
                y: 1,
            }
            .into(),
            _ => Message::from(Clear { grant }),
        };
        let (kind, variant) = event.split_once(": ").unwrap_or((event, ""));
        if ["stroke", "laser", "clear"].contains(&kind) {
            return match variant {
                "under the grant" if live => Some(draws(kind, self.last_grant)),
                "of a grant that has ended" => Some(draws(kind, self.ended_grant()?)),
                "beyond the scopes" if narrowed => Some(draws(kind, self.last_grant)),
                "of no grant" => Some(draws(kind, self.last_grant + 1)),
                _ => None,
            };
        }
        Some(match event {
            "pad" => Pad { len: 3 }.into(),
            "introduce" if !self.is("phase", "securing") => Introduce {
                opening: [0; 32],
                name: "x".into(),
                card: Vec::new(),
                proof: Vec::new(),
            }
            .into(),
            "consent" => {
                let scopes = Scopes::CONSENT;
                Consent { scopes }.into()
            }
            "displays" => {
                let displays = Vec::new();
                Displays { displays }.into()
            }
            "shown: of the last frame" if !viewing || self.frame > 0 => {
                Shown { frame: self.frame }.into()
            }
            "shown: of another frame" => Shown {
                frame: self.frame + 1,
            }
            .into(),
            "control-request: for the scopes of the grant" if alive => request(self.grant).into(),
            "control-request: for other scopes" if self.grant == ASKED => request(OTHER).into(),
            "control-request: for other scopes" => request(ASKED).into(),
            "control-request: beyond the ceiling" => {
                request(Scopes::VIEW.union(Scopes::KEYBOARD)).into()
            }
            "control-request: for what is not supported" => request(Scopes::ELEVATION).into(),
            "control-request: with an old id" => ControlRequest {
                request: self.request,
                ..request(ASKED)
            }
            .into(),
            "control-withdraw: of the open request" if open => ControlWithdraw {
                request: self.request,
            }
            .into(),
            "control-withdraw: of the request that was granted"
                if !viewing || (alive && self.granted > 0) =>
            {
                let request = self.granted;
                ControlWithdraw { request }.into()
            }
            "control-withdraw: of another request" => ControlWithdraw {
                request: self.request + 1,
            }
            .into(),
            "control-grant" => ControlGrant {
                request: 1,
                grant: 1,
                scopes: ASKED,
                duration_ms: 1_000,
                secret: [1; 32],
            }
            .into(),
            "control-deny" => ControlDeny {
                request: 1,
                code: ErrorCode::Denied.to_wire(),
            }
            .into(),
            "control-end: of the grant" if alive => end(self.last_grant).into(),
            "control-end: of a grant that has ended" => end(self.ended_grant()?).into(),
            "control-end: of no grant" => end(self.last_grant + 1).into(),
            "pause: set" => Pause { paused: true }.into(),
            "pause: unset" => Pause { paused: false }.into(),
            "epoch" => Epoch {
                epoch: 1,
                paused: false,
            }
            .into(),
            "epoch-seen: of the latest" => EpochSeen { epoch: self.epoch }.into(),
            "epoch-seen: of an earlier one" if !viewing || self.epoch > 1 => EpochSeen {
                epoch: self.epoch.max(2) - 1,
            }
            .into(),
            "epoch-seen: of none" => EpochSeen {
                epoch: self.epoch + 1,
            }
            .into(),
            "refresh" => Refresh {}.into(),
            "chat: the next" => chat(self.received + 1),
            "chat: not the next" => chat(self.received),
            "chat-ack: of a line that waits" if !viewing || self.acknowledged < self.written => {
                ChatAck { id: self.written }.into()
            }
            "chat-ack: of another line" => ChatAck {
                id: self.written + 1,
            }
            .into(),
            "heartbeat" => Heartbeat {}.into(),
            "end" => End {
                code: ErrorCode::Declined.to_wire(),
            }
            .into(),
            "state: as known" => self.helpers_state(false).into(),
            "state: with the other flag" => self.helpers_state(true).into(),
            "state: that cannot be" => State {
                received: self.written + 1,
                ..self.helpers_state(false)
            }
            .into(),
            "card" => Card {
                card: vec![1],
                proof: vec![1; 64],
            }
            .into(),
            "advisory" => Advisory {
                statement: vec![1],
                proof: vec![1; 64],
            }
            .into(),
            "advisory-ack" => AdvisoryAck {}.into(),
            "picture-request" => PictureRequest {}.into(),
            "picture" => Picture {
                offset: 0,
                data: vec![1],
            }
            .into(),
            "control-renew" => ControlRenew {
                request: 0,
                grant: 1,
                duration_ms: 1_000,
            }
            .into(),
            "clipboard: under the grant" if live => item(self.last_grant, 1).into(),
            "clipboard: of a grant that has ended" => item(self.ended_grant()?, 1).into(),
            "clipboard: beyond the scopes" if narrowed => item(self.last_grant, 1).into(),
            "clipboard: of no grant" => item(self.last_grant + 1, 1).into(),
            "clipboard: not the next" => item(self.ended_grant()?, 2).into(),
            "clipboard-taken: of an item that waits" if !viewing || self.is("item", "waits") => {
                ClipboardTaken {
                    item: self.items_answered + 1,
                    taken: true,
                }
                .into()
            }
            "clipboard-taken: of another item" => ClipboardTaken {
                item: self.items_sent + 1,
                taken: true,
            }
            .into(),
            "secure-desktop" => SecureDesktop { active: true }.into(),
            "probe" => Probe { probe: 9 }.into(),
            "probe-answer" => ProbeAnswer { probe: 9 }.into(),
            "receipt" => receipt(),
            "path-offer: in time" => path_offer(),
            "path-offer: too early to answer" if !self.can_offer() => path_offer(),
            _ => return None,
        })
    }

    /// A grant that was made and is not alive.
    fn ended_grant(&self) -> Option<u32> {
        if !self.is("phase", "viewing") {
            return Some(1);
        }
        let alive = !self.is("grant", "none");
        let ended = self.last_grant - u32::from(alive);
        (ended > 0).then_some(ended)
    }

    /// What the helper knows, and whether its pause flag has changed meanwhile.
    fn helpers_state(&self, flag_changed: bool) -> State {
        let paused = self.is("pause", "other") || self.is("pause", "both");
        let paused = paused != flag_changed;
        let scopes = if self.is("phase", "viewing") {
            Scopes::VIEW
        } else {
            Scopes::NONE
        };
        State {
            paused,
            scopes,
            epoch: self.epoch,
            grant: self.last_grant,
            sent: self.received,
            received: self.acknowledged,
        }
    }

    /// What is said to the relay.
    fn asked(&self, message: &rendezvous::Message, told: Option<ErrorCode>) -> Option<String> {
        let name = message.name();
        let rendezvous::Message::PathOver(over) = message else {
            return Some(format!("send {name}"));
        };
        let code = ErrorCode::from_wire(over.code).expect("registered");
        Some(format!("send {name} {}", named(code, told)))
    }

    /// Whether a path was offered within `path-retry`.
    fn rests(&self) -> bool {
        self.machine
            .path_offer_from()
            .is_some_and(|from| self.now < from)
    }

    /// Whether an offer of a path would not be too early.
    fn can_offer(&self) -> bool {
        self.is("phase", "viewing") && self.is("link", "up") && !self.rests()
    }

    /// Nothing else happens until a path may be offered. None if a timer runs out first.
    fn rest(&mut self) -> Option<()> {
        let viewing = self.is("phase", "viewing") && self.is("link", "up");
        if let Some(from) = self.machine.path_offer_from()
            && viewing
            && self.now < from
        {
            self.wait(from)?;
            self.before.clone_from(&self.machine);
        }
        Some(())
    }

    /// What comes from the relay about a path, and from the connection of one.
    fn about_path(&mut self, event: &str) -> Option<Done> {
        let now = self.now;
        let code = ErrorCode::Busy;
        let id = [3; 8];
        let machine = &mut self.machine;
        let mut done = Ok(());
        match event {
            "path" => done = machine.handle_path(&rendezvous::Path { id }.into(), now),
            "path-open" => done = machine.handle_path(&rendezvous::PathOpen { id }.into(), now),
            "path-over" => {
                let code = code.to_wire();
                done = machine.handle_path(&rendezvous::PathOver { code }.into(), now);
            }
            "the path stands" => drop(machine.path_stands(now)),
            "a check comes" => machine.prove_path([4; 16], now),
            "give the path up" => machine.end_path(ErrorCode::Done, now),
            _ => return None,
        }
        let outputs = self.outputs(Some(code));
        Some(Done::new(Answer::from(done), outputs))
    }

    fn hear(&mut self, event: &str, message: &Message) -> Done {
        let frozen = self.is("link", "frozen");
        let done = self.machine.handle_message(message, self.now);
        if done.is_ok() && self.stands() {
            self.heard = self.now;
            match message {
                Message::State(_) if frozen => {
                    self.items = 0;
                    self.items_sent = 0;
                    self.items_answered = 0;
                }
                Message::ControlRequest(request) => self.request = request.request,
                Message::Chat(chat) => self.received = chat.id,
                Message::Clipboard(item) => self.items = item.item,
                Message::ClipboardTaken(taken) if event.ends_with("waits") => {
                    self.items_answered = taken.item;
                }
                _ => {}
            }
        }
        let outputs = self.outputs(Some(ErrorCode::Declined));
        Done::new(Answer::from(done), outputs)
    }
}

impl Subject for At {
    fn states(&self) -> Vec<(&'static str, &'static str)> {
        self.machine.regions(self.now).to_vec()
    }

    fn history(&self) -> Vec<u64> {
        let next = self.running().first().copied();
        let timer = next.and_then(|(_, timer)| self.timers.keys().position(|t| *t == timer));
        let near = next.is_some_and(|(at, _)| at.since(self.now) <= 100_000);
        vec![
            u64::from(self.last_grant.min(2)),
            u64::from(self.granted.min(1)),
            u64::from(self.epoch.min(2)),
            timer.map_or(99, |timer| timer as u64),
            u64::from(near),
            u64::from(self.rests()),
        ]
    }

    fn unchanged(&self) -> bool {
        self.machine == self.before
    }

    fn run(&mut self, event: &str) -> Option<Done> {
        self.machine.handle_timeout(self.now);
        assert_eq!(self.outputs(None), [""; 0]);
        self.before.clone_from(&self.machine);
        if event == "offer a path" || event == "path-offer: in time" {
            self.rest()?;
        }
        if event == "offer a path too early" && self.can_offer() {
            return None;
        }
        if let Some(message) = self.message(event) {
            return Some(self.hear(event, &message));
        }
        self.time(event)
            .or_else(|| self.act(event))
            .or_else(|| self.below(event))
            .or_else(|| self.about_path(event))
    }

    fn later(&self) -> Option<Self> {
        let (at, _) = self.running().first().copied()?;
        let mut later = self.clone();
        let soon = Timestamp::from_micros(at.as_micros().saturating_sub(100_000));
        (soon > self.now).then(|| later.wait(soon))??;
        Some(later)
    }
}

fn misuse(done: Result<(), Misuse>) -> Answer {
    done.map_or(Answer::Misuse, |()| Answer::Taken)
}

fn path_offer() -> Message {
    let certificate = [1; 32];
    PathOffer { certificate }.into()
}

fn chat(id: u32) -> Message {
    let text = "a line".into();
    Chat { id, text }.into()
}

/// A card with which nothing is allowed; what else is on it means nothing here.
fn card_of_nothing() -> card::Card {
    card::Card {
        version: 1,
        profile: 1,
        issuer: [1; 32],
        serial: [1; 16],
        first_name: String::new(),
        last_name: String::new(),
        title: String::new(),
        organisation: String::new(),
        domain: String::new(),
        picture: Vec::new(),
        ceiling: Scopes::NONE,
        card_key: [1; 32],
        receipt_key: Vec::new(),
        not_before: 0,
        expires: 1,
    }
}

#[test]
fn the_sharer_does_what_its_table_says() {
    walk("sharer", At::start(), &ASIDE).agrees();
}
