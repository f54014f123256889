//! The machine, and the clients that it speaks to.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use alongside_state_machine::{
    books::Sessions,
    relay::{self, ConnId, Event, Refusal, RelayConfig, Source, Transmit},
    time::Timestamp,
};
use alongside_wire::{ErrorCode, mutant::is as load, path::RoutingId, rendezvous::SignIn, report};
use quinn::Connection;
use tokio::sync::{Notify, watch};

use crate::{
    books::Books, clock::Clock, connection::CHUNK, devices::Devices, forward::Socket,
    health::Status, issuer::Issuer, outbox::Outbox, sign_in::Access,
};

/// How often the operator's rules are looked at.
const POLICY_INTERVAL: Duration = Duration::from_secs(2);

/// The machine behind a lock that is never held across an await, with what it needs of the world:
/// a clock, and somewhere to put what it says.
pub(crate) struct Hub {
    state: Mutex<State>,
    /// The next deadline has changed.
    deadline_changed: Notify,
    clock: Clock,
    /// Who may sign in.
    access: Access,
    /// Who signs cards, if anybody.
    issuer: Option<Issuer>,
    /// What forwards packets.
    socket: Arc<Socket>,
    /// Bytes of packets from one client in a second.
    path_rate: usize,
    /// A client is read only while no more than this waits for its peer.
    pub(crate) room: usize,
    pub(crate) frame_streams: usize,
}

struct State {
    machine: relay::Relay,
    clients: BTreeMap<ConnId, Arc<Client>>,
    last_id: u64,
    deadline: Option<Timestamp>,
    sessions: Sessions,
    books: Books,
    /// What packets are known by that are forwarded to these clients.
    paths: BTreeMap<ConnId, RoutingId>,
}

/// A token that is to be checked.
struct Check {
    conn: ConnId,
    attempt: u64,
    request: SignIn,
}

/// One connected client.
pub(crate) struct Client {
    pub(crate) id: ConnId,
    pub(crate) connection: Connection,
    pub(crate) outbox: Outbox,
    peer: watch::Sender<Peer>,
}

/// The other end of a client's session.
pub(crate) type Peer = Option<Arc<Client>>;

impl Client {
    /// Sees the client's peer come and go. Any change means that the session before is over.
    pub(crate) fn peer(&self) -> watch::Receiver<Peer> {
        self.peer.subscribe()
    }
}

impl Hub {
    pub(crate) fn new(
        config: RelayConfig,
        seed: [u8; 32],
        access: Access,
        issuer: Option<Issuer>,
        books: Books,
        clock: Clock,
        socket: Arc<Socket>,
    ) -> Self {
        // What a client may send in one reading, and the message that this completes, still fit.
        let reading = config.control_message.saturating_add(CHUNK + 16);
        let (room, frame_streams) = (
            config.session_queue.saturating_sub(reading),
            config.frame_streams,
        );
        let path_rate = config.path_rate;
        let mut machine = relay::Relay::new(config, seed);
        machine.set_policy((*access.policy()).clone());
        machine.set_issuing(issuer.is_some());
        Self {
            deadline_changed: Notify::new(),
            clock,
            access,
            issuer,
            room,
            frame_streams,
            socket,
            path_rate,
            state: Mutex::new(State {
                machine,
                clients: BTreeMap::new(),
                last_id: 0,
                deadline: None,
                sessions: Sessions::default(),
                books,
                paths: BTreeMap::new(),
            }),
        }
    }

    /// Takes a new connection, or says why not.
    pub(crate) fn connected(&self, connection: Connection) -> Result<Arc<Client>, Refusal> {
        let source = Source(connection.remote_address().ip());
        let mut state = self.lock();
        state.last_id += 1;
        let id = ConnId(state.last_id);
        let now = self.clock.now();
        state.machine.connected(id, source, now)?;
        let client = Arc::new(Client {
            id,
            connection,
            outbox: Outbox::default(),
            peer: watch::Sender::new(None),
        });
        state.clients.insert(id, client.clone());
        // It has said nothing yet, so there is nothing to check.
        self.drain(&mut state);
        Ok(client)
    }

    pub(crate) fn control(&self, id: ConnId, bytes: &[u8]) {
        self.tell(|machine, now| machine.handle_control(id, bytes, now));
    }

