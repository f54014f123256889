//! A relay on virtual time, and words for what is said to it.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use alongside_state_machine::{
    relay::{
        CardWanted, ConnId, Event, NotVerified, PathEnd, Relay, RelayConfig, Source, Transmit,
        Verified, Violation,
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, SignInMethod,
    code::Locator,
    framing::Deframer,
    path::PathToken,
    rendezvous::{
        CodeIssued, CodeRequest, Deliver, Gone, Hello, Join, Joined, Leave, Message, Place,
        Refused, SignIn, Token,
    },
};

/// A relay on virtual time, and what came out of it.
pub(crate) struct World {
    /// Cards that are wanted.
    pub(crate) wanted: Vec<(ConnId, CardWanted)>,
    pub(crate) relay: Relay,
    pub(crate) now: Timestamp,
    /// What each connection was sent and has not looked at.
    pub(crate) sent: BTreeMap<ConnId, Vec<u8>>,
    /// The token that each was given last.
    pub(crate) places: BTreeMap<ConnId, [u8; 32]>,
    pub(crate) closed: BTreeMap<ConnId, ErrorCode>,
    pub(crate) events: Vec<Event>,
    /// What is known of tokens; of others that they prove nothing.
    pub(crate) tokens: BTreeMap<String, Result<Verified, NotVerified>>,
    /// How many tokens were checked.
    pub(crate) checked: usize,
    /// Whether the relay is answered at once, or the answers are kept.
    pub(crate) answering: bool,
    pub(crate) unanswered: Vec<(ConnId, u64, Result<Verified, NotVerified>)>,
    /// Where connections are that are not where they are by [`usual`].
    pub(crate) moved: BTreeMap<ConnId, SocketAddr>,
    /// Checks that were sent, and to where.
    pub(crate) checks: Vec<(ConnId, SocketAddr, PathToken)>,
    /// Between whom packets are forwarded.
    pub(crate) forwarding: Vec<[PathEnd; 2]>,
    /// How many were forwarded to each.
    pub(crate) forwarded: u64,
}

pub(crate) const A: ConnId = ConnId(1);
pub(crate) const B: ConnId = ConnId(2);
pub(crate) const C: ConnId = ConnId(3);

pub(crate) fn ip(text: &str) -> Source {
    Source(text.parse::<IpAddr>().expect("an address"))
}

/// Where a connection is, as long as it has not moved.
pub(crate) fn usual(conn: ConnId) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, conn.0 as u8], 4_433))
}

pub(crate) fn framed(message: impl Into<Message>) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.into().encode(&mut bytes);
    bytes
}

pub(crate) fn locator(text: &str) -> Locator {
    Locator::try_from(text.to_owned()).expect("a locator")
}

pub(crate) fn join(locator: Locator) -> Join {
    let offer = b"offer".to_vec();
    Join {
        locator,
        link: false,
        offer,
    }
}

/// A join, and whether it is by a link.
pub(crate) fn join_by(locator: Locator, link: bool) -> Join {
    Join {
        link,
        ..join(locator)
    }
}

pub(crate) fn sign_in(token: &str) -> SignIn {
    SignIn {
        method: SignInMethod::Token.to_wire(),
        token: Token::new(token),
    }
}

pub(crate) fn gone(code: ErrorCode) -> Vec<Message> {
    let code = code.to_wire();
    vec![Gone { code }.into()]
}

pub(crate) fn refused(code: ErrorCode) -> Vec<Message> {
    let code = code.to_wire();
    vec![Refused { code }.into()]
}

pub(crate) fn deliver(text: &str) -> Deliver {
    Deliver {
        envelope: text.into(),
    }
}

pub(crate) fn leave(code: ErrorCode) -> Leave {
    let code = code.to_wire();
    Leave { code }
}

impl World {
    pub(crate) fn new(config: RelayConfig) -> Self {
        Self {
            relay: Relay::new(config, [7; 32]),
            now: Timestamp::from_millis(0),
            sent: BTreeMap::new(),
            places: BTreeMap::new(),
            closed: BTreeMap::new(),
            events: Vec::new(),
            tokens: BTreeMap::new(),
            checked: 0,
            answering: true,
            unanswered: Vec::new(),
            wanted: Vec::new(),
            moved: BTreeMap::new(),
            checks: Vec::new(),
            forwarding: Vec::new(),
            forwarded: 0,
        }
    }

    pub(crate) fn with(set: impl FnOnce(&mut RelayConfig)) -> Self {
        let mut config = RelayConfig::default();
        set(&mut config);
        Self::new(config)
    }

