//! What is known of each path: its two ends, and where they have shown to be.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};
use core::net::SocketAddr;

use alongside_wire::path::{PathToken, RoutingId};
use rand_chacha::ChaCha20Rng;
use rand_core::RngCore as _;

use super::{ConnId, draw::Use};
use crate::{mutant, time::Timestamp};

/// All paths, and those that are not open yet.
#[derive(Clone)]
pub(super) struct Paths {
    paths: BTreeMap<u64, Path>,
    by_conn: BTreeMap<ConnId, u64>,
    /// When each is to be looked at.
    due: BTreeSet<(Timestamp, u64)>,
    last: u64,
    /// What each connection did of late, whatever became of the paths that it was for.
    late: BTreeMap<ConnId, Late>,
    random: ChaCha20Rng,
}

/// Checks for one connection within the time of an attempt, as many as one takes, and requests of it.
const CHECKS: usize = 5;
const REQUESTS: usize = 5;
/// Proofs of one connection within a second.
const PROOFS: usize = 10;

/// The latest times of what has a bound.
#[derive(Clone, Default)]
struct Late {
    checks: Times<CHECKS>,
    requests: Times<REQUESTS>,
    proofs: Times<PROOFS>,
}

/// The latest so many times of something.
#[derive(Clone, Default)]
struct Times<const MOST: usize>(VecDeque<Timestamp>);

impl<const MOST: usize> Times<MOST> {
    /// From when it may be done again, if it may be so often within `ms`.
    fn from(&self, ms: u64) -> Timestamp {
        let first = self.0.front().filter(|_| self.0.len() == MOST);
        first.map_or(Timestamp::default(), |at| at.plus_ms(ms))
    }

    /// It is done now.
    fn note(&mut self, now: Timestamp) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }

    /// Whether it may be done now; if so, it is.
    fn takes(&mut self, ms: u64, now: Timestamp) -> bool {
        let may = self.from(ms) <= now;
        if may {
            self.note(now);
        }
        may
    }
}

/// What two clients have asked for, or one of them so far.
#[derive(Clone)]
pub(super) struct Path {
    first: Half,
    second: Option<Half>,
    /// When it is to be looked at next.
    due: Timestamp,
    /// When it is given up if it is not proven at both ends by then.
    pub(super) until: Option<Timestamp>,
    /// Both ends were told that it is open.
    pub(super) open: bool,
    /// Packets go to and fro.
    pub(super) forwards: bool,
    /// When a packet was last seen to have been forwarded.
    pub(super) used: Timestamp,
}

/// One end of a path, as far as it is known.
#[derive(Clone)]
pub(super) struct Half {
    conn: ConnId,
    id: RoutingId,
    /// Where it has shown that it receives.
    proven: Option<SocketAddr>,
    /// Where it was last asked to show that, with what, and when.
    asked: Option<(SocketAddr, PathToken, Timestamp)>,
    /// What it returned. Whether that shows something depends on where it is.
    pub(super) returned: Option<PathToken>,
    /// How many packets were forwarded to it.
    forwarded: u64,
    /// When it was last looked where it is.
    looked: Timestamp,
    /// Before this it is not asked.
    ask_from: Timestamp,
}

/// How long what takes.
#[derive(Clone, Copy)]
pub(super) struct Waits {
    pub(super) check_ms: u64,
    pub(super) attempt_ms: u64,
    pub(super) idle_ms: u64,
}

/// One end of a path between which packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PathEnd {
    /// The connection of the client.
    pub conn: ConnId,
    /// What packets to it are known by.
    pub id: RoutingId,
    /// Where it receives, and sends from.
    pub at: SocketAddr,
}

impl Paths {
    pub(super) fn new(seed: &[u8; 32]) -> Self {
        Self {
            paths: BTreeMap::new(),
            by_conn: BTreeMap::new(),
            due: BTreeSet::new(),
            last: 0,
            late: BTreeMap::new(),
            random: Use::Paths.generator(seed),
        }
    }

