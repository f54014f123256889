//! A relay and a few clients that say anything, whatever is known to them.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use alongside_state_machine::{
    relay::{
        ConnId, NotVerified, PathEnd, Relay, RelayConfig, Source as Place, Transmit, Verified,
        account::{Account, Role, Standing},
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode,
    code::Locator,
    framing::Deframer,
    limits::{CONTROL_MESSAGE, timers::PATH_ATTEMPT},
    path::PathToken,
    rendezvous::{
        Deliver, Hello, Join, Leave, Message, PathOver, PathProof, PathRequest, Rejoin, RelayHello,
    },
};

use crate::{messages, source::Source};

/// Clients, of which the last two are at one address.
const CLIENTS: usize = 6;
/// Steps of the longest run.
const LONGEST: usize = 400;
/// Milliseconds by which every deadline of a relay has passed.
const ALL_OVER: u64 = 48 * 3_600_000;

struct World {
    relay: Relay,
    now: Timestamp,
    connected: BTreeSet<ConnId>,
    heard: BTreeMap<ConnId, Deframer>,
    /// What clients were told, and may tell others.
    locators: Vec<Locator>,
    tokens: Vec<[u8; 32]>,
    /// Sign-ins and cards that wait for their answer.
    to_verify: Vec<(ConnId, u64)>,
    to_issue: Vec<ConnId>,
    input: usize,
    output: usize,
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
    let mut source = Source::new(data);
    let mut world = World::new(&mut source);
    for _ in 0..LONGEST {
        if source.is_empty() {
            break;
        }
        world.step(&mut source);
        world.check();
    }
    world.relay.shutdown(world.now);
    world.collect(None);
    world.pass(ALL_OVER);
    assert_eq!(
        world.relay.poll_timeout(),
        None,
        "a relay that is shut down waits"
    );
}

impl World {
    fn new(source: &mut Source<'_>) -> Self {
        let mut config = RelayConfig::default();
        if source.bool() {
            (config.codes, config.connections) = (2, CLIENTS - 1);
            config.pending_joins = 2;
            config.held_places = 1;
        }
        let mut relay = Relay::new(config, [source.byte(); 32]);
        relay.set_issuing(source.bool());
        Self {
            relay,
            now: Timestamp::from_millis(0),
            connected: BTreeSet::new(),
            heard: BTreeMap::new(),
            locators: Vec::new(),
            tokens: Vec::new(),
            to_verify: Vec::new(),
            to_issue: Vec::new(),
            input: 0,
            output: 0,
            moved: BTreeMap::new(),
            checks: BTreeMap::new(),
            shown: BTreeSet::new(),
            forwarding: Vec::new(),
        }
    }

    fn step(&mut self, source: &mut Source<'_>) {
        let conn = ConnId(source.below(CLIENTS) as u64);
        match source.below(26) {
            0 | 1 => self.connect(conn),
            2 => self.disconnect(conn, source),
            3 => {
                self.relay.handle_control_end(conn, self.now);
                self.collect(None);
            }
            4 => {
                let bytes = source.bytes(40);
                self.raw(conn, bytes);
            }
            5 | 6 => {
                if let Some(message) = messages::any::<Message>(source) {
                    self.say(conn, &message);
                }
            }
            7 | 8 => self.say(conn, &alongside_wire::rendezvous::CodeRequest {}.into()),
            9 | 10 => {
                if let Some(locator) = latest(&self.locators, source) {
                    let link = source.bool();
                    let offer = source.bytes(8).to_vec();
                    self.say(
                        conn,
                        &Join {
                            locator,
                            link,
                            offer,
                        }
                        .into(),
                    );
                }
            }
            11 | 12 => {
                let envelope = [&[0x0E], source.bytes(30)].concat();
                self.say(conn, &Deliver { envelope }.into());
            }
            13 => {
                if let Some(token) = latest(&self.tokens, source) {
                    self.say(conn, &Rejoin { token }.into());
                }
            }
            14 => {
                let code = source.number() as u16;
                self.say(conn, &Leave { code }.into());
            }
            15 => self.answer_sign_in(source),
            16 => {
                if let Some(conn) = self.to_issue.pop() {
                    let card = source.bytes(20).to_vec();
                    let card = if card.is_empty() {
                        Err(ErrorCode::Busy)
                    } else {
                        Ok(card)
                    };
                    self.relay.card_issued(conn, card);
                    self.collect(None);
                }
            }
            17 if source.one_in(30) => {
                self.relay.drain(self.now);
                self.collect(None);
            }
            17 | 18 => self.pass(source.below(100) as u64),
            19 | 20 => self.say(conn, &PathRequest {}.into()),
            21 | 22 => self.prove(conn, source),
            23 => {
                let code = source.number() as u16;
                self.say(conn, &PathOver { code }.into());
            }
            24 => *self.moved.entry(conn).or_default() += 1,
            _ => self.pass(source.below(700_000) as u64),
        }
    }

    fn connect(&mut self, conn: ConnId) {
        let host = conn.0.min(CLIENTS as u64 - 2) as u8;
        let place = Place([192, 0, 2, host].into());
        // A caller never has two connections of one name.
        if self.connected.contains(&conn) {
            return;
        }
        if self.relay.connected(conn, place, self.now).is_ok() {
            self.connected.insert(conn);
            let deframer = Deframer::new(CONTROL_MESSAGE, "what a relay says");
            self.heard.insert(conn, deframer);
            self.say(conn, &Hello::default().into());
        }
        self.collect(None);
    }

