//! The helper.

use alongside_state_machine::{
    error::{Fault, Misuse},
    session::{
        By, Output,
        helper::{Event, Helper, Line},
        path,
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes,
    code::Locator,
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

/// What both ends allow: all but elevation.
const CEILING: Scopes = Scopes::ALL.without(Scopes::ELEVATION);
const ASKED: Scopes = CEILING.without(Scopes::CONSENT);

const ASIDE: [&str; 6] = ["chat", "offer", "item", "card", "advisory", "path"];

/// A helper, and what its relay and its sharer know of it.
#[derive(Clone)]
struct At {
    machine: Helper,
    /// As it was before the last event.
    before: Helper,
    now: Timestamp,
    heard: Timestamp,
    handshake: Timestamp,
    reconnect: Timestamp,
    grant: Timestamp,
    asks_again: Timestamp,
    attempt: Timestamp,
    consented: Scopes,
    epoch: u32,
    request: u32,
    last_grant: u32,
    written: u32,
    acknowledged: u32,
    received: u32,
    items_sent: u32,
    items_answered: u32,
    items: u32,
}

impl At {
    fn start() -> Self {
        let never = Timestamp::from_millis(0);
        Self {
            machine: Helper::new(),
            before: Helper::new(),
            now: Timestamp::from_millis(1_000),
            heard: never,
            handshake: never,
            reconnect: never,
            grant: never,
            asks_again: never,
            attempt: never,
            consented: Scopes::NONE,
            epoch: 0,
            request: 0,
            last_grant: 0,
            written: 0,
            acknowledged: 0,
            received: 0,
            items_sent: 0,
            items_answered: 0,
            items: 0,
        }
    }

    fn is(&self, region: &str, state: &str) -> bool {
        self.state(region) == Some(state)
    }

    fn state(&self, region: &str) -> Option<&'static str> {
        let regions = self.machine.regions(self.now);
        let found = regions.iter().find(|(name, _)| *name == region);
        found.map(|(_, state)| *state)
    }

    fn stands(&self) -> bool {
        self.is("phase", "deciding") || self.is("phase", "viewing")
    }

    /// Lets the machine do what is due, and takes what it wants done. `told` is the code that came
    /// with the event.
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
            Message::ControlRequest(request) => self.request = request.request,
            Message::Chat(chat) => self.written = self.written.max(chat.id),
            Message::Clipboard(item) => self.items_sent = item.item,
            Message::ControlEnd(ControlEnd { code, .. }) | Message::End(End { code }) => {
                let code = ErrorCode::from_wire(*code).expect("registered");
                return Some(format!("send {name} {}", named(code, told)));
            }
            Message::EpochSeen(seen) => assert_eq!(seen.epoch, self.epoch),
            _ => {}
        }
        Some(format!("send {name}"))
    }

    fn told_of_path(&mut self, event: &path::Event) -> &'static str {
        match event {
            path::Event::Offered => "path offered",
            path::Event::Agreed { .. } => {
                self.attempt = self.now.plus_ms(timers::PATH_ATTEMPT);
                "path agreed"
            }
            path::Event::Routed { .. } => "path routed",
            path::Event::Open { .. } => "path open",
            path::Event::Over { .. } => "path over",
        }
    }

    fn told(&mut self, event: &Event) -> Option<String> {
        let told = match event {
            Event::CodeIssued { .. } => "code",
            Event::CodeEnded(_) => "code ended",
            Event::Joined => "joined",
            Event::CodeSpent { warn, again_at, .. } => {
                self.asks_again = *again_at;
                let warned = if *warn {
                    "code spent, guessed"
                } else {
                    "code spent"
                };
                return Some(format!("tell {warned}"));
            }
            Event::Secured => "secured",
            Event::Viewing { scopes } => {
                self.consented = *scopes;
                "viewing"
            }
            Event::Displays(_) => "displays",
            Event::ControlNotBefore(_) => "not before",
            Event::ControlGranted { until, .. } => {
                self.grant = *until;
                "control"
            }
            Event::ControlDenied(_) => "control denied",
            Event::ControlRenewed { until, .. } => {
                self.grant = *until;
                "control renewed"
            }
            Event::ControlEnded { .. } => "control over",
            Event::Paused { .. } => "paused",
            Event::Chat(_) => "chat",
            Event::ChatDelivered(id) => {
                self.acknowledged = *id;
                "chat delivered"
            }
            Event::ClipboardOffered { .. } => "clipboard offered",
            Event::ClipboardLapsed { .. } => "clipboard lapsed",
            Event::ClipboardAnswered { .. } => "clipboard answered",
            Event::SecureDesktop(_) => "secure desktop",
            Event::Delay(_) => return None,
            Event::Frozen { until } => {
                self.reconnect = *until;
                "frozen"
            }
            Event::Back => "back",
            Event::Path(event) => self.told_of_path(event),
            Event::Ended(_) => "ended",
        };
        Some(format!("tell {told}"))
    }

    /// Nothing else than the passing of time happens until then.
    fn wait(&mut self, until: Timestamp) {
        let before = self.states();
        let frozen = self.is("link", "frozen");
        while self.now < until {
            self.now = self.now.plus_ms(2_000).min(until);
            self.machine.handle_timeout(self.now);
            if self.stands() && !frozen {
                let kept = self.machine.handle_message(&Heartbeat {}.into(), self.now);
                assert_eq!(kept, Ok(()));
                self.heard = self.now;
            }
            assert_eq!(self.outputs(None), [""; 0], "in {before:?}");
        }
        assert_eq!(self.states(), before);
    }

    /// The same, if no timer but that of silence runs out before.
    fn wait_quietly(&mut self, until: Timestamp) -> Option<()> {
        if self.next_at().is_some_and(|at| at <= until) {
            return None;
        }
        self.wait(until);
        Some(())
    }

    /// When the next timer runs out, if one runs; silence is put off.
    fn next_at(&self) -> Option<Timestamp> {
        let timers = [
            "handshake",
            "reconnect",
            "grant",
            "spent-delay",
            "path-attempt",
            "path-retry",
        ];
        timers.iter().filter_map(|timer| self.timer(timer)).min()
    }

    /// The moment of a timer, if it runs.
    fn timer(&self, timer: &str) -> Option<Timestamp> {
        let frozen = self.is("link", "frozen");
        let grant = self.is("grant", "live") || self.is("grant", "narrowed");
        match timer {
            "handshake" if self.is("phase", "securing") => Some(self.handshake),
            "silence" if self.stands() && !frozen => {
                let silent = self.heard.plus_ms(timers::SILENCE);
                Some(silent)
            }
            "reconnect" if frozen => Some(self.reconnect),
            "grant" if grant => Some(self.grant),
            "spent-delay" if self.is("codes", "waits") => Some(self.asks_again),
            "path-attempt" if self.is("path", "attempt") => Some(self.attempt),
            "path-retry" if self.is("path", "asked early") => self.machine.path_offer_from(),
            _ => None,
        }
    }

    fn time(&mut self, timer: &str) -> Option<Done> {
        let at = self.timer(timer)?;
        // Whatever else is due comes first; silence comes before the end of an attempt.
        let silence = timer == "silence";
        if let Some(next) = self.next_at()
            && (next < at || silence && next == at && !self.is("path", "attempt"))
        {
            return None;
        }
        let before = Timestamp::from_micros(at.as_micros() - 1);
        if timer == "silence" {
            let states = self.states();
            self.now = before;
            self.machine.handle_timeout(before);
            assert_eq!(self.outputs(None), [""; 0]);
            assert_eq!(self.states(), states);
        } else {
            self.wait(before);
        }
        self.now = at;
        self.machine.handle_timeout(at);
        let outputs = self.outputs(None);
        Some(Done::new(Answer::Taken, outputs))
    }

    fn act(&mut self, act: &str) -> Option<Done> {
        let now = self.now;
        let seeing = self.is("phase", "viewing") && self.is("link", "up");
        let shows = self.machine.media_epoch().is_some();
        let machine = &mut self.machine;
        let line = Line {
            id: 1,
            display: 1,
            colour: 0,
            width: 1,
            points: vec![(1, 1)],
        };
        let done = match act {
            "ask for a code" => machine.request_code(now),
            "call a device" => machine.call(now),
            "ask for control" => machine.request_control(ASKED, now),
            "ask for more than the ceiling" => machine.request_control(Scopes::GRANTABLE, now),
            "give control up" => machine.release_control(now),
            "set pause" => machine.set_paused(true, now),
            "unset pause" => machine.set_paused(false, now),
            "write chat" => machine.chat("a line").map(drop),
            "send a clipboard item" => machine.send_clipboard("an item", now).map(drop),
            "answer a clipboard item" => machine.answer_clipboard(true, now).map(drop),
            "draw" => {
                let laser = machine.clone().laser(1, (1, 1), now);
                let clear = machine.clone().clear(now);
                let stroke = machine.stroke(line, now);
                assert_eq!((laser, clear), (stroke, stroke), "they are allowed alike");
                stroke
            }
            "read the advisory" => machine.acknowledge(now),
            "offer a path" | "offer a path too early" => machine.offer_path([2; 32], now),
            "end the session" => {
                machine.end(ErrorCode::Done);
                Ok(())
            }
            "a frame is on the screen" if !seeing || shows => {
                machine.shown(7);
                Ok(())
            }
            _ => return None,
        };
        if act == "write chat" && done.is_ok() {
            self.written += 1;
        }
        Some(self.after_act(done))
    }

    fn after_act(&mut self, done: Result<(), Misuse>) -> Done {
        let answer = done.map_or(Answer::Misuse, |()| Answer::Taken);
        let outputs = self.outputs(None);
        Done::new(answer, outputs)
    }

    /// What comes from the relay, and what the channel finds.
    fn below(&mut self, event: &str) -> Option<Done> {
        let now = self.now;
        let securing = self.is("phase", "securing");
        let (stands, frozen) = (self.stands(), self.is("link", "frozen"));
        let machine = &mut self.machine;
        let locator = Locator::try_from("abcd".to_owned()).expect("a locator");
        let code = match event {
            "refused: for now" => ErrorCode::Busy,
            "refused: for good" => ErrorCode::NotFound,
            "gone" => ErrorCode::SessionLength,
            "gone: idle or relay-shutdown" => ErrorCode::Idle,
            "connection closed on purpose" => ErrorCode::Superseded,
            "handshake fails" => ErrorCode::HandshakeFailed,
            "a violation" => ErrorCode::BadPoint,
            _ => ErrorCode::Done,
        };
        let mut done = Ok(());
        match event {
            "code-issued" => done = machine.code_issued(locator, 600_000, now),
            "refused: for now" | "refused: for good" => done = machine.refused(code),
            "joined" => done = machine.joined(now),
            "gone" | "gone: idle or relay-shutdown" => machine.gone(code, now),
            "peer-lost" => machine.peer_lost(now),
            "connection lost" => machine.link_lost(now),
            "connection closed on purpose" => machine.relay_ended(code),
            "handshake succeeds" if securing => done = machine.secured(CEILING, now),
            "handshake fails" if securing => machine.spent(Fault::HandshakeFailed, code, now),
            "a record does not open" if stands => machine.record_failed(now),
            "a next master" if frozen => machine.master_taken(),
            "media of the latest epoch" => done = machine.handle_media(machine.media_epoch()?),
            "a violation" => machine.fail(By::Peer, Fault::BadPoint),
            _ => return None,
        }
        match event {
            "joined" => self.handshake = now.plus_ms(timers::HANDSHAKE),
            "handshake succeeds" => self.heard = now,
            _ => {}
        }
        let outputs = self.outputs(Some(code));
        Some(Done::new(Answer::from(done), outputs))
    }

    /// The sharer's message, if it can send such a one.
    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    fn message(&self, event: &str) -> Option<Message> {
        let viewing = self.is("phase", "viewing");
        let frozen = self.is("link", "frozen");
        // In another phase every variant can come: it is refused for its kind.
        let open = !viewing || self.is("request", "open");
        let live = self.is("grant", "live");
        let alive = !viewing || live || self.is("grant", "narrowed");
        let replaced = !viewing || self.is("grant", "replaced");
        let grant = |request, scopes| ControlGrant {
            request,
            grant: self.last_grant + 1,
            scopes,
            duration_ms: 10_000,
            secret: [1; 32],
        };
        let deny = |request, code: ErrorCode| ControlDeny {
            request,
            code: code.to_wire(),
        };
        let end = |grant, code: ErrorCode| ControlEnd {
            grant,
            code: code.to_wire(),
        };
        let renew = |request, grant| ControlRenew {
            request,
            grant,
            duration_ms: 10_000,
        };
        let item = |grant, ahead| Clipboard {
            grant,
            item: self.items + ahead,
            text: "an item".into(),
        };
        let display = 1;
        Some(match event {
            "pad" => Pad { len: 3 }.into(),
            "introduce" => Introduce {
                opening: [0; 32],
                name: "x".into(),
                card: Vec::new(),
                proof: Vec::new(),
            }
            .into(),
            "consent: of view and chat" => consent(Scopes::CONSENT),
            "consent: of view" => consent(Scopes::VIEW),
            "consent: beyond the ceiling" => consent(Scopes::CONSENT.union(Scopes::KEYBOARD)),
            "displays" => Displays {
                displays: Vec::new(),
            }
            .into(),
            "shown" => Shown { frame: 1 }.into(),
            "control-request" => ControlRequest {
                request: 1,
                scopes: ASKED,
            }
            .into(),
            "control-withdraw" => ControlWithdraw { request: 1 }.into(),
            "control-grant: that was asked for" if open => grant(self.request, ASKED).into(),
            "control-grant: of another request" => grant(self.request + 1, ASKED).into(),
            "control-grant: unasked of fewer scopes" => grant(0, Scopes::POINTER).into(),
            "control-grant: unasked of more scopes" if replaced => {
                grant(0, Scopes::GRANTABLE).into()
            }
            "control-grant: beyond the request" if open => {
                grant(self.request, Scopes::GRANTABLE).into()
            }
            "control-grant: with an old id" => ControlGrant {
                grant: self.last_grant,
                ..grant(self.request, ASKED)
            }
            .into(),
            "control-grant: for too long" => ControlGrant {
                duration_ms: 900_001,
                ..grant(self.request, ASKED)
            }
            .into(),
            "control-deny: by the person" if open => deny(self.request, ErrorCode::Denied).into(),
            "control-deny: for another reason" if open => {
                deny(self.request, ErrorCode::TooEarly).into()
            }
            "control-deny: of another request" => deny(self.request + 1, ErrorCode::Denied).into(),
            "control-end: of the grant" if alive => end(self.last_grant, ErrorCode::Revoked).into(),
            "control-end: replaced" if alive => end(self.last_grant, ErrorCode::Replaced).into(),
            "control-end: of another grant" => end(self.last_grant + 1, ErrorCode::Revoked).into(),
            "pause: set" => Pause { paused: true }.into(),
            "pause: unset" => Pause { paused: false }.into(),
            "epoch: next and running" => epoch(self.epoch + 1, false),
            "epoch: next and paused" => epoch(self.epoch + 1, true),
            "epoch: not the next" => epoch(self.epoch, false),
            "epoch-seen" => EpochSeen { epoch: 1 }.into(),
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
            "state: as known" => self.sharers_state(false).into(),
            "state: with the other flag" => self.sharers_state(true).into(),
            "state: that consents" if !(viewing && frozen) => State {
                scopes: Scopes::CONSENT,
                epoch: 1,
                ..self.sharers_state(false)
            }
            .into(),
            "state: beyond the ceiling" if !(viewing && frozen) => State {
                scopes: Scopes::CONSENT.union(Scopes::KEYBOARD),
                epoch: 1,
                ..self.sharers_state(false)
            }
            .into(),
            "state: that cannot be" => State {
                received: self.written + 1,
                ..self.sharers_state(false)
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
            "control-renew: of the grant" if alive => renew(0, self.last_grant).into(),
            "control-renew: as asked" if alive && open => {
                renew(self.request, self.last_grant).into()
            }
            "control-renew: of another grant" => renew(0, self.last_grant + 1).into(),
            "control-renew: for too long" => ControlRenew {
                duration_ms: 900_001,
                ..renew(0, self.last_grant)
            }
            .into(),
            "clipboard: under the grant" if !viewing || live => item(self.last_grant, 1).into(),
            "clipboard: of a grant that has ended" => item(self.ended_grant()?, 1).into(),
            "clipboard: beyond the scopes" if !viewing || self.is("grant", "narrowed") => {
                item(self.last_grant, 1).into()
            }
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
            "stroke" => Stroke {
                grant: 1,
                stroke: 1,
                display,
                colour: 0,
                width: 1,
                points: vec![(1, 1)],
            }
            .into(),
            "laser" => Laser {
                grant: 1,
                display,
                x: 1,
                y: 1,
            }
            .into(),
            "clear" => Clear { grant: 1 }.into(),
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
        let alive = self.is("grant", "live") || self.is("grant", "narrowed");
        let ended = self.last_grant - u32::from(alive);
        (ended > 0).then_some(ended)
    }

    /// What the sharer knows, and whether its pause flag has changed meanwhile.
    fn sharers_state(&self, flag_changed: bool) -> State {
        let paused = self.is("pause", "other") || self.is("pause", "both");
        let paused = paused != flag_changed;
        let viewing = self.is("phase", "viewing");
        State {
            paused,
            scopes: if viewing {
                self.consented
            } else {
                Scopes::NONE
            },
            epoch: if viewing { self.epoch.max(1) } else { 0 },
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
            self.wait_quietly(from)?;
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
        if event == "probe" && self.is("phase", "viewing") && self.is("link", "up") {
            // One that comes too soon has no answer.
            self.wait(self.now.plus_ms(timers::PROBE_REST));
        }
        let frozen = self.is("link", "frozen");
        let done = self.machine.handle_message(message, self.now);
        if done.is_ok() && self.stands() {
            self.heard = self.now;
            match message {
                Message::Epoch(epoch) => self.epoch = epoch.epoch,
                Message::State(state) if frozen => {
                    self.epoch = state.epoch;
                    self.items = 0;
                    self.items_sent = 0;
                    self.items_answered = 0;
                }
                Message::ControlGrant(grant) => self.last_grant = grant.grant,
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
        vec![u64::from(self.last_grant.min(2)), u64::from(self.rests())]
    }

    /// No timer of the helper meets another.
    fn later(&self) -> Option<Self> {
        None
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
}

fn consent(scopes: Scopes) -> Message {
    Consent { scopes }.into()
}

fn epoch(epoch: u32, paused: bool) -> Message {
    Epoch { epoch, paused }.into()
}

fn path_offer() -> Message {
    let certificate = [1; 32];
    PathOffer { certificate }.into()
}

fn chat(id: u32) -> Message {
    let text = "a line".into();
    Chat { id, text }.into()
}

#[test]
fn the_helper_does_what_its_table_says() {
    walk("helper", At::start(), &ASIDE).agrees();
}
