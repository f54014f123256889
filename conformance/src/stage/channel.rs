//! The other end's keys, as the suite holds them: it seals and opens what it likes.

use std::collections::BTreeMap;

use alongside_state_machine::channel::{
    handshake::Established,
    input::GrantKey,
    keys::Keys,
    media,
    session::{Opener, Sealer},
};
use alongside_wire::{Direction, Scopes, envelope::Sealed, session::Message};

use crate::driver::Role;

/// A channel that stands.
pub struct Channel {
    /// The keys.
    pub keys: Keys,
    /// What both ends allow.
    pub ceiling: Scopes,
    /// Of the session.
    pub session_id: [u8; 16],
    /// The hash of its first handshake.
    pub transcript: [u8; 32],
    out: Direction,
    sealer: Sealer,
    opener: Opener,
    opened: u64,
    /// Of each epoch that media came in.
    pub(super) media: BTreeMap<u32, media::Opener>,
    /// Of each epoch that the suite seals in.
    pub(super) films: BTreeMap<u32, media::Sealer>,
    /// Of each grant.
    pub(super) grants: BTreeMap<u32, GrantKey>,
}

impl Channel {
    /// The channel of the end that is not under test.
    pub(super) fn opposite(target: Role, established: Established) -> Self {
        let (out, back) = match target {
            Role::Sharer => (Direction::ToSharer, Direction::ToHelper),
            Role::Helper => (Direction::ToHelper, Direction::ToSharer),
        };
        let keys = established.keys;
        Self {
            sealer: Sealer::new(&keys, out),
            opener: Opener::new(&keys, back),
            keys,
            ceiling: established.ceiling,
            session_id: established.session_id,
            transcript: established.transcript,
            out,
            opened: 0,
            media: BTreeMap::new(),
            films: BTreeMap::new(),
            grants: BTreeMap::new(),
        }
    }

    /// The same session under the keys of a reconnect: everything is counted from the beginning.
    pub(super) fn go_on(&mut self, keys: Keys) {
        let back = match self.out {
            Direction::ToSharer => Direction::ToHelper,
            Direction::ToHelper => Direction::ToSharer,
        };
        self.sealer = Sealer::new(&keys, self.out);
        self.opener = Opener::new(&keys, back);
        self.keys = keys;
        self.opened = 0;
        self.media.clear();
        self.films.clear();
        self.grants.clear();
    }

    /// The next record of the suite's end, with these messages, as the envelope for it.
    pub fn seal(&mut self, messages: &[Message]) -> Vec<u8> {
        let mut plaintext = Vec::new();
        for message in messages {
            message.encode(&mut plaintext);
        }
        self.seal_plaintext(&plaintext)
    }

    /// The same with any plaintext.
    pub fn seal_plaintext(&mut self, plaintext: &[u8]) -> Vec<u8> {
        self.sealer.seal(&self.keys, plaintext)
    }

    /// The plaintext and the number of the next record of the other end, if it is that.
    pub(super) fn open(&mut self, sealed: &Sealed) -> Option<(u64, Vec<u8>)> {
        let plaintext = self.opener.open(&self.keys, sealed).ok()?;
        self.opened += 1;
        Some((self.opened - 1, plaintext))
    }
}

/// The same once more: the suite looks at it when it is in use already.
pub(super) fn copy(established: &Established) -> Established {
    let keys = &established.keys;
    Established {
        keys: Keys::of_generation(keys.suite(), keys.generation(), keys.master()),
        ceiling: established.ceiling,
        session_id: established.session_id,
        transcript: established.transcript,
    }
}
