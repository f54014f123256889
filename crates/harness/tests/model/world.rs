//! Both real ends and the real relay, as the model's acts drive them: what a client sends is at the
//! relay at once, what the relay sends waits until it is delivered.

use std::{collections::VecDeque, net::Ipv4Addr};

use alongside_state_machine::{
    relay::{ConnId, Event, Relay, RelayConfig, Source, Transmit},
    session::{helper, sharer},
    time::Timestamp,
};
use alongside_wire::{
    ErrorCode,
    code::Locator,
    framing::Deframer,
    limits::CONTROL_MESSAGE,
    rendezvous::{CodeRequest, Deliver, Hello, Join, Leave, Message, Rejoin},
    session::{Heartbeat, Message as Session},
};

use crate::{
    cells::Cells,
    helper::RealHelper,
    lockstep::Subject,
    sharer::RealSharer,
    term::Term,
    words::{self, ceiling, message},
};

/// A connection, as its client knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Up,
    /// It carries nothing, and nobody knows.
    Cut,
    None,
}

/// What the ends send each other; the relay carries a number in its place.
#[derive(Clone, Debug)]
enum Letter {
    Answer,
    Confirm,
    Flight(u32, Vec<Session>),
    Frame(u32),
    Input(u32),
}

/// What one end has, beside its machine.
#[derive(Clone, Debug)]
struct End {
    line: Line,
    /// The latest connection.
    conn: ConnId,
    token: Option<[u8; 32]>,
    /// What the relay has sent and is not delivered.
    inbox: VecDeque<Message>,
    /// The generation of its master, and whether that is younger than the freeze.
    generation: u32,
    fresh: bool,
}

#[derive(Clone)]
pub(crate) struct World {
    helper: RealHelper,
    sharer: RealSharer,
    ends: [End; 2],
    relay: Relay,
    /// The clock of the relay is ahead by this, because a join waited for its tick.
    ahead_ms: u64,
    paired: bool,
    last_conn: u64,
    locator: Option<Locator>,
    letters: Vec<Letter>,
}

const HELPER: usize = 0;
const SHARER: usize = 1;

impl World {
    pub(crate) fn new() -> Self {
        let config = RelayConfig {
            unpaired_idle_ms: u64::from(u32::MAX),
            code_lifetime_ms: u64::from(u32::MAX),
            ..RelayConfig::default()
        };
        let end = || End {
            line: Line::None,
            conn: ConnId(0),
            token: None,
            inbox: VecDeque::new(),
            generation: 0,
            fresh: false,
        };
        let mut world = Self {
            helper: RealHelper::new(Cells::default()),
            sharer: RealSharer::new(Cells::default()),
            ends: [end(), end()],
            relay: Relay::new(config, [3; 32]),
            ahead_ms: 0,
            paired: false,
            last_conn: 0,
            locator: None,
            letters: Vec::new(),
        };
        world.connect(HELPER);
        world.connect(SHARER);
        world
    }

    fn now(&self) -> Timestamp {
        self.helper.now.plus_ms(self.ahead_ms)
    }

    fn connect(&mut self, end: usize) {
        self.last_conn += 1;
        let conn = ConnId(self.last_conn);
        let source = Source(Ipv4Addr::new(192, 0, 2, self.last_conn as u8).into());
        self.relay
            .connected(conn, source, self.now())
            .expect("there is room");
        self.ends[end].line = Line::Up;
        self.ends[end].conn = conn;
        self.tell_relay(end, Hello::default());
    }

    /// What a client says is at the relay at once, if its connection carries anything.
    fn tell_relay(&mut self, end: usize, said: impl Into<Message>) {
        let End {
            line: Line::Up,
            conn,
            ..
        } = self.ends[end]
        else {
            return;
        };
        let mut bytes = Vec::new();
        said.into().encode(&mut bytes);
        self.relay.handle_control(conn, &bytes, self.now());
        self.sort_mail();
    }

