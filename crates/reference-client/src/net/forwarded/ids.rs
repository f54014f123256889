//! Connection ids, by which a relay knows where packets go.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alongside_state_machine::mutant;
use alongside_wire::path::{CONNECTION_ID, RoutingId};
use quinn::{ConnectionId, ConnectionIdGenerator, EndpointConfig};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};

/// The connection ids of one client.
#[derive(Clone)]
pub(in crate::net) struct Ids(Arc<Mutex<Source>>);

struct Source {
    /// The client's routing id, while it has one.
    begin: Option<RoutingId>,
    random: ChaCha20Rng,
}

impl Ids {
    /// # Errors
    /// If the system gives no random numbers.
    pub(in crate::net) fn new() -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        let source = Source {
            begin: None,
            random: ChaCha20Rng::from_seed(seed),
        };
        Ok(Self(Arc::new(Mutex::new(source))))
    }

    /// What is issued from now on begins with this, or with nothing in particular.
    pub(super) fn begin_with(&self, id: Option<RoutingId>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).begin = id;
    }

    //= spec/20-forwarded-packets.md#clients [PATH-22] dd51a26a
    /// A connection id that nobody issued, for the end with this routing id.
    pub(super) fn for_other(&self, id: RoutingId) -> ConnectionId {
        let mut source = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        source.draw(Some(id).filter(|_| !mutant::is("PATH-22/random")))
    }

    //= spec/20-forwarded-packets.md#clients [PATH-33] dd5dd6a4
    /// Whether packets with this destination id come by the routing id of this client.
    pub(super) fn is_own(&self, id: &[u8]) -> bool {
        let source = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |begin: RoutingId| id.len() == CONNECTION_ID && id.starts_with(&begin);
        source.begin.is_some_and(fits)
    }

    /// What an endpoint needs to issue them.
    pub(in crate::net) fn endpoint_config(&self) -> EndpointConfig {
        let mut config = EndpointConfig::default();
        let ids = self.clone();
        config.cid_generator(move || Box::new(Generator(ids.clone())));
        config
    }
}

impl Source {
    fn draw(&mut self, begin: Option<RoutingId>) -> ConnectionId {
        let mut bytes = [0; CONNECTION_ID];
        self.random.fill_bytes(&mut bytes);
        if let (Some(begin), Some(first)) = (begin, bytes.first_chunk_mut()) {
            *first = begin;
        }
        ConnectionId::new(&bytes)
    }
}

struct Generator(Ids);

impl ConnectionIdGenerator for Generator {
    //= spec/20-forwarded-packets.md#clients [PATH-23] 6c025647
    fn generate_cid(&mut self) -> ConnectionId {
        let mut source = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = source.begin.filter(|_| !mutant::is("PATH-23/random"));
        source.draw(begin)
    }

    fn cid_len(&self) -> usize {
        CONNECTION_ID
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    //= test spec/20-forwarded-packets.md#clients [PATH-23] 6c025647
    #[test]
    fn ids_begin_with_the_routing_id_and_never_end_alike() {
        let ids = Ids::new().unwrap();
        let mut generator = Generator(ids.clone());
        let mut seen = std::collections::BTreeSet::new();
        for begin in [None, Some([7; 8]), Some([8; 8]), None] {
            ids.begin_with(begin);
            for _ in 0..100 {
                let id = generator.generate_cid();
                assert_eq!(id.len(), generator.cid_len());
                assert_eq!(id.starts_with(&[7; 8]), begin == Some([7; 8]));
                assert_eq!(ids.is_own(&id), begin.is_some());
                assert!(seen.insert(id[8..].to_vec()));
            }
        }
        assert!(ids.for_other([9; 8]).starts_with(&[9; 8]));
        assert!(!ids.is_own(&[0; 16]));
        ids.begin_with(Some([7; 8]));
        assert!(ids.is_own(&[7; 16]) && !ids.is_own(&[7; 15]) && !ids.is_own(&[7; 17]));
        assert!(!ids.is_own(&ids.for_other([9; 8])));
    }
}
