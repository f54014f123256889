//! A relay and a few clients that say anything, whatever is known to them.

mod accounts;
mod facts;
mod step;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use alongside_state_machine::{
    relay::{CardWanted, ConnId, Event, PathEnd, Relay, RelayConfig, Source as Place, Transmit},
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode,
    code::Locator,
    framing::Deframer,
    journal::Features,
    limits::{
        CONTROL_MESSAGE, LIMITS,
        timers::{PATH_ATTEMPT, TIMERS},
    },
    path::PathToken,
    rendezvous::{
        Deliver, Gone, Hello, Join, Leave, Message, PathProof, PathRequest, Rejoin, RelayHello,
    },
};

pub use accounts::{Act, Known};
pub use step::{Clients, HEAD, STEP, Step};

use crate::{policies, words};
use facts::Facts;
use step::CLIENTS;

/// Steps of the longest run of a fuzzer.
const LONGEST: usize = 400;
/// When a relay begins, in milliseconds: on another day than the first.
const BEGIN: u64 = 90_000_000;
/// Milliseconds by which every deadline of a relay has passed.
const ALL_OVER: u64 = 48 * 3_600_000;

/// What came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Envelopes that were delivered.
    pub delivered: usize,
    /// Places that were taken again.
    pub rejoined: usize,
    /// Paths.
    pub forwarded: usize,
    /// Devices that were called.
    pub called: usize,
    /// Cards that were asked for with a proof.
    pub cards: usize,
    /// Reports.
    pub reported: usize,
}

struct World {
    relay: Relay,
    config: RelayConfig,
    facts: Facts,
    now: Timestamp,
    /// The numbers of the connections that clients have, or had last.
    numbers: [ConnId; CLIENTS],
    /// What clients were told last, since somebody spoke.
    answers: BTreeMap<ConnId, Message>,
    /// Who broke the protocol just now, and what they are to be told.
    violated: Option<(ConnId, ErrorCode)>,
    connected: BTreeSet<ConnId>,
    heard: BTreeMap<ConnId, Deframer>,
    /// What clients were told, and may tell others.
    locators: Vec<(ConnId, Locator)>,
    tokens: Vec<[u8; 32]>,
    /// Whose code is alive.
    live: BTreeSet<ConnId>,
    /// Who called a device, and was not answered yet.
    calls: BTreeSet<ConnId>,
    /// Whose messages may be read as the rest of other bytes.
    garbled: BTreeSet<ConnId>,
    /// Most connections, most of one address, and most codes.
    limits: [usize; 3],
    /// Sign-ins and cards that wait for their answer.
    to_verify: Vec<(ConnId, u64)>,
    to_issue: Vec<(ConnId, CardWanted)>,
    input: usize,
    output: usize,
    /// Bytes that the relay may say without being asked.
    unasked: usize,
    came: Came,
    /// Where the packets of clients come from, when they have moved.
    moved: BTreeMap<ConnId, u16>,
    /// Tokens that were sent to clients, where to, and when.
    checks: BTreeMap<ConnId, Vec<(SocketAddr, PathToken, Timestamp)>>,
    /// Where clients were when they returned a token that was sent to them there.
    shown: BTreeSet<(ConnId, SocketAddr)>,
    /// Between whom packets are forwarded.
    forwarding: Vec<[PathEnd; 2]>,
}

/// Looks for clients by which a relay pairs, tells or keeps what it must not, or that it waits for in vain.
///
/// # Panics
/// If there are some.
pub fn fuzz(data: &[u8]) {
    let mut clients = Clients::of(data);
    clients.steps.truncate(LONGEST);
    run(&clients);
}

/// Has clients do all that.
///
/// # Panics
/// If the relay does what it must not.
pub fn run(clients: &Clients) -> Came {
    let mut world = World::new(clients);
    for step in &clients.steps {
        world.step(step);
        world.check();
    }
    world.relay.shutdown(world.now);
    world.collect(None);
    let waits = world.relay.poll_timeout();
    assert_eq!(waits, None, "a relay that is shut down waits");
    let late = ConnId(u64::MAX);
    let taken = world.relay.connected(late, at(late), world.now);
    let refusal = taken.expect_err("somebody comes to a relay that is shut down");
    words::told(&refusal);
    assert_eq!(refusal.code(), ErrorCode::RelayShutdown);
    assert!(world.relay.is_draining());
    world.pass(ALL_OVER);
    world.check();
    world.came
}