    /// A client without a path asks for one to its peer. It gets a routing id, unless there are as many paths
    /// as there may be.
    pub(super) fn ask(
        &mut self,
        conn: ConnId,
        peer: ConnId,
        most: usize,
        times: Waits,
        now: Timestamp,
    ) -> Option<RoutingId> {
        let half = Half {
            conn,
            id: self.routing_id(),
            proven: None,
            asked: None,
            returned: None,
            forwarded: 0,
            looked: now,
            ask_from: now,
        };
        let id = half.id;
        let theirs = self.by_conn.get(&peer).copied();
        let number = if let Some(number) = theirs {
            self.paths.get_mut(&number)?.second = Some(half);
            number
        //= spec/20-forwarded-packets.md#relay [PATH-7] 0c476cc5
        } else if self.paths.len() >= most {
            return None;
        } else {
            self.last += 1;
            let until = now.plus_ms(times.attempt_ms);
            let path = Path {
                first: half,
                second: None,
                due: until,
                until: Some(until),
                open: false,
                forwards: false,
                used: now,
            };
            self.paths.insert(self.last, path);
            self.due.insert((until, self.last));
            self.last
        };
        self.by_conn.insert(conn, number);
        self.plan(conn, times);
        Some(id)
    }

    /// Sees to it that the path of a client is looked at when there is something to do.
    pub(super) fn plan(&mut self, conn: ConnId, times: Waits) {
        let Some(number) = self.by_conn.get(&conn) else {
            return;
        };
        if let Some(path) = self.paths.get_mut(number) {
            self.due.remove(&(path.due, *number));
            path.due = path.next(times);
            self.due.insert((path.due, *number));
        }
    }

    /// The path of a client.
    pub(super) fn of(&mut self, conn: ConnId) -> Option<&mut Path> {
        self.paths.get_mut(self.by_conn.get(&conn)?)
    }

    /// A connection can be sent a check from then on.
    pub(super) fn check_from(&self, conn: ConnId, attempt_ms: u64) -> Timestamp {
        let late = self.late.get(&conn);
        late.map_or(Timestamp::default(), |late| late.checks.from(attempt_ms))
    }

    /// A connection is sent a check.
    pub(super) fn was_checked(&mut self, conn: ConnId, now: Timestamp) {
        self.late.entry(conn).or_default().checks.note(now);
    }

    /// Whether a connection may ask for a path now.
    pub(super) fn may_ask(&mut self, conn: ConnId, attempt_ms: u64, now: Timestamp) -> bool {
        let late = self.late.entry(conn).or_default();
        late.requests.takes(attempt_ms, now)
    }

    /// Whether a token of a connection is looked at now.
    pub(super) fn may_prove(&mut self, conn: ConnId, now: Timestamp) -> bool {
        let late = self.late.entry(conn).or_default();
        late.proofs.takes(1_000, now)
    }

    /// A connection is gone.
    pub(super) fn forget(&mut self, conn: ConnId) {
        self.late.remove(&conn);
    }

    /// Forgets the path of a client.
    pub(super) fn remove(&mut self, conn: ConnId) -> Option<Path> {
        let number = *self.by_conn.get(&conn)?;
        let path = self.paths.remove(&number)?;
        self.due.remove(&(path.due, number));
        for conn in path.conns() {
            self.by_conn.remove(&conn);
        }
        Some(path)
    }

    /// A client of each path that is due by now; unless it is planned anew, it is due again at `again`.
    pub(super) fn take_due(&mut self, now: Timestamp, again: Timestamp) -> Vec<ConnId> {
        let due = self.due.iter().take_while(|(due, _)| *due <= now);
        let due: Vec<_> = due.copied().collect();
        let mut conns = Vec::new();
        for (due, number) in due {
            self.due.remove(&(due, number));
            if let Some(path) = self.paths.get_mut(&number) {
                path.due = again;
                self.due.insert((again, number));
                conns.push(path.first.conn);
            }
        }
        conns
    }

    /// How far a client is with its path, as `spec/tables` has it.
    pub(super) fn state_of(&self, conn: ConnId) -> &'static str {
        let path = self.by_conn.get(&conn);
        let path = path.and_then(|number| self.paths.get(number));
        let half = path.and_then(|path| path.halves().find(|half| half.conn == conn));
        match half.map(|half| half.proven) {
            None => "none",
            Some(None) => "asked",
            Some(Some(_)) => "shown",
        }
    }

    /// Whether packets go to and from a client.
    pub(super) fn packets_of(&self, conn: ConnId) -> &'static str {
        let path = self.by_conn.get(&conn);
        match path.and_then(|number| self.paths.get(number)) {
            Some(path) if path.forwards => "go",
            Some(path) if path.open => "stopped",
            _ => "none",
        }
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    pub(super) fn token(&mut self) -> PathToken {
        let mut token = [0; 16];
        self.random.fill_bytes(&mut token);
        token
    }

    //= spec/20-forwarded-packets.md#relay [PATH-6] a7835f69
    /// No end has the one with all zeros; that two draw the same is nothing that happens.
    fn routing_id(&mut self) -> RoutingId {
        let mut id = [0; 8];
        while id == [0; 8] {
            self.random.fill_bytes(&mut id);
        }
        id
    }
}