    fn disconnect(&mut self, conn: ConnId, source: &mut Source<'_>) {
        let code = [None, Some(ErrorCode::Done), Some(ErrorCode::Lost)];
        self.relay.disconnected(conn, *source.pick(&code), self.now);
        self.forget(conn);
        self.collect(None);
    }

    fn forget(&mut self, conn: ConnId) {
        self.checks.remove(&conn);
        self.shown.retain(|(whose, _)| *whose != conn);
        self.connected.remove(&conn);
        self.heard.remove(&conn);
    }

    fn answer_sign_in(&mut self, source: &mut Source<'_>) {
        let Some((conn, attempt)) = self.to_verify.pop() else {
            return;
        };
        let result = match source.below(4) {
            0 => Err(NotVerified::Failed),
            1 => Err(NotVerified::Expired),
            _ => Ok(Verified {
                account: Account {
                    issuer: "an issuer".into(),
                    subject: source.text(),
                    name: source.text(),
                    title: String::new(),
                    organisation: source.text(),
                    domain: String::new(),
                    role: *source.pick(&Role::ALL),
                    device: Standing::default(),
                    expires: source.number(),
                },
                lasts_ms: source.number().saturating_mul(1_000),
            }),
        };
        self.relay.verified(conn, attempt, result, self.now);
        self.collect(None);
    }

    /// A client returns the latest token that was sent to it, an earlier one, or one of somebody else.
    fn prove(&mut self, conn: ConnId, source: &mut Source<'_>) {
        let whose = match source.one_in(6) {
            true => ConnId(source.below(CLIENTS) as u64),
            false => conn,
        };
        let back = usize::from(source.one_in(6));
        let sent = self
            .checks
            .get(&whose)
            .and_then(|sent| sent.iter().rev().nth(back));
        let Some((to, token, _)) = sent.copied() else {
            return;
        };
        if whose == conn && back == 0 && to == self.at(conn) {
            self.shown.insert((conn, to));
        }
        self.say(conn, &PathProof { token }.into());
    }

    /// Where a client is: nowhere where another one ever was.
    fn at(&self, conn: ConnId) -> SocketAddr {
        let port = self.moved.get(&conn).copied().unwrap_or_default();
        SocketAddr::from(([198, 51, 100, conn.0 as u8], port))
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
        self.forwarding.push(ends);
    }

    fn say(&mut self, conn: ConnId, message: &Message) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.raw(conn, &bytes);
    }

    fn raw(&mut self, conn: ConnId, bytes: &[u8]) {
        self.input += bytes.len();
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
    }

    /// Takes what the relay has to say. If somebody spoke just now, it was this one, who had this peer.
    fn collect(&mut self, speaker: Option<(ConnId, Option<ConnId>)>) {
        while self.relay.poll_event().is_some() {}
        while let Some(transmit) = self.relay.poll_transmit() {
            match transmit {
                Transmit::Control { conn, bytes } => self.hear(conn, &bytes, speaker),
                Transmit::Close { conn, .. } => {
                    assert!(self.connected.contains(&conn), "{conn:?} is closed twice");
                    self.forget(conn);
                }
                Transmit::Verify { conn, attempt, .. } => self.to_verify.push((conn, attempt)),
                Transmit::Issue { conn, .. } => self.to_issue.push(conn),
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

    fn hear(&mut self, conn: ConnId, bytes: &[u8], speaker: Option<(ConnId, Option<ConnId>)>) {
        self.output += bytes.len();
        let deframer = self.heard.get_mut(&conn);
        let deframer = deframer.expect("nothing is said to who is not there");
        deframer.push(bytes);
        while let Some(message) = Message::pull(deframer).expect("a relay's own messages are whole")
        {
            match message {
                Message::CodeIssued(issued) => self.locators.push(issued.locator),
                Message::Place(place) => self.tokens.push(place.token),
                Message::Deliver(_) => {
                    // Its peer said it just now.
                    let peer = speaker.and_then(|(_, peer)| peer);
                    assert_eq!(peer, Some(conn), "delivered to somebody else");
                }
                Message::RelayHello(hello) => {
                    let RelayHello { timers, limits } = hello;
                    assert!(timers.len() <= 64 && limits.len() <= 64);
                }
                _ => {}
            }
        }
    }

    fn check(&self) {
        for conn in (0..CLIENTS as u64).map(ConnId) {
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
        for [one, other] in &self.forwarding {
            assert_eq!(
                self.relay.peer_of(one.conn),
                Some(other.conn),
                "after the session"
            );
        }
        let (connections, sessions) = self.relay.counts();
        assert!(connections >= self.connected.len() && sessions <= CLIENTS);
        // A hello is answered by some hundred bytes, and little else by more than it has.
        let most = 2_000 * (CLIENTS + self.tokens.len() + self.locators.len()) + 40 * self.input;
        assert!(
            self.output <= most,
            "{} bytes of {}",
            self.output,
            self.input
        );
    }
}

/// One of the latest, most often.
fn latest<T: Copy>(all: &[T], source: &mut Source<'_>) -> Option<T> {
    let back = source.below(4);
    all.iter().rev().nth(back).or(all.last()).copied()
}
