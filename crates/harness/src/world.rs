//! Both ends and the relay, and time between them.

use alongside_state_machine::{
    channel::keys::Keys,
    endpoint::{
        Config, Transmit,
        helper::{self, HelperEndpoint},
        sharer::{self, SharerEndpoint},
        spent::SpentLocators,
    },
    error::Misuse,
    relay::{self, ConnId, Relay, RelayConfig, Source},
    time::Timestamp,
};
use alongside_wire::{
    Codec, ErrorCode, Scopes, Suite,
    code::Code,
    media::{Frame, Tile},
    session::DisplayInfo,
};

use crate::network::{Conditions, Network, Packet, Way};

/// Sees each packet as it is sent, and says what is sent in its place.
pub type Tap = Box<dyn FnMut(Way, Packet) -> Vec<(Way, Packet)>>;

const HELPER: ConnId = ConnId(1);
const SHARER: ConnId = ConnId(2);
/// How long a relay waits for a client that fell silent.
const TRANSPORT_IDLE_MS: u64 = 4_000;

/// One helper, one sharer, one relay.
pub struct World {
    /// The helper.
    pub helper: HelperEndpoint,
    /// The sharer.
    pub sharer: SharerEndpoint,
    /// The relay.
    pub relay: Relay,
    /// What the sharer's program remembers of codes.
    pub spent: SpentLocators,
    /// Now.
    pub now: Timestamp,
    /// Everything that the helper was told.
    pub helper_events: Vec<helper::Event>,
    /// Everything that the sharer was told.
    pub sharer_events: Vec<sharer::Event>,
    /// Everything that either end sent, before the tap.
    pub sent: Vec<(Way, Packet)>,
    /// Suite and master key of the session, once there is one.
    pub keys: Option<(Suite, [u8; 32])>,
    network: Network,
    tap: Option<Tap>,
    /// Connections that carry nothing any more, and when the relay finds out.
    cut: Vec<(ConnId, Timestamp)>,
    /// Clients that do nothing any more.
    dead: Vec<ConnId>,
    /// Ends whose own words are not sent any more, once so many packets more were.
    muted: Vec<(Way, usize)>,
}

impl World {
    /// A world on a network where nothing takes time.
    pub fn new(seed: u64) -> Self {
        Self::with(
            seed,
            Conditions::INSTANT,
            Config::default(),
            Config::default(),
        )
    }

    /// A world of these conditions and configurations. Both clients are connected.
    pub fn with(seed: u64, conditions: Conditions, helper: Config, sharer: Config) -> Self {
        let bytes = |kind: u8| {
            let mut bytes = [kind; 32];
            bytes[..8].copy_from_slice(&seed.to_be_bytes());
            bytes
        };
        let now = Timestamp::from_millis(1_000);
        let mut relay = Relay::new(RelayConfig::default(), bytes(3));
        for (conn, host) in [(HELPER, 1), (SHARER, 2)] {
            // A relay of the default configuration takes two connections.
            let _ = relay.connected(conn, Source([192, 0, 2, host].into()), now);
        }
        Self {
            helper: HelperEndpoint::new("Ada", helper, bytes(1)),
            sharer: SharerEndpoint::new(sharer, bytes(2)),
            relay,
            spent: SpentLocators::default(),
            now,
            helper_events: Vec::new(),
            sharer_events: Vec::new(),
            sent: Vec::new(),
            keys: None,
            network: Network::new(seed, conditions),
            tap: None,
            cut: Vec::new(),
            dead: Vec::new(),
            muted: Vec::new(),
        }
    }

    /// Puts a tap on every way.
    pub fn tap(&mut self, tap: impl FnMut(Way, Packet) -> Vec<(Way, Packet)> + 'static) {
        self.tap = Some(Box::new(tap));
    }

    /// Takes the tap away.
    pub fn untap(&mut self) {
        self.tap = None;
    }

    /// The network from now on.
    pub fn conditions(&mut self, conditions: Conditions) {
        self.network.conditions = conditions;
    }

    /// Sends a packet that nobody in this world made.
    pub fn inject(&mut self, way: Way, packet: Packet) {
        self.network.send(way, packet, self.now);
    }

