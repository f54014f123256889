//! How the world moves: time from one deadline to the next, packets from one end to the other.

use alongside_state_machine::{
    endpoint::{Transmit, helper, sharer},
    relay::{self, ConnId, Relay, RelayConfig, Source},
    time::Timestamp,
};

use crate::{
    network::{Packet, Way},
    world::{HELPER, SHARER, World},
};

/// How long a relay waits for a client that fell silent.
const TRANSPORT_IDLE_MS: u64 = 4_000;
/// So many things at one moment, and somebody is running in circles.
const CIRCLES: usize = 100_000;

impl World {
    /// Lets so many milliseconds pass.
    ///
    /// # Panics
    /// If a deadline stays due whatever is done, or the sharer does what it must not.
    pub fn run(&mut self, ms: u64) {
        let end = self.now.plus_ms(ms);
        let mut circles = 0;
        loop {
            self.settle();
            match self.next() {
                Some(next) if next <= end => {
                    circles = if next > self.now { 0 } else { circles + 1 };
                    assert!(
                        circles < 100,
                        "a deadline stays due: {:?}",
                        self.deadlines()
                    );
                    self.now = self.now.max(next);
                    self.time_out();
                }
                _ => break,
            }
        }
        self.now = end;
    }

    /// When the relay, the helper and the sharer want to be called.
    fn deadlines(&self) -> [Option<Timestamp>; 3] {
        let alive = |conn| !self.dead.contains(&conn);
        [
            self.relay.poll_timeout(),
            self.helper.poll_timeout().filter(|_| alive(HELPER)),
            self.sharer.poll_timeout().filter(|_| alive(SHARER)),
        ]
    }

    fn next(&self) -> Option<Timestamp> {
        let cut = self.cut.iter().map(|(_, at)| *at);
        let others = [self.network.next_at()];
        let all = self.deadlines().into_iter().chain(others).flatten();
        all.chain(cut).min()
    }

    fn time_out(&mut self) {
        let now = self.now;
        if !self.dead.contains(&HELPER) {
            self.helper.handle_timeout(now);
        }
        if !self.dead.contains(&SHARER) {
            self.sharer.handle_timeout(now);
        }
        self.relay.handle_timeout(now);
        for (conn, at) in &mut self.cut {
            if *at <= now {
                self.relay.disconnected(*conn, now);
                *at = Timestamp::from_micros(u64::MAX);
            }
        }
    }

    /// Carries everything that takes no time.
    fn settle(&mut self) {
        for _ in 0..CIRCLES {
            let sent = self.collect();
            let arrived = self.network.arrive(self.now);
            if arrived.is_none() && !sent {
                return;
            }
            if let Some((way, packet)) = arrived {
                self.deliver(way, packet);
            }
        }
        panic!("there is no end of packets at {:?}", self.now);
    }

    /// Takes from each machine what it wants; whether there was anything.
    fn collect(&mut self) -> bool {
        let mut any = false;
        while let Some(transmit) = self.helper.poll_transmit() {
            any = true;
            self.client_sent(HELPER, Way::HelperUp, transmit);
        }
        while let Some(transmit) = self.sharer.poll_transmit() {
            any = true;
            self.client_sent(SHARER, Way::SharerUp, transmit);
        }
        while let Some(transmit) = self.relay.poll_transmit() {
            any = true;
            self.relay_sent(transmit);
        }
        while self.relay.poll_event().is_some() {}
        while let Some(event) = self.helper.poll_event() {
            // The program shows each frame at once.
            if let helper::Event::Frame { id, .. } = event {
                self.helper.shown(id, self.now);
            }
            self.helper_events.push(event);
        }
        while let Some(event) = self.sharer.poll_event() {
            if let sharer::Event::Session(event) = &event
                && let Err(never) = self.monitor.see(event, self.now)
            {
                panic!("{never}");
            }
            self.sharer_events.push(event);
        }
        if let Some(keys) = self.sharer.keys() {
            self.keys = Some((keys.suite(), keys.master()));
        }
        any
    }

    fn client_sent(&mut self, conn: ConnId, way: Way, transmit: Transmit) {
        let packet = match transmit {
            Transmit::Control(bytes) => Packet::Control(bytes),
            Transmit::Stream { id, bytes, .. } => Packet::Stream { id, bytes },
            Transmit::Reset { id } => Packet::Reset { id },
            Transmit::Stop { id } => {
                // What its sender still writes goes nowhere.
                self.stopped.insert((conn, id));
                return;
            }
        };
        if let Some((_, left)) = self.muted.iter_mut().find(|(muted, _)| *muted == way) {
            if *left == 0 {
                return;
            }
            *left -= 1;
        }
        self.sent.push((way, packet.clone()));
        if !self.is_cut(conn) {
            self.send(way, packet);
        }
    }