impl World {
    fn new(clients: &Clients) -> Self {
        let mut config = RelayConfig::default();
        if clients.small {
            (config.codes, config.connections) = (2, CLIENTS - 1);
            config.pending_joins = 2;
            config.held_places = 1;
            config.session_length_ms = 300_000;
            (config.sources, config.free_joins) = (5, 3);
            (config.reports_per_source, config.reports_each_day) = (1, 2);
            config.device_waits = 1;
            config.quarantined = 2;
            config.paths = usize::from(!clients.seed.is_multiple_of(4));
            config.report_decay_ms = 60_000;
            if clients.seed.is_multiple_of(5) {
                config.join_tick_ms = 0;
            }
        }
        if clients.small && clients.seed.is_multiple_of(2) {
            (config.connections_per_source, config.codes_per_source) = (2, 1);
        }
        let limits = [
            config.connections,
            config.connections_per_source,
            config.codes,
        ];
        let facts = Facts::new(&config, clients.issuing);
        let mut relay = Relay::new(config.clone(), [clients.seed; 32]);
        relay.set_issuing(clients.issuing);
        let mut world = Self {
            relay,
            config,
            facts,
            now: Timestamp::from_millis(BEGIN),
            numbers: std::array::from_fn(|slot| ConnId(slot as u64)),
            answers: BTreeMap::new(),
            violated: None,
            connected: BTreeSet::new(),
            heard: BTreeMap::new(),
            locators: Vec::new(),
            tokens: Vec::new(),
            live: BTreeSet::new(),
            calls: BTreeSet::new(),
            garbled: BTreeSet::new(),
            limits,
            to_verify: Vec::new(),
            to_issue: Vec::new(),
            input: 0,
            output: 0,
            unasked: 0,
            came: Came::default(),
            moved: BTreeMap::new(),
            checks: BTreeMap::new(),
            shown: BTreeSet::new(),
            forwarding: Vec::new(),
        };
        world.allow(policies::open());
        world.register(&step::DEVICES);
        // Somebody is there.
        for conn in (0..CLIENTS as u64 - 2).map(ConnId) {
            world.greet(conn);
        }
        world
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Greet(conn) => drop(self.greet(*conn)),
            Step::Connect(conn) => drop(self.connect(*conn)),
            Step::Disconnect(conn, code) => {
                let conn = self.number(*conn);
                self.relay.disconnected(conn, *code, self.now);
                self.forget(conn);
                self.collect(None);
            }
            Step::EndControl(conn) => {
                self.relay.handle_control_end(self.number(*conn), self.now);
                self.collect(None);
            }
            Step::Raw(conn, bytes) => {
                let conn = self.number(*conn);
                self.garbled.insert(conn);
                self.facts.garbled(conn);
                self.raw(conn, bytes);
            }
            Step::Say(conn, message) => self.say(self.number(*conn), message),
            Step::Ask(conn) => self.ask(self.number(*conn)),
            Step::Join {
                conn,
                back,
                live,
                link,
                offer,
            } => {
                let conn = self.number(*conn);
                if let Some(locator) = self.locator(conn, *back, *live) {
                    if *live {
                        self.leave(conn);
                    }
                    let (link, offer) = (*link, offer.clone());
                    let join = Join {
                        locator,
                        link,
                        offer,
                    };
                    self.say(conn, &join.into());
                }
            }
            Step::Deliver(conn, envelope) => {
                if let Some((from, _)) = self.paired(*conn) {
                    let envelope = envelope.clone();
                    self.say(from, &Deliver { envelope }.into());
                }
            }
            Step::AskPath(conn) => {
                if let Some((one, other)) = self.paired(*conn) {
                    self.say(one, &PathRequest {}.into());
                    self.say(other, &PathRequest {}.into());
                }
            }
            Step::Rejoin { conn, back, anew } => {
                if let Some(token) = latest(&self.tokens, *back) {
                    let conn = match anew {
                        true => self.greet(*conn),
                        false => self.number(*conn),
                    };
                    self.say(conn, &Rejoin { token }.into());
                }
            }
            Step::Verify(result) => self.verify((**result).clone()),
            Step::Issue(card) => self.issue(card.as_ref()),
            Step::Account(conn, act) => self.act(self.number(*conn), act),
            Step::Quarrel(conn, category) => self.quarrel(*conn, *category),
            Step::Policy(policy) => self.allow((**policy).clone()),
            Step::Devices(known) => self.register(known),
            Step::Issuing(issuing) => {
                self.facts.set_issuing(*issuing);
                self.relay.set_issuing(*issuing);
            }
            Step::Prove {
                whose,
                instead,
                back,
                both,
            } => {
                let whose = self.number(*whose);
                let known = self.checks.range(whose..).chain(&self.checks).next();
                if let Some((whose, _)) = known {
                    let whose = *whose;
                    let peer = self.relay.peer_of(whose).filter(|_| *both);
                    self.prove(whose, instead.map(|conn| self.number(conn)), *back);
                    if let Some(peer) = peer {
                        self.prove(peer, None, 0);
                    }
                }
            }
            Step::Move(conn) => *self.moved.entry(self.number(*conn)).or_default() += 1,
            Step::Drain => {
                self.relay.drain(self.now);
                self.collect(None);
            }
            Step::Pass(ms) => self.pass(*ms),
        }
    }

    /// A client joins the next one, leaves and reports, twice.
    fn quarrel(&mut self, client: ConnId, category: u8) {
        for _ in 0..2 {
            let (conn, other) = (self.number(client), self.number(ConnId(client.0 + 1)));
            self.ask(other);
            if let Some(locator) = self.locator(conn, 0, true) {
                self.leave(conn);
                let join = Join {
                    locator,
                    link: false,
                    offer: Vec::new(),
                };
                self.say(conn, &join.into());
                self.pass(200);
            }
            self.act(conn, &Act::Report(category));
        }
    }

    /// The number of the connection that a client has.
    fn number(&self, client: ConnId) -> ConnId {
        self.numbers[client.0 as usize % CLIENTS]
    }

    fn greet(&mut self, client: ConnId) -> ConnId {
        let conn = self.connect(client);
        self.say(conn, &Hello::default().into());
        conn
    }

    fn leave(&mut self, conn: ConnId) {
        let code = ErrorCode::Done.to_wire();
        self.say(conn, &Leave { code }.into());
    }

    /// A code that somebody was told: of another, and alive, or any.
    fn locator(&self, conn: ConnId, back: usize, live: bool) -> Option<Locator> {
        let told = self.locators.iter();
        let told = told.filter(|(of, _)| !live || self.live.contains(of) && *of != conn);
        let told: Vec<_> = told.map(|(_, locator)| *locator).collect();
        latest(&told, back)
    }

    /// A client connects: by another number if the one that it had was in a session, whose place may be held.
    fn connect(&mut self, client: ConnId) -> ConnId {
        let mut conn = self.number(client);
        if self.facts.had_a_session(conn) {
            self.relay.disconnected(conn, None, self.now);
            self.forget(conn);
            self.collect(None);
            conn = ConnId(conn.0 + CLIENTS as u64);
            self.numbers[slot(conn)] = conn;
        }
        self.forget(conn);
        let place = at(conn);
        let near = self
            .connected
            .iter()
            .filter(|other| at(**other).0 == place.0);
        let near = near.count();
        let taken = self.relay.connected(conn, place, self.now);
        let [all, of_one, _] = self.limits;
        let fits = self.connected.len() < all && near < of_one;
        assert_eq!(taken.is_ok(), fits, "{taken:?}");
        if let Err(refusal) = taken {
            words::told(&refusal);
            words::named(refusal.code());
        } else {
            self.connected.insert(conn);
            self.facts.connected(conn, place.0);
            let deframer = Deframer::new(CONTROL_MESSAGE, "what a relay says");
            self.heard.insert(conn, deframer);
        }
        self.collect(None);
        conn
    }

    fn forget(&mut self, conn: ConnId) {
        self.facts.gone(conn);
        self.checks.remove(&conn);
        self.shown.retain(|(whose, _)| *whose != conn);
        self.connected.remove(&conn);
        self.heard.remove(&conn);
        self.live.remove(&conn);
        self.calls.remove(&conn);
        self.garbled.remove(&conn);
    }

    /// This client, or the next that is in a session, and its peer.
    fn paired(&self, from: ConnId) -> Option<(ConnId, ConnId)> {
        let all = self.numbers.iter().cycle().skip(slot(from));
        let mut all = all.take(CLIENTS);
        all.find_map(|conn| Some((*conn, self.relay.peer_of(*conn)?)))
    }

    /// A client returns a token that was sent to it, or another does.
    fn prove(&mut self, whose: ConnId, instead: Option<ConnId>, back: usize) {
        let sent = self.checks.get(&whose);
        let sent = sent.and_then(|sent| sent.iter().rev().nth(back));
        let Some((to, token, _)) = sent.copied() else {
            return;
        };
        let conn = instead.unwrap_or(whose);
        if whose == conn && back == 0 && to == self.at(conn) {
            self.shown.insert((conn, to));
        }
        self.say(conn, &PathProof { token }.into());
    }

    /// Where a client is: nowhere where another one ever was.
    fn at(&self, conn: ConnId) -> SocketAddr {
        let port = self.moved.get(&conn).copied().unwrap_or_default();
        SocketAddr::from(([198, 51, (conn.0 >> 8) as u8, conn.0 as u8], port))
    }

    fn check_is_sent(&mut self, conn: ConnId, to: SocketAddr, token: PathToken) {
        assert_eq!(to, self.at(conn), "a check to where its client is not");
        let sent = self.checks.entry(conn).or_default();
        let recent = sent
            .iter()
            .filter(|(.., at)| self.now < at.plus_ms(PATH_ATTEMPT));
        assert!(recent.count() < 5, "a sixth check within an attempt");
        sent.push((to, token, self.now));
    }

    fn forwards(&mut self, ends: [PathEnd; 2]) {
        let [one, other] = ends;
        assert_eq!(
            self.relay.peer_of(one.conn),
            Some(other.conn),
            "between strangers"
        );
        assert!(one.id != other.id && ends.iter().all(|end| end.id != [0; 8]));
        for end in ends {
            assert!(
                self.shown.contains(&(end.conn, end.at)),
                "to where nobody has shown to be"
            );
        }
        self.came.forwarded += 1;
        self.forwarding.push(ends);
    }

    fn say(&mut self, conn: ConnId, message: &Message) {
        match message {
            Message::Leave(_) => {
                self.live.remove(&conn);
                self.calls.remove(&conn);
            }
            Message::Call(_) => {
                self.calls.insert(conn);
            }
            _ => {}
        }
        self.facts.says(conn, message);
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.raw(conn, &bytes);
    }

    fn raw(&mut self, conn: ConnId, bytes: &[u8]) {
        self.input += bytes.len();
        self.answers.clear();
        let peer = self.relay.peer_of(conn);
        self.relay.handle_control(conn, bytes, self.now);
        self.collect(Some((conn, peer)));
    }

    /// Time goes on, with a stop at each deadline.
    fn pass(&mut self, ms: u64) {
        let until = self.now.plus_ms(ms);
        while let Some(next) = self.relay.poll_timeout().filter(|next| *next <= until) {
            assert!(next >= self.now, "a deadline that was in the past");
            self.now = next;
            self.relay.handle_timeout(next);
            self.collect(None);
            let again = self.relay.poll_timeout();
            assert!(
                again.is_none_or(|again| again > next),
                "a deadline that stays"
            );
        }
        self.now = until;
        self.facts.check(self.now);
    }

    /// Takes what the relay has to say. If somebody spoke just now, it was this one, who had this peer.
    fn collect(&mut self, speaker: Option<(ConnId, Option<ConnId>)>) {
        while let Some(event) = self.relay.poll_event() {
            self.happened(&event, speaker.map(|(conn, _)| conn));
        }
        while let Some(transmit) = self.relay.poll_transmit() {
            match transmit {
                Transmit::Control { conn, bytes } => self.hear(conn, &bytes, speaker),
                Transmit::Close { conn, code } => {
                    assert!(self.connected.contains(&conn), "{conn:?} is closed twice");
                    if let Some((_, why)) = self.violated.take_if(|(who, _)| *who == conn) {
                        assert_eq!(code, why, "closed for something else");
                    }
                    self.forget(conn);
                }
                Transmit::Verify { conn, attempt, .. } => self.to_verify.push((conn, attempt)),
                Transmit::Issue { conn, wanted } => {
                    self.facts.wanted(conn, &wanted, self.now);
                    self.came.cards += 1;
                    self.to_issue.push((conn, wanted));
                }
                Transmit::Look { conn } => {
                    let at = self.at(conn);
                    self.relay.seen_at(conn, at, 0, self.now);
                }
                Transmit::Check { conn, to, token } => self.check_is_sent(conn, to, token),
                Transmit::Forward { ends } => self.forwards(ends),
                Transmit::Halt { ids } => {
                    let before = self.forwarding.len();
                    self.forwarding.retain(|ends| ends.map(|end| end.id) != ids);
                    assert_eq!(self.forwarding.len() + 1, before, "stopped once");
                }
            }
        }
    }

    fn happened(&mut self, event: &Event, speaker: Option<ConnId>) {
        self.facts.happened(event, speaker, self.now);
        match event {
            Event::Violation { conn, error } => {
                words::blamed(error);
                self.violated = Some((*conn, error.code()));
            }
            Event::Used { features, .. } => {
                let called = features.union(Features::KNOWN_DEVICE) == *features;
                self.came.called += usize::from(called);
            }
            Event::Reported { .. } => self.came.reported += 1,
            _ => {}
        }
    }

    fn hear(&mut self, conn: ConnId, bytes: &[u8], speaker: Option<(ConnId, Option<ConnId>)>) {
        self.output += bytes.len();
        self.deframer(conn).push(bytes);
        while let Some(message) = self.next(conn) {
            if let Message::Deliver(_) = message {
                // Its peer said it just now.
                let peer = speaker.and_then(|(_, peer)| peer);
                assert_eq!(peer, Some(conn), "delivered to somebody else");
            }
            self.told(conn, &message);
        }
    }

    fn deframer(&mut self, conn: ConnId) -> &mut Deframer {
        let deframer = self.heard.get_mut(&conn);
        deframer.expect("nothing is said to who is not there")
    }

    fn next(&mut self, conn: ConnId) -> Option<Message> {
        let message = Message::pull(self.deframer(conn));
        message.expect("a relay's own messages are whole")
    }

    /// A client was told this.
    fn told(&mut self, conn: ConnId, message: &Message) {
        let garbled = self.garbled.contains(&conn);
        self.facts.told(conn, message, self.now);
        self.answers.insert(conn, message.clone());
        match message {
            Message::Deliver(_) => self.came.delivered += 1,
            Message::CodeIssued(issued) => {
                let new = self.live.insert(conn);
                assert!(new || garbled, "two codes at once");
                self.locators.push((conn, issued.locator));
            }
            Message::Joined(_) => {
                let had_one = self.live.remove(&conn) || self.calls.remove(&conn);
                assert!(had_one || garbled, "a join without a code");
            }
            Message::Gone(Gone { code }) => {
                let had_one = self.live.remove(&conn);
                let expired = *code == ErrorCode::CodeExpired.to_wire();
                assert!(had_one || garbled || !expired, "the end of no code");
            }
            Message::RelayHello(hello) => {
                self.states_what_is_so(hello);
                self.unasked += length(message);
            }
            Message::Place(place) => {
                self.tokens.push(place.token);
                self.unasked += length(message);
            }
            Message::Rejoined(_) => self.came.rejoined += 1,
            Message::Path(_)
            | Message::PathOpen(_)
            | Message::PathOver(_)
            | Message::SignedIn(_)
            | Message::CardChallenge(_)
            | Message::CardIssued(_)
            | Message::Waiting(_) => self.unasked += length(message),
            Message::Refused(_)
            | Message::Reported(_)
            | Message::PeerLost(_)
            | Message::PeerBack(_) => {}
            Message::Hello(_)
            | Message::SignIn(_)
            | Message::CodeRequest(_)
            | Message::Join(_)
            | Message::Leave(_)
            | Message::CardRequest(_)
            | Message::CardProof(_)
            | Message::PathRequest(_)
            | Message::PathProof(_)
            | Message::Rejoin(_)
            | Message::Report(_)
            | Message::Wait(_)
            | Message::Call(_) => panic!("a relay does not say {}", message.name()),
        }
    }

    /// The bounds that a relay states are its own.
    fn states_what_is_so(&mut self, hello: &RelayHello) {
        let name = |registry: &[(u16, &'static str, u64)], id: u16| {
            let entry = registry.iter().find(|entry| entry.0 == id);
            entry.expect("a registered bound").1
        };
        for (id, stated) in &hello.timers {
            let own = self.config.timer_mut(name(TIMERS, *id));
            assert_eq!(own.as_deref(), Some(stated), "another timer");
        }
        for (id, stated) in &hello.limits {
            let own = self.config.limit_mut(name(LIMITS, *id));
            let own = own.map(|own| *own as u64);
            assert_eq!(own, Some(*stated), "another limit");
        }
    }

    fn check(&mut self) {
        assert_eq!(self.violated, None, "and its connection stays");
        for conn in self.numbers {
            let regions = self.relay.regions(conn, self.now);
            let [(_, phase), ..] = regions;
            assert_eq!(phase == "closed", !self.connected.contains(&conn));
            let Some(peer) = self.relay.peer_of(conn) else {
                continue;
            };
            assert!(
                self.connected.contains(&conn),
                "who is not there has a peer"
            );
            assert_eq!(self.relay.peer_of(peer), Some(conn), "a session of two");
            assert_ne!(peer, conn, "a session of one");
        }
        for (of, locator) in self.locators.iter().rev().take(3) {
            let token = self.tokens.last();
            let [(_, code), (_, session)] = self.relay.pairing(locator, token);
            let may = self.live.contains(of) || self.garbled.contains(of);
            assert!(code != "live" || may, "a code that nobody waits with");
            assert!(token.is_none() || session != "none", "a place of nowhere");
        }
        for [one, other] in &self.forwarding {
            assert_eq!(
                self.relay.peer_of(one.conn),
                Some(other.conn),
                "after the session"
            );
        }
        let (connections, codes) = self.relay.counts();
        assert!(connections >= self.connected.len() && codes <= CLIENTS);
        let [.., most] = self.limits;
        assert!(self.live.difference(&self.garbled).count() <= most);
        // A little to everybody, of what happened to the others.
        self.unasked += 16;
        let most = 8 * self.input + self.unasked;
        assert!(
            self.output <= most,
            "{} bytes of {}",
            self.output,
            self.input
        );
    }
}

/// The place of a client among all.
fn slot(conn: ConnId) -> usize {
    conn.0 as usize % CLIENTS
}

/// Where a client connects from: two networks of one site, and one address of two clients.
fn at(conn: ConnId) -> Place {
    Place(match slot(conn) {
        2 => [0x2001, 0xDB8, 0, 1, 0, 0, 0, 2].into(),
        3 => [0x2001, 0xDB8, 0, 2, 0, 0, 0, 3].into(),
        one => [192, 0, 2, one.min(CLIENTS - 2) as u8].into(),
    })
}

fn length(message: &Message) -> usize {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes.len()
}

/// One of the latest, or the latest.
fn latest<T: Copy>(all: &[T], back: usize) -> Option<T> {
    all.iter().rev().nth(back).or(all.last()).copied()
}
