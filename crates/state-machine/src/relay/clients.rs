//! The clients of a relay, found by their connections.

use alloc::{boxed::Box, vec::Vec};
use core::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;

use super::{ConnId, client::Client};

/// All clients. Of thousands one is found with few steps; each is apart, so that what is searched is small.
#[derive(Clone, Default)]
pub(super) struct Clients(HashMap<ConnId, Box<Client>, BuildHasherDefault<Spread>>);

impl Clients {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn contains_key(&self, conn: &ConnId) -> bool {
        self.0.contains_key(conn)
    }

    pub(super) fn get(&self, conn: &ConnId) -> Option<&Client> {
        self.0.get(conn).map(Box::as_ref)
    }

    pub(super) fn get_mut(&mut self, conn: &ConnId) -> Option<&mut Client> {
        self.0.get_mut(conn).map(Box::as_mut)
    }

    pub(super) fn insert(&mut self, conn: ConnId, client: Client) {
        self.0.insert(conn, Box::new(client));
    }

    pub(super) fn remove(&mut self, conn: &ConnId) -> Option<Client> {
        self.0.remove(conn).map(|client| *client)
    }

    /// All of them, always in the same order.
    pub(super) fn in_order(&self) -> Vec<ConnId> {
        let mut all: Vec<_> = self.0.keys().copied().collect();
        all.sort_unstable();
        all
    }
}

/// Spreads numbers that the caller counts up. No client chooses one, so none can have them meet in one place.
#[derive(Clone, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write_u64(&mut self, number: u64) {
        // The golden ratio: numbers that follow each other differ in the lowest bits and in the highest.
        self.0 = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{relay::Source, time::Timestamp};

    #[test]
    fn each_is_found_and_in_order_until_it_is_removed() {
        let mut clients = Clients::default();
        for number in (0..1_000).rev() {
            let source = Source([192, 0, 2, 1].into());
            let client = Client::new(source, 1, Timestamp::from_millis(number));
            clients.insert(ConnId(number * 3), client);
        }
        assert_eq!(clients.len(), 1_000);
        let found = clients.get(&ConnId(30)).unwrap();
        assert_eq!(found.deadline, Timestamp::from_millis(10));
        assert!(clients.get(&ConnId(31)).is_none());
        let order = clients.in_order();
        assert!(order.is_sorted() && order.len() == 1_000);
        assert!(clients.remove(&ConnId(30)).is_some());
        assert!(!clients.contains_key(&ConnId(30)) && clients.contains_key(&ConnId(33)));
    }

    #[test]
    fn numbers_that_follow_each_other_spread() {
        let hash = |number| {
            let mut spread = Spread::default();
            spread.write_u64(number);
            spread.finish()
        };
        let mut low: Vec<_> = (0..1_024).map(|number| hash(number) % 1_024).collect();
        low.sort_unstable();
        low.dedup();
        assert_eq!(low.len(), 1_024);
        let mut high: Vec<_> = (0..1_024).map(|number| hash(number) >> 57).collect();
        high.sort_unstable();
        high.dedup();
        assert_eq!(high.len(), 128);
    }
}
