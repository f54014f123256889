//! A helper and a sharer, what their people do, and what must hold for them.

mod check;
mod person;

use alongside_harness::{Monitor, Packet, Side, Way};
use alongside_state_machine::{
    endpoint::{Config, helper::HelperEndpoint, sharer::SharerEndpoint, spent::SpentLocators},
    relay::ConnId,
    session::Ended,
    time::Timestamp,
};
use alongside_wire::{
    Suite,
    code::Code,
    framing::Deframer,
    limits::CONTROL_MESSAGE,
    rendezvous::{Join, Message},
};

use self::person::Person;
use super::chance::Chance;
use crate::fake::Fake;

/// One end, its connection and its clock.
pub(super) struct End {
    pub(super) conn: ConnId,
    /// The connection carries nothing any more.
    pub(super) cut: bool,
    /// Nothing comes or goes before this.
    pub(super) stalled: Timestamp,
    /// It does nothing before this.
    pub(super) asleep: Timestamp,
    pub(super) dead: bool,
    /// A new connection is on its way.
    pub(super) connecting: bool,
    /// Microseconds that its clock has jumped, and that it has stood.
    pub(super) ahead: u64,
    pub(super) behind: u64,
    /// When the latest packets arrive: control and pictures, up and down.
    pub(super) latest: [Timestamp; 4],
}

impl End {
    fn new(conn: ConnId) -> Self {
        let never = Timestamp::default();
        Self {
            conn,
            cut: false,
            stalled: never,
            asleep: never,
            dead: false,
            connecting: false,
            ahead: 0,
            behind: 0,
            latest: [never; 4],
        }
    }

    /// What its clock shows.
    pub(super) fn clock(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_micros((now.as_micros() + self.ahead).saturating_sub(self.behind))
    }

    /// When its clock shows this.
    fn when(&self, shown: Timestamp) -> Timestamp {
        Timestamp::from_micros((shown.as_micros() + self.behind).saturating_sub(self.ahead))
    }
}

/// A session.
pub(super) struct Pair {
    pub(super) helper: HelperEndpoint,
    pub(super) sharer: SharerEndpoint,
    pub(super) ends: [End; 2],
    pub(super) chance: Chance,
    /// Milliseconds that a packet takes.
    pub(super) delay_ms: u64,
    pub(super) code: Option<Code>,
    spent: SpentLocators,
    /// What the sharer said to join.
    pub(super) join: Option<Join>,
    /// Somebody else joins at the same time.
    pub(super) rival: bool,
    /// Who joined by the code, as the relay said to the helper; and at which relay a code was spent first.
    pub(super) joined: usize,
    pub(super) spent_at: Option<u64>,
    /// Somebody else's connection whose join may not succeed.
    pub(super) stale: Option<ConnId>,
    /// Somebody else tried to join by the code that lives, or was the last to.
    pub(super) intruded: bool,
    /// Its acts that are left.
    pub(super) acts: u64,
    /// When it began, and when the first end said that it is over or was gone.
    pub(super) began: Timestamp,
    pub(super) over: Option<Timestamp>,
    pub(super) done: bool,
    /// When the next deadline of its ends is looked at.
    pub(super) wakes: Option<Timestamp>,
    monitor: Monitor,
    person: Person,
    sent: Vec<(Way, Packet)>,
    masters: Vec<(Suite, u32, [u8; 32])>,
    pub(super) frames: usize,
    pub(super) injected: usize,
    /// Invariants that were checked since this was read.
    pub(super) checks: u64,
}

/// What an end wants sent.
pub(super) enum Wants {
    /// On its connection.
    Send(Packet),
    /// The connection is to be closed as lost.
    Disconnect,
}

impl Pair {
    pub(super) fn new(mut chance: Chance, [helper, sharer]: [ConnId; 2], now: Timestamp) -> Self {
        let config = || Config {
            aead: &Fake,
            ..Config::default()
        };
        Self {
            helper: HelperEndpoint::new("Ada", config(), chance.seed()),
            sharer: SharerEndpoint::new(config(), chance.seed()),
            ends: [End::new(helper), End::new(sharer)],
            delay_ms: chance.between(1, 120),
            code: None,
            spent: SpentLocators::default(),
            join: None,
            rival: false,
            joined: 0,
            spent_at: None,
            stale: None,
            intruded: false,
            acts: chance.between(6, 40),
            began: now,
            over: None,
            done: false,
            wakes: None,
            monitor: Monitor::default(),
            person: Person::new(&mut chance),
            sent: Vec::new(),
            masters: Vec::new(),
            frames: 0,
            injected: 0,
            checks: 0,
            chance,
        }
    }

    pub(super) fn end(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }

    pub(super) fn clock(&self, side: Side, now: Timestamp) -> Timestamp {
        self.ends[side as usize].clock(now)
    }

    /// Whether an end does something now.
    pub(super) fn is_awake(&self, side: Side, now: Timestamp) -> bool {
        let end = &self.ends[side as usize];
        !end.dead && end.asleep <= now
    }

    pub(super) fn ended(&self, side: Side) -> Option<Ended> {
        match side {
            Side::Helper => self.helper.machine().ended(),
            Side::Sharer => self.sharer.machine().ended(),
        }
    }

