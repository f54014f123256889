//! What is known of each path: its two ends, and where they have shown to be.

use alloc::collections::{BTreeMap, BTreeSet};
use core::net::SocketAddr;

use alongside_wire::path::{PathToken, RoutingId};
use rand_chacha::ChaCha20Rng;
use rand_core::RngCore as _;

use super::{ConnId, draw::Use};
use crate::time::Timestamp;

/// All paths, and those that are not open yet.
#[derive(Clone)]
pub(super) struct Paths {
    paths: BTreeMap<u64, Path>,
    by_conn: BTreeMap<ConnId, u64>,
    /// When each is to be looked at.
    due: BTreeSet<(Timestamp, u64)>,
    last: u64,
    random: ChaCha20Rng,
}

/// What two clients have asked for, or one of them so far.
#[derive(Clone)]
pub(super) struct Path {
    first: Half,
    second: Option<Half>,
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
        [now, due, until]: [Timestamp; 3],
    ) -> Option<RoutingId> {
        let half = Half {
            conn,
            id: self.routing_id(),
            proven: None,
            asked: None,
            returned: None,
            forwarded: 0,
        };
        let id = half.id;
        let theirs = self.by_conn.get(&peer).copied();
        let number = if let Some(number) = theirs {
            self.paths.get_mut(&number)?.second = Some(half);
            number
        //= PATH-7
        } else if self.paths.len() >= most {
            return None;
        } else {
            self.last += 1;
            let path = Path {
                first: half,
                second: None,
                due,
                until: Some(until),
                open: false,
                forwards: false,
                used: now,
            };
            self.paths.insert(self.last, path);
            self.due.insert((due, self.last));
            self.last
        };
        self.by_conn.insert(conn, number);
        Some(id)
    }

    /// The path of a client, and its own half.
    pub(super) fn of(&mut self, conn: ConnId) -> Option<&mut Path> {
        self.paths.get_mut(self.by_conn.get(&conn)?)
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

    /// A client of the next path that is due by now; it is due again at `again`.
    pub(super) fn take_due(&mut self, now: Timestamp, again: Timestamp) -> Option<ConnId> {
        let (due, number) = *self.due.first().filter(|(due, _)| *due <= now)?;
        self.due.remove(&(due, number));
        let path = self.paths.get_mut(&number)?;
        path.due = again;
        self.due.insert((again, number));
        Some(path.first.conn)
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    pub(super) fn token(&mut self) -> PathToken {
        let mut token = [0; 16];
        self.random.fill_bytes(&mut token);
        token
    }

    //= PATH-6
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
    //= PATH-9
    /// The connection of the client is there now. Whether it is proven to receive there.
    pub(super) fn settle(&mut self, at: SocketAddr) -> bool {
        let returned = self.returned.take();
        let shows = |(there, token, _): &(SocketAddr, PathToken, Timestamp)| {
            *there == at && returned == Some(*token)
        };
        if self.asked.as_ref().is_some_and(shows) {
            self.proven = Some(at);
            self.asked = None;
        }
        self.proven = self.proven.filter(|proven| *proven == at);
        self.proven.is_some()
    }

    //= PATH-8
    /// Whether it is to be asked, at the place where it is now, by the token that is given.
    pub(super) fn ask(
        &mut self,
        at: SocketAddr,
        token: PathToken,
        now: Timestamp,
        again_ms: u64,
    ) -> bool {
        let waits = |(there, _, when): &(SocketAddr, PathToken, Timestamp)| {
            *there == at && now < when.plus_ms(again_ms)
        };
        if self.asked.as_ref().is_some_and(waits) {
            return false;
        }
        self.asked = Some((at, token, now));
        true
    }

    /// Whether packets were forwarded to it since this was last asked.
    pub(super) fn is_used(&mut self, forwarded: u64) -> bool {
        core::mem::replace(&mut self.forwarded, forwarded) != forwarded
    }

    fn end(&self) -> Option<PathEnd> {
        Some(PathEnd {
            conn: self.conn,
            id: self.id,
            at: self.proven?,
        })
    }
}
