//! The two places of each session, who has them, and the tokens that bring somebody back.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore as _;
use sha2::{Digest, Sha256};

use super::{ConnId, client::Ends, draw::Use};
use crate::time::Timestamp;

/// What a client shows to have its place again.
pub(super) type Token = [u8; 32];
/// All that is kept of one.
type Hash = [u8; 32];
/// One of the two ends of a session.
type Seat = (u64, usize);

/// The places of all sessions.
#[derive(Clone)]
pub(super) struct Places {
    rng: ChaCha20Rng,
    next: u64,
    sessions: BTreeMap<u64, Session>,
    by_conn: BTreeMap<ConnId, Seat>,
    by_token: BTreeMap<Hash, Seat>,
    /// The places whose connection is lost, by the end of their time.
    held: BTreeSet<(Timestamp, Seat)>,
}

#[derive(Clone)]
struct Session {
    ends: [End; 2],
    /// The helper's account, for reports.
    helped_by: Arc<str>,
}

#[derive(Clone, Copy)]
struct End {
    token: Hash,
    /// Who has the place, or had it last.
    conn: ConnId,
    /// Until when it is held, if its connection is lost.
    held: Option<Timestamp>,
    /// When the session ends for this end, whoever has the place.
    until: Ends,
}

/// A session that is over: who had its places, and whether they still do.
pub(super) struct Over {
    pub(super) ends: [ConnId; 2],
    pub(super) present: Vec<ConnId>,
}

/// A place that somebody took.
pub(super) struct Taken {
    /// Who had it before.
    pub(super) before: ConnId,
    /// Who has the other place, unless that is held.
    pub(super) peer: Option<ConnId>,
    /// When the session ends by itself.
    pub(super) until: Ends,
    /// The helper's account, for reports.
    pub(super) helped_by: Arc<str>,
}

impl Places {
    pub(super) fn new(seed: &[u8; 32]) -> Self {
        Self {
            rng: Use::Places.generator(seed),
            next: 0,
            sessions: BTreeMap::new(),
            by_conn: BTreeMap::new(),
            by_token: BTreeMap::new(),
            held: BTreeSet::new(),
        }
    }

    //= spec/03-rendezvous.md#hold [HOLD-1] 8d555ccf
    /// A session of these two, helper first; the token of each.
    pub(super) fn begin(
        &mut self,
        ends: [ConnId; 2],
        until: Ends,
        helped_by: Arc<str>,
    ) -> [Token; 2] {
        self.next += 1;
        let tokens = ends.map(|_| {
            let mut token = [0; 32];
            self.rng.fill_bytes(&mut token);
            token
        });
        let [helper, sharer] = ends;
        let [helpers, sharers] = tokens;
        let end = |conn, token| End {
            token: hash(token),
            conn,
            held: None,
            until,
        };
        let ends = [end(helper, &helpers), end(sharer, &sharers)];
        for (side, end) in ends.iter().enumerate() {
            self.by_conn.insert(end.conn, (self.next, side));
            self.by_token.insert(end.token, (self.next, side));
        }
        self.sessions.insert(self.next, Session { ends, helped_by });
        tokens
    }

    /// Whether the place of the helper, and that of the sharer, is held in the session of this token.
    pub(super) fn held_of(&self, token: &Token) -> Option<[bool; 2]> {
        let (session, _) = self.by_token.get(&hash(token))?;
        let ends = self.sessions.get(session)?.ends;
        Some([0, 1].map(|side: usize| ends[side].held.is_some()))
    }

    /// How many places are held.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// When the first place is given up.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.held.first().map(|(until, _)| *until)
    }

    /// Holds the place of a lost connection until then.
    pub(super) fn hold(&mut self, conn: ConnId, until: Timestamp) {
        let Some(place) = self.by_conn.remove(&conn) else {
            return;
        };
        if let Some(end) = self.end_mut(place) {
            end.held = Some(until);
            self.held.insert((until, place));
        }
    }

    /// Who has the place of this token, if it is not held.
    pub(super) fn owner(&self, token: &Token) -> Option<ConnId> {
        let place = self.by_token.get(&hash(token))?;
        let end = self.end(*place)?;
        end.held.is_none().then_some(end.conn)
    }

    /// Gives the place of this token, which is held, to another connection.
    pub(super) fn take(&mut self, token: &Token, conn: ConnId) -> Option<Taken> {
        let place = *self.by_token.get(&hash(token))?;
        let end = self.end_mut(place)?;
        let (before, until) = (end.conn, end.until);
        end.conn = conn;
        if let Some(until) = end.held.take() {
            self.held.remove(&(until, place));
        }
        self.by_conn.insert(conn, place);
        let other = *self.end((place.0, 1 - place.1))?;
        let helped_by = self.sessions.get(&place.0)?.helped_by.clone();
        Some(Taken {
            before,
            peer: other.held.is_none().then_some(other.conn),
            until,
            helped_by,
        })
    }

    /// Ends the session of a connection.
    pub(super) fn end_of(&mut self, conn: ConnId) -> Option<Over> {
        let (session, _) = *self.by_conn.get(&conn)?;
        self.remove(session)
    }

    /// Ends the first session of which a place was held until now.
    pub(super) fn end_due(&mut self, now: Timestamp) -> Option<Over> {
        let (until, (session, _)) = *self.held.first()?;
        (until <= now).then(|| self.remove(session)).flatten()
    }

    //= spec/03-rendezvous.md#hold [HOLD-2] cde0b8a7
    fn remove(&mut self, session: u64) -> Option<Over> {
        let Session { ends, .. } = self.sessions.remove(&session)?;
        let mut present = Vec::new();
        for (side, end) in ends.iter().enumerate() {
            self.by_token.remove(&end.token);
            match end.held {
                Some(until) => {
                    self.held.remove(&(until, (session, side)));
                }
                None => {
                    self.by_conn.remove(&end.conn);
                    present.push(end.conn);
                }
            }
        }
        let ends = ends.map(|end| end.conn);
        Some(Over { ends, present })
    }

    fn end(&self, (session, side): Seat) -> Option<&End> {
        self.sessions.get(&session)?.ends.get(side)
    }

    fn end_mut(&mut self, (session, side): Seat) -> Option<&mut End> {
        self.sessions.get_mut(&session)?.ends.get_mut(side)
    }
}

fn hash(token: &Token) -> Hash {
    Sha256::digest(token).into()
}
