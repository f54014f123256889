//! The relay: pairs a helper and a sharer by a code, and carries what they seal, unread.

pub mod account;
mod cards;
mod client;
mod clients;
mod codes;
mod config;
mod control;
mod devices;
mod draw;
mod forwarding;
mod paths;
mod places;
pub mod policy;
mod regions;
mod rejoin;
mod reports;
mod sign_in;
mod sources;
mod tally;
mod violation;

use alloc::{
    collections::{BTreeSet, VecDeque},
    string::String,
    vec::Vec,
};
use core::net::SocketAddr;

use alongside_wire::{
    ErrorCode, ReportCategory,
    journal::Features,
    path::{PathToken, RoutingId},
    rendezvous::{Gone, Joined, Message, Refused, RelayHello, SignIn},
};

pub use self::{
    cards::CardWanted,
    config::RelayConfig,
    devices::Registration,
    paths::PathEnd,
    sign_in::{NotVerified, Verified},
    sources::Source,
    violation::Violation,
};
use self::{
    client::{Client, Ends, Phase},
    clients::Clients,
    codes::Codes,
    devices::Devices,
    draw::Use,
    paths::Paths,
    places::Places,
    policy::Policy,
    reports::Reports,
    sources::Sources,
    tally::Tally,
};
use rand_chacha::ChaCha20Rng;

use crate::{mutant, time::Timestamp};

/// A connection of a client, as the caller numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// The relay machine: no I/O, no clock, no cryptography.
///
/// The caller tells it what happens, with a `now` that never goes back, and after each call drains
/// [`Relay::poll_event`] and [`Relay::poll_transmit`] and reads [`Relay::poll_timeout`]. Nothing
/// that a client sends can make it panic or hold more than its [`RelayConfig`] allows: a client
/// that breaks the protocol loses its connection, and every other client goes on.
///
/// ```
/// use alongside_state_machine::{
///     relay::{ConnId, Relay, RelayConfig, Source, Transmit},
///     time::Timestamp,
/// };
/// use alongside_wire::rendezvous::{Hello, Message};
///
/// let now = Timestamp::from_millis(0);
/// let mut relay = Relay::new(RelayConfig::default(), [7; 32]);
/// let client = ConnId(1);
/// relay.connected(client, Source([192, 0, 2, 1].into()), now)?;
///
/// let mut hello = Vec::new();
/// Message::from(Hello::default()).encode(&mut hello);
/// relay.handle_control(client, &hello, now);
/// let answer = relay.poll_transmit();
/// assert!(matches!(answer, Some(Transmit::Control { conn, .. }) if conn == client));
/// # Ok::<(), alongside_state_machine::relay::Refusal>(())
/// ```
#[derive(Clone)]
pub struct Relay {
    config: RelayConfig,
    /// The timers and limits that clients are told.
    stated: RelayHello,
    policy: Policy,
    clients: Clients,
    /// The deadline of each client.
    deadlines: BTreeSet<(Timestamp, ConnId)>,
    codes: Codes,
    devices: Devices,
    /// Sources with failed joins, and those with failed sign-ins.
    sources: Sources,
    sign_ins: Sources,
    /// Tokens that were given out to be checked.
    attempts: u64,
    /// Cards are issued, and what challenges are drawn from.
    issuing: bool,
    challenges: ChaCha20Rng,
    reports: Reports,
    places: Places,
    paths: Paths,
    /// Clients that wait for the answer to a join, and those of them that are held back.
    joining: usize,
    held_back: usize,
    /// Connections, and live codes, of each source.
    connections: Tally,
    codes_of: Tally,
    draining: bool,
    shut_down: bool,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
}

/// What the caller is to do with a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Transmit {
    /// Write to its control stream.
    Control {
        /// The connection.
        conn: ConnId,
        /// Whole framed messages.
        bytes: Vec<u8>,
    },
    /// Find out whether a token is right, and say so with [`Relay::verified`].
    Verify {
        /// The connection of who sent it.
        conn: ConnId,
        /// To be repeated in the answer.
        attempt: u64,
        /// The method and the token, which is to be forgotten then.
        request: SignIn,
    },
    /// Sign a card, and say so to [`Relay::card_issued`].
    Issue {
        /// The connection.
        conn: ConnId,
        /// What is wanted.
        wanted: CardWanted,
    },
    /// Say where the packets of its client come from, with [`Relay::seen_at`].
    Look {
        /// The connection.
        conn: ConnId,
    },
    /// Send a [`Check`](alongside_wire::path::Check), once, in a datagram of its own.
    Check {
        /// The connection that it is about.
        conn: ConnId,
        /// Where to.
        to: SocketAddr,
        /// What is in it.
        token: PathToken,
    },
    /// Forward packets between these two from now on.
    Forward {
        /// The two ends.
        ends: [PathEnd; 2],
    },
    /// Forward no more packets with these routing ids.
    Halt {
        /// Those of the two ends.
        ids: [RoutingId; 2],
    },
    /// Close it, after what was written before. The machine has forgotten it already.
    Close {
        /// The connection.
        conn: ConnId,
        /// The error to close it with.
        code: ErrorCode,
    },
}