    pub(crate) fn control_end(&self, id: ConnId) {
        self.tell(|machine, now| machine.handle_control_end(id, now));
    }

    pub(crate) fn disconnected(&self, id: ConnId, code: Option<ErrorCode>) {
        self.tell(|machine, now| machine.disconnected(id, code, now));
        if !load("load/clients") {
            self.lock().clients.remove(&id);
        }
    }

    pub(crate) fn set_devices(&self, devices: Devices) {
        self.tell(|machine, now| machine.set_devices(devices, now));
    }

    pub(crate) fn begin_to_drain(&self) {
        self.tell(|machine, now| machine.drain(now));
    }

    pub(crate) fn status(&self) -> Status {
        let state = self.lock();
        let (connections, codes) = state.machine.counts();
        Status {
            draining: state.machine.is_draining(),
            connections,
            codes,
            sessions: state.sessions.under_way(),
        }
    }

    pub(crate) fn shutdown(&self) {
        self.tell(|machine, now| machine.shutdown(now));
    }

    /// A frame stream of this client's is carried.
    pub(crate) fn streamed(&self, id: ConnId) {
        self.lock().sessions.streamed(id);
    }

    /// Wakes the machine whenever its time has come.
    pub(crate) async fn keep_time(&self) {
        loop {
            let deadline = self.lock().deadline;
            let changed = self.deadline_changed.notified();
            let Some(deadline) = deadline else {
                changed.await;
                continue;
            };
            tokio::select! {
                () = self.clock.sleep_until(deadline) => {
                    self.tell(|machine, now| machine.handle_timeout(now));
                }
                () = changed => {}
            }
        }
    }

    /// Lets time pass, if the clock is manual: whatever is due by then happens at its own time.
    pub(crate) fn advance(&self, ms: u64) {
        if !self.clock.is_manual() {
            return;
        }
        let until = self.clock.now().plus_ms(ms);
        loop {
            let deadline = self.lock().deadline;
            let due = deadline.filter(|deadline| *deadline <= until);
            self.clock.set(due.unwrap_or(until));
            self.tell(|machine, now| machine.handle_timeout(now));
            if due.is_none() {
                return;
            }
        }
    }

    /// Sees to it, again and again, that the rules in force are those of the operator's file.
    pub(crate) async fn keep_policy(&self) {
        let mut in_force = self.access.policy();
        loop {
            tokio::time::sleep(POLICY_INTERVAL).await;
            let policy = self.access.policy();
            if !Arc::ptr_eq(&policy, &in_force) && *policy != *in_force {
                self.read_policy();
            }
            in_force = policy;
        }
    }

    /// The rules in force are those of the operator's file.
    pub(crate) fn read_policy(&self) {
        let policy = self.access.policy();
        self.lock().machine.set_policy((*policy).clone());
    }

    fn tell(&self, what: impl FnOnce(&mut relay::Relay, Timestamp)) {
        let mut state = self.lock();
        let now = self.clock.now();
        what(&mut state.machine, now);
        // What is due at once does not wait for a timer, the shortest of which takes a millisecond.
        if state.machine.poll_timeout().is_some_and(|due| due <= now) {
            state.machine.handle_timeout(now);
        }
        let mut checks = self.drain(&mut state);
        // Signatures are checked while others go on; an answer asks for no other check.
        while let Some(check) = checks.pop() {
            drop(state);
            let Check {
                conn,
                attempt,
                request,
            } = check;
            let result = self.access.check(&request, self.clock.unix_now());
            state = self.lock();
            state
                .machine
                .verified(conn, attempt, result, self.clock.now());
            checks.extend(self.drain(&mut state));
        }
    }

