//! Where packets of paths go.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use alongside_state_machine::{mutant, relay::PathEnd};
use alongside_wire::path::{RoutingId, routing_id};

/// The open ways, by what packets are known by.
///
/// Who receives looks at one table for all that it has received, and holds no lock meanwhile. A packet that was
/// received before its way was closed may still go.
#[derive(Default)]
pub(crate) struct Ways(RwLock<Arc<Table>>);

pub(super) type Table = BTreeMap<RoutingId, Arc<Way>>;

/// Where an end is, and the address of this machine that it knows.
pub(super) type To = (SocketAddr, Option<IpAddr>);

/// The way to one end of a path.
pub(super) struct Way {
    /// Where the other end is, and nobody else may send from.
    from: SocketAddr,
    pub(super) to: To,
    /// Bytes in a second; 0 for as many as come.
    rate: usize,
    spent: Mutex<Spent>,
    packets: AtomicU64,
    /// The system has refused packets together.
    alone: AtomicBool,
}

/// Bytes that were forwarded; as many as there may be in a second are forgotten in a second.
struct Spent {
    bytes: f64,
    at: Instant,
}

impl Ways {
    /// Bytes of one path: two ways, each with its counters, and with its entry in the table and in the copy that is
    /// being looked at. The nodes of a table are less than half full at worst.
    pub(crate) const OF_PATH: usize = 2
        * (size_of::<Way>() + 2 * size_of::<usize>() + 2 * 3 * size_of::<(RoutingId, Arc<Way>)>());

    /// Packets go between these two from now on. Each end comes with the address of this machine that it knows.
    pub(crate) fn open(&self, ends: [(PathEnd, Option<IpAddr>); 2], rate: usize, now: Instant) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let table = Arc::make_mut(&mut table);
        let [one, other] = ends;
        for ((from, _), (to, by)) in [(one, other), (other, one)] {
            let way = Way {
                from: from.at,
                to: (to.at, by),
                rate,
                spent: Mutex::new(Spent {
                    bytes: 0.0,
                    at: now,
                }),
                packets: AtomicU64::new(0),
                alone: AtomicBool::new(false),
            };
            table.insert(to.id, Arc::new(way));
        }
    }

    /// Packets with these ids go nowhere any more.
    pub(crate) fn close(&self, ids: [RoutingId; 2]) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let table = Arc::make_mut(&mut table);
        for id in ids {
            table.remove(&id);
        }
    }

    /// How many packets were forwarded with this id since its way was opened.
    pub(crate) fn packets(&self, id: &RoutingId) -> u64 {
        let table = self.look();
        let way = table.get(id);
        way.map_or(0, |way| way.packets.load(Ordering::Relaxed))
    }

    pub(super) fn look(&self) -> Arc<Table> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

//= spec/20-forwarded-packets.md#relay [PATH-11] 2055a404
/// The way of a datagram that came from there, if it is of a path.
pub(super) fn way<'a>(table: &'a Table, datagram: &[u8], from: SocketAddr) -> Option<&'a Arc<Way>> {
    let way = table.get(&routing_id(datagram)?)?;
    (way.from == from || mutant::is("PATH-11/anywhere")).then_some(way)
}

impl Way {
    //= spec/20-forwarded-packets.md#relay [PATH-14] d66f084e
    /// Whether a packet of so many bytes may be forwarded now; if so, it counts.
    pub(super) fn takes(&self, bytes: usize, now: Instant) -> bool {
        if self.rate > 0 && !mutant::is("PATH-14/more") {
            let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
            let passed = now.saturating_duration_since(spent.at).as_secs_f64();
            let left = (spent.bytes - passed * self.rate as f64).max(0.0) + bytes as f64;
            if left > self.rate as f64 {
                return false;
            }
            *spent = Spent {
                bytes: left,
                at: now,
            };
        }
        self.packets.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Packets go this way one by one from now on: another batch would cost a call of the system for nothing.
    pub(super) fn set_alone(&self) {
        self.alone.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_alone(&self) -> bool {
        self.alone.load(Ordering::Relaxed)
    }
}
