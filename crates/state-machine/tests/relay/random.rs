//! Random clients, and what must hold whatever they do.

use std::collections::{BTreeMap, BTreeSet};

use alongside_state_machine::relay::{ConnId, RelayConfig};
use alongside_wire::{
    ErrorCode,
    code::Locator,
    rendezvous::{
        CodeRequest, Deliver, Gone, Hello, Message, PathOver, PathProof, PathRequest, Place,
        Rejoin, Report,
    },
};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{RngSeed, TestRunner},
};

use crate::world::{A, World, deliver, framed, ip, join, leave, locator, messages, sign_in};

/// What proptest makes a relay go through. Numbers are those of connections.
#[derive(Clone, Debug)]
enum Step {
    /// Connects and says hello.
    Greet(u64),
    /// Connects and says nothing.
    Connect(u64),
    Drop(u64),
    /// Leaves whatever it is in and asks for a code.
    Ask(u64),
    /// Leaves whatever it is in and joins by the code that the other was given last.
    Join(u64, u64),
    /// The same by one of the codes that are alive, if there is one.
    JoinLive(u64, usize),
    /// Sends an envelope from the next client that is in a session, if there is one.
    Deliver(u64, Vec<u8>),
    /// Says something, whether it may or not.
    Say(u64, Message),
    Raw(u64, Vec<u8>),
    /// Milliseconds.
    Pass(u64),
    Shutdown,
    /// Connects, says hello, and shows the token that the other was given last.
    Rejoin(u64, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let conn = || 0..5_u64;
    let envelope = proptest::collection::vec(any::<u8>(), 1..99);
    let message = prop_oneof![
        1 => Just(Message::from(Hello::default())),
        1 => Just(CodeRequest {}.into()),
        1 => Just(join(locator("zzzz")).into()),
        1 => Just(sign_in("nobody").into()),
        1 => Just(deliver("x").into()),
        2 => Just(leave(ErrorCode::Done).into()),
        1 => Just(Gone { code: 1 }.into()),
        1 => Just(Report { category: 1 }.into()),
        2 => Just(PathRequest {}.into()),
        1 => Just(PathProof { token: [0; 16] }.into()),
        1 => Just(PathOver { code: 1 }.into()),
    ];
    let bytes = proptest::collection::vec(any::<u8>(), 0..40);
    let step = prop_oneof![
        4 => conn().prop_map(Step::Greet),
        1 => conn().prop_map(Step::Connect),
        1 => conn().prop_map(Step::Drop),
        6 => conn().prop_map(Step::Ask),
        1 => (conn(), conn()).prop_map(|(conn, of)| Step::Join(conn, of)),
        9 => (conn(), 0..CODES).prop_map(|(conn, which)| Step::JoinLive(conn, which)),
        9 => (conn(), envelope).prop_map(|(conn, envelope)| Step::Deliver(conn, envelope)),
        6 => (conn(), conn()).prop_map(|(conn, of)| Step::Rejoin(conn, of)),
        2 => (conn(), message).prop_map(|(conn, message)| Step::Say(conn, message)),
        1 => (conn(), bytes).prop_map(|(conn, bytes)| Step::Raw(conn, bytes)),
        9 => prop_oneof![9 => 0..120_u64, 1 => 0..200_000_u64].prop_map(Step::Pass),
    ];
    let last = prop_oneof![Just(Step::Shutdown), Just(Step::Pass(700_000))];
    (proptest::collection::vec(step, 0..150), last).prop_map(|(steps, last)| {
        let greet = (0..4).map(Step::Greet);
        greet.chain(steps).chain([last]).collect()
    })
}

/// What the clients know, and what has been counted.
struct Watch {
    world: World,
    /// The latest code of each.
    codes: BTreeMap<u64, Locator>,
    tokens: BTreeMap<u64, [u8; 32]>,
    rejoined: usize,
    /// Who has a code that is alive.
    live: BTreeSet<ConnId>,
    connected: BTreeSet<ConnId>,
    /// Whose messages may be read as the rest of random bytes.
    garbled: BTreeSet<ConnId>,
    input: usize,
    output: usize,
    /// Bytes that the relay may say without being asked.
    unasked: usize,
    arrived: usize,
}

const ALL: [ConnId; 5] = [ConnId(0), ConnId(1), ConnId(2), ConnId(3), ConnId(4)];
const CODES: usize = 2;
const CONNECTIONS: usize = 4;

impl Watch {
    fn new() -> Self {
        let world = World::with(|config| {
            config.session_length_ms = 300_000;
            config.connections = CONNECTIONS;
            config.codes = CODES;
        });
        Self {
            world,
            codes: BTreeMap::new(),
            tokens: BTreeMap::new(),
            rejoined: 0,
            live: BTreeSet::new(),
            connected: BTreeSet::new(),
            garbled: BTreeSet::new(),
            input: 0,
            output: 0,
            unasked: 0,
            arrived: 0,
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Greet(conn) => {
                self.connect(conn);
                self.say(conn, Hello::default());
            }
            Step::Connect(conn) => self.connect(conn),
            Step::Drop(conn) => {
                self.world.drop(ConnId(conn));
                self.live.remove(&ConnId(conn));
                self.connected.remove(&ConnId(conn));
            }
            Step::Ask(conn) => {
                self.say(conn, leave(ErrorCode::Done));
                self.say(conn, CodeRequest {});
            }
            Step::Rejoin(conn, of) => {
                self.connect(conn);
                self.say(conn, Hello::default());
                let token = self.tokens.get(&of).copied().unwrap_or_default();
                self.say(conn, Rejoin { token });
            }
            Step::Join(conn, of) => self.join(conn, of),
            Step::JoinLive(conn, which) => {
                if let Some(of) = self.live.iter().nth(which) {
                    self.join(conn, of.0);
                }
            }
            Step::Deliver(conn, envelope) => {
                let from = ALL.iter().cycle().skip(conn as usize).take(ALL.len());
                let mut paired = from.filter(|conn| self.world.relay.peer_of(**conn).is_some());
                if let Some(from) = paired.next() {
                    self.say(from.0, Deliver { envelope });
                }
            }
            Step::Say(conn, message) => self.say(conn, message),
            Step::Raw(conn, bytes) => {
                self.garbled.insert(ConnId(conn));
                self.raw(conn, &bytes);
            }
            Step::Pass(ms) => self.world.pass(ms),
            Step::Shutdown => {
                self.world.relay.shutdown(self.world.now);
                self.world.drain();
                assert_eq!(self.world.relay.poll_timeout(), None);
            }
        }
        self.check(None, &BTreeMap::new());
    }

