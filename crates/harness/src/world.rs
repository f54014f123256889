//! Both ends and the relay, and a session told as a story.

use std::collections::{BTreeMap, BTreeSet};

use alongside_state_machine::{
    channel::keys::Keys,
    endpoint::{
        Config,
        helper::{self, HelperEndpoint},
        sharer::{self, SharerEndpoint},
        spent::SpentLocators,
    },
    error::Misuse,
    relay::{CardWanted, ConnId, NotVerified, Relay, RelayConfig, Verified},
    session::{
        Ended,
        friction::{Consent, Contact},
    },
    time::Timestamp,
};
use alongside_wire::{
    Codec, ErrorCode, Scopes, Suite,
    code::Code,
    media::{Frame, Tile},
    session::DisplayInfo,
};

use crate::{
    Broken,
    monitor::Monitor,
    network::{Conditions, Network, Packet, Way},
    paths::{Paths, Program},
};

/// Sees each packet as it is sent, and says what is sent in its place.
pub type Tap = Box<dyn FnMut(Way, Packet) -> Vec<(Way, Packet)>>;

/// Signs the cards that the relay's clients want, or says why not.
pub type Issuer = Box<dyn FnMut(&CardWanted) -> Result<Vec<u8>, ErrorCode>>;

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The helper.
    Helper,
    /// The sharer.
    Sharer,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Helper, Self::Sharer];

    /// The ways of its connection, up and down.
    pub(crate) const fn ways(self) -> [Way; 2] {
        match self {
            Self::Helper => [Way::HelperUp, Way::HelperDown],
            Self::Sharer => [Way::SharerUp, Way::SharerDown],
        }
    }
}

/// The connection of an end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// The latest that it had.
    pub(crate) conn: ConnId,
    /// When the end finds out that this one is lost, if it is.
    pub(crate) lost_at: Option<Timestamp>,
    /// When the next is made, if one is wanted.
    pub(crate) next_at: Option<Timestamp>,
    /// No connection is made before this.
    pub(crate) out_until: Timestamp,
    /// The host in its address.
    pub(crate) host: u8,
}

impl Line {
    const fn new(conn: ConnId, host: u8) -> Self {
        Self {
            conn,
            lost_at: None,
            next_at: None,
            out_until: Timestamp::from_micros(0),
            host,
        }
    }
}

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
    /// What the tokens that the relay takes prove.
    pub tokens: BTreeMap<String, Verified>,
    /// Suite, generation and master of each set of keys that an end had, in order.
    pub masters: Vec<(Suite, u32, [u8; 32])>,
    /// What the monitor saw, for who wants to look at it. Without, the world panics at it.
    pub broken: Option<Vec<Broken>>,
    seed: u64,
    config: Config,
    sharers: u8,
    pub(crate) network: Network,
    pub(crate) tap: Option<Tap>,
    issuer: Option<Issuer>,
    pub(crate) monitor: Monitor,
    /// Connections that carry nothing any more, and when the relay finds out.
    pub(crate) cut: Vec<(ConnId, Timestamp)>,
    /// Clients that do nothing any more.
    pub(crate) dead: Vec<Side>,
    pub(crate) helper_line: Line,
    pub(crate) sharer_line: Line,
    pub(crate) last_conn: u64,
    /// Ends whose own words are not sent any more, once so many packets more were.
    pub(crate) muted: Vec<(Way, usize)>,
    /// Frame streams that their receiver does not want.
    pub(crate) stopped: BTreeSet<(Side, u64)>,
    /// What the programs do about paths, the helper's first.
    pub(crate) programs: [Program; 2],
    pub(crate) paths: Paths,
    /// Packets that the relay has forwarded on a path, as it is told.
    pub(crate) forwarded: u64,
    /// How the sharer's frame streams go by on their way.
    pub(crate) begun: BTreeMap<u64, u64>,
}

