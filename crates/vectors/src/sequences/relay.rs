//! A relay and its clients.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use alongside_state_machine::{
    relay::{
        ConnId, NotVerified, Relay, RelayConfig, Source, Transmit, Verified,
        account::{Account, Role, Standing},
    },
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode, Scopes, SignInMethod,
    code::{Code, Locator},
    framing::{self, Deframer},
    limits::{self, timers},
    rendezvous::{
        CodeRequest, Deliver, Gone, Hello, Join, Joined, Leave, Message, PathOpen, PathOver,
        PathProof, PathRequest, PeerBack, PeerLost, Refused, Rejoin, Rejoined, SignIn, SignedIn,
        Token,
    },
};
use serde_json::{Value, json};

use crate::{fields::Message as _, vector::File};

/// A relay whose steps are being written down.
struct Written {
    relay: Relay,
    now: u64,
    /// What it drew, in the order in which it was said.
    locators: Vec<Locator>,
    tokens: Vec<Vec<u8>>,
    ids: Vec<[u8; 8]>,
    /// The latest check of each client.
    checks: BTreeMap<u64, [u8; 16]>,
    /// Between whom packets go.
    going: Option<[u64; 2]>,
    /// Where each client is.
    addresses: BTreeMap<u64, SocketAddr>,
    /// Sign-ins whose tokens are being checked.
    attempts: Vec<u64>,
    steps: Vec<Value>,
    results: Vec<Value>,
}

/// What a step must come to: to whom what is sent, and who is closed with what. What a relay draws
/// is left out.
#[derive(Debug, Default, PartialEq)]
struct Done {
    sent: Vec<(u64, Message)>,
    closed: Vec<(u64, ErrorCode)>,
    /// To whom checks are sent.
    checks: Vec<u64>,
    /// Between whom packets go from now on, or no more.
    forwards: Vec<u64>,
    stops: Vec<u64>,
}

fn sent<const N: usize>(sent: [(u64, Message); N]) -> Done {
    Done {
        sent: sent.into(),
        ..Done::default()
    }
}

fn closed(client: u64, code: ErrorCode) -> Done {
    Done {
        closed: vec![(client, code)],
        ..Done::default()
    }
}

impl Written {
    fn new() -> Self {
        Self {
            relay: Relay::new(RelayConfig::default(), [7; 32]),
            now: 0,
            locators: Vec::new(),
            tokens: Vec::new(),
            ids: Vec::new(),
            checks: BTreeMap::new(),
            going: None,
            addresses: BTreeMap::new(),
            attempts: Vec::new(),
            steps: Vec::new(),
            results: Vec::new(),
        }
    }

    /// A message as a vector has it, with names in the place of what the relay draws.
    fn json(&self, message: &Message) -> Value {
        let mut text = message.json().to_string();
        for (place, locator) in self.locators.iter().enumerate() {
            text = text.replace(
                &format!("\"{locator}\""),
                &format!("\"$locator-{}\"", place + 1),
            );
        }
        for (place, token) in self.tokens.iter().enumerate() {
            text = text.replace(&hex::encode(token), &format!("$token-{}", place + 1));
        }
        for (place, id) in self.ids.iter().enumerate() {
            text = text.replace(&hex::encode(id), &format!("$id-{}", place + 1));
        }
        serde_json::from_str(&text).expect("JSON")
    }

