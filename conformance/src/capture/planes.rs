//! What is sealed in a capture, opened with its keys.

use std::collections::BTreeMap;

use alongside_state_machine::channel::{input::GrantKey, keys::Keys, media, session};
use alongside_wire::{
    Direction,
    envelope::Sealed,
    record::MediaHeader,
    session::{ControlGrant, Message},
};

/// The keys of one session, and how far each of its planes has come.
pub(super) struct Planes<'a> {
    keys: &'a [Keys],
    /// By direction and generation. A generation begins when the first of its records comes.
    records: BTreeMap<(u8, usize), session::Opener>,
    at: BTreeMap<u8, usize>,
    media: BTreeMap<(usize, u32), media::Opener>,
    grants: BTreeMap<u32, (ControlGrant, usize, Option<GrantKey>)>,
}

impl<'a> Planes<'a> {
    pub(super) const fn new(keys: &'a [Keys]) -> Self {
        Self {
            keys,
            records: BTreeMap::new(),
            at: BTreeMap::new(),
            media: BTreeMap::new(),
            grants: BTreeMap::new(),
        }
    }

    /// Whether anything can be opened at all.
    pub(super) const fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The plaintext of the next record of a direction.
    pub(super) fn record(&mut self, direction: Direction, sealed: &Sealed) -> Option<Vec<u8>> {
        let way = direction.to_wire();
        let from = self.at.get(&way).copied().unwrap_or(0);
        (from..self.keys.len()).find_map(|generation| {
            let keys = self.keys.get(generation)?;
            let opener = self.records.entry((way, generation));
            let opener = opener.or_insert_with(|| session::Opener::new(keys, direction));
            let plaintext = opener.open(keys, sealed).ok()?;
            self.at.insert(way, generation);
            Some(plaintext)
        })
    }

    /// Learns what a message says of keys to come.
    pub(super) fn learn(&mut self, message: &Message) {
        if let Message::ControlGrant(grant) = message {
            let generation = self.at.values().max().copied().unwrap_or(0);
            self.grants
                .insert(grant.grant, (grant.clone(), generation, None));
        }
    }

    /// The plaintext of a record of media.
    pub(super) fn media(&mut self, header: &MediaHeader, ciphertext: &[u8]) -> Option<Vec<u8>> {
        self.keys.iter().enumerate().find_map(|(generation, keys)| {
            let opener = self.media.entry((generation, header.epoch));
            let opener = opener.or_insert_with(|| media::Opener::new(header.epoch));
            opener.open(keys, header, ciphertext).ok()
        })
    }

    /// The plaintext of the next record of input under a grant.
    pub(super) fn input<const N: usize>(
        &mut self,
        grant: u32,
        ciphertext: &[u8],
    ) -> Option<[u8; N]> {
        let (said, generation, key) = self.grants.get_mut(&grant)?;
        let keys = self.keys.get(*generation)?;
        let key = key.get_or_insert_with(|| GrantKey::new(keys, grant, &said.secret));
        key.open(ciphertext).ok()?.to_vec().try_into().ok()
    }
}