    /// Sorts what the relay has said: it waits, or is for the connection alone.
    fn sort_mail(&mut self) {
        while let Some(transmit) = self.relay.poll_transmit() {
            let Transmit::Control { conn, bytes } = transmit else {
                continue;
            };
            let end =
                (0..2).find(|end| self.ends[*end].conn == conn && self.ends[*end].line == Line::Up);
            let Some(end) = end else {
                continue;
            };
            let mut deframer = Deframer::new(CONTROL_MESSAGE, "the relay");
            deframer.push(&bytes);
            while let Some(message) = Message::pull(&mut deframer).expect("what can be read") {
                match message {
                    Message::RelayHello(_) | Message::Rejoined(_) | Message::PeerBack(_) => {}
                    Message::Place(place) => self.ends[end].token = Some(place.token),
                    Message::CodeIssued(ref issued) => {
                        self.locator = Some(issued.locator);
                        self.ends[end].inbox.push_back(message);
                    }
                    message if !self.is_over(end) => self.ends[end].inbox.push_back(message),
                    _ => {}
                }
            }
        }
        while let Some(event) = self.relay.poll_event() {
            match event {
                Event::Paired { .. } => self.paired = true,
                Event::Unpaired { .. } => self.paired = false,
                Event::Violation { error, .. } => panic!("the relay was told {error}"),
                _ => {}
            }
        }
    }

    fn is_over(&self, end: usize) -> bool {
        match end {
            HELPER => self.helper.machine.ended().is_some(),
            _ => self.sharer.machine.ended().is_some(),
        }
    }

    fn send(&mut self, end: usize, letter: Letter) {
        self.letters.push(letter);
        let number = u32::try_from(self.letters.len()).expect("few letters");
        // An end that was never paired has nobody to send to.
        if self.ends[end].token.is_some() {
            self.tell_relay(
                end,
                Deliver {
                    envelope: number.to_be_bytes().to_vec(),
                },
            );
        }
    }

    fn letter(&self, deliver: &Deliver) -> &Letter {
        let number = deliver.envelope.as_slice().try_into().expect("four bytes");
        &self.letters[u32::from_be_bytes(number) as usize - 1]
    }

    /// What an end wants done: its words travel together.
    fn carry_out(&mut self, end: usize) {
        let frozen = match end {
            HELPER => self.helper.machine.frozen_until(),
            _ => self.sharer.machine.frozen_until(),
        };
        let outputs: Vec<_> = match end {
            HELPER => self.helper.said.iter().map(Wanted::of).collect(),
            _ => self.sharer.said.iter().map(Wanted::of).collect(),
        };
        if self.is_over(end) {
            self.ends[end].inbox.clear();
        }
        if frozen.is_some()
            && outputs
                .iter()
                .any(|wanted| matches!(wanted, Wanted::Frozen))
        {
            self.ends[end].fresh = false;
        }
        let words: Vec<_> = outputs.iter().filter_map(Wanted::words).collect();
        if !words.is_empty() {
            let generation = self.ends[end].generation;
            self.send(end, Letter::Flight(generation, words));
        }
        for wanted in &outputs {
            match wanted {
                Wanted::Leave(code) => self.tell_relay(
                    end,
                    Leave {
                        code: code.to_wire(),
                    },
                ),
                Wanted::NewPath => self.close(end),
                Wanted::Say(_) | Wanted::Frozen | Wanted::Nothing => {}
            }
        }
    }

    /// An end gives its connection up; the relay knows, if it carried anything.
    fn close(&mut self, end: usize) {
        let line = core::mem::replace(&mut self.ends[end].line, Line::None);
        self.ends[end].inbox.clear();
        if line == Line::Up {
            self.relay
                .disconnected(self.ends[end].conn, None, self.now());
            self.sort_mail();
        }
    }

    fn helper_reads(&mut self, messages: &[Session]) {
        for message in messages {
            self.helper.take(message);
            self.helper.drain();
        }
    }

    fn sharer_reads(&mut self, messages: &[Session]) {
        for message in messages {
            self.sharer.take(message);
            self.sharer.drain();
        }
    }

