//! The relay, as one of its clients meets it.

use std::{collections::BTreeMap, net::SocketAddr};

use alongside_state_machine::{
    device::{Device, token_hash},
    relay::{
        ConnId, Event, NotVerified, Registration, Relay, RelayConfig, Source, Transmit, Verified,
        account::{Account, Role, Standing},
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes, SignInMethod,
    code::Locator,
    device::DeviceId,
    framing::Deframer,
    rendezvous::{
        Call, CardChallenge, CardIssued, CardProof, CardRequest, CodeIssued, CodeRequest, Deliver,
        Gone, Hello, Join, Joined, Leave, Message, Path, PathOpen, PathOver, PathProof,
        PathRequest, PeerBack, PeerLost, Place, Refused, Rejoin, Rejoined, RelayHello, Report,
        Reported, SignIn, SignedIn, Token, Wait, Waiting,
    },
};

use crate::walk::{Answer, Done, Subject, walk};

/// The client that is watched.
const CLIENT: ConnId = ConnId(1);
const IDLE_MS: u64 = 120_000;
const ASIDE: [&str; 2] = ["report", "challenge"];

/// A relay with one client that is watched, and as many others as it takes.
#[derive(Clone)]
struct At {
    relay: Relay,
    now: Timestamp,
    /// The region *connection* before the last event, and when it began.
    was: &'static str,
    since: Timestamp,
    /// Who is at the other end, and who will be after this event.
    peer: Option<ConnId>,
    next_peer: Option<ConnId>,
    tokens: BTreeMap<ConnId, [u8; 32]>,
    locators: BTreeMap<ConnId, Locator>,
    others: u64,
    attempts: BTreeMap<ConnId, u64>,
    session_ends: Timestamp,
    peer_given_up: Timestamp,
    left: Timestamp,
    /// Where connections are that are not where they were first, and how often somebody moved.
    moved: BTreeMap<ConnId, SocketAddr>,
    moves: u16,
    /// The token of the latest check for each connection, and when the client's came.
    checks: BTreeMap<ConnId, [u8; 16]>,
    checked: Timestamp,
    path_given_up: Timestamp,
    /// When packets began to go.
    opened: Timestamp,
    unchanged: bool,
}

impl At {
    fn start() -> Self {
        let now = Timestamp::from_millis(1_001);
        let mut relay = Relay::new(config(), [7; 32]);
        relay.set_issuing(true);
        relay.set_devices(registered(true), now);
        relay.connected(CLIENT, source(), now).expect("taken");
        Self {
            relay,
            now,
            was: "greeting",
            since: now,
            peer: None,
            next_peer: None,
            tokens: BTreeMap::new(),
            locators: BTreeMap::new(),
            others: 1,
            attempts: BTreeMap::new(),
            session_ends: now,
            peer_given_up: now,
            left: now,
            moved: BTreeMap::new(),
            moves: 0,
            checks: BTreeMap::new(),
            checked: now,
            path_given_up: now,
            opened: now,
            unchanged: true,
        }
    }

    fn state(&self, region: &str) -> &'static str {
        let regions = self.relay.regions(CLIENT, self.now);
        let found = regions.iter().find(|(name, _)| *name == region);
        found.map_or("", |(_, state)| state)
    }

    fn is(&self, state: &str) -> bool {
        self.state("connection") == state
    }

    fn away(&self) -> bool {
        self.is("in a session") && self.state("peer") == "away"
    }

    fn say(&mut self, conn: ConnId, message: impl Into<Message>) {
        let mut bytes = Vec::new();
        message.into().encode(&mut bytes);
        self.relay.handle_control(conn, &bytes, self.now);
    }

    /// Another client, after its hello.
    fn other(&mut self) -> ConnId {
        self.others += 1;
        let conn = ConnId(self.others);
        self.relay
            .connected(conn, source(), self.now)
            .expect("taken");
        self.say(conn, Hello::default());
        self.drain(None);
        conn
    }

    /// Another client with a code.
    fn other_code(&mut self) -> (ConnId, Locator) {
        let owner = self.other();
        self.say(owner, CodeRequest {});
        self.drain(None);
        (owner, self.locators[&owner])
    }

    /// Two others in a session; the first is at the place that is wanted.
    fn other_session(&mut self) -> [ConnId; 2] {
        let (helper, locator) = self.other_code();
        let sharer = self.other();
        self.say(sharer, join(locator));
        self.tick();
        self.drain(None);
        [sharer, helper]
    }

    /// Another client that waits as the device.
    fn other_device(&mut self) -> ConnId {
        let device = self.other();
        self.say(device, wait(true));
        self.tick();
        self.drain(None);
        device
    }

    /// To the next tick.
    fn tick(&mut self) {
        self.now = next_tick(self.now);
        self.relay.handle_timeout(self.now);
    }

    /// Takes what the relay wants done: for the client and its peer as the table writes it. `told` is
    /// the code that came with the event.
    fn drain(&mut self, told: Option<ErrorCode>) -> (Vec<String>, Option<&'static str>) {
        let mut outputs = Vec::new();
        let mut clause = None;
        while let Some(transmit) = self.relay.poll_transmit() {
            match transmit {
                Transmit::Control { conn, bytes } => {
                    for message in messages(&bytes) {
                        self.keep(conn, &message);
                        let said = said(&message, told);
                        if conn == CLIENT {
                            outputs.push(format!("send {said}"));
                        } else if Some(conn) == self.peer {
                            outputs.push(format!("pass {said}"));
                        }
                    }
                }
                Transmit::Close { conn, code } if conn == CLIENT => {
                    outputs.push(format!("close {}", named(code.to_wire(), told)));
                }
                Transmit::Close { .. } => {}
                Transmit::Verify { conn, attempt, .. } => {
                    self.attempts.insert(conn, attempt);
                    if conn == CLIENT {
                        outputs.push("tell check the token".into());
                    }
                }
                Transmit::Issue { conn, .. } => {
                    assert_eq!(conn, CLIENT);
                    outputs.push("tell sign a card".into());
                }
                Transmit::Look { conn } => self.look(conn),
                Transmit::Check { conn, to, token } => {
                    assert_eq!(to, self.at(conn));
                    self.checks.insert(conn, token);
                    if conn == CLIENT {
                        self.checked = self.now;
                        outputs.push("tell check".into());
                    }
                }
                Transmit::Forward { .. } => outputs.push("tell forward".into()),
                Transmit::Halt { .. } => outputs.push("tell halt".into()),
            }
        }
        while let Some(event) = self.relay.poll_event() {
            let here = |conn: &ConnId| *conn == CLIENT || Some(*conn) == self.peer;
            outputs.extend(match event {
                Event::Paired { helper, sharer } if here(&helper) || here(&sharer) => {
                    Some("tell paired".into())
                }
                Event::PeerLost { lost, peer } if here(&lost) || peer.is_some_and(|p| here(&p)) => {
                    Some("tell peer lost".into())
                }
                Event::PeerBack { before, now, peer }
                    if here(&before) || here(&now) || peer.is_some_and(|p| here(&p)) =>
                {
                    Some("tell peer back".into())
                }
                Event::Unpaired { ends, .. } if ends.iter().any(here) => {
                    Some("tell unpaired".into())
                }
                Event::Reported { .. } => Some("tell reported".into()),
                Event::Violation { conn, error } if conn == CLIENT => {
                    clause = Some(error.clause());
                    Some("tell violation".into())
                }
                _ => None,
            });
        }
        (outputs, clause)
    }

    fn keep(&mut self, conn: ConnId, message: &Message) {
        match message {
            Message::Place(place) => {
                self.tokens.insert(conn, place.token);
            }
            Message::CodeIssued(issued) => {
                self.locators.insert(conn, issued.locator);
            }
            _ => {}
        }
    }

    fn at(&self, conn: ConnId) -> SocketAddr {
        let usual = SocketAddr::from(([192, 0, 2, 1], 1));
        self.moved.get(&conn).copied().unwrap_or(usual)
    }

    /// Tells the relay where a connection is.
    fn look(&mut self, conn: ConnId) {
        let at = self.at(conn);
        self.relay.seen_at(conn, at, 0, self.now);
    }

    fn moves(&mut self, conn: ConnId) {
        self.moves += 1;
        let at = SocketAddr::from(([192, 0, 2, 2], self.moves));
        self.moved.insert(conn, at);
        self.look(conn);
    }

    fn act(&mut self, event: &str) -> Option<ErrorCode> {
        match event {
            "somebody joins by its code" if self.is("with a code") => {
                let locator = self.locators[&CLIENT];
                let joins = self.other();
                if self.state("account") == "signed in" {
                    // Who helps for an organisation helps those who are signed in as well.
                    self.signs_in(joins);
                }
                self.say(joins, join(locator));
                self.paired(joins);
            }
            "a call finds its device" if self.is("waiting") => {
                let helper = self.other();
                self.signs_in(helper);
                self.say(helper, call(true));
                self.paired(helper);
            }
            "another waits as its device" if self.is("waiting") => {
                let device = self.other();
                self.say(device, wait(true));
                self.tick();
            }
            "its device is registered no more" if self.is("waiting") => {
                self.relay.set_devices(BTreeMap::new(), self.now);
            }
            "its peer leaves" if self.is("in a session") && !self.away() => {
                let code = ErrorCode::Declined;
                let leave = code.to_wire();
                self.say(self.peer?, Leave { code: leave });
                return Some(code);
            }
            "its peer is lost" if self.is("in a session") && !self.away() => {
                let hold = config().reconnect_hold_ms;
                self.peer_given_up = self.now.plus_ms(hold);
                self.relay.disconnected(self.peer?, None, self.now);
            }
            "its peer is back" if self.away() => {
                let token = self.tokens[&self.peer?];
                let back = self.other();
                self.tokens.insert(back, token);
                self.next_peer = Some(back);
                self.say(back, Rejoin { token });
            }
            "its peer breaks the protocol" if self.is("in a session") && !self.away() => {
                self.say(self.peer?, CodeRequest {});
            }
            "its place is taken" if self.is("in a session") => {
                let token = self.tokens[&CLIENT];
                let takes = self.other();
                self.say(takes, Rejoin { token });
            }
            "its peer asks for a path" if self.is("in a session") && !self.away() => {
                self.say(self.peer?, PathRequest {});
                return Some(ErrorCode::Declined);
            }
            "its peer returns its check" if self.state("their path") == "asked" => {
                let peer = self.peer?;
                let token = self.checks[&peer];
                self.say(peer, PathProof { token });
            }
            "its peer ends the path" if self.state("their path") != "none" => {
                let code = ErrorCode::Declined;
                let over = code.to_wire();
                self.say(self.peer?, PathOver { code: over });
                return Some(code);
            }
            "its address changes" if self.state("path") != "none" => self.moves(CLIENT),
            "its peer's address changes" if self.state("their path") != "none" => {
                self.moves(self.peer?);
            }
            "the token is good" if self.is("signing in") => self.verified(CLIENT, true),
            "the token is not" if self.is("signing in") => self.verified(CLIENT, false),
            "the connection is lost" => self.relay.disconnected(CLIENT, None, self.now),
            "the connection is closed on purpose" => {
                let code = ErrorCode::Declined;
                self.relay.disconnected(CLIENT, Some(code), self.now);
                return Some(code);
            }
            "it stays after the end of its control stream" => {
                let until = self.now.plus_ms(config().farewell_ms);
                // It does not come to that if the client is told of something before.
                if self.running().first().is_some_and(|(at, _)| *at <= until) {
                    return None;
                }
                self.relay.handle_control_end(CLIENT, self.now);
                self.wait(Timestamp::from_micros(until.as_micros() - 1));
                self.now = until;
                self.relay.handle_timeout(until);
            }
            "a violation" => {
                self.say(CLIENT, PeerLost {});
                return Some(ErrorCode::UnexpectedMessage);
            }
            "drain" => self.relay.drain(self.now),
            "shut down" => self.relay.shutdown(self.now),
            _ => return None,
        }
        Some(ErrorCode::Done)
    }

    /// The answer to a join comes at the next tick.
    fn paired(&mut self, peer: ConnId) {
        self.peer = Some(peer);
        self.tick();
        self.session_ends = self.now.plus_ms(config().session_length_ms);
    }

    fn signs_in(&mut self, conn: ConnId) {
        self.say(conn, sign_in());
        self.drain(None);
        self.verified(conn, true);
        self.drain(None);
    }

    fn verified(&mut self, conn: ConnId, good: bool) {
        let verified = Verified {
            account: account(),
            lasts_ms: 1_000_000_000,
        };
        let result = if good {
            Ok(verified)
        } else {
            Err(NotVerified::Failed)
        };
        let attempt = self.attempts[&conn];
        self.relay.verified(conn, attempt, result, self.now);
    }

    /// What the client says, and what has to be so for it to be that.
    fn message(&mut self, event: &str) -> Option<Message> {
        let idle = self.is("idle");
        let code = ErrorCode::Done.to_wire();
        let unknown = Locator::try_from("zzzz".to_owned()).expect("a locator");
        let offer = vec![1];
        Some(match event {
            "hello" => Hello::default().into(),
            "relay-hello" => RelayHello::default().into(),
            "code-request" => CodeRequest {}.into(),
            "code-issued" => CodeIssued {
                locator: unknown,
                lifetime_ms: 1,
            }
            .into(),
            "join: by a live code" => {
                let (owner, locator) = self.other_code();
                if idle {
                    self.peer = Some(owner);
                }
                join(locator).into()
            }
            "join: by another locator" => join(unknown).into(),
            "joined" => Joined { offer }.into(),
            "deliver" => Deliver { envelope: vec![1] }.into(),
            "leave" => Leave { code }.into(),
            "gone" => Gone { code }.into(),
            "refused" => Refused { code }.into(),
            "sign-in" => sign_in().into(),
            "signed-in" => SignedIn {
                help: Scopes::NONE,
                share: Scopes::NONE,
                name: String::new(),
                organisation: String::new(),
                lasts_ms: 1,
            }
            .into(),
            "report" => Report { category: 1 }.into(),
            "reported" => Reported {}.into(),
            "wait: as a registered device" => wait(true).into(),
            "wait: as another" => wait(false).into(),
            "waiting" => Waiting {}.into(),
            "call: of a device that waits" if !idle => call(true).into(),
            "call: of a device that waits" if self.state("account") == "signed in" => {
                self.peer = Some(self.other_device());
                call(true).into()
            }
            "call: of another" => call(false).into(),
            "place" => Place { token: [0; 32] }.into(),
            "rejoin: to a peer that is there" | "rejoin: to a peer that is away" if idle => {
                let [place, peer] = self.other_session();
                let session = config().session_length_ms;
                self.session_ends = self.now.plus_ms(session);
                self.relay.disconnected(place, None, self.now);
                self.peer = Some(peer);
                if event.ends_with("away") {
                    let hold = config().reconnect_hold_ms;
                    self.peer_given_up = self.now.plus_ms(hold);
                    self.relay.disconnected(peer, None, self.now);
                }
                self.drain(None);
                let token = self.tokens[&place];
                self.tokens.insert(CLIENT, token);
                Rejoin { token }.into()
            }
            "rejoin: to a peer that is there"
            | "rejoin: to a peer that is away"
            | "rejoin: with another token" => Rejoin { token: [9; 32] }.into(),
            "rejoined" => Rejoined { peer: true }.into(),
            "peer-lost" => PeerLost {}.into(),
            "peer-back" => PeerBack {}.into(),
            "card-request" => CardRequest {
                profile: 1,
                card_key: [1; 32],
                receipt_key: Vec::new(),
            }
            .into(),
            "card-challenge" => CardChallenge { challenge: [1; 32] }.into(),
            "card-proof" => CardProof { proof: vec![1; 64] }.into(),
            "card-issued" => CardIssued { card: vec![1] }.into(),
            "path-request" => PathRequest {}.into(),
            "path" => Path { id: [1; 8] }.into(),
            "path-proof: of its check" if self.is("in a session") => {
                let token = *self.checks.get(&CLIENT)?;
                (self.state("path") == "asked").then_some(PathProof { token }.into())?
            }
            "path-proof: of its check" | "path-proof: of another" => {
                PathProof { token: [0; 16] }.into()
            }
            "path-open" => PathOpen { id: [1; 8] }.into(),
            "path-over" => PathOver { code }.into(),
            _ => return None,
        })
    }

    /// The timers that run, the next one first.
    fn running(&self) -> Vec<(Timestamp, &'static str)> {
        let config = config();
        let after = |ms| self.since.plus_ms(ms);
        let mut timers: Vec<(Timestamp, &'static str)> = match self.state("connection") {
            "greeting" | "idle" | "signing in" => vec![(after(IDLE_MS), "unpaired-idle")],
            "with a code" => vec![(after(config.code_lifetime_ms), "code-lifetime")],
            "joining" => vec![(next_tick(self.since), "join-tick")],
            "waiting" => vec![(after(config.device_wait_ms), "device-wait")],
            "in a session" => vec![(self.session_ends, "session-length")],
            _ => Vec::new(),
        };
        if self.away() {
            timers.push((self.peer_given_up, "reconnect-hold"));
        }
        if self.state("report") == "may" {
            let until = self.left.plus_ms(config.report_window_ms);
            timers.push((until, "report-window"));
        }
        let packets = self.state("packets");
        if self.state("path") == "asked" {
            timers.push((self.checked.plus_ms(config.path_check_ms), "path-check"));
        }
        if packets == "go" {
            timers.push((self.opened.plus_ms(config.path_idle_ms), "path-idle"));
        } else if self.has_path() {
            timers.push((self.path_given_up, "path-attempt"));
        }
        timers.sort();
        timers
    }

    fn path_is_of_one(&self) -> bool {
        (self.state("path") == "none") != (self.state("their path") == "none")
    }

    fn give_up_path_later(&mut self) {
        self.path_given_up = self.now.plus_ms(config().path_attempt_ms);
    }

    fn has_path(&self) -> bool {
        ["path", "their path"].map(|region| self.state(region)) != ["none"; 2]
    }

    fn wait(&mut self, until: Timestamp) {
        let before = self.states();
        self.now = until;
        self.relay.handle_timeout(until);
        let (outputs, clause) = self.drain(None);
        assert_eq!((&outputs[..], clause), (&[][..], None), "in {before:?}");
        assert_eq!(self.states(), before);
    }

    /// Whether the timer runs out next, and then does.
    fn time(&mut self, timer: &str) -> bool {
        let next = self.running().first().copied();
        let Some((at, _)) = next.filter(|(_, next)| *next == timer) else {
            return false;
        };
        self.wait(Timestamp::from_micros(at.as_micros() - 1));
        self.now = at;
        self.relay.handle_timeout(at);
        if timer == "join-tick" {
            let session = config().session_length_ms;
            self.session_ends = at.plus_ms(session);
        }
        true
    }
}