    /// Lets so many milliseconds pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.now.plus_ms(ms);
        loop {
            self.settle();
            let alive = |conn| !self.dead.contains(&conn);
            let clients = [
                self.helper.poll_timeout().filter(|_| alive(HELPER)),
                self.sharer.poll_timeout().filter(|_| alive(SHARER)),
            ];
            let cut = self.cut.iter().map(|(_, at)| *at);
            let next = [self.relay.poll_timeout(), self.network.next_at()]
                .into_iter()
                .chain(clients)
                .flatten()
                .chain(cut)
                .min();
            match next {
                Some(next) if next <= end => {
                    self.now = self.now.max(next);
                    self.time_out();
                }
                _ => break,
            }
        }
        self.now = end;
    }

    /// Runs until `done`, but no longer than a minute.
    ///
    /// # Panics
    /// If it is not done by then.
    pub fn run_until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        for _ in 0..60_000 {
            if done(self) {
                return;
            }
            self.run(1);
        }
        panic!(
            "waited in vain: {what}; {:?} {:?}",
            self.helper_events, self.sharer_events
        );
    }

    /// The helper gets a code.
    ///
    /// # Panics
    /// If there is none within a minute.
    pub fn code(&mut self) -> Code {
        let before = self.codes();
        let _ = self.helper.request_code(self.now);
        self.run_until("a code", |world| world.codes() > before);
        let code = self
            .helper_events
            .iter()
            .rev()
            .find_map(|event| match event {
                helper::Event::Code { code, .. } => Some(*code),
                _ => None,
            });
        code.unwrap_or_else(|| unreachable!("it was counted"))
    }

    fn codes(&self) -> usize {
        let code = |event: &&helper::Event| matches!(event, helper::Event::Code { .. });
        self.helper_events.iter().filter(code).count()
    }

    /// The sharer joins by it, and is asked.
    pub fn join(&mut self, code: Code) {
        let _ = self.sharer.join(code, "relay", &mut self.spent, self.now);
    }

    /// Code, join, and the question to the sharer's person.
    pub fn asked(&mut self) {
        let code = self.code();
        self.join(code);
        self.run_until("the question", |world| {
            world.was_told(|event| matches!(event, sharer::SessionEvent::ConsentAsked { .. }))
        });
    }

    /// All that, and consent; frames may be sent.
    pub fn viewing(&mut self) {
        self.asked();
        let displays = vec![DisplayInfo {
            id: 0,
            width: 8,
            height: 8,
        }];
        let _ = self.sharer.consent(true, displays, self.now);
        self.run_until("leave to send frames", |world| {
            world.sharer.may_send_frame()
        });
    }

    /// All that, a frame that was shown, and control.
    pub fn controlled(&mut self) {
        self.viewing();
        self.frame(true);
        self.run_until("the frame", |world| world.frames() > 0);
        self.run(6_000);
        self.regain_control();
    }

    /// Asks for control, waits for the guard to pass, allows it.
    pub fn regain_control(&mut self) {
        let grants = self.grants();
        let _ = self.helper.request_control(Scopes::CONTROL, self.now);
        self.run(2_000);
        let _ = self.allow(Scopes::CONTROL);
        self.run_until("control", |world| world.grants() > grants);
    }

    /// The sharer's person allows control, and repeats the number that they see.
    ///
    /// # Errors
    /// As the sharer's endpoint says.
    pub fn allow(&mut self, scopes: Scopes) -> Result<(), Misuse> {
        let shown = self.sharer_events.iter().rev();
        let shown = shown.take_while(|event| {
            !matches!(
                event,
                sharer::Event::Session(sharer::SessionEvent::ControlAsked { .. })
            )
        });
        let number = shown.fold(None, |found, event| match event {
            sharer::Event::Number(number) => Some(*number),
            _ => found,
        });
        self.sharer.allow_control(scopes, number, self.now)
    }

    fn grants(&self) -> usize {
        let granted = |event: &&helper::Event| {
            matches!(
                event,
                helper::Event::Session(helper::SessionEvent::ControlGranted { .. })
            )
        };
        self.helper_events.iter().filter(granted).count()
    }

    /// The sharer sends a frame of its 8 by 8 pixels, if it may.
    pub fn frame(&mut self, complete: bool) -> Option<u32> {
        let tile = Tile {
            x: 0,
            y: 0,
            width: 8,
            height: 8,
            codec: Codec::Png,
            data: vec![7; 20_000],
        };
        let frame = Frame {
            complete,
            display: 0,
            width: 8,
            height: 8,
            tiles: vec![tile],
        };
        self.sharer.send_frame(&frame).ok()
    }

    /// How many frames were handed to the helper's program.
    pub fn frames(&self) -> usize {
        let frame = |event: &&helper::Event| matches!(event, helper::Event::Frame { .. });
        self.helper_events.iter().filter(frame).count()
    }

    /// Whether the sharer's program was told this.
    pub fn was_told(&self, mut what: impl FnMut(&sharer::SessionEvent) -> bool) -> bool {
        self.sharer_events.iter().any(|event| match event {
            sharer::Event::Session(event) => what(event),
            sharer::Event::Phrase(_) | sharer::Event::Number(_) => false,
        })
    }

    /// Whether the helper's program was told this.
    pub fn helper_was_told(&self, mut what: impl FnMut(&helper::SessionEvent) -> bool) -> bool {
        self.helper_events.iter().any(|event| match event {
            helper::Event::Session(event) => what(event),
            _ => false,
        })
    }

    /// The keys of the session, to open or to forge with.
    pub fn session_keys(&self) -> Option<Keys> {
        self.keys
            .map(|(suite, master)| Keys::from_master(suite, master))
    }

    /// The helper is gone without a word; the relay finds out in its own time.
    pub fn kill_helper(&mut self) {
        self.kill(HELPER, &[Way::HelperUp, Way::HelperDown]);
    }

    /// The sharer is gone without a word; the relay finds out in its own time.
    pub fn kill_sharer(&mut self) {
        self.kill(SHARER, &[Way::SharerUp, Way::SharerDown]);
    }

    pub(crate) fn mute(&mut self, way: Way) {
        self.mute_after(way, 0);
    }

    pub(crate) fn mute_after(&mut self, way: Way, packets: usize) {
        self.muted.push((way, packets));
    }

    pub(crate) fn send_forged(&mut self, way: Way, packet: Packet) {
        self.sent.push((way, packet.clone()));
        self.send(way, packet);
    }

    fn kill(&mut self, conn: ConnId, ways: &[Way]) {
        self.dead.push(conn);
        self.cut(conn, ways);
    }

    fn cut(&mut self, conn: ConnId, ways: &[Way]) {
        self.network.drop_ways(ways);
        let found_out = self.now.plus_ms(TRANSPORT_IDLE_MS);
        self.cut.push((conn, found_out));
    }

    /// The relay is gone without a word; each end finds out in its own time.
    pub fn kill_relay(&mut self) {
        self.cut(HELPER, &[Way::HelperUp, Way::HelperDown]);
        self.cut(SHARER, &[Way::SharerUp, Way::SharerDown]);
        self.relay = Relay::new(RelayConfig::default(), [0; 32]);
        self.run(TRANSPORT_IDLE_MS);
        self.helper.handle_transport_lost(None, self.now);
        self.sharer.handle_transport_lost(None);
        self.settle();
    }

    fn is_cut(&self, conn: ConnId) -> bool {
        self.cut.iter().any(|(cut, _)| *cut == conn)
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
        loop {
            let sent = self.collect();
            let arrived = self.network.arrive(self.now);
            if arrived.is_none() && !sent {
                return;
            }
            if let Some((way, packet)) = arrived {
                self.deliver(way, packet);
            }
        }
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
            // The other end goes on writing into the void.
            Transmit::Stop { .. } => return,
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
        match transmit {
            relay::Transmit::Control { conn, bytes } => {
                let way = if conn == HELPER {
                    Way::HelperDown
                } else {
                    Way::SharerDown
                };
                if !self.is_cut(conn) {
                    self.send(way, Packet::Control(bytes));
                }
            }
            relay::Transmit::Close { conn, code } => self.closed(conn, code),
        }
    }

    fn closed(&mut self, conn: ConnId, code: ErrorCode) {
        if self.is_cut(conn) {
            return;
        }
        if conn == HELPER {
            self.helper.handle_transport_lost(Some(code), self.now);
        } else {
            self.sharer.handle_transport_lost(Some(code));
        }
    }

    fn send(&mut self, way: Way, packet: Packet) {
        let packets = match &mut self.tap {
            Some(tap) => tap(way, packet),
            None => vec![(way, packet)],
        };
        for (way, packet) in packets {
            self.network.send(way, packet, self.now);
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
                self.helper.handle_stream(id, &bytes, false, now);
            }
            (Way::SharerDown, Packet::Stream { id, bytes }) => {
                self.sharer.handle_stream(id, &bytes, false, now);
            }
            (Way::HelperDown, Packet::Reset { id }) => self.helper.handle_stream_reset(id),
            (Way::SharerDown, Packet::Reset { id }) => self.sharer.handle_stream_reset(id),
        }
    }
}