/// What happened, for the caller's books. It never holds a code, or anything that clients carry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A session began: frame streams may be carried between these two.
    Paired {
        /// Who had the code.
        helper: ConnId,
        /// Who joined by it.
        sharer: ConnId,
    },
    /// A session has lost a connection, and may have it back: frame streams are to be reset.
    PeerLost {
        /// Who is lost.
        lost: ConnId,
        /// The other end, if it is not lost as well.
        peer: Option<ConnId>,
    },
    /// The place of a lost connection was taken: frame streams may be carried again.
    PeerBack {
        /// Who had the place.
        before: ConnId,
        /// Who has it.
        now: ConnId,
        /// The other end, if it is not lost.
        peer: Option<ConnId>,
    },
    /// A session ended: their frame streams are to be reset.
    Unpaired {
        /// Both ends, the helper first; one that is lost as it was last known.
        ends: [ConnId; 2],
        /// Why, as the ends are told; a client may have said something that is not registered.
        code: u16,
    },
    /// A client reported the session that it had left.
    Reported {
        /// What it says.
        category: ReportCategory,
        /// Issuer and subject of the helper's account, with a space between; empty without one.
        account: String,
    },
    /// Something was used in the session that this client is in.
    Used {
        /// The client.
        conn: ConnId,
        /// What.
        features: Features,
    },
    /// A client broke the protocol and is being closed.
    Violation {
        /// The connection.
        conn: ConnId,
        /// What it did.
        error: Violation,
    },
}

/// Why a connection is not taken. Nothing has changed; close it with [`Refusal::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// There are as many connections as there may be.
    Busy,
    /// The relay is shutting down.
    ShutDown,
}

impl Refusal {
    /// The registered error to close the connection with.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Busy => ErrorCode::Busy,
            Self::ShutDown => ErrorCode::RelayShutdown,
        }
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Busy => "the relay has as many connections as it takes",
            Self::ShutDown => "the relay is shutting down",
        })
    }
}

impl core::error::Error for Refusal {}

