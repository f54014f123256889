//! Many sessions at one relay: one line of events for all, so that the order of what happens follows from the seed alone.

mod faults;
mod relay;
mod settle;

use std::{
    cell::Cell,
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use alongside_harness::{Broken, Packet, Side};
use alongside_state_machine::{
    relay::{ConnId, Relay, RelayConfig, Source},
    time::Timestamp,
};
use alongside_wire::{ErrorCode, rendezvous::Join};

use super::{chance::Chance, pair::Pair, tally::Tally};
use crate::fake;

/// How long a transport waits for an end that fell silent, in milliseconds.
const IDLE_MS: u64 = 4_000;
/// Milliseconds within which all sessions begin.
const BEGIN_MS: u64 = 60_000;

/// The kinds of connections of a pair: the helper's, the sharer's, and that of somebody else.
const KINDS: u64 = 3;

pub(super) const SIDES: [Side; 2] = [Side::Helper, Side::Sharer];

thread_local! {
    /// The pair and the step that this thread is at, for who catches its panic.
    pub(super) static AT: Cell<(usize, u64)> = const { Cell::new((0, 0)) };
}

/// What happens at some moment.
enum What {
    /// A pair begins.
    Begin(usize),
    /// A deadline of one of its ends.
    Wake(usize),
    /// One of its people does something, or something is done to it.
    Act(usize),
    /// A packet arrives that was on this connection: at the relay, or at the end.
    Packet(usize, Side, ConnId, bool, Packet),
    /// An end finds out that this connection is lost.
    Lost(usize, Side, ConnId),
    /// The relay finds out, or is told.
    Gone(ConnId, Option<ErrorCode>),
    /// A new connection stands.
    Connect(usize, Side),
    /// An end is awake again; its clock stood for so many microseconds.
    Awake(usize, Side, u64),
    /// Somebody else joins by this; by a code that was spent at this relay before, if it is known.
    Intrude(usize, Box<Join>, Option<u64>),
    /// Both ends are out.
    Out(usize),
    /// The relay is gone, and another there.
    Restart,
}

struct Event(Timestamp, u64, What);

/// A relay and the pairs at it.
pub(super) struct Town {
    relay: Relay,
    /// Which relay it is, of those that there were.
    relays: u64,
    /// What the relay did that it must not, and to which pair.
    broken: Option<(usize, Broken)>,
    now: Timestamp,
    queue: BinaryHeap<Reverse<Event>>,
    count: u64,
    /// The number of what happens.
    happening: u64,
    chance: Chance,
    pairs: Vec<Option<Pair>>,
    /// Connections that there were of each pair, by their kind.
    generations: Vec<u64>,
    pub(super) tally: Tally,
    /// The pair whose story is told, and the story.
    followed: Option<usize>,
    pub(super) story: Vec<String>,
}

impl Town {
    /// So many pairs, or one of them alone. All of it follows from `seed`.
    pub(super) fn new(
        seed: u64,
        pairs: usize,
        alone: Option<usize>,
        follow: Option<usize>,
    ) -> Self {
        fake::forget();
        let mut chance = Chance::of(seed, 0);
        let mut town = Self {
            relay: Relay::new(RelayConfig::default(), chance.seed()),
            relays: 0,
            broken: None,
            now: Timestamp::from_millis(1_000),
            queue: BinaryHeap::new(),
            count: 0,
            happening: 0,
            pairs: Vec::new(),
            generations: vec![0; pairs],
            tally: Tally::default(),
            followed: follow,
            story: Vec::new(),
            chance,
        };
        let all = (0..pairs).filter(|pair| alone.is_none_or(|alone| alone == *pair));
        town.pairs.resize_with(pairs, || None);
        for pair in all {
            // What a pair does is its own chance, whoever else is there.
            let mut own = Chance::of(seed, 1 + pair as u64);
            let begins = town.now.plus_ms(own.below(BEGIN_MS));
            let conns = SIDES.map(|side| town.conn(pair, side as u64));
            town.pairs[pair] = Some(Pair::new(own, conns, begins));
            town.later(begins, What::Begin(pair));
        }
        if town.chance.permille(200) {
            let at = town
                .now
                .plus_ms(town.chance.between(5_000, BEGIN_MS + 60_000));
            town.later(at, What::Restart);
        }
        town
    }

    /// Runs until all are done.
    ///
    /// # Errors
    /// The first property that is broken, in which pair, at which step.
    pub(super) fn run(&mut self) -> Result<(), (usize, Broken)> {
        while let Some(Reverse(Event(at, number, what))) = self.queue.pop() {
            while let Some(due) = self.relay.poll_timeout().filter(|due| *due <= at) {
                self.now = self.now.max(due);
                self.relay.handle_timeout(self.now);
                self.relay_says();
            }
            self.now = self.now.max(at);
            self.tally.steps += 1;
            let pair = what.pair();
            AT.set((pair.unwrap_or_default(), self.tally.steps));
            self.happening = number;
            self.happens(what);
            if let Some(pair) = pair {
                self.settle(pair).map_err(|broken| (pair, broken))?;
            }
            if let Some(broken) = self.broken.take() {
                return Err(broken);
            }
        }
        Ok(())
    }

    fn later(&mut self, at: Timestamp, what: What) {
        self.count += 1;
        self.queue.push(Reverse(Event(at, self.count, what)));
    }

    /// What happens now waits, and does not lose its place before what was to come after it.
    fn waits(&mut self, until: Timestamp, what: What) {
        self.queue.push(Reverse(Event(until, self.happening, what)));
    }

    fn soon(&mut self, ms: u64, what: What) {
        self.later(self.now.plus_ms(ms), what);
    }

    fn tell(&mut self, pair: usize, what: impl FnOnce() -> String) {
        if self.followed == Some(pair) {
            let (at, step) = (self.now.as_micros() as f64 / 1e6, self.tally.steps);
            self.story
                .push(format!("{at:>9.3} s, step {step}: {}", what()));
        }
    }

    /// A new connection of a pair.
    fn conn(&mut self, pair: usize, kind: u64) -> ConnId {
        self.generations[pair] += 1;
        let pairs = self.generations.len() as u64;
        ConnId((self.generations[pair] * pairs + pair as u64) * KINDS + kind)
    }

    /// The pair and the end of a connection; no end if it is somebody else's.
    fn whose(&self, conn: ConnId) -> (usize, Option<Side>) {
        let side = match conn.0 % KINDS {
            0 => Some(Side::Helper),
            1 => Some(Side::Sharer),
            _ => None,
        };
        ((conn.0 / KINDS) as usize % self.generations.len(), side)
    }

    fn pair(&mut self, pair: usize) -> Option<&mut Pair> {
        self.pairs.get_mut(pair)?.as_mut()
    }

    fn happens(&mut self, what: What) {
        let now = self.now;
        match what {
            What::Begin(pair) => {
                self.tally.sessions += 1;
                for side in SIDES {
                    self.connect(pair, side);
                }
                self.soon(0, What::Act(pair));
            }
            What::Wake(pair) => {
                if let Some(pair) = self.pair(pair) {
                    pair.wakes = None;
                    pair.time_out(now);
                }
            }
            What::Act(pair) => self.act(pair),
            What::Packet(pair, side, conn, up, packet) => {
                self.arrives(pair, side, conn, up, packet);
            }
            What::Lost(pair, side, conn) => self.finds_out(pair, side, conn),
            What::Gone(conn, code) => {
                self.relay.disconnected(conn, code, now);
                self.relay_says();
            }
            What::Connect(pair, side) => self.reconnects(pair, side),
            What::Awake(pair, side, stood) => {
                if let Some(pair) = self.pair(pair) {
                    pair.end(side).behind += stood;
                    pair.time_out(now);
                }
            }
            What::Intrude(pair, join, spent) => self.intrudes(pair, *join, spent),
            What::Out(pair) => {
                if let Some(pair) = self.pair(pair) {
                    pair.done = true;
                }
            }
            What::Restart => self.restart(),
        }
    }

    /// The connection of an end, as it is from the relay.
    fn connect(&mut self, pair: usize, side: Side) {
        let now = self.now;
        let Some(conn) = self.pair(pair).map(|pair| pair.end(side).conn) else {
            return;
        };
        let address = 0x0A00_0000 + (pair as u32) * 4 + side as u32;
        // A relay has room for all of them.
        let _ = self
            .relay
            .connected(conn, Source(address.to_be_bytes().into()), now);
        self.relay_says();
    }

    fn reconnects(&mut self, pair: usize, side: Side) {
        let now = self.now;
        let conn = self.conn(pair, side as u64);
        let Some(known) = self.pair(pair) else {
            return;
        };
        let awake = known.is_awake(side, now);
        let wants = known.wants_connection(side) && awake;
        let end = known.end(side);
        end.connecting = false;
        if !wants || end.stalled > now {
            return;
        }
        (end.conn, end.cut, end.latest) = (conn, false, Default::default());
        self.connect(pair, side);
        if let Some(pair) = self.pair(pair) {
            pair.connected(side, now);
        }
        self.tell(pair, || format!("{side:?} has a new connection"));
    }

    fn finds_out(&mut self, pair: usize, side: Side, conn: ConnId) {
        let now = self.now;
        let Some(known) = self.pair(pair) else {
            return;
        };
        let end = known.end(side);
        if end.conn != conn || end.dead {
            return;
        }
        if end.asleep > now {
            let until = end.asleep;
            self.later(until, What::Lost(pair, side, conn));
            return;
        }
        known.lost(side, now);
        self.tell(pair, || format!("{side:?} finds its connection lost"));
    }
}

impl What {
    fn pair(&self) -> Option<usize> {
        match self {
            Self::Begin(pair)
            | Self::Wake(pair)
            | Self::Act(pair)
            | Self::Packet(pair, ..)
            | Self::Lost(pair, ..)
            | Self::Connect(pair, _)
            | Self::Awake(pair, ..)
            | Self::Intrude(pair, ..)
            | Self::Out(pair) => Some(*pair),
            Self::Gone(..) | Self::Restart => None,
        }
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.1 == other.1
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}
