//! How the world moves: time from one deadline to the next, packets from one end to the other.

use alongside_state_machine::{
    endpoint::{Transmit, helper, sharer},
    relay::{self, ConnId, Relay, RelayConfig, Source},
    time::Timestamp,
};

use crate::{
    Broken,
    network::{Packet, Way},
    world::{Side, World},
};

/// How long a relay waits for a client that fell silent.
const TRANSPORT_IDLE_MS: u64 = 4_000;
/// How long a client takes to make a connection, if the network lets it.
const CONNECT_MS: u64 = 20;
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
        let alive = |side| !self.dead.contains(&side);
        [
            self.relay.poll_timeout(),
            self.helper.poll_timeout().filter(|_| alive(Side::Helper)),
            self.sharer.poll_timeout().filter(|_| alive(Side::Sharer)),
        ]
    }

    fn next(&self) -> Option<Timestamp> {
        let cut = self.cut.iter().map(|(_, at)| *at);
        let lines = [self.helper_line, self.sharer_line];
        let lines = lines.map(|line| [line.lost_at, line.next_at]);
        let others = [self.network.next_at()];
        let all = self.deadlines().into_iter().chain(others);
        let all = all.chain(lines.into_iter().flatten()).flatten();
        all.chain(cut).min()
    }

    fn time_out(&mut self) {
        let now = self.now;
        if !self.dead.contains(&Side::Helper) {
            self.helper.handle_timeout(now);
        }
        if !self.dead.contains(&Side::Sharer) {
            self.sharer.handle_timeout(now);
        }
        self.relay.handle_timeout(now);
        for (conn, at) in &mut self.cut {
            if *at <= now {
                self.relay.disconnected(*conn, None, now);
                *at = Timestamp::from_micros(u64::MAX);
            }
        }
        for side in Side::BOTH {
            self.keep_line(side);
        }
    }

    /// Tells an end that its connection is lost, and makes another if it wants one.
    fn keep_line(&mut self, side: Side) {
        let now = self.now;
        let line = self.line(side);
        if line.lost_at.take_if(|at| *at <= now).is_some() {
            self.tell_lost(side, None);
        }
        let line = self.line(side);
        if line.next_at.take_if(|at| *at <= now).is_some() && self.wants(side) {
            self.reconnect(side);
        }
    }

    fn wants(&self, side: Side) -> bool {
        !self.dead.contains(&side)
            && match side {
                Side::Helper => self.helper.wants_connection(),
                Side::Sharer => self.sharer.wants_connection(),
            }
    }

    fn tell_lost(&mut self, side: Side, code: Option<alongside_wire::ErrorCode>) {
        let now = self.now;
        match side {
            Side::Helper => self.helper.handle_transport_lost(code, now),
            Side::Sharer => self.sharer.handle_transport_lost(code, now),
        }
    }

    /// Makes a new connection from a new socket.
    fn reconnect(&mut self, side: Side) {
        self.drop_connection(side);
        self.last_conn += 1;
        let conn = ConnId(self.last_conn);
        let line = self.line(side);
        (line.conn, line.lost_at) = (conn, None);
        self.connect(side);
        match side {
            Side::Helper => self.helper.handle_connected(self.now),
            Side::Sharer => self.sharer.handle_connected(self.now),
        }
    }

    /// Plans a new connection for an end that wants one.
    fn plan_line(&mut self, side: Side) {
        let (now, wants) = (self.now, self.wants(side));
        let line = self.line(side);
        if wants && line.next_at.is_none() {
            line.next_at = Some(now.plus_ms(CONNECT_MS).max(line.out_until));
        }
    }

    /// Carries everything that takes no time.
    fn settle(&mut self) {
        for _ in 0..CIRCLES {
            let sent = self.collect();
            for side in Side::BOTH {
                self.plan_line(side);
            }
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
            self.client_sent(Side::Helper, transmit);
        }
        while let Some(transmit) = self.sharer.poll_transmit() {
            any = true;
            self.client_sent(Side::Sharer, transmit);
        }
        while let Some(transmit) = self.relay.poll_transmit() {
            any = true;
            self.relay_sent(transmit);
        }
        while self.relay.poll_event().is_some() {}
        while let Some(event) = self.helper.poll_event() {
            // The program shows each frame at once.
            if let helper::Event::Frame { id, .. } = event {
                self.takes_only_what_runs(id);
                self.helper.shown(id, self.now);
            }
            match event {
                helper::Event::Session(helper::SessionEvent::Path(event)) => {
                    self.path_event(Side::Helper, event);
                    any = true;
                }
                helper::Event::Session(
                    helper::SessionEvent::Frozen { .. } | helper::SessionEvent::Ended(_),
                ) => self.path_is_over(Side::Helper),
                _ => {}
            }
            self.helper_events.push(event);
        }
        while let Some(event) = self.sharer.poll_event() {
            if let sharer::Event::Session(event) = &event
                && let Err(never) = self.monitor.see(event, self.now)
            {
                self.breaks(never);
            }
            match event {
                sharer::Event::Session(sharer::SessionEvent::Path(event)) => {
                    self.path_event(Side::Sharer, event);
                    any = true;
                }
                sharer::Event::Session(
                    sharer::SessionEvent::Frozen { .. } | sharer::SessionEvent::Ended(_),
                ) => self.path_is_over(Side::Sharer),
                _ => {}
            }
            self.sharer_events.push(event);
        }
        if let Some(keys) = self.sharer.keys() {
            self.keys = Some((keys.suite(), keys.master()));
        }
        for keys in [self.helper.keys(), self.sharer.keys()] {
            let known = keys.map(|keys| (keys.suite(), keys.generation(), keys.master()));
            self.masters
                .extend(known.filter(|keys| !self.masters.contains(keys)));
        }
        any
    }

    /// A helper shows no picture of an epoch that is over or paused.
    fn takes_only_what_runs(&mut self, frame: u32) {
        let machine = self.helper.machine();
        // What came with the picture may have been its end.
        let runs = machine.regions(self.now).contains(&("epoch", "running"));
        if !runs && machine.ended().is_none() {
            let why = format!("the helper shows frame {frame}, and no epoch is running");
            self.breaks(Broken::new(4, why));
        }
    }

    fn breaks(&mut self, never: Broken) {
        match &mut self.broken {
            Some(broken) => broken.push(never),
            None => panic!("{never}"),
        }
    }

    fn client_sent(&mut self, side: Side, transmit: Transmit) {
        let [way, _] = side.ways();
        let conn = self.conn(side);
        let packet = match transmit {
            Transmit::Control(bytes) => Packet::Control(bytes),
            Transmit::Stream { id, bytes, .. } => Packet::Stream { id, bytes },
            Transmit::Reset { id } => Packet::Reset { id },
            Transmit::Stop { id } => {
                // What its sender still writes goes nowhere.
                self.stopped.insert((side, id));
                return;
            }
            Transmit::Disconnect => {
                self.drop_connection(side);
                let code = Some(alongside_wire::ErrorCode::Lost);
                self.relay.disconnected(conn, code, self.now);
                return;
            }
        };
        let packet = match side {
            Side::Sharer => self.on_its_way(packet),
            Side::Helper => packet,
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
            relay::Transmit::Issue { conn, wanted } => return self.issue(conn, &wanted),
            relay::Transmit::Look { conn } => return self.look(conn),
            relay::Transmit::Check { conn, token, .. } => return self.checked(conn, token),
            relay::Transmit::Forward { ends } => return self.forward(Some(ends)),
            relay::Transmit::Halt { .. } => return self.forward(None),
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
        let side = Side::BOTH.into_iter().find(|side| self.conn(*side) == conn);
        // What is for a connection before the latest goes nowhere.
        if let Some(side) = side
            && !self.is_cut(conn)
        {
            let [_, way] = side.ways();
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
        let (helper, sharer) = (self.helper_line.conn, self.sharer_line.conn);
        match (way, packet) {
            (Way::HelperUp, Packet::Control(bytes)) => {
                self.relay.handle_control(helper, &bytes, now);
            }
            (Way::SharerUp, Packet::Control(bytes)) => {
                self.relay.handle_control(sharer, &bytes, now);
            }
            // Frame streams pass the relay's machine by, while there is a session.
            (Way::HelperUp, packet) => {
                if self.relay.peer_of(helper).is_some() && !self.is_cut(sharer) {
                    self.send(Way::SharerDown, packet);
                }
            }
            (Way::SharerUp | Way::HelperDown, packet) if !self.comes_through(&packet) => {}
            (Way::SharerUp, packet) => {
                if self.relay.peer_of(sharer).is_some() && !self.is_cut(helper) {
                    self.send(Way::HelperDown, packet);
                }
            }
            (Way::HelperDown, Packet::Control(bytes)) => self.helper.handle_control(&bytes, now),
            (Way::SharerDown, Packet::Control(bytes)) => self.sharer.handle_control(&bytes, now),
            (Way::HelperDown, Packet::Stream { id, bytes }) => {
                if !self.stopped.contains(&(Side::Helper, id)) {
                    self.helper.handle_stream(id, &bytes, false, now);
                }
            }
            (Way::SharerDown, Packet::Stream { id, bytes }) => {
                if !self.stopped.contains(&(Side::Sharer, id)) {
                    self.sharer.handle_stream(id, &bytes, false, now);
                }
            }
            (Way::HelperDown, Packet::Reset { id }) => self.helper.handle_stream_reset(id),
            (Way::SharerDown, Packet::Reset { id }) => self.sharer.handle_stream_reset(id),
            (Way::HelperDown, Packet::Close(code)) => {
                self.helper.handle_transport_lost(Some(code), now);
            }
            (Way::SharerDown, Packet::Close(code)) => {
                self.sharer.handle_transport_lost(Some(code), now);
            }
        }
    }

    pub(crate) fn connect(&mut self, side: Side) {
        let line = *self.line(side);
        let source = Source([192, 0, 2, line.host].into());
        // A relay of the default configuration takes more connections than there are here.
        let _ = self.relay.connected(line.conn, source, self.now);
    }

    /// The helper is gone without a word; the relay finds out in its own time.
    pub fn kill_helper(&mut self) {
        self.dead.push(Side::Helper);
        self.cut(Side::Helper, TRANSPORT_IDLE_MS);
    }

    /// The sharer is gone without a word; the relay finds out in its own time.
    pub fn kill_sharer(&mut self) {
        self.dead.push(Side::Sharer);
        self.cut(Side::Sharer, TRANSPORT_IDLE_MS);
    }

    /// The helper's connection breaks, and both ends of it know at once.
    pub fn disconnect_helper(&mut self) {
        self.disconnect(Side::Helper);
    }

    /// The sharer's connection breaks, and both ends of it know at once.
    pub fn disconnect_sharer(&mut self) {
        self.disconnect(Side::Sharer);
    }

    /// The connection of an end breaks, and both ends of it know at once.
    pub fn disconnect(&mut self, side: Side) {
        self.cut(side, 0);
        self.tell_lost(side, None);
        self.run(0);
    }

    /// Nothing gets through to an end, or from it, for so many milliseconds: 4,000 or more, so that
    /// the connection is lost. It finds out when the relay does.
    pub fn outage(&mut self, side: Side, ms: u64) {
        let found_out = self.now.plus_ms(TRANSPORT_IDLE_MS);
        let over = self.now.plus_ms(ms);
        self.cut(side, TRANSPORT_IDLE_MS);
        let line = self.line(side);
        line.lost_at = Some(found_out);
        line.out_until = over;
    }

    /// The relay is gone without a word, and another is in its place; each end finds out in its own
    /// time.
    pub fn kill_relay(&mut self) {
        for side in Side::BOTH {
            self.cut(side, TRANSPORT_IDLE_MS);
        }
        self.relay = Relay::new(RelayConfig::default(), [0; 32]);
        self.forward(None);
        self.run(TRANSPORT_IDLE_MS);
        for side in Side::BOTH {
            self.tell_lost(side, None);
        }
        self.run(CONNECT_MS);
    }

    fn cut(&mut self, side: Side, found_out_ms: u64) {
        self.drop_connection(side);
        let found_out = self.now.plus_ms(found_out_ms);
        let conn = self.conn(side);
        self.cut.push((conn, found_out));
    }

    pub(crate) fn drop_connection(&mut self, side: Side) {
        self.network.drop_ways(&side.ways());
        self.stopped.retain(|(of, _)| *of != side);
    }

    pub(crate) fn is_cut(&self, conn: ConnId) -> bool {
        self.cut.iter().any(|(cut, _)| *cut == conn)
    }
}
