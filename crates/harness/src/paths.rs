//! What the programs of both ends do about paths, and the connection that two of them have over one. It takes no time to make,
//! and what travels on it shares the ways of the network.

use alongside_state_machine::{
    endpoint::helper::{PATH_STREAMS, PathEvent},
    error::Misuse,
    relay::{ConnId, PathEnd},
};
use alongside_wire::{
    ErrorCode,
    path::{PathToken, RoutingId},
};

use crate::{
    network::Packet,
    world::{Side, World},
};

/// An end's program: what it offered, and what it was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    /// Its certificate, which is another with each offer.
    own: [u8; 32],
    /// That of the other end, from the agreement to the end of the path.
    agreed: Option<[u8; 32]>,
    routed: Option<RoutingId>,
    open: Option<RoutingId>,
    /// Its connection, by its number.
    connection: Option<u64>,
    /// It answers no offer.
    pub(crate) declines: bool,
    /// How often both ends had offered.
    agreements: usize,
}

/// The relay's part, and the number of connections that were made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paths {
    ends: Option<[PathEnd; 2]>,
    made: u64,
    offers: u64,
}

/// A stream of a path, by the number of its connection and its sender's name for it.
const fn name(connection: u64, id: u64) -> u64 {
    PATH_STREAMS + (connection << 32) + id
}

impl World {
    /// An end offers a path.
    ///
    /// # Errors
    /// As its endpoint says.
    pub fn offer_path(&mut self, side: Side) -> Result<(), Misuse> {
        self.paths.offers += 1;
        let mut own = [side as u8; 32];
        own[..8].copy_from_slice(&self.paths.offers.to_be_bytes());
        let now = self.now;
        match side {
            Side::Helper => self.helper.offer_path(own, now)?,
            Side::Sharer => self.sharer.offer_path(own, now)?,
        }
        let (phase, frozen) = self.phase(side);
        assert!(
            phase == "while viewing" && !frozen,
            "{side:?} offered {phase}"
        );
        self.program(side).own = own;
        Ok(())
    }

    /// The phase of an end, and whether its link is lost.
    fn phase(&self, side: Side) -> (&'static str, bool) {
        let (helper, sharer) = (self.helper.machine(), self.sharer.machine());
        match side {
            Side::Helper => (helper.phase(), helper.frozen_until().is_some()),
            Side::Sharer => (sharer.phase(), sharer.frozen_until().is_some()),
        }
    }

    /// An end gives its path up, or the attempt, if there is one.
    pub fn end_path(&mut self, side: Side) {
        let (now, code) = (self.now, ErrorCode::Done);
        match side {
            Side::Helper => self.helper.end_path(code, now),
            Side::Sharer => self.sharer.end_path(code, now),
        }
    }

    /// How many connections there were from end to end.
    pub fn paths_made(&self) -> usize {
        self.paths.made as usize
    }

    /// An end answers no offers from now on.
    pub fn decline_paths(&mut self, side: Side) {
        self.program(side).declines = true;
    }

    /// Whether an end has a connection to the other that stands, as far as it knows.
    pub fn has_path(&self, side: Side) -> bool {
        self.programs[side as usize].connection.is_some()
    }

    /// How often an end was told that both had offered a path.
    pub fn agreements(&self, side: Side) -> usize {
        self.programs[side as usize].agreements
    }

    /// Whether the relay forwards packets.
    pub fn forwards(&self) -> bool {
        self.paths.ends.is_some()
    }

    fn program(&mut self, side: Side) -> &mut Program {
        &mut self.programs[side as usize]
    }

    /// What a program does when it is told something of a path. An agreement has exactly one end.
    pub(crate) fn path_event(&mut self, side: Side, event: PathEvent) {
        let seen = format!("{side:?}: {event:?}");
        let program = self.program(side);
        match event {
            PathEvent::Offered => {
                assert!(program.agreed.is_none(), "{seen}");
                if !program.declines {
                    // The link may be lost since.
                    let _ = self.offer_path(side);
                }
            }
            PathEvent::Agreed { certificate } => {
                assert_eq!(program.agreed, None, "{seen}");
                program.agreements += 1;
                program.agreed = Some(certificate);
                (program.routed, program.open) = (None, None);
            }
            PathEvent::Routed { id } => program.routed = Some(id),
            PathEvent::Open { id } => {
                program.open = Some(id);
                self.connect_path();
            }
            PathEvent::Over { .. } => {
                assert!(program.agreed.take().is_some(), "{seen}");
                program.connection = None;
            }
        }
    }

    /// The link of an end is lost, or its session is over.
    pub(crate) fn path_is_over(&mut self, side: Side) {
        let program = self.program(side);
        assert_eq!(program.agreed, None, "{side:?} has a path");
    }

    /// The connection stands, if the packets arrive and each end shows what it had offered.
    fn connect_path(&mut self) {
        let [helper, sharer] = &self.programs;
        let arrives = helper.open.is_some() && helper.open == sharer.routed && self.forwards();
        let right = helper.agreed == Some(sharer.own) && sharer.agreed == Some(helper.own);
        if !arrives || !right {
            return;
        }
        self.paths.made += 1;
        for side in Side::BOTH {
            let made = self.paths.made;
            self.program(side).connection = Some(made);
        }
        self.helper.path_stands(self.now);
        self.sharer.path_stands(self.now);
    }

    /// The relay asks where a connection is.
    pub(crate) fn look(&mut self, conn: ConnId) {
        let at = ([192, 0, 2, 1], conn.0 as u16).into();
        // Something is always forwarded: each end keeps its connection alive.
        self.forwarded += 1;
        self.relay.seen_at(conn, at, self.forwarded, self.now);
    }

    /// A check of the relay reaches the client that it is for.
    pub(crate) fn checked(&mut self, conn: ConnId, token: PathToken) {
        if self.is_cut(conn) {
            return;
        }
        let now = self.now;
        if self.conn(Side::Helper) == conn {
            self.helper.prove_path(token, now);
        } else if self.conn(Side::Sharer) == conn {
            self.sharer.prove_path(token, now);
        }
    }

    pub(crate) fn forward(&mut self, ends: Option<[PathEnd; 2]>) {
        self.paths.ends = ends;
    }

    /// A packet of the sharer's as it travels: on the path, if its stream was begun there.
    pub(crate) fn on_its_way(&mut self, packet: Packet) -> Packet {
        let connection = self.programs[Side::Sharer as usize].connection;
        let mut named = |id: u64| {
            let known = self.begun.entry(id);
            *known.or_insert_with(|| connection.map_or(id, |number| name(number, id)))
        };
        match packet {
            Packet::Stream { id, bytes } => {
                let id = named(id);
                Packet::Stream { id, bytes }
            }
            Packet::Reset { id } => Packet::Reset { id: named(id) },
            other => other,
        }
    }

    /// Whether a packet of a frame stream comes through to the helper, if it is one of a path.
    pub(crate) fn comes_through(&self, packet: &Packet) -> bool {
        let (Packet::Stream { id, .. } | Packet::Reset { id }) = packet else {
            return true;
        };
        let Some(path) = id.checked_sub(PATH_STREAMS) else {
            return true;
        };
        let stands = self
            .programs
            .iter()
            .all(|program| program.connection == Some(path >> 32));
        stands && self.forwards()
    }
}
