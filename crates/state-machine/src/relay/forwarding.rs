//! Packets that go from one end of a session to the other: who asks for that, who has shown where it is, and
//! what ends it.

use core::net::SocketAddr;

use alongside_wire::{
    ErrorCode,
    journal::Features,
    path::PathToken,
    rendezvous::{Path, PathOpen, PathOver},
};

use super::{ConnId, Event, Relay, Transmit};
use crate::time::Timestamp;

impl Relay {
    /// A client in a session asks for a path to its peer, if that is there.
    pub(super) fn path_request(&mut self, conn: ConnId, peer: Option<ConnId>, now: Timestamp) {
        self.end_path(conn, Some(ErrorCode::Done));
        let Some(peer) = peer else {
            self.send_path_over(conn, ErrorCode::Lost.to_wire());
            return;
        };
        let due = now.plus_ms(self.config.path_check_ms);
        let until = now.plus_ms(self.config.path_attempt_ms);
        let times = [now, due.min(until), until];
        let Some(id) = self.paths.ask(conn, peer, self.config.paths, times) else {
            self.send_path_over(conn, ErrorCode::Busy.to_wire());
            return;
        };
        self.send(conn, Path { id });
        self.transmits.push_back(Transmit::Look { conn });
    }

    /// A client returns a token.
    pub(super) fn path_proof(&mut self, conn: ConnId, token: PathToken) {
        let half = self.paths.of(conn).and_then(|path| path.half(conn));
        if let Some(half) = half {
            half.returned = Some(token);
            self.transmits.push_back(Transmit::Look { conn });
        }
    }

    //= PATH-19
    /// A client has no use for its path any more.
    pub(super) fn path_over(&mut self, conn: ConnId, code: u16) {
        let path = self.paths.of(conn);
        let other = path.and_then(|path| path.conns().find(|end| *end != conn));
        self.end_path(conn, None);
        if let Some(other) = other {
            self.send_path_over(other, code);
        }
    }

    /// The answer to [`Transmit::Look`]: the address of a client's connection, and how many packets were forwarded to
    /// that client since its path was opened.
    pub fn seen_at(&mut self, conn: ConnId, at: SocketAddr, forwarded: u64, now: Timestamp) {
        let token = self.paths.token();
        let again_ms = self.config.path_check_ms;
        let give_up = now.plus_ms(self.config.path_attempt_ms);
        let Some(path) = self.paths.of(conn) else {
            return;
        };
        let Some(half) = path.half(conn) else {
            return;
        };
        let used = half.is_used(forwarded);
        let proven = half.settle(at);
        if !proven && half.ask(at, token, now, again_ms) {
            let to = at;
            self.transmits
                .push_back(Transmit::Check { conn, to, token });
        }
        if used {
            path.used = now;
        }
        let (ends, ids) = (path.proven(), path.ids());
        match ends {
            Some(ends) if !path.forwards => {
                path.until = None;
                path.used = now;
                path.forwards = true;
                let first = !core::mem::replace(&mut path.open, true);
                self.transmits.push_back(Transmit::Forward { ends });
                //= PATH-10
                if first {
                    let [one, other] = ends;
                    self.send(one.conn, PathOpen { id: other.id });
                    self.send(other.conn, PathOpen { id: one.id });
                    let features = Features::FORWARDED;
                    self.events.push_back(Event::Used { conn, features });
                }
            }
            Some(_) => {}
            None => {
                path.until.get_or_insert(give_up);
                //= PATH-15
                if core::mem::replace(&mut path.forwards, false)
                    && let Some(ids) = ids
                {
                    self.transmits.push_back(Transmit::Halt { ids });
                }
            }
        }
    }

    /// Looks at the paths whose time has come.
    pub(super) fn look_at_paths(&mut self, now: Timestamp) {
        let again = now.plus_ms(self.config.path_check_ms);
        while let Some(conn) = self.paths.take_due(now, again) {
            let idle_ms = self.config.path_idle_ms;
            let Some(path) = self.paths.of(conn) else {
                continue;
            };
            if path.until.is_some_and(|until| until <= now) {
                //= PATH-16
                self.end_path(conn, Some(ErrorCode::Lost));
            } else if path.forwards && path.used.plus_ms(idle_ms) <= now {
                //= PATH-17
                self.end_path(conn, Some(ErrorCode::Idle));
            } else {
                let looks = path.conns().map(|conn| Transmit::Look { conn });
                self.transmits.extend(looks);
            }
        }
    }

    //= PATH-18
    /// Ends the path of a client, if it has one. Those who asked for it are told why, if they are to be told.
    pub(super) fn end_path(&mut self, conn: ConnId, why: Option<ErrorCode>) {
        let Some(path) = self.paths.remove(conn) else {
            return;
        };
        if let Some(ids) = path.ids().filter(|_| path.forwards) {
            self.transmits.push_back(Transmit::Halt { ids });
        }
        if let Some(code) = why {
            for conn in path.conns() {
                self.send_path_over(conn, code.to_wire());
            }
        }
    }

    fn send_path_over(&mut self, conn: ConnId, code: u16) {
        self.send(conn, PathOver { code });
    }
}