impl Path {
    /// Who has asked for it.
    pub(super) fn conns(&self) -> impl Iterator<Item = ConnId> + use<> {
        let second = self.second.as_ref().map(|half| half.conn);
        [Some(self.first.conn), second].into_iter().flatten()
    }

    fn halves(&self) -> impl Iterator<Item = &Half> {
        [Some(&self.first), self.second.as_ref()]
            .into_iter()
            .flatten()
    }

    fn next(&self, times: Waits) -> Timestamp {
        let halves = self.halves().map(|half| half.next(times.check_ms));
        let idle = self.forwards.then(|| self.used.plus_ms(times.idle_ms));
        let next = halves.chain(self.until).chain(idle).min();
        next.unwrap_or(self.due)
    }

    /// Whether nothing was forwarded for so long, by what was seen at both ends after that time.
    pub(super) fn is_idle(&self, idle_ms: u64) -> bool {
        let until = self.used.plus_ms(idle_ms);
        self.forwards && self.halves().all(|half| until <= half.looked)
    }

    pub(super) fn half(&mut self, conn: ConnId) -> Option<&mut Half> {
        let second = self.second.as_mut();
        let halves = [Some(&mut self.first), second];
        let mut halves = halves.into_iter().flatten();
        halves.find(|half| half.conn == conn)
    }

    /// Both ends, if each has shown where it is.
    pub(super) fn proven(&self) -> Option<[PathEnd; 2]> {
        Some([self.first.end()?, self.second.as_ref()?.end()?])
    }

    /// What its packets are known by, if there are two ends.
    pub(super) fn ids(&self) -> Option<[RoutingId; 2]> {
        Some([self.first.id, self.second.as_ref()?.id])
    }
}

impl Half {
    //= spec/20-forwarded-packets.md#relay [PATH-9] de253777
    /// The connection of the client is there now. Whether it is proven to receive there.
    pub(super) fn settle(&mut self, at: SocketAddr) -> bool {
        let returned = self.returned.take();
        let shows = |(there, token, _): &(SocketAddr, PathToken, Timestamp)| {
            let any = mutant::is("PATH-9/any") && returned.is_some();
            *there == at && returned == Some(*token) || any
        };
        if self.asked.as_ref().is_some_and(shows) {
            self.proven = Some(at);
            self.asked = None;
        }
        let stays = |proven: &SocketAddr| *proven == at || mutant::is("PATH-15/stays");
        self.proven = self.proven.filter(stays);
        self.proven.is_some()
    }

    //= spec/20-forwarded-packets.md#relay [PATH-8] 7261cc93
    /// Whether it is to be asked, at the place where it is now, by the token that is given.
    pub(super) fn ask(
        &mut self,
        at: SocketAddr,
        token: PathToken,
        now: Timestamp,
        again_ms: u64,
        from: Timestamp,
    ) -> bool {
        let waits = |(there, _, when): &(SocketAddr, PathToken, Timestamp)| {
            *there == at && now < when.plus_ms(again_ms)
        };
        if self.asked.as_ref().is_some_and(waits) {
            return false;
        }
        //= spec/20-forwarded-packets.md#relay [PATH-35] 48b5a9c0
        if now < from && !mutant::is("PATH-35/each") {
            self.ask_from = from;
            return false;
        }
        let first = self.asked.is_none();
        self.asked = Some((at, token, now));
        first || !mutant::is("PATH-8/once")
    }

    /// It was looked at now. Whether packets were forwarded to it since it was looked at before.
    pub(super) fn is_used(&mut self, forwarded: u64, now: Timestamp) -> bool {
        self.looked = now;
        core::mem::replace(&mut self.forwarded, forwarded) != forwarded
    }

    /// When it is to be asked again, or to be looked where it is.
    fn next(&self, check_ms: u64) -> Timestamp {
        let asked = self.asked.as_ref().map(|(_, _, when)| *when);
        if self.proven.is_none() && self.ask_from > self.looked {
            return self.ask_from;
        }
        asked.unwrap_or(self.looked).plus_ms(check_ms)
    }

    fn end(&self) -> Option<PathEnd> {
        let asked = self.asked.filter(|_| mutant::is("PATH-9/unshown"));
        let unshown = asked.map(|(at, ..)| at);
        Some(PathEnd {
            conn: self.conn,
            id: self.id,
            at: self.proven.or(unshown)?,
        })
    }
}