    pub(crate) fn drain(&mut self) {
        while let Some(event) = self.relay.poll_event() {
            self.events.push(event);
        }
        while let Some(transmit) = self.relay.poll_transmit() {
            match transmit {
                Transmit::Control { conn, bytes } => {
                    assert!(!self.closed.contains_key(&conn), "written to after its end");
                    self.sent.entry(conn).or_default().extend(bytes);
                }
                Transmit::Issue { conn, wanted } => self.wanted.push((conn, wanted)),
                Transmit::Verify {
                    conn,
                    attempt,
                    request,
                } => {
                    let answer = self.tokens.get(request.token.reveal()).cloned();
                    let answer = answer.unwrap_or(Err(NotVerified::Failed));
                    self.checked += 1;
                    if self.answering {
                        self.relay.verified(conn, attempt, answer, self.now);
                    } else {
                        self.unanswered.push((conn, attempt, answer));
                    }
                }
                Transmit::Look { conn } => {
                    let at = self.moved.get(&conn).copied();
                    let at = at.unwrap_or(usual(conn));
                    self.relay.seen_at(conn, at, self.forwarded, self.now);
                }
                Transmit::Check { conn, to, token } => self.checks.push((conn, to, token)),
                Transmit::Forward { ends } => self.forwarding.push(ends),
                Transmit::Halt { ids } => {
                    let before = self.forwarding.len();
                    self.forwarding.retain(|ends| ends.map(|end| end.id) != ids);
                    assert_eq!(self.forwarding.len() + 1, before, "stopped once");
                }
                Transmit::Close { conn, code } => {
                    assert_eq!(self.closed.insert(conn, code), None, "closed twice");
                }
            }
        }
    }

    /// A client that has said hello.
    pub(crate) fn client(&mut self, conn: ConnId, source: &str) {
        self.relay
            .connected(conn, ip(source), self.now)
            .expect("taken");
        self.say(conn, Hello::default());
        let hello = self.heard(conn);
        assert_eq!(hello, [Message::from(self.relay.stated())]);
    }

    pub(crate) fn say(&mut self, conn: ConnId, message: impl Into<Message>) {
        self.raw(conn, &framed(message));
    }

    pub(crate) fn raw(&mut self, conn: ConnId, bytes: &[u8]) {
        self.relay.handle_control(conn, bytes, self.now);
        self.drain();
    }

    pub(crate) fn drop(&mut self, conn: ConnId) {
        self.close(conn, None);
    }

    /// The client closes its connection, with this registered code or with none.
    pub(crate) fn close(&mut self, conn: ConnId, code: Option<ErrorCode>) {
        self.relay.disconnected(conn, code, self.now);
        self.drain();
    }

    /// Lets time pass, stopping at every deadline.
    pub(crate) fn pass(&mut self, ms: u64) {
        let until = self.now.plus_ms(ms);
        while let Some(next) = self.relay.poll_timeout().filter(|next| *next <= until) {
            assert!(next >= self.now, "a deadline in the past");
            self.now = next;
            self.relay.handle_timeout(next);
            self.drain();
            assert!(
                self.relay.poll_timeout() > Some(next) || self.relay.poll_timeout().is_none(),
                "a deadline that does not go away"
            );
        }
        self.now = until;
    }

    /// What a client was sent since the last look. Tokens are kept apart.
    pub(crate) fn heard(&mut self, conn: ConnId) -> Vec<Message> {
        let bytes = self.sent.remove(&conn).unwrap_or_default();
        let mut heard = messages(&bytes);
        heard.retain(|message| match message {
            Message::Place(Place { token }) => {
                self.places.insert(conn, *token);
                false
            }
            _ => true,
        });
        heard
    }

    pub(crate) fn issue(&mut self, conn: ConnId) -> Locator {
        self.say(conn, CodeRequest {});
        match self.heard(conn).as_slice() {
            [Message::CodeIssued(CodeIssued { locator, .. })] => *locator,
            other => panic!("expected a code, got {other:?}"),
        }
    }

    /// `A` helps `B`.
    pub(crate) fn session(config: RelayConfig) -> Self {
        let mut world = Self::new(config);
        world.client(A, "192.0.2.1");
        world.client(B, "192.0.2.2");
        world.pair(A, B);
        world
    }

    pub(crate) fn pair(&mut self, helper: ConnId, sharer: ConnId) {
        let locator = self.issue(helper);
        self.say(sharer, join(locator));
        self.pass(50);
        let offer = b"offer".to_vec();
        assert_eq!(self.heard(helper), [Joined { offer }.into()]);
        assert_eq!(self.heard(sharer), []);
        assert_eq!(self.relay.peer_of(helper), Some(sharer));
        assert_eq!(self.relay.peer_of(sharer), Some(helper));
    }

    /// How long after a join the answer came, in milliseconds.
    pub(crate) fn answered_after(&mut self, conn: ConnId, locator: Locator) -> u64 {
        let start = self.now;
        self.say(conn, join(locator));
        while !self.sent.contains_key(&conn) {
            self.pass(1);
        }
        assert_eq!(self.heard(conn), refused(ErrorCode::NotFound));
        self.now.since(start) / 1_000
    }

    pub(crate) fn violation(&self) -> Violation {
        let violation = |event: &Event| match event {
            Event::Violation { error, .. } => Some(*error),
            Event::Paired { .. }
            | Event::PeerLost { .. }
            | Event::PeerBack { .. }
            | Event::Unpaired { .. }
            | Event::Reported { .. }
            | Event::Used { .. } => None,
        };
        self.events.iter().find_map(violation).expect("a violation")
    }
}

pub(crate) fn messages(bytes: &[u8]) -> Vec<Message> {
    let mut deframer = Deframer::new(65_536, "test");
    deframer.push(bytes);
    let messages = std::iter::from_fn(|| Message::pull(&mut deframer).expect("readable"));
    let messages = messages.collect();
    assert_eq!(deframer.pending(), 0);
    messages
}