impl Drop for World {
    /// A failing test says which world it was.
    #[expect(clippy::print_stderr, reason = "nobody is left to return it to")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("a world of seed {}, at {:?}", self.seed, self.now);
        }
    }
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
        let mut world = Self {
            helper: HelperEndpoint::new("Ada", helper, seed_of(seed, 1)),
            sharer: SharerEndpoint::new(sharer.clone(), seed_of(seed, 2)),
            relay: Relay::new(RelayConfig::default(), seed_of(seed, 3)),
            spent: SpentLocators::default(),
            now: Timestamp::from_millis(1_000),
            helper_events: Vec::new(),
            sharer_events: Vec::new(),
            sent: Vec::new(),
            keys: None,
            tokens: BTreeMap::new(),
            masters: Vec::new(),
            broken: None,
            seed,
            config: sharer,
            sharers: 1,
            network: Network::new(seed, conditions),
            tap: None,
            issuer: None,
            monitor: Monitor::default(),
            cut: Vec::new(),
            dead: Vec::new(),
            helper_line: Line::new(ConnId(1), 1),
            sharer_line: Line::new(ConnId(2), 2),
            last_conn: 2,
            muted: Vec::new(),
            stopped: BTreeSet::new(),
            programs: Default::default(),
            paths: Paths::default(),
            forwarded: 0,
            begun: BTreeMap::new(),
        };
        for side in Side::BOTH {
            world.connect(side);
        }
        world
    }

    /// The sharer's person starts the program anew, on another connection from another address.
    pub fn another_sharer(&mut self) {
        self.sharers += 1;
        let (config, seed) = (self.config.clone(), seed_of(self.seed, 100 + self.sharers));
        self.sharer = SharerEndpoint::new(config, seed);
        self.monitor = Monitor::default();
        self.spent = SpentLocators::default();
        self.programs = Default::default();
        self.begun.clear();
        self.relay
            .disconnected(self.sharer_line.conn, None, self.now);
        self.drop_connection(Side::Sharer);
        self.dead.retain(|side| *side != Side::Sharer);
        self.last_conn += 1;
        self.sharer_line = Line::new(ConnId(self.last_conn), 100 + self.sharers);
        self.connect(Side::Sharer);
    }

    /// Puts a tap on every way.
    pub fn tap(&mut self, tap: impl FnMut(Way, Packet) -> Vec<(Way, Packet)> + 'static) {
        self.tap = Some(Box::new(tap));
    }

    /// The relay issues cards, as long as it lives.
    pub fn issue_cards(
        &mut self,
        issuer: impl FnMut(&CardWanted) -> Result<Vec<u8>, ErrorCode> + 'static,
    ) {
        self.relay.set_issuing(true);
        self.issuer = Some(Box::new(issuer));
    }

    /// A card that a client of the relay wants.
    pub(crate) fn issue(&mut self, conn: ConnId, wanted: &CardWanted) {
        if let Some(issuer) = &mut self.issuer {
            let card = issuer(wanted);
            self.relay.card_issued(conn, card);
        }
    }

    /// Takes the tap away.
    pub fn untap(&mut self) {
        self.tap = None;
    }

    /// The network from now on.
    pub fn conditions(&mut self, conditions: Conditions) {
        for way in Way::ALL {
            self.network.set(way, conditions);
        }
    }

    /// One way from now on.
    pub fn conditions_of(&mut self, way: Way, conditions: Conditions) {
        self.network.set(way, conditions);
    }

    /// Sends a packet that nobody in this world made.
    pub fn inject(&mut self, way: Way, packet: Packet) {
        self.network.send(way, packet, self.now);
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
        let pixels = |event: &&helper::Event| !matches!(event, helper::Event::Frame { .. });
        let helper: Vec<_> = self.helper_events.iter().filter(pixels).collect();
        panic!(
            "waited in vain: {what}; {helper:?} {:?}",
            self.sharer_events
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

    /// The sharer's person, who asked for help, answers the question.
    ///
    /// # Errors
    /// As the sharer's endpoint says.
    pub fn consent(&mut self, allow: bool) -> Result<(), Misuse> {
        // Fails if they have said so before.
        let _ = self.sharer.contact(Contact::Person, self.now);
        self.answer(if allow {
            Consent::Given
        } else {
            Consent::Refused
        })
    }

    /// The sharer's person answers the question, and has one display.
    ///
    /// # Errors
    /// As the sharer's endpoint says.
    pub fn answer(&mut self, answer: Consent) -> Result<(), Misuse> {
        let displays = vec![DisplayInfo {
            id: 0,
            width: 8,
            height: 8,
        }];
        self.sharer.consent(answer, displays, self.now)
    }

    /// All that, and consent; frames may be sent.
    pub fn viewing(&mut self) {
        self.asked();
        let _ = self.consent(true);
        self.run_until("leave to send frames", |world| {
            world.sharer.may_send_frame()
        });
    }

    /// All that, a frame that was shown, and control.
    pub fn controlled(&mut self) {
        self.viewing();
        for _ in 0..100 {
            // On some networks a stream breaks before it has arrived.
            if self.frames() > 0 {
                break;
            }
            if self.sharer.wants_complete() {
                self.frame(true);
            }
            self.run(100);
        }
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
        self.sharer.send_frame(&picture(complete, 20_000)).ok()
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
            _ => false,
        })
    }

    /// Whether the helper's program was told this.
    pub fn helper_was_told(&self, mut what: impl FnMut(&helper::SessionEvent) -> bool) -> bool {
        self.helper_events.iter().any(|event| match event {
            helper::Event::Session(event) => what(event),
            _ => false,
        })
    }

    /// What a token proves to the relay.
    pub(crate) fn prove(&self, token: &str) -> Result<Verified, NotVerified> {
        self.tokens.get(token).cloned().ok_or(NotVerified::Failed)
    }

    /// Whether an end's program was told that the link is lost.
    pub fn froze(&self, side: Side) -> bool {
        match side {
            Side::Helper => {
                self.helper_was_told(|event| matches!(event, helper::SessionEvent::Frozen { .. }))
            }
            Side::Sharer => {
                self.was_told(|event| matches!(event, sharer::SessionEvent::Frozen { .. }))
            }
        }
    }

    /// Why it is over for an end, if it is.
    pub fn ended(&self, side: Side) -> Option<Ended> {
        match side {
            Side::Helper => self.helper.machine().ended(),
            Side::Sharer => self.sharer.machine().ended(),
        }
    }

    /// Whether both ends have a session whose link is up.
    pub fn is_up(&self) -> bool {
        let ended = Side::BOTH
            .into_iter()
            .any(|side| self.ended(side).is_some());
        let (helper, sharer) = (self.helper.machine(), self.sharer.machine());
        !ended && helper.frozen_until().is_none() && sharer.frozen_until().is_none()
    }

    /// The keys of the session, to open or to forge with.
    pub fn session_keys(&self) -> Option<Keys> {
        self.keys
            .map(|(suite, master)| Keys::from_master(suite, master).with(self.config.aead))
    }

    /// The keys of every generation.
    pub fn all_keys(&self) -> Vec<Keys> {
        let keys = self.masters.iter();
        keys.map(|(suite, generation, master)| {
            Keys::of_generation(*suite, *generation, *master).with(self.config.aead)
        })
        .collect()
    }

    /// Checks all that the sharer sent; see [`audit`](crate::audit()).
    ///
    /// # Errors
    /// The first property that is broken.
    pub fn audit(&self) -> Result<(), Broken> {
        crate::audit(&self.sent, &self.all_keys())
    }

    pub(crate) fn line(&mut self, side: Side) -> &mut Line {
        match side {
            Side::Helper => &mut self.helper_line,
            Side::Sharer => &mut self.sharer_line,
        }
    }

    pub(crate) fn conn(&self, side: Side) -> ConnId {
        match side {
            Side::Helper => self.helper_line.conn,
            Side::Sharer => self.sharer_line.conn,
        }
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
}

/// 32 bytes for one of the machines of a world.
fn seed_of(seed: u64, kind: u8) -> [u8; 32] {
    let mut bytes = [kind; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    bytes
}

/// A frame of 8 by 8 pixels whose one tile has so many bytes.
pub fn picture(complete: bool, bytes: usize) -> Frame {
    let tile = Tile {
        x: 0,
        y: 0,
        width: 8,
        height: 8,
        codec: Codec::Png,
        data: vec![7; bytes],
    };
    Frame {
        complete,
        display: 0,
        width: 8,
        height: 8,
        tiles: vec![tile],
    }
}