    /// Whether an end has a session, as far as it knows. A helper whose code was spent in vain has none, and goes on.
    pub(super) fn is_in(&self, side: Side) -> bool {
        let keys = match side {
            Side::Helper => self.helper.keys(),
            Side::Sharer => self.sharer.keys(),
        };
        keys.is_some() && self.ended(side).is_none() && !self.ends[side as usize].dead
    }

    pub(super) fn wants_connection(&self, side: Side) -> bool {
        match side {
            Side::Helper => self.helper.wants_connection(),
            Side::Sharer => self.sharer.wants_connection(),
        }
    }

    pub(super) fn lost(&mut self, side: Side, now: Timestamp) {
        let at = self.clock(side, now);
        match side {
            Side::Helper => self.helper.handle_transport_lost(None, at),
            Side::Sharer => self.sharer.handle_transport_lost(None, at),
        }
    }

    pub(super) fn connected(&mut self, side: Side, now: Timestamp) {
        let at = self.clock(side, now);
        match side {
            Side::Helper => self.helper.handle_connected(at),
            Side::Sharer => self.sharer.handle_connected(at),
        }
    }

    /// An end has another address.
    pub(super) fn moves(&mut self, side: Side, now: Timestamp) {
        let at = self.clock(side, now);
        match side {
            Side::Helper => self.helper.change_path(at),
            Side::Sharer => self.sharer.change_path(at),
        }
    }

    pub(super) fn handle(&mut self, side: Side, packet: &Packet, now: Timestamp) {
        let at = self.clock(side, now);
        match (side, packet) {
            (Side::Helper, Packet::Control(bytes)) => self.helper.handle_control(bytes, at),
            (Side::Sharer, Packet::Control(bytes)) => self.sharer.handle_control(bytes, at),
            (Side::Helper, Packet::Stream { id, bytes }) => {
                self.helper.handle_stream(*id, bytes, false, at);
            }
            (Side::Sharer, Packet::Stream { id, bytes }) => {
                self.sharer.handle_stream(*id, bytes, false, at);
            }
            (Side::Helper, Packet::Reset { id }) => self.helper.handle_stream_reset(*id),
            (Side::Sharer, Packet::Reset { id }) => self.sharer.handle_stream_reset(*id),
            (Side::Helper, Packet::Close(code)) => {
                self.helper.handle_transport_lost(Some(*code), at);
            }
            (Side::Sharer, Packet::Close(code)) => {
                self.sharer.handle_transport_lost(Some(*code), at);
            }
        }
    }

    /// Lets the time of each end pass that is awake.
    pub(super) fn time_out(&mut self, now: Timestamp) {
        let [helper, sharer] = [Side::Helper, Side::Sharer].map(|side| self.clock(side, now));
        if self.is_awake(Side::Helper, now) {
            self.helper.handle_timeout(helper);
        }
        if self.is_awake(Side::Sharer, now) {
            self.sharer.handle_timeout(sharer);
        }
    }

    /// When the next deadline of an end is.
    pub(super) fn deadline(&self, now: Timestamp) -> Option<Timestamp> {
        let [helper, sharer] = &self.ends;
        let of_helper = self.helper.poll_timeout().map(|at| helper.when(at));
        let of_sharer = self.sharer.poll_timeout().map(|at| sharer.when(at));
        // Whoever is asleep is woken by itself.
        let of_helper = of_helper.filter(|_| self.is_awake(Side::Helper, now));
        let of_sharer = of_sharer.filter(|_| self.is_awake(Side::Sharer, now));
        of_helper.into_iter().chain(of_sharer).min()
    }

    /// What an end has to send.
    pub(super) fn transmit(&mut self, side: Side) -> Option<Wants> {
        use alongside_state_machine::endpoint::Transmit;
        loop {
            let transmit = match side {
                Side::Helper => self.helper.poll_transmit(),
                Side::Sharer => self.sharer.poll_transmit(),
            }?;
            let packet = match transmit {
                Transmit::Control(bytes) => Packet::Control(bytes),
                Transmit::Stream { id, bytes, .. } => Packet::Stream { id, bytes },
                Transmit::Reset { id } => Packet::Reset { id },
                // What its sender still writes goes nowhere.
                Transmit::Stop { .. } => continue,
                Transmit::Disconnect => return Some(Wants::Disconnect),
            };
            let way = match side {
                Side::Helper => Way::HelperUp,
                Side::Sharer => Way::SharerUp,
            };
            if let (Side::Sharer, None, Packet::Control(bytes)) = (side, &self.join, &packet) {
                self.join = join(bytes);
            }
            self.sent.push((way, packet.clone()));
            return Some(Wants::Send(packet));
        }
    }
}

/// The join that is said here, if it is one.
fn join(bytes: &[u8]) -> Option<Join> {
    let mut deframer = Deframer::new(CONTROL_MESSAGE, "what a sharer says");
    deframer.push(bytes);
    while let Ok(Some(message)) = Message::pull(&mut deframer) {
        if let Message::Join(join) = message {
            return Some(join);
        }
    }
    None
}