    fn relay_sent(&mut self, transmit: relay::Transmit) {
        let (conn, packet) = match transmit {
            relay::Transmit::Control { conn, bytes } => (conn, Packet::Control(bytes)),
            relay::Transmit::Close { conn, code } => (conn, Packet::Close(code)),
            relay::Transmit::Verify {
                conn,
                attempt,
                request,
            } => {
                let result = self.prove(request.token.reveal());
                self.relay.verified(conn, attempt, result, self.now);
                return;
            }
        };
        let way = if conn == HELPER {
            Way::HelperDown
        } else {
            Way::SharerDown
        };
        if !self.is_cut(conn) {
            self.send(way, packet);
        }
    }

    pub(crate) fn send(&mut self, way: Way, packet: Packet) {
        let packets = match &mut self.tap {
            Some(tap) => tap(way, packet),
            None => vec![(way, packet)],
        };
        for (way, packet) in packets {
            if !self.network.send(way, packet, self.now) {
                self.sharer.drop_stale_frames();
            }
        }
    }

    fn deliver(&mut self, way: Way, packet: Packet) {
        let now = self.now;
        match (way, packet) {
            (Way::HelperUp, Packet::Control(bytes)) => {
                self.relay.handle_control(HELPER, &bytes, now);
            }
            (Way::SharerUp, Packet::Control(bytes)) => {
                self.relay.handle_control(SHARER, &bytes, now);
            }
            // Frame streams pass the relay's machine by, while there is a session.
            (Way::HelperUp, packet) => {
                if self.relay.peer_of(HELPER).is_some() && !self.is_cut(SHARER) {
                    self.send(Way::SharerDown, packet);
                }
            }
            (Way::SharerUp, packet) => {
                if self.relay.peer_of(SHARER).is_some() && !self.is_cut(HELPER) {
                    self.send(Way::HelperDown, packet);
                }
            }
            (Way::HelperDown, Packet::Control(bytes)) => self.helper.handle_control(&bytes, now),
            (Way::SharerDown, Packet::Control(bytes)) => self.sharer.handle_control(&bytes, now),
            (Way::HelperDown, Packet::Stream { id, bytes }) => {
                if !self.stopped.contains(&(HELPER, id)) {
                    self.helper.handle_stream(id, &bytes, false, now);
                }
            }
            (Way::SharerDown, Packet::Stream { id, bytes }) => {
                if !self.stopped.contains(&(SHARER, id)) {
                    self.sharer.handle_stream(id, &bytes, false, now);
                }
            }
            (Way::HelperDown, Packet::Reset { id }) => self.helper.handle_stream_reset(id),
            (Way::SharerDown, Packet::Reset { id }) => self.sharer.handle_stream_reset(id),
            (Way::HelperDown, Packet::Close(code)) => {
                self.helper.handle_transport_lost(Some(code), now);
            }
            (Way::SharerDown, Packet::Close(code)) => {
                self.sharer.handle_transport_lost(Some(code));
            }
        }
    }

    pub(crate) fn connect(&mut self, conn: ConnId, host: u8) {
        let source = Source([192, 0, 2, host].into());
        // A relay of the default configuration takes more connections than there are here.
        let _ = self.relay.connected(conn, source, self.now);
    }

    /// The helper is gone without a word; the relay finds out in its own time.
    pub fn kill_helper(&mut self) {
        self.dead.push(HELPER);
        self.cut(HELPER, TRANSPORT_IDLE_MS);
    }

    /// The sharer is gone without a word; the relay finds out in its own time.
    pub fn kill_sharer(&mut self) {
        self.dead.push(SHARER);
        self.cut(SHARER, TRANSPORT_IDLE_MS);
    }

    /// The helper's connection breaks, and both ends of it know at once.
    pub fn disconnect_helper(&mut self) {
        self.cut(HELPER, 0);
        self.helper.handle_transport_lost(None, self.now);
        self.run(0);
    }

    /// The sharer's connection breaks, and both ends of it know at once.
    pub fn disconnect_sharer(&mut self) {
        self.cut(SHARER, 0);
        self.sharer.handle_transport_lost(None);
        self.run(0);
    }

    /// The relay is gone without a word; each end finds out in its own time.
    pub fn kill_relay(&mut self) {
        self.cut(HELPER, TRANSPORT_IDLE_MS);
        self.cut(SHARER, TRANSPORT_IDLE_MS);
        self.relay = Relay::new(RelayConfig::default(), [0; 32]);
        self.run(TRANSPORT_IDLE_MS);
        self.helper.handle_transport_lost(None, self.now);
        self.sharer.handle_transport_lost(None);
        self.settle();
    }

    fn cut(&mut self, conn: ConnId, found_out_ms: u64) {
        self.drop_connection(conn);
        let found_out = self.now.plus_ms(found_out_ms);
        self.cut.push((conn, found_out));
    }

    pub(crate) fn drop_connection(&mut self, conn: ConnId) {
        let ways = if conn == HELPER {
            [Way::HelperUp, Way::HelperDown]
        } else {
            [Way::SharerUp, Way::SharerDown]
        };
        self.network.drop_ways(&ways);
    }

    fn is_cut(&self, conn: ConnId) -> bool {
        self.cut.iter().any(|(cut, _)| *cut == conn)
    }
}