    fn connect(&mut self, number: u64) {
        let conn = ConnId(number);
        let source = ip(&format!("192.0.2.{number}"));
        let known = self.connected.remove(&conn);
        let taken = self.world.relay.connected(conn, source, self.world.now);
        assert_eq!(
            taken.is_ok(),
            self.connected.len() < CONNECTIONS,
            "{known} {taken:?}"
        );
        self.live.remove(&conn);
        if taken.is_ok() {
            self.connected.insert(conn);
            self.garbled.remove(&conn);
            self.world.closed.remove(&conn);
        }
        self.world.drain();
    }

    fn join(&mut self, conn: u64, of: u64) {
        let code = self.codes.get(&of).copied();
        self.say(conn, leave(ErrorCode::Done));
        self.say(conn, join(code.unwrap_or(locator("0000"))));
    }

    fn say(&mut self, conn: u64, message: impl Into<Message>) {
        let message = message.into();
        if let Message::Leave(_) = message {
            self.live.remove(&ConnId(conn));
        }
        self.raw(conn, &framed(message));
    }

    fn raw(&mut self, conn: u64, bytes: &[u8]) {
        let peers = ALL.map(|conn| (conn, self.world.relay.peer_of(conn)));
        self.input += bytes.len();
        self.world.raw(ConnId(conn), bytes);
        self.check(Some(ConnId(conn)), &peers.into());
    }