impl Subject for At {
    fn states(&self) -> Vec<(&'static str, &'static str)> {
        self.relay.regions(CLIENT, self.now).to_vec()
    }

    fn history(&self) -> Vec<u64> {
        let next = self.running().first().copied();
        let near = next.is_some_and(|(at, _)| at.since(self.now) <= 500_000);
        let next = next.map_or(0, |(_, timer)| timer.bytes().map(u64::from).sum());
        vec![next, u64::from(near)]
    }

    fn unchanged(&self) -> bool {
        self.unchanged
    }

    fn run(&mut self, event: &str) -> Option<Done> {
        let before = self.clone();
        self.was = self.state("connection");
        let in_session = self.is("in a session");
        let told = if let Some(message) = self.message(event) {
            // The relay's own word for a path that is asked for anew.
            let own = matches!(message, Message::PathRequest(_));
            self.say(CLIENT, message);
            (!own).then_some(ErrorCode::Done)
        } else if self.time(event) {
            None
        } else {
            Some(self.act(event)?)
        };
        let meets = self.is("in a session");
        if !in_session && !meets {
            // Whom it may meet has heard nothing of it yet.
            self.next_peer = self.peer.take();
        }
        let (outputs, clause) = self.drain(told);
        if let Some(clause) = clause.filter(|_| event != "a violation") {
            // The relay has done at once what the table has as an event of its own.
            let mut violated = before.clone();
            let wanted = violated.run("a violation").expect("there is such an event");
            let code = ErrorCode::UnexpectedMessage.name();
            let outputs = outputs.iter().map(|o| o.replace(code, "as told"));
            assert_eq!(outputs.collect::<Vec<_>>(), wanted.outputs);
            *self = before;
            return Some(Done::new(
                Answer::Violation(clause, ErrorCode::UnexpectedMessage),
                Vec::new(),
            ));
        }
        if self.next_peer.is_some() {
            self.peer = self.next_peer.take();
        }
        if self.was != self.state("connection") || event.starts_with("the token") {
            self.since = self.now;
        }
        if !self.is("in a session") && self.state("wants") == "nothing" {
            self.peer = None;
        }
        if in_session && self.is("idle") {
            self.left = self.now;
        }
        let went = before.state("packets") == "go";
        match self.state("packets") {
            "go" if !went => self.opened = self.now,
            "stopped" if went => self.give_up_path_later(),
            // Who asks as the second begins nothing.
            "none"
                if outputs.iter().any(|said| said.ends_with(" path")) && self.path_is_of_one() =>
            {
                self.give_up_path_later();
            }
            _ => {}
        }
        Some(Done::new(Answer::Taken, outputs))
    }

