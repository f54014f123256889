//! Connections that are lost without their session, and the ones that take their place.

use alongside_wire::{
    ErrorCode,
    rendezvous::{Gone, PeerBack, PeerLost, Place, Rejoined},
};

use super::{
    ConnId, Event, Relay, Transmit,
    client::{Ends, Phase},
    places::{Taken, Token},
};
use crate::{mutant, time::Timestamp};

impl Relay {
    /// A session begins: each end gets what brings it back.
    pub(super) fn give_places(&mut self, helper: ConnId, sharer: ConnId, until: Ends) {
        let ends = [helper, sharer];
        let known = self.clients.get(&helper);
        let helped_by = known.map(|client| client.helped_by.clone());
        let helped_by = helped_by.unwrap_or_default();
        let tokens = self.places.begin(ends, until, helped_by);
        for (conn, token) in ends.into_iter().zip(tokens) {
            self.send(conn, Place { token });
        }
    }

    /// The connection of a client is lost. If it was in a session, its place is held.
    pub(super) fn lose(&mut self, conn: ConnId, now: Timestamp) {
        //= spec/03-rendezvous.md#hold [HOLD-8] 11f4746a
        let full = self.places.held() >= self.config.held_places;
        match self.clients.get(&conn).map(|client| &client.phase) {
            Some(Phase::Paired { .. }) if !full => self.hold(conn, now),
            _ => self.forget(conn, now),
        }
    }

    //= spec/03-rendezvous.md#hold [HOLD-3] 07843f11
    fn hold(&mut self, conn: ConnId, now: Timestamp) {
        let peer = self.peer_of(conn);
        let until = now.plus_ms(self.config.reconnect_hold_ms);
        self.places.hold(conn, until);
        self.end_path(conn, None);
        self.remove(conn);
        if let Some(peer) = peer {
            // One to which the peer alone has asked.
            self.end_path(peer, None);
            self.set_peer(peer, None);
            self.send(peer, PeerLost {});
        }
        self.events.push_back(Event::PeerLost { lost: conn, peer });
    }

    /// An idle client shows a token.
    pub(super) fn rejoin(&mut self, conn: ConnId, token: &Token, now: Timestamp) {
        //= spec/03-rendezvous.md#hold [HOLD-5] eed8c6e3
        if let Some(before) = self.places.owner(token) {
            // It is not known yet that this one is lost.
            self.hold(before, now);
            let code = ErrorCode::Superseded;
            let close = Transmit::Close { conn: before, code };
            if !mutant::is("HOLD-5/stays") {
                self.transmits.push_back(close);
            }
        }
        let Some(taken) = self.places.take(token, conn) else {
            //= spec/03-rendezvous.md#hold [HOLD-7] 772f7e01
            let code = if mutant::is("HOLD-7/another") {
                ErrorCode::Busy
            } else {
                ErrorCode::NotFound
            };
            self.refuse(conn, code);
            return;
        };
        let Taken {
            before,
            peer,
            until,
            helped_by,
        } = taken;
        //= spec/03-rendezvous.md#hold [HOLD-4] 02e49996
        self.enter(conn, Phase::Paired { peer, until }, now);
        if let Some(client) = self.clients.get_mut(&conn) {
            client.helped_by = helped_by;
        }
        self.send(
            conn,
            Rejoined {
                peer: peer.is_some(),
            },
        );
        //= spec/03-rendezvous.md#hold [HOLD-6] aaaf615a
        if let Some(peer) = peer {
            self.set_peer(peer, Some(conn));
            self.send(peer, PeerBack {});
        }
        let now = conn;
        self.events.push_back(Event::PeerBack { before, now, peer });
    }

    /// Ends the sessions of which a place was held for long enough.
    pub(super) fn give_up_places(&mut self, now: Timestamp) {
        while let Some(over) = self.places.end_due(now) {
            let code = ErrorCode::Lost.to_wire();
            self.over(&over.ends, code);
            for conn in over.present {
                //= spec/03-rendezvous.md#states [RDV-11] 1f876a19
                self.enter(conn, Phase::Idle, now);
                self.send(conn, Gone { code });
            }
        }
    }

    pub(super) fn over(&mut self, ends: &[ConnId; 2], code: u16) {
        let ends = *ends;
        self.events.push_back(Event::Unpaired { ends, code });
    }

    fn set_peer(&mut self, conn: ConnId, now: Option<ConnId>) {
        if let Some(client) = self.clients.get_mut(&conn)
            && let Phase::Paired { peer, .. } = &mut client.phase
        {
            *peer = now;
        }
    }
}