    /// Reads what came out, and checks what must always hold. `speaker` spoke while clients had
    /// these `peers`.
    fn check(&mut self, speaker: Option<ConnId>, peers: &BTreeMap<ConnId, Option<ConnId>>) {
        self.unasked += 16;
        for conn in ALL {
            let bytes = self.world.sent.remove(&conn).unwrap_or_default();
            self.output += bytes.len();
            for message in messages(&bytes) {
                self.hear(conn, &message);
                if let Message::Deliver(_) = message {
                    assert!(speaker.is_some(), "a delivery that nobody sent");
                    assert_eq!(peers[&conn], speaker, "a delivery to somebody else");
                }
            }
            if let Some(peer) = self.world.relay.peer_of(conn) {
                assert_ne!(peer, conn);
                assert_eq!(
                    self.world.relay.peer_of(peer),
                    Some(conn),
                    "a session of two"
                );
            }
            if self.world.closed.contains_key(&conn) {
                self.live.remove(&conn);
                self.connected.remove(&conn);
                assert_eq!(self.world.relay.peer_of(conn), None);
            }
        }
        let sure = self.live.difference(&self.garbled);
        assert!(sure.count() <= CODES);
        let (input, output) = (self.input, self.output);
        assert!(
            output <= 8 * input + self.unasked,
            "{output} out, {input} in"
        );
    }

    fn hear(&mut self, conn: ConnId, message: &Message) {
        let garbled = self.garbled.contains(&conn);
        match message {
            Message::Deliver(_) => self.arrived += 1,
            Message::CodeIssued(issued) => {
                let new = self.live.insert(conn);
                assert!(new || garbled, "two codes at once");
                self.codes.insert(conn.0, issued.locator);
            }
            Message::Joined(_) => {
                let had_one = self.live.remove(&conn);
                assert!(had_one || garbled, "a join without a code");
            }
            Message::Gone(Gone { code }) if *code == ErrorCode::CodeExpired.to_wire() => {
                let had_one = self.live.remove(&conn);
                assert!(had_one || garbled, "the end of no code");
            }
            Message::RelayHello(_) => self.unasked += framed(self.world.relay.stated()).len(),
            Message::Place(Place { token }) => {
                self.unasked += framed(message.clone()).len();
                self.tokens.insert(conn.0, *token);
            }
            Message::Rejoined(_) => self.rejoined += 1,
            Message::Path(_) | Message::PathOpen(_) | Message::PathOver(_) => {
                self.unasked += framed(message.clone()).len();
            }
            Message::PeerLost(_)
            | Message::PeerBack(_)
            | Message::Gone(_)
            | Message::Refused(_)
            | Message::Reported(_) => {}
            Message::Rejoin(_)
            | Message::SignedIn(_)
            | Message::Wait(_)
            | Message::Waiting(_)
            | Message::Call(_)
            | Message::Hello(_)
            | Message::SignIn(_)
            | Message::CodeRequest(_)
            | Message::Join(_)
            | Message::Leave(_)
            | Message::CardRequest(_)
            | Message::CardChallenge(_)
            | Message::CardProof(_)
            | Message::CardIssued(_)
            | Message::PathRequest(_)
            | Message::PathProof(_)
            | Message::Report(_) => {
                panic!("a relay does not say {}", message.name());
            }
        }
    }
}

/// Runs the steps; returns how many deliveries arrived, and how many places were taken again.
fn run(steps: Vec<Step>) -> (usize, usize) {
    let mut watch = Watch::new();
    for step in steps {
        watch.step(step);
    }
    (watch.arrived, watch.rejoined)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, rng_seed: RngSeed::Fixed(2_026), ..ProptestConfig::default() })]

    #[test]
    fn nothing_breaks_it(steps in steps()) {
        run(steps);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 1..40_usize) {
        let mut world = World::session(RelayConfig::default());
        world.say(A, deliver("x"));
        for piece in bytes.chunks(cut) {
            world.raw(A, piece);
        }
        world.pass(1_000);
    }
}

/// Otherwise the runs above would prove little.
#[test]
fn random_clients_do_have_sessions() {
    let mut runner = TestRunner::deterministic();
    let arrived = |_| run(steps().new_tree(&mut runner).expect("steps").current());
    let runs: Vec<_> = (0..200).map(arrived).collect();
    let reached = runs.iter().filter(|(arrived, _)| *arrived > 0).count();
    assert!(reached > 25, "only {reached} of 200");
    let rejoined = runs.iter().filter(|(_, rejoined)| *rejoined > 0).count();
    assert!(rejoined > 25, "only {rejoined} of 200");
}