    fn later(&self) -> Option<Self> {
        let (at, _) = self.running().first().copied()?;
        let soon = Timestamp::from_micros(at.as_micros().saturating_sub(500_000));
        let mut later = self.clone();
        (soon > self.now).then(|| later.wait(soon))?;
        Some(later)
    }
}

/// No source has to wait here, and no sign-in ends. A session is over before one that was left cannot
/// be reported any more.
fn config() -> RelayConfig {
    RelayConfig {
        free_joins: 1_000_000,
        sign_in_ms: 1_000_000_000,
        session_length_ms: 20_000,
        reconnect_hold_ms: 10_000,
        // So rarely that a check is not always what comes next.
        path_check_ms: 3_000,
        path_idle_ms: 4_000,
        ..RelayConfig::default()
    }
}

pub(crate) fn source() -> Source {
    let address: std::net::IpAddr = "192.0.2.1".parse().expect("an address");
    Source(address)
}

pub(crate) fn next_tick(now: Timestamp) -> Timestamp {
    let tick = 50_000;
    Timestamp::from_micros((now.as_micros() / tick + 1) * tick)
}

pub(crate) fn join(locator: Locator) -> Join {
    Join {
        locator,
        link: false,
        offer: vec![1],
    }
}

fn sign_in() -> SignIn {
    SignIn {
        method: SignInMethod::Token.to_wire(),
        token: Token::new("a token"),
    }
}