    /// Does what the machine wants done; returns the tokens that it wants checked.
    fn drain(&self, state: &mut State) -> Vec<Check> {
        let mut checks = Vec::new();
        while let Some(event) = state.machine.poll_event() {
            state.note(event, self.clock.unix_now());
        }
        while let Some(transmit) = state.machine.poll_transmit() {
            match transmit {
                Transmit::Control { conn, bytes } => {
                    if let Some(client) = state.clients.get(&conn) {
                        client.outbox.push(bytes);
                    }
                }
                Transmit::Verify {
                    conn,
                    attempt,
                    request,
                } => checks.push(Check {
                    conn,
                    attempt,
                    request,
                }),
                Transmit::Issue { conn, wanted } => {
                    let issuer = self.issuer.as_ref().ok_or(ErrorCode::Unsupported);
                    let card =
                        issuer.and_then(|issuer| issuer.issue(wanted, self.clock.unix_now()));
                    state.machine.card_issued(conn, card);
                }
                Transmit::Look { conn } => self.look(state, conn),
                Transmit::Check { conn, to, token } => {
                    let by = state.local_ip(conn);
                    self.socket.check(to, by, token);
                }
                Transmit::Forward { ends } => {
                    let ids = ends.map(|end| (end.conn, end.id));
                    state.paths.extend(ids);
                    let ends = ends.map(|end| (end, state.local_ip(end.conn)));
                    let ways = &self.socket.ways;
                    ways.open(ends, self.path_rate, Instant::now());
                }
                Transmit::Halt { ids } => {
                    state.paths.retain(|_, id| !ids.contains(id));
                    self.socket.ways.close(ids);
                }
                Transmit::Close { conn, code } => {
                    if let Some(client) = state.clients.remove(&conn) {
                        client.outbox.close(code);
                    }
                }
            }
        }
        let deadline = state.machine.poll_timeout();
        if state.deadline != deadline {
            state.deadline = deadline;
            self.deadline_changed.notify_one();
        }
        checks
    }

    /// Tells the machine where the packets of a client come from.
    fn look(&self, state: &mut State, conn: ConnId) {
        // One that is gone has no path any more.
        if let Some(client) = state.clients.get(&conn) {
            let at = client.connection.remote_address();
            let id = state.paths.get(&conn);
            let forwarded = id.map_or(0, |id| self.socket.ways.packets(id));
            let now = self.clock.now();
            state.machine.seen_at(conn, at, forwarded, now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    //= spec/03-rendezvous.md#forwarding [RDV-33] e2a4a48e
    fn note(&mut self, event: Event, unix_now: u64) {
        match event {
            Event::Paired { helper, sharer } => {
                tracing::info!(helper = helper.0, sharer = sharer.0, "a session began");
                self.sessions.began(helper, sharer, unix_now);
                self.connect(helper, sharer);
                self.connect(sharer, helper);
            }
            Event::PeerLost { lost, peer } => {
                tracing::info!(lost = lost.0, "a session lost a connection");
                self.disconnect([Some(lost), peer]);
            }
            Event::PeerBack { before, now, peer } => {
                tracing::info!(
                    before = before.0,
                    now = now.0,
                    "a session has a connection again"
                );
                self.sessions.came_back(before, now);
                if let Some(peer) = peer {
                    self.connect(now, peer);
                    self.connect(peer, now);
                }
            }
            Event::Unpaired { ends, code } => {
                let [one, other] = ends.map(|end| end.0);
                tracing::info!(one, other, code, "a session ended");
                if load("load/sessions") {
                    return;
                }
                let record = self.sessions.ended(ends[0], code, unix_now);
                if let (Some(record), Some(journal)) = (record, &self.books.journal) {
                    journal.write(record.line());
                }
                self.disconnect(ends.map(Some));
            }
            Event::Reported { category, account } => {
                tracing::info!("a session was reported");
                let record = report::Record {
                    time: unix_now,
                    category,
                    account,
                };
                if let Some(reports) = &self.books.reports {
                    reports.write(record.line());
                }
            }
            Event::Used { conn, features } => self.sessions.used(conn, features),
            Event::Violation { conn, error } => {
                tracing::warn!(client = conn.0, %error, "a client broke the protocol");
            }
        }
    }

    /// The address of this machine that a client knows.
    fn local_ip(&self, conn: ConnId) -> Option<IpAddr> {
        self.clients.get(&conn)?.connection.local_ip()
    }

    fn disconnect(&self, ends: [Option<ConnId>; 2]) {
        for end in ends.into_iter().flatten() {
            if let Some(client) = self.clients.get(&end) {
                client.peer.send_replace(None);
            }
        }
    }

    fn connect(&self, client: ConnId, peer: ConnId) {
        if let Some(client) = self.clients.get(&client) {
            client.peer.send_replace(self.clients.get(&peer).cloned());
        }
    }
}