    /// Takes what the relay says, and writes the step down.
    fn done(&mut self, step: Value, expected: Done) {
        let (mut done, mut told, mut checks) = (Done::default(), Vec::new(), Vec::new());
        while let Some(transmit) = self.relay.poll_transmit() {
            match transmit {
                Transmit::Control { conn, bytes } => {
                    let mut deframer = Deframer::new(limits::CONTROL_MESSAGE, "a vector");
                    deframer.push(&bytes);
                    while let Some(message) = Message::pull(&mut deframer).expect("messages") {
                        match &message {
                            Message::CodeIssued(issued) => self.locators.push(issued.locator),
                            Message::Place(place) => self.tokens.push(place.token.to_vec()),
                            Message::Path(path) => self.ids.push(path.id),
                            _ => {}
                        }
                        let mut json = self.json(&message);
                        json["client"] = json!(conn.0);
                        told.push(json);
                        let drawn = matches!(
                            message,
                            Message::CodeIssued(_)
                                | Message::Place(_)
                                | Message::Path(_)
                                | Message::RelayHello(_)
                        );
                        if !drawn {
                            done.sent.push((conn.0, message));
                        }
                    }
                }
                Transmit::Close { conn, code } => done.closed.push((conn.0, code)),
                Transmit::Verify { attempt, .. } => self.attempts.push(attempt),
                Transmit::Issue { .. } => panic!("nobody asks for a card"),
                Transmit::Look { conn } => {
                    let (at, now) = (self.addresses[&conn.0], self.at());
                    self.relay.seen_at(conn, at, 0, now);
                }
                Transmit::Check { conn, to, token } => {
                    assert_eq!(to, self.addresses[&conn.0]);
                    self.tokens.push(token.to_vec());
                    self.checks.insert(conn.0, token);
                    done.checks.push(conn.0);
                    let token = format!("$token-{}", self.tokens.len());
                    checks.push(json!({ "client": conn.0, "token": token }));
                }
                Transmit::Forward { ends } => {
                    self.going = Some(ends.map(|end| end.conn.0));
                    done.forwards.extend(self.going.into_iter().flatten());
                }
                Transmit::Halt { .. } => done.stops.extend(self.going.take().into_iter().flatten()),
            }
        }
        assert_eq!(done, expected, "{step}");
        let mut result = json!({ "sent": told });
        if !done.closed.is_empty() {
            let one = |(client, code): &(u64, ErrorCode)| json!({ "client": client, "error": code.name() });
            result["closed"] = done.closed.iter().map(one).collect();
        }
        for (name, ends) in [("forwards", done.forwards), ("stops", done.stops)] {
            if !ends.is_empty() {
                result[name] = json!(ends);
            }
        }
        if !checks.is_empty() {
            result["checks"] = json!(checks);
        }
        self.steps.push(step);
        self.results.push(result);
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    fn connect(&mut self, client: u64) {
        let source = format!("192.0.2.{client}");
        let address: IpAddr = source.parse().expect("an address");
        self.addresses.insert(client, (address, 1).into());
        self.relay
            .connected(ConnId(client), Source(address), self.at())
            .expect("room");
        let step = json!({ "now": self.now, "client": client, "connects_from": source });
        self.done(step, Done::default());
    }

    fn say(&mut self, client: u64, message: impl Into<Message>, expected: Done) {
        let message = message.into();
        let step = json!({ "now": self.now, "client": client, "receive": self.json(&message) });
        self.relay
            .handle_control(ConnId(client), &message.framed(), self.at());
        self.done(step, expected);
    }

    /// Bytes of a client's control stream, whatever they are.
    fn bytes(&mut self, client: u64, bytes: &[u8], expected: Done) {
        let step = json!({ "now": self.now, "client": client, "bytes": hex::encode(bytes) });
        self.relay.handle_control(ConnId(client), bytes, self.at());
        self.done(step, expected);
    }

    fn hello(&mut self, client: u64) {
        self.connect(client);
        self.say(client, Hello::default(), Done::default());
    }

    /// What became of the token of a client's `sign-in`.
    fn checked(&mut self, client: u64, is_right: bool, expected: Done) {
        let attempt = self.attempts.pop().expect("a token that is being checked");
        let verified = Verified {
            account: anybody(),
            lasts_ms: u64::from(u32::MAX),
        };
        let result = if is_right {
            Ok(verified)
        } else {
            Err(NotVerified::Failed)
        };
        self.relay
            .verified(ConnId(client), attempt, result, self.at());
        let token = if is_right { "right" } else { "wrong" };
        let step = json!({ "now": self.now, "client": client, "token": token });
        self.done(step, expected);
    }

    /// The client's connection is lost.
    fn lose(&mut self, client: u64, expected: Done) {
        self.relay.disconnected(ConnId(client), None, self.at());
        let step = json!({ "now": self.now, "client": client, "lost": true });
        self.done(step, expected);
    }

    /// The client's connection comes from another address.
    fn moves(&mut self, client: u64, to: &str, expected: Done) {
        let address: IpAddr = to.parse().expect("an address");
        let at = (address, 1).into();
        self.addresses.insert(client, at);
        self.relay.seen_at(ConnId(client), at, 0, self.at());
        let step = json!({ "now": self.now, "client": client, "moves_to": to });
        self.done(step, expected);
    }

    /// The client returns the token of its latest check.
    fn proves(&mut self, client: u64, expected: Done) {
        let token = self.checks[&client];
        self.say(client, PathProof { token }, expected);
    }

    /// So many milliseconds pass, and something is due at their end.
    fn pass(&mut self, ms: u64, expected: Done) {
        self.now += ms;
        while let Some(next) = self
            .relay
            .poll_timeout()
            .filter(|next| *next <= Timestamp::from_millis(self.now))
        {
            self.relay.handle_timeout(next);
        }
        let step = json!({ "now": self.now });
        self.done(step, expected);
    }

    /// The token of a place.
    fn place(&self, whose: usize) -> [u8; 32] {
        let token = self.tokens[whose].clone();
        token.try_into().expect("that of a place")
    }

    /// Both in a session: 1 helps 2.
    fn session() -> Self {
        let mut relay = Self::new();
        relay.hello(1);
        relay.hello(2);
        relay.say(1, CodeRequest {}, Done::default());
        let locator = relay.locators[0];
        relay.say(2, join(locator), Done::default());
        relay.pass(50, sent([(1, joined())]));
        relay
    }

    fn finish(self, file: &mut File, id: &str, about: &str, shows: &[&str]) {
        let input = json!({ "at": "relay", "steps": self.steps });
        file.taken(
            &format!("relay/{id}"),
            about,
            shows,
            input,
            json!({ "steps": self.results }),
        );
    }
}

/// An account that may do everything and says nothing of itself.
fn anybody() -> Account {
    Account {
        issuer: String::new(),
        subject: String::new(),
        name: String::new(),
        title: String::new(),
        organisation: String::new(),
        domain: String::new(),
        role: Role::Elevation,
        device: Standing::Compliant,
        expires: 0,
    }
}

/// Which token of a session is whose.
const HELPERS: usize = 0;
const SHARERS: usize = 1;
const OFFER: &[u8] = b"an offer";

fn join(locator: Locator) -> Join {
    Join {
        locator,
        link: false,
        offer: OFFER.into(),
    }
}

fn joined() -> Message {
    Joined {
        offer: OFFER.into(),
    }
    .into()
}

fn gone(code: ErrorCode) -> Message {
    Gone {
        code: code.to_wire(),
    }
    .into()
}

fn refused(code: ErrorCode) -> Message {
    Refused {
        code: code.to_wire(),
    }
    .into()
}

/// Sign-ins, of which a right one is answered once.
fn signing_in(file: &mut File) {
    let unexpected = ErrorCode::UnexpectedMessage;
    let sign_in = || SignIn {
        method: SignInMethod::Token.to_wire(),
        token: Token::new("a token"),
    };
    let signed_in = || {
        let all = Scopes::ALL;
        sent([(
            1,
            SignedIn {
                help: all,
                share: all,
                name: String::new(),
                organisation: String::new(),
                lasts_ms: timers::SIGN_IN,
            }
            .into(),
        )])
    };
    let begun = || {
        let mut relay = Written::new();
        relay.hello(1);
        relay.say(1, sign_in(), Done::default());
        relay
    };
    let mut relay = begun();
    relay.checked(1, true, signed_in());
    relay.say(1, CodeRequest {}, Done::default());
    relay.finish(
        file,
        "sign-in",
        "a token is right, and a code is asked for",
        &["AUTH-1", "AUTH-10"],
    );
    let mut relay = begun();
    relay.checked(1, false, sent([(1, refused(ErrorCode::SignInFailed))]));
    relay.finish(
        file,
        "sign-in-failed",
        "a token proves nothing",
        &["AUTH-1", "AUTH-3"],
    );
    let mut relay = begun();
    relay.say(1, sign_in(), closed(1, unexpected));
    relay.finish(
        file,
        "sign-in-twice",
        "a second token while the first is being checked",
        &["RDV-6"],
    );
    let mut relay = begun();
    relay.checked(1, true, signed_in());
    relay.say(1, CodeRequest {}, Done::default());
    relay.say(1, sign_in(), closed(1, unexpected));
    relay.finish(
        file,
        "sign-in-late",
        "a token of a client that has a code",
        &["RDV-6"],
    );
}

fn over(client: u64, code: ErrorCode) -> (u64, Message) {
    let code = code.to_wire();
    (client, PathOver { code }.into())
}

fn checked(clients: &[u64]) -> Done {
    Done {
        checks: clients.into(),
        ..Done::default()
    }
}

/// A session with a path that is open.
fn with_path() -> Written {
    let mut relay = Written::session();
    relay.say(1, PathRequest {}, checked(&[1]));
    relay.proves(1, Done::default());
    relay.say(2, PathRequest {}, checked(&[2]));
    let [of_1, of_2] = [relay.ids[0], relay.ids[1]];
    let open = vec![
        (1, PathOpen { id: of_2 }.into()),
        (2, PathOpen { id: of_1 }.into()),
    ];
    relay.proves(
        2,
        Done {
            sent: open,
            forwards: vec![1, 2],
            ..Done::default()
        },
    );
    relay
}

fn paths(file: &mut File) {
    let stops = |sent: Vec<(u64, Message)>| Done {
        sent,
        stops: vec![1, 2],
        ..Done::default()
    };
    let mut relay = with_path();
    let code = ErrorCode::Done.to_wire();
    relay.say(2, PathOver { code }, stops(vec![over(1, ErrorCode::Done)]));
    relay.say(1, PathOver { code }, Done::default());
    relay.proves(1, Done::default());
    relay.finish(
        file,
        "path",
        "a path is opened, and an end has no use for it any more",
        &[
            "PATH-6", "PATH-8", "PATH-9", "PATH-10", "PATH-18", "PATH-19",
        ],
    );

    let mut relay = Written::session();
    relay.say(1, PathRequest {}, checked(&[1]));
    relay.say(2, PathRequest {}, checked(&[2]));
    let token = relay.checks[&1];
    relay.say(2, PathProof { token }, Done::default());
    relay.proves(2, Done::default());
    relay.pass(1_000, checked(&[1]));
    // The token of the check before is worth nothing any more.
    relay.say(1, PathProof { token }, Done::default());
    for _ in 0..3 {
        relay.pass(1_000, checked(&[1]));
    }
    let lost = ErrorCode::Lost;
    relay.pass(1_000, sent([over(1, lost), over(2, lost)]));
    relay.finish(
        file,
        "path-not-shown",
        "a client does not show where it is, with the tokens of others and of before",
        &["PATH-8", "PATH-9", "PATH-16"],
    );

    let mut relay = with_path();
    let mut moved = stops(Vec::new());
    moved.checks = vec![1];
    relay.moves(1, "192.0.2.77", moved);
    let forwards = Done {
        forwards: vec![1, 2],
        ..Done::default()
    };
    relay.proves(1, forwards);
    let idle = ErrorCode::Idle;
    relay.pass(10_000, stops(vec![over(1, idle), over(2, idle)]));
    relay.finish(
        file,
        "path-moves",
        "a client moves and shows where to; then nothing is forwarded for too long",
        &["PATH-15", "PATH-17"],
    );

    let mut relay = with_path();
    let mut again = stops(vec![over(1, ErrorCode::Done), over(2, ErrorCode::Done)]);
    again.checks = vec![1];
    relay.say(1, PathRequest {}, again);
    relay.lose(2, sent([(1, PeerLost {}.into())]));
    relay.say(1, PathRequest {}, sent([over(1, lost)]));
    relay.finish(
        file,
        "path-again",
        "a client begins anew, then the other end is lost, and there is no path to it",
        &["PATH-6", "PATH-18"],
    );
    let mut relay = Written::new();
    relay.hello(1);
    relay.say(1, PathRequest {}, closed(1, ErrorCode::UnexpectedMessage));
    relay.finish(
        file,
        "path-idle",
        "a path is asked for without a session",
        &["RDV-6"],
    );
}

pub(super) fn add(file: &mut File) {
    signing_in(file);
    paths(file);
    let deliver = || Deliver {
        envelope: vec![8, 1, 2],
    };
    let leave = || Leave {
        code: ErrorCode::Done.to_wire(),
    };
    let mut relay = Written::session();
    relay.say(1, deliver(), sent([(2, deliver().into())]));
    relay.say(2, deliver(), sent([(1, deliver().into())]));
    relay.say(1, leave(), sent([(2, gone(ErrorCode::Done))]));
    relay.say(2, deliver(), Done::default());
    relay.say(1, CodeRequest {}, Done::default());
    relay.finish(
        file,
        "session",
        "a code, a join, envelopes, and the end",
        &["RDV-2", "RDV-7", "RDV-10", "RDV-22", "RDV-30", "HOLD-1"],
    );

    let mut relay = Written::session();
    let locator = relay.locators[0];
    relay.hello(3);
    relay.say(3, join(locator), Done::default());
    relay.pass(50, sent([(3, refused(ErrorCode::NotFound))]));
    let never = Code::parse("zzzz-0000").expect("a code").locator;
    relay.say(3, join(never), Done::default());
    relay.pass(50, sent([(3, refused(ErrorCode::NotFound))]));
    relay.finish(
        file,
        "spent",
        "a second join by one code is refused as one by a code that never was",
        &["CODE-7", "RDV-21"],
    );

    let mut relay = Written::session();
    relay.lose(2, sent([(1, PeerLost {}.into())]));
    relay.say(1, deliver(), Done::default());
    relay.hello(3);
    let token = relay.place(SHARERS);
    relay.say(
        3,
        Rejoin { token },
        sent([(3, Rejoined { peer: true }.into()), (1, PeerBack {}.into())]),
    );
    relay.say(3, deliver(), sent([(1, deliver().into())]));
    relay.finish(
        file,
        "rejoin",
        "a sharer is lost and comes back on another connection",
        &["HOLD-3", "HOLD-4", "HOLD-6", "HOLD-9"],
    );

    let mut relay = Written::session();
    relay.lose(1, sent([(2, PeerLost {}.into())]));
    relay.pass(36_000, sent([(2, gone(ErrorCode::Lost))]));
    relay.hello(3);
    let token = relay.place(HELPERS);
    relay.say(
        3,
        Rejoin { token },
        sent([(3, refused(ErrorCode::NotFound))]),
    );
    relay.finish(
        file,
        "lost",
        "a helper is lost and does not come back in time",
        &["HOLD-7", "RDV-11"],
    );

    let mut relay = Written::new();
    relay.hello(1);
    relay.say(1, CodeRequest {}, Done::default());
    relay.pass(600_000, sent([(1, gone(ErrorCode::CodeExpired))]));
    relay.pass(
        120_000,
        Done {
            sent: vec![(1, gone(ErrorCode::Idle))],
            closed: vec![(1, ErrorCode::Idle)],
            ..Done::default()
        },
    );
    relay.finish(
        file,
        "expired",
        "a code expires, and then the connection is idle for too long",
        &["RDV-12", "RDV-13"],
    );

    let unexpected = ErrorCode::UnexpectedMessage;
    for (id, about, requirement, steps, last) in [
        (
            "no-hello",
            "a first message that is not hello",
            "RDV-4",
            0,
            Message::from(CodeRequest {}),
        ),
        (
            "hello-again",
            "hello once more",
            "RDV-4",
            1,
            Hello::default().into(),
        ),
        (
            "request-again",
            "a second code",
            "RDV-6",
            2,
            CodeRequest {}.into(),
        ),
        (
            "deliver-idle",
            "an envelope without a session",
            "RDV-6",
            1,
            deliver().into(),
        ),
        (
            "from-relay",
            "what only a relay sends",
            "RDV-8",
            1,
            PeerBack {}.into(),
        ),
    ] {
        let mut relay = Written::new();
        relay.connect(1);
        if steps > 0 {
            relay.say(1, Hello::default(), Done::default());
        }
        if steps > 1 {
            relay.say(1, CodeRequest {}, Done::default());
        }
        relay.say(1, last, closed(1, unexpected));
        relay.finish(file, id, about, &[requirement]);
    }
    let mut relay = Written::session();
    relay.say(
        2,
        CodeRequest {},
        Done {
            sent: vec![(1, gone(ErrorCode::Lost))],
            closed: vec![(2, unexpected)],
            ..Done::default()
        },
    );
    relay.finish(
        file,
        "violation",
        "a client that breaks the protocol in a session is gone for its peer",
        &["RDV-6", "RDV-11"],
    );
    let mut relay = Written::new();
    relay.hello(1);
    // With hello, the largest that is allowed, and one byte more of a message that would be skipped.
    let mut most = Vec::new();
    framing::encode(0x3B, &vec![0; limits::UNPAIRED_BYTES - 3 - 3], &mut most);
    relay.bytes(1, &most, Done::default());
    relay.bytes(1, &[0x3B], closed(1, ErrorCode::TooMuch));
    relay.finish(
        file,
        "too-much",
        "a byte more than 16,384 outside of a session",
        &["RDV-9"],
    );
    let mut relay = Written::new();
    relay.hello(1);
    relay.bytes(1, &[0x0E, 0x81, 0x80, 0x04], closed(1, ErrorCode::TooLarge));
    relay.finish(
        file,
        "too-large",
        "a message that is longer than it may be",
        &["WIRE-5"],
    );
}