impl Relay {
    /// A relay without clients. `seed` is what all that it gives out is drawn from: 32 random bytes.
    pub fn new(config: RelayConfig, seed: [u8; 32]) -> Self {
        Self {
            stated: config.stated(),
            config: mutant::kept(config),
            policy: Policy::default(),
            clients: Clients::default(),
            deadlines: BTreeSet::new(),
            codes: Codes::new(&seed),
            devices: Devices::default(),
            sources: Sources::default(),
            sign_ins: Sources::default(),
            attempts: 0,
            issuing: false,
            challenges: Use::Challenges.generator(&seed),
            reports: Reports::default(),
            places: Places::new(&seed),
            paths: Paths::new(&seed),
            joining: 0,
            held_back: 0,
            connections: Tally::default(),
            codes_of: Tally::default(),
            draining: false,
            shut_down: false,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// A client connected from `source`. An id that is connected already is disconnected first.
    ///
    /// # Errors
    /// [`Refusal`] at the limit of connections, and after [`Relay::shutdown`].
    pub fn connected(
        &mut self,
        conn: ConnId,
        source: Source,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if self.shut_down {
            return Err(Refusal::ShutDown);
        }
        self.lose(conn, now);
        //= spec/14-operation.md#per-source [SOURCE-1] 0b5f458e
        let most = self.config.connections_per_source;
        if self.clients.len() >= self.config.connections || !self.connections.fits(source, most) {
            return Err(Refusal::Busy);
        }
        self.connections.add(source);
        let deadline = now.plus_ms(self.config.unpaired_idle_ms);
        let client = Client::new(source, self.config.control_message, deadline);
        self.clients.insert(conn, client);
        self.deadlines.insert((deadline, conn));
        Ok(())
    }

    //= spec/03-rendezvous.md#states [RDV-6] 40af5280
    /// The next bytes of a client's control stream, cut anywhere. Those of a client that is not
    /// connected, or no longer, are ignored.
    pub fn handle_control(&mut self, conn: ConnId, bytes: &[u8], now: Timestamp) {
        if let Err(error) = self.read(conn, bytes, now) {
            self.violated(conn, error, now);
        }
    }

    //= spec/08-transport.md#quic [TRANSPORT-14] fc4989e3
    /// A client finished or reset its control stream, or stopped the relay's half of it: it closes its connection soon, or
    /// is closed then.
    pub fn handle_control_end(&mut self, conn: ConnId, now: Timestamp) {
        if mutant::is("TRANSPORT-14/waits") {
            return;
        }
        if mutant::is("TRANSPORT-14/at-once") && self.clients.contains_key(&conn) {
            self.violated(conn, Violation::ControlEnded, now);
        }
        let until = now.plus_ms(self.config.farewell_ms);
        let Some(client) = self.clients.get_mut(&conn) else {
            return;
        };
        if client.stays_until.is_none() {
            client.stays_until = Some(until);
            self.deadlines.remove(&(client.deadline, conn));
            client.deadline = client.deadline.min(until);
            self.deadlines.insert((client.deadline, conn));
        }
    }

    //= spec/03-rendezvous.md#hold [HOLD-10] f69bf5bd
    /// The transport of a client is gone; `code` if the client closed it with a registered one. Its
    /// place in a session is held, unless it left on purpose.
    pub fn disconnected(&mut self, conn: ConnId, code: Option<ErrorCode>, now: Timestamp) {
        let left = |code: &ErrorCode| *code != ErrorCode::Lost && !mutant::is("HOLD-10/holds");
        if let Some(code) = code.filter(left) {
            self.release(conn, code.to_wire(), now);
        }
        self.lose(conn, now);
    }

    /// Does what is due by now.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        while let Some((deadline, conn)) = self.deadlines.first().copied() {
            if deadline > now {
                break;
            }
            self.expire(conn, now);
        }
        self.give_up_places(now);
        self.look_at_paths(now);
    }

    //= spec/14-operation.md#drain [DRAIN-2] 33b74068
    //= spec/14-operation.md#drain [DRAIN-3] 7c9aa182
    /// From now on nothing begins. Sessions go on; every other client is told that the relay is
    /// shutting down, and its connection is closed.
    pub fn drain(&mut self, now: Timestamp) {
        self.draining = true;
        let outside = |conn: &ConnId| {
            let client = self.clients.get(conn);
            let in_session =
                client.is_some_and(|client| matches!(client.phase, Phase::Paired { .. }));
            !in_session || mutant::is("DRAIN-3/ends")
        };
        let clients = self.clients.in_order();
        let outside: Vec<_> = clients.into_iter().filter(outside).collect();
        for conn in outside {
            self.release(conn, ErrorCode::RelayShutdown.to_wire(), now);
            if !mutant::is("DRAIN-2/silent") {
                self.tell(conn, ErrorCode::RelayShutdown);
            }
            self.close(conn, ErrorCode::RelayShutdown, now);
        }
    }

    /// Whether nothing begins any more.
    pub fn is_draining(&self) -> bool {
        self.draining || self.shut_down
    }

    /// How many connections and live codes there are.
    pub fn counts(&self) -> (usize, usize) {
        (self.clients.len(), self.codes.live())
    }

    //= spec/03-rendezvous.md#states [RDV-15] 266ed54d
    /// Tells every client that the relay is shutting down, and closes its connection.
    pub fn shutdown(&mut self, now: Timestamp) {
        self.shut_down = true;
        let code = ErrorCode::RelayShutdown;
        for conn in self.clients.in_order() {
            // Its peer may have been before it.
            if !self.clients.contains_key(&conn) {
                continue;
            }
            if let Some(peer) = self.release(conn, code.to_wire(), now) {
                self.close(peer, code, now);
            }
            if !mutant::is("RDV-15/silent") {
                self.tell(conn, code);
            }
            self.close(conn, code, now);
        }
        // Of the sessions that are left, both ends are lost.
        while let Some(over) = self.places.end_due(Timestamp::from_micros(u64::MAX)) {
            self.over(&over.ends, code.to_wire());
        }
    }