    /// What the helper's endpoint does with a message of the relay.
    fn deliver_to_helper(&mut self) {
        let item = self.ends[HELPER]
            .inbox
            .pop_front()
            .expect("something to deliver");
        let now = self.helper.now;
        let phase = self.helper.phase();
        match item {
            Message::CodeIssued(_) => self.helper.issued(),
            Message::Joined(_) => {
                self.helper.joined();
                self.helper.drain();
                self.carry_out(HELPER);
                self.send(HELPER, Letter::Answer);
            }
            Message::Gone(gone) => {
                let code = ErrorCode::from_wire(gone.code).expect("an error");
                self.helper.machine.gone(code, now);
            }
            Message::PeerLost(_) => self.helper.machine.peer_lost(now),
            Message::Deliver(deliver) => match self.letter(&deliver).clone() {
                Letter::Confirm => {
                    let introduce = message(&Term::read("(introduce)"));
                    self.send(HELPER, Letter::Flight(0, vec![introduce]));
                    self.helper.secured();
                }
                Letter::Frame(epoch) => self.helper.frame(epoch),
                Letter::Flight(generation, messages) => {
                    let End {
                        generation: own,
                        fresh,
                        ..
                    } = self.ends[HELPER];
                    let frozen = self.helper.machine.frozen_until().is_some();
                    if phase == "idle" || (frozen && !(fresh && generation == own)) {
                    } else if generation == own {
                        self.helper_reads(&messages);
                    } else {
                        self.helper.machine.record_failed(now);
                    }
                }
                other => panic!("{other:?} is not for a helper"),
            },
            other => panic!("{} is not for a helper", other.name()),
        }
        self.helper.drain();
        self.carry_out(HELPER);
    }

    /// What the sharer's endpoint does with a message of the relay.
    fn deliver_to_sharer(&mut self) {
        let item = self.ends[SHARER]
            .inbox
            .pop_front()
            .expect("something to deliver");
        let now = self.sharer.now;
        match item {
            Message::Gone(gone) => {
                let code = ErrorCode::from_wire(gone.code).expect("an error");
                self.sharer.machine.relay_ended(code);
            }
            Message::PeerLost(_) => self.sharer.machine.peer_lost(now).expect("a join"),
            Message::Deliver(deliver) => match self.letter(&deliver).clone() {
                Letter::Answer => {
                    let machine = &mut self.sharer.machine;
                    machine.answered(ceiling(), now).expect("asked for");
                    self.sharer.drain();
                    self.carry_out(SHARER);
                    self.send(SHARER, Letter::Confirm);
                }
                Letter::Input(grant) => {
                    self.sharer.input(grant, &Term::Word("pointer".to_owned()));
                }
                Letter::Flight(generation, messages) => {
                    let End {
                        generation: own,
                        fresh,
                        ..
                    } = self.ends[SHARER];
                    let frozen = self.sharer.machine.frozen_until().is_some();
                    if frozen && generation == own + 1 {
                        self.ends[SHARER].generation = generation;
                        self.ends[SHARER].fresh = true;
                        self.sharer.machine.master_taken();
                        self.sharer.drain();
                        self.sharer_reads(&messages);
                    } else if frozen && !(fresh && generation == own) {
                    } else if generation == own {
                        self.sharer_reads(&messages);
                    } else {
                        self.sharer.machine.record_failed(now);
                    }
                }
                other => panic!("{other:?} is not for a sharer"),
            },
            other => panic!("{} is not for a sharer", other.name()),
        }
        self.sharer.drain();
        self.carry_out(SHARER);
    }

