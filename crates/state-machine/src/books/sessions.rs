//! The sessions that are under way, and what was used in each.

use alloc::collections::BTreeMap;

use alongside_wire::{
    ErrorCode,
    journal::{Features, Record},
};

use crate::relay::ConnId;

/// The sessions under way, by both of their ends. It makes a record of each when it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sessions {
    latest: u64,
    under_way: BTreeMap<u64, Session>,
    by_end: BTreeMap<ConnId, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Session {
    helper: ConnId,
    sharer: ConnId,
    start: u64,
    features: Features,
}

impl Sessions {
    /// A session began between these two, neither of which is in another.
    pub fn began(&mut self, helper: ConnId, sharer: ConnId, now: u64) {
        self.latest += 1;
        for end in [helper, sharer] {
            self.by_end.insert(end, self.latest);
        }
        let session = Session {
            helper,
            sharer,
            start: now,
            features: Features::NONE,
        };
        self.under_way.insert(self.latest, session);
    }

    /// An end of a session came back on another connection.
    pub fn came_back(&mut self, before: ConnId, now: ConnId) {
        let Some(number) = self.by_end.remove(&before) else {
            return;
        };
        self.by_end.insert(now, number);
        if let Some(session) = self.under_way.get_mut(&number) {
            for end in [&mut session.helper, &mut session.sharer] {
                if *end == before {
                    *end = now;
                }
            }
            session.features = session.features.union(Features::RECONNECT);
        }
    }

    /// How many sessions there are now.
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Something was used in the session that this client is in.
    pub fn used(&mut self, end: ConnId, features: Features) {
        let number = self.by_end.get(&end);
        if let Some(session) = number.and_then(|number| self.under_way.get_mut(number)) {
            session.features = session.features.union(features);
        }
    }

    /// A frame stream came from this client.
    pub fn streamed(&mut self, from: ConnId) {
        let number = self.by_end.get(&from);
        if let Some(session) = number.and_then(|number| self.under_way.get_mut(number)) {
            let feature = if from == session.sharer {
                Features::FRAMES
            } else {
                Features::INPUT
            };
            session.features = session.features.union(feature);
        }
    }

    //= spec/14-operation.md#journal [JOURNAL-2] f700e39e
    /// The session that this client is in ended, with a code that a client may have made up.
    /// Returns the record of it, if there was one.
    pub fn ended(&mut self, end: ConnId, code: u16, now: u64) -> Option<Record> {
        let number = self.by_end.get(&end).copied()?;
        let session = self.under_way.remove(&number)?;
        for end in [session.helper, session.sharer] {
            self.by_end.remove(&end);
        }
        Some(Record {
            number,
            start: session.start,
            // The clock may have been set back.
            end: now.max(session.start),
            //= spec/14-operation.md#journal [JOURNAL-1] ef67a166
            error: ErrorCode::from_wire(code).unwrap_or(ErrorCode::Done),
            features: session.features,
        })
    }
}