    /// The next thing to do with a connection.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Relay::handle_timeout`] is to be called next.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let client = self.deadlines.first().map(|(deadline, _)| *deadline);
        let others = [self.places.due(), self.paths.due()];
        client.into_iter().chain(others.into_iter().flatten()).min()
    }

    /// The other end of the session that this client is in, if it has a connection.
    pub fn peer_of(&self, conn: ConnId) -> Option<ConnId> {
        match self.clients.get(&conn)?.phase {
            Phase::Paired { peer, .. } => peer,
            Phase::Greeting
            | Phase::Idle
            | Phase::SigningIn(_)
            | Phase::Waiting { .. }
            | Phase::Joining { .. }
            | Phase::Device(_) => None,
        }
    }

    /// The timers and limits that clients are told in `relay-hello`.
    pub fn stated(&self) -> RelayHello {
        self.stated.clone()
    }

    /// The deadline of a client has come.
    fn expire(&mut self, conn: ConnId, now: Timestamp) {
        let Some(client) = self.clients.get(&conn) else {
            return;
        };
        if client.stays_until.is_some_and(|until| until <= now) {
            self.violated(conn, Violation::ControlEnded, now);
            return;
        }
        match client.phase {
            Phase::Greeting | Phase::Idle => {
                //= spec/03-rendezvous.md#states [RDV-13] 22f3b36d
                self.tell(conn, ErrorCode::Idle);
                self.close(conn, ErrorCode::Idle, now);
            }
            Phase::SigningIn(_) => self.verify(conn, now),
            Phase::Joining { .. } => self.answer(conn, now),
            Phase::Device(_) => self.dialled(conn, now),
            //= spec/03-rendezvous.md#states [RDV-12] 529e4f96
            //= spec/03-rendezvous.md#states [RDV-14] 1f27f5be
            Phase::Waiting {
                until: Ends { code, .. },
                ..
            }
            | Phase::Paired {
                until: Ends { code, .. },
                ..
            } => {
                self.release(conn, code.to_wire(), now);
                self.tell(conn, code);
            }
        }
    }

    /// Looks a join up and answers it. Unknown, expired and spent codes take one path.
    fn answer(&mut self, sharer: ConnId, now: Timestamp) {
        let Some(Phase::Joining {
            locator,
            link,
            offer,
            held,
        }) = self.enter(sharer, Phase::Idle, now)
        else {
            return;
        };
        let Some(helper) = self.codes.spend(&locator, &self.config, now) else {
            //= spec/03-rendezvous.md#joins [RDV-21] dc9cb7a1
            self.refuse(sharer, ErrorCode::NotFound);
            return;
        };
        if let Err(code) = self.allowed(helper, sharer, link, now) {
            //= spec/13-sign-in.md#policy [POLICY-11] 3b96c53a
            self.enter(helper, Phase::Idle, now);
            if !mutant::is("POLICY-11/silent") {
                self.tell(helper, code);
            }
            self.refuse(sharer, code);
            return;
        }
        if !mutant::is("RDV-24/success") {
            self.sources.succeeded(held.counted);
        }
        let until = self.session_ends(helper, now);
        for (conn, other) in [(helper, sharer), (sharer, helper)] {
            let peer = Some(other);
            self.enter(conn, Phase::Paired { peer, until }, now);
        }
        self.events.push_back(Event::Paired { helper, sharer });
        self.note_account(helper, sharer, link, now);
        self.send(helper, Joined { offer });
        self.give_places(helper, sharer, until);
    }

    /// Whether the policy allows a join that found its code.
    fn allowed(
        &self,
        helper: ConnId,
        sharer: ConnId,
        link: bool,
        now: Timestamp,
    ) -> Result<(), ErrorCode> {
        let helper = self.standing_account(helper, now)?;
        // One that has ended since the join came counts as none.
        let sharer = self.standing_account(sharer, now).unwrap_or_default();
        self.policy.join(helper, sharer, link).map(|_| ())
    }

    /// When a session that begins now ends by itself.
    fn session_ends(&self, helper: ConnId, now: Timestamp) -> Ends {
        let length = now.plus_ms(self.config.session_length_ms);
        let ends = Ends::new(length, ErrorCode::SessionLength);
        let account = self.account(helper, now);
        //= spec/13-sign-in.md#policy [POLICY-12] 3700ef75
        if !self.policy.rules(account).end_at_expiry || mutant::is("POLICY-12/goes-on") {
            return ends;
        }
        ends.or_sign_in(self.signed_in_until(helper))
    }

    /// Brings a client back to idle from whatever it is in, and its peer, which is told `code`.
    /// Returns the peer.
    fn release(&mut self, conn: ConnId, code: u16, now: Timestamp) -> Option<ConnId> {
        let client = self.clients.get(&conn)?;
        if matches!(client.phase, Phase::Greeting | Phase::Idle) {
            return None;
        }
        match self.enter(conn, Phase::Idle, now)? {
            Phase::Waiting { locator, .. } => {
                self.codes.spend(&locator, &self.config, now);
                None
            }
            Phase::Paired { peer, .. } => {
                if let Some(over) = self.places.end_of(conn) {
                    self.over(&over.ends, code);
                }
                let peer = peer?;
                self.enter(peer, Phase::Idle, now);
                //= spec/03-rendezvous.md#states [RDV-10] 7774ade1
                self.send(peer, Gone { code });
                Some(peer)
            }
            Phase::Device(dialling) => {
                self.hung_up(dialling);
                None
            }
            Phase::Greeting | Phase::Idle | Phase::SigningIn(_) | Phase::Joining { .. } => None,
        }
    }

    /// Moves a client to another phase, together with its deadline and the counts of joins.
    /// Returns the phase that it was in.
    fn enter(&mut self, conn: ConnId, phase: Phase, now: Timestamp) -> Option<Phase> {
        let client = self.clients.get_mut(&conn)?;
        self.deadlines.remove(&(client.deadline, conn));
        let deadline = phase.deadline(&self.config, now);
        client.deadline = client
            .stays_until
            .map_or(deadline, |until| until.min(deadline));
        self.deadlines.insert((client.deadline, conn));
        if let Some(held) = phase.held() {
            self.joining += 1;
            self.held_back += usize::from(held.back);
        }
        if let Phase::Waiting { .. } = phase {
            self.codes_of.add(client.source);
        }
        let left = core::mem::replace(&mut client.phase, phase);
        if let Phase::Waiting { .. } = left {
            self.codes_of.remove(client.source);
        }
        if let Phase::Paired { .. } = left {
            client.session_over(now);
            self.end_path(conn, None);
        }
        if let Some(held) = left.held() {
            self.joining -= 1;
            self.held_back -= usize::from(held.back);
        }
        Some(left)
    }

    /// Ends a client without a word to it; its peer is told that it is lost.
    fn forget(&mut self, conn: ConnId, now: Timestamp) {
        //= spec/03-rendezvous.md#states [RDV-11] 1f876a19
        self.release(conn, ErrorCode::Lost.to_wire(), now);
        self.remove(conn);
    }

    fn remove(&mut self, conn: ConnId) {
        self.paths.forget(conn);
        if let Some(client) = self.clients.remove(&conn) {
            self.connections.remove(client.source);
            self.deadlines.remove(&(client.deadline, conn));
        }
    }

    fn violated(&mut self, conn: ConnId, error: Violation, now: Timestamp) {
        if mutant::is_lenient(mutant::Target::Relay, error.clause()) {
            return;
        }
        self.events.push_back(Event::Violation { conn, error });
        if mutant::is("RDV-34/spreads") {
            self.shutdown(now);
        }
        let code = if mutant::is("ERROR-1/another") {
            ErrorCode::Busy
        } else {
            error.code()
        };
        let peer = self.peer_of(conn);
        self.close(conn, code, now);
        if let Some(peer) = peer.filter(|_| mutant::is("ERROR-2/forgets")) {
            self.enter(peer, Phase::Greeting, now);
        }
    }

    fn close(&mut self, conn: ConnId, code: ErrorCode, now: Timestamp) {
        self.forget(conn, now);
        self.transmits.push_back(Transmit::Close { conn, code });
    }

    /// Tells a client that what it was in is over, if it has said hello.
    fn tell(&mut self, conn: ConnId, code: ErrorCode) {
        let client = self.clients.get(&conn);
        if client.is_some_and(|client| !matches!(client.phase, Phase::Greeting)) {
            let code = code.to_wire();
            self.send(conn, Gone { code });
        }
    }

    fn refuse(&mut self, conn: ConnId, code: ErrorCode) {
        let code = code.to_wire();
        self.send(conn, Refused { code });
    }

    fn send(&mut self, conn: ConnId, message: impl Into<Message>) {
        let message = message.into();
        mutant::says_to_relay(mutant::Target::Relay, &message, |message| {
            self.send_this(conn, message);
        });
    }

    fn send_this(&mut self, conn: ConnId, message: &Message) {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        self.transmits.push_back(Transmit::Control { conn, bytes });
    }
}