    /// The helper's and the sharer's 2.5 seconds, then the relay's.
    fn tick(&mut self) {
        self.helper.tick();
        self.helper.drain();
        self.carry_out(HELPER);
        self.sharer.tick();
        self.sharer.drain();
        self.carry_out(SHARER);
        let beats = |said: &mut dyn Iterator<Item = Option<Session>>| {
            said.flatten()
                .any(|message| matches!(message, Session::Heartbeat(_)))
        };
        let helper = beats(
            &mut self
                .helper
                .said
                .iter()
                .map(|output| Wanted::of(output).said()),
        );
        let sharer = beats(
            &mut self
                .sharer
                .said
                .iter()
                .map(|output| Wanted::of(output).said()),
        );
        let [a, b] = &self.ends;
        let both =
            (a.line, b.line) == (Line::Up, Line::Up) && self.relay.peer_of(a.conn) == Some(b.conn);
        if both && helper && self.sharer.machine.frozen_until().is_none() {
            self.sharer.take(&Heartbeat {}.into());
        }
        if both && sharer && self.helper.machine.frozen_until().is_none() {
            self.helper.take(&Heartbeat {}.into());
        }
        self.relay.handle_timeout(self.now());
        self.sort_mail();
    }

    /// A connection carries nothing any more.
    fn cut(&mut self, end: usize) {
        self.ends[end].line = Line::Cut;
        self.ends[end].inbox.clear();
        self.ends[HELPER].fresh = false;
    }

    /// The relay finds out that the latest connection of an end is gone.
    fn relay_notices(&mut self, end: usize) {
        self.relay
            .disconnected(self.ends[end].conn, None, self.now());
        self.sort_mail();
    }

    /// Another connection, on which the token is shown.
    fn rejoin(&mut self, end: usize) {
        self.connect(end);
        let token = self.ends[end].token.expect("a token");
        let before = self.ends[end].inbox.len();
        self.tell_relay(end, Rejoin { token });
        let refused = self.ends[end].inbox.len() > before
            && matches!(self.ends[end].inbox.back(), Some(Message::Refused(_)));
        if refused {
            self.ends[end].inbox.pop_back();
            match end {
                HELPER => self.helper.machine.relay_ended(ErrorCode::Lost),
                _ => self.sharer.machine.relay_ended(ErrorCode::Lost),
            }
        }
    }

    /// The handshake of a reconnect: both ends have the next master, and the helper says its state.
    fn master(&mut self) {
        self.sharer.machine.link_lost(self.sharer.now);
        self.sharer.drain();
        self.carry_out(SHARER);
        // If the helper is ahead, it has just proven it.
        self.ends[SHARER].generation = self.ends[HELPER].generation;
        self.ends[HELPER].generation += 1;
        self.ends[HELPER].fresh = true;
        self.helper.machine.master_taken();
    }

    fn join(&mut self) {
        self.sharer
            .machine
            .join(self.sharer.now)
            .expect("a sharer that is idle");
        let locator = self.locator.expect("a code");
        self.tell_relay(
            SHARER,
            Join {
                locator,
                link: false,
                offer: vec![1],
            },
        );
        self.ahead_ms = 50;
        self.relay.handle_timeout(self.now());
        self.sort_mail();
    }
}

/// What an end wants done, whichever it is.
enum Wanted {
    Say(Session),
    Leave(ErrorCode),
    NewPath,
    Frozen,
    Nothing,
}

impl Wanted {
    fn of<E: 'static>(output: &alongside_state_machine::session::Output<E>) -> Self {
        use alongside_state_machine::session::Output;
        match output {
            Output::Send(message) => Self::Say(message.clone()),
            Output::Relay(_) => Self::Nothing,
            Output::Leave(code) => Self::Leave(*code),
            Output::NewPath => Self::NewPath,
            Output::Event(event) => {
                let event: &dyn core::any::Any = event;
                let helper = matches!(event.downcast_ref(), Some(helper::Event::Frozen { .. }));
                let sharer = matches!(event.downcast_ref(), Some(sharer::Event::Frozen { .. }));
                if helper || sharer {
                    Self::Frozen
                } else {
                    Self::Nothing
                }
            }
        }
    }

    fn said(self) -> Option<Session> {
        match self {
            Self::Say(message) => Some(message),
            _ => None,
        }
    }

    /// What travels: a tick stands for heartbeats and probes.
    fn words(&self) -> Option<Session> {
        match self {
            Self::Say(Session::Heartbeat(_) | Session::Probe(_) | Session::ProbeAnswer(_)) => None,
            Self::Say(message) => Some(message.clone()),
            _ => None,
        }
    }
}