fn account() -> Account {
    Account {
        issuer: "issuer".to_owned(),
        subject: "subject".to_owned(),
        name: "name".to_owned(),
        title: String::new(),
        organisation: "ours".to_owned(),
        domain: String::new(),
        role: Role::Control,
        device: Standing::Compliant,
        expires: 0,
    }
}

/// The device that is registered, or another.
fn device(known: bool) -> Device {
    Device::enrol(&[u8::from(known); 80])
}

fn registered(known: bool) -> BTreeMap<DeviceId, Registration> {
    let device = device(known);
    let registration = Registration {
        token_hash: token_hash(&device.token),
        organisation: "ours".to_owned(),
        issuer: None,
    };
    BTreeMap::from([(device.key.id, registration)])
}

fn wait(known: bool) -> Wait {
    let device = device(known);
    Wait {
        device: device.key.id,
        token: device.token,
        offer: vec![1],
    }
}

fn call(known: bool) -> Call {
    let device = device(known).key.id;
    Call { device }
}

pub(crate) fn messages(bytes: &[u8]) -> Vec<Message> {
    let mut deframer = Deframer::new(65_536, "test");
    deframer.push(bytes);
    std::iter::from_fn(|| Message::pull(&mut deframer).expect("readable")).collect()
}

/// A message as the table writes it.
pub(crate) fn said(message: &Message, told: Option<ErrorCode>) -> String {
    let name = message.name();
    match message {
        Message::Gone(Gone { code })
        | Message::Refused(Refused { code })
        | Message::PathOver(PathOver { code }) => {
            format!("{name} {}", named(*code, told))
        }
        _ => name.to_owned(),
    }
}

fn named(code: u16, told: Option<ErrorCode>) -> &'static str {
    let code = ErrorCode::from_wire(code).expect("registered");
    crate::walk::named(code, told)
}

#[test]
fn the_relay_does_what_the_table_of_a_connection_says() {
    walk("connection", At::start(), &ASIDE).agrees();
}