impl Subject for World {
    fn act(&mut self, act: &Term) -> Option<String> {
        match act.kind() {
            "deliver-h" => self.deliver_to_helper(),
            "deliver-s" => self.deliver_to_sharer(),
            "ask-code" => {
                self.helper.person(act)?;
                self.tell_relay(HELPER, CodeRequest {});
            }
            "request" | "release" => self.helper.person(act)?,
            "pause-h" => self
                .helper
                .person(&Term::read(&format!("(pause {})", act.at(1).word())))?,
            "end-h" => self.helper.end(),
            "input" => {
                let (grant, ..) = self.helper.machine.live_grant()?;
                self.send(HELPER, Letter::Input(grant));
            }
            "join" => self.join(),
            "contact" | "consent" | "refuse" | "allow" | "deny" | "revoke" => {
                self.sharer.person(act)?;
            }
            "pause-s" => self
                .sharer
                .person(&Term::read(&format!("(pause {})", act.at(1).word())))?,
            "end-s" => self.sharer.end(),
            "film" => {
                self.sharer.person(act)?;
                self.send(SHARER, Letter::Frame(act.at(1).number()));
            }
            "cut-h" => self.cut(HELPER),
            "cut-s" => self.cut(SHARER),
            "notice-h" => {
                self.ends[HELPER].line = Line::None;
                self.helper.machine.link_lost(self.helper.now);
            }
            "notice-s" => {
                self.ends[SHARER].line = Line::None;
                self.sharer.machine.link_lost(self.sharer.now);
            }
            "relay-notices-h" => self.relay_notices(HELPER),
            "relay-notices-s" => self.relay_notices(SHARER),
            "rejoin-h" => self.rejoin(HELPER),
            "rejoin-s" => self.rejoin(SHARER),
            "master" => self.master(),
            "tick" => self.tick(),
            other => panic!("{other} is no act of the model"),
        }
        if !["deliver-h", "deliver-s", "tick"].contains(&act.kind()) {
            self.helper.drain();
            self.carry_out(HELPER);
            if act.kind() != "master" {
                self.sharer.drain();
                self.carry_out(SHARER);
            }
        }
        let helper = words::outputs(core::mem::take(&mut self.helper.said), crate::helper::event);
        let sharer = words::outputs(core::mem::take(&mut self.sharer.said), crate::sharer::event);
        Some(format!("({helper} {sharer})"))
    }

    fn refusable(_: &Term) -> bool {
        false
    }

    fn never() -> Vec<Term> {
        Vec::new()
    }

    fn seen(&self) -> String {
        let [helper, sharer] = &self.ends;
        let frozen = |until: Option<Timestamp>| until.is_some();
        format!(
            "({} {} {} {} {} {} {} {} {} {})",
            self.helper.phase(),
            frozen(self.helper.machine.frozen_until()),
            self.helper
                .machine
                .live_grant()
                .map_or(0, |(grant, ..)| grant),
            self.sharer.phase(),
            frozen(self.sharer.machine.frozen_until()),
            self.sharer.machine.media_epoch().unwrap_or(0),
            self.sharer.machine.live_grant().unwrap_or(0),
            helper.inbox.len(),
            sharer.inbox.len(),
            self.paired,
        )
    }

    fn is_like(&self, other: &Self) -> bool {
        self.whole() == other.whole()
    }

    fn whole(&self) -> String {
        let letters = |end: &End| -> Vec<_> {
            let known = end.inbox.iter().map(|item| match item {
                Message::Deliver(deliver) => format!("{:?}", self.letter(deliver)),
                Message::CodeIssued(_) | Message::Joined(_) => item.name().to_owned(),
                other => format!("{other:?}"),
            });
            known.collect()
        };
        let ends = self.ends.each_ref().map(|end| {
            let line = match end.line {
                Line::Up => "up",
                Line::Cut => "cut",
                Line::None => "none",
            };
            (line, end.generation, end.fresh, letters(end))
        });
        format!(
            "{} {} {ends:?} {}",
            self.helper.whole(),
            self.sharer.whole(),
            self.paired
        )
    }
}
