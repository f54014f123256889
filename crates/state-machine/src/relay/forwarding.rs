//! Packets that go from one end of a session to the other: who asks for that, who has shown where it is, and
//! what ends it.

use core::net::SocketAddr;

use alongside_wire::{
    ErrorCode,
    journal::Features,
    path::PathToken,
    rendezvous::{Path, PathOpen, PathOver},
};

use super::{ConnId, Event, Relay, Transmit, Violation, paths::Waits};
use crate::{mutant, time::Timestamp};

impl Relay {
    /// A client in a session asks for a path to its peer, if that is there.
    pub(super) fn path_request(
        &mut self,
        conn: ConnId,
        peer: Option<ConnId>,
        now: Timestamp,
    ) -> Result<(), Violation> {
        //= spec/20-forwarded-packets.md#relay [PATH-36] a707170b
        if !self.paths.may_ask(conn, self.config.path_attempt_ms, now) {
            return Err(Violation::PathRequests);
        }
        self.give_path(conn, peer, now);
        Ok(())
    }

    fn give_path(&mut self, conn: ConnId, peer: Option<ConnId>, now: Timestamp) {
        self.end_path(conn, Some(ErrorCode::Done));
        let Some(peer) = peer else {
            self.send_path_over(conn, ErrorCode::Lost.to_wire());
            return;
        };
        let times = self.path_times();
        let Some(id) = self.paths.ask(conn, peer, self.config.paths, times, now) else {
            self.send_path_over(conn, ErrorCode::Busy.to_wire());
            return;
        };
        self.send(conn, Path { id });
        self.transmits.push_back(Transmit::Look { conn });
    }

    /// A client returns a token.
    pub(super) fn path_proof(&mut self, conn: ConnId, token: PathToken, now: Timestamp) {
        //= spec/20-forwarded-packets.md#relay [PATH-37] 34e19d61
        if !self.paths.may_prove(conn, now) && !mutant::is("PATH-37/each") {
            return;
        }
        let half = self.paths.of(conn).and_then(|path| path.half(conn));
        if let Some(half) = half {
            half.returned = Some(token);
            self.transmits.push_back(Transmit::Look { conn });
        }
    }

    //= spec/20-forwarded-packets.md#relay [PATH-19] 575ac878
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
        let times = self.path_times();
        let give_up = now.plus_ms(times.attempt_ms);
        let from = self.paths.check_from(conn, times.attempt_ms);
        let Some(path) = self.paths.of(conn) else {
            return;
        };
        let Some(half) = path.half(conn) else {
            return;
        };
        let used = half.is_used(forwarded, now);
        let proven = half.settle(at);
        let asked = !proven && half.ask(at, token, now, times.check_ms, from);
        if asked {
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
                //= spec/20-forwarded-packets.md#relay [PATH-10] 48f1f925
                if first {
                    let [one, other] = ends;
                    self.send(one.conn, PathOpen { id: other.id });
                    if !mutant::is("PATH-10/one") {
                        self.send(other.conn, PathOpen { id: one.id });
                    }
                    let features = Features::FORWARDED;
                    self.events.push_back(Event::Used { conn, features });
                }
            }
            //= spec/20-forwarded-packets.md#relay [PATH-17] 65b3956c
            Some(_) if path.is_idle(times.idle_ms) => {
                self.end_path(conn, Some(ErrorCode::Idle));
            }
            Some(_) => {}
            None => {
                path.until.get_or_insert(give_up);
                //= spec/20-forwarded-packets.md#relay [PATH-15] 33fd2200
                if core::mem::replace(&mut path.forwards, false)
                    && let Some(ids) = ids
                {
                    self.transmits.push_back(Transmit::Halt { ids });
                }
            }
        }
        if asked {
            self.paths.was_checked(conn, now);
        }
        self.paths.plan(conn, times);
    }

    /// Looks at the paths whose time has come.
    pub(super) fn look_at_paths(&mut self, now: Timestamp) {
        let again = now.plus_ms(self.config.path_check_ms);
        for conn in self.paths.take_due(now, again) {
            let Some(path) = self.paths.of(conn) else {
                continue;
            };
            if path.until.is_some_and(|until| until <= now) {
                //= spec/20-forwarded-packets.md#relay [PATH-16] 900fd4ac
                self.end_path(conn, Some(ErrorCode::Lost));
            } else {
                let looks = path.conns().map(|conn| Transmit::Look { conn });
                self.transmits.extend(looks);
            }
        }
    }

    //= spec/20-forwarded-packets.md#relay [PATH-18] 322c1f59
    /// Ends the path of a client, if it has one. Those who asked for it are told why, if they are to be told.
    pub(super) fn end_path(&mut self, conn: ConnId, why: Option<ErrorCode>) {
        let Some(path) = self.paths.remove(conn) else {
            return;
        };
        let stops = path.forwards && !mutant::is("PATH-18/goes-on");
        if let Some(ids) = path.ids().filter(|_| stops) {
            self.transmits.push_back(Transmit::Halt { ids });
        }
        if let Some(code) = why {
            for conn in path.conns() {
                self.send_path_over(conn, code.to_wire());
            }
        }
    }

    fn path_times(&self) -> Waits {
        Waits {
            check_ms: self.config.path_check_ms,
            attempt_ms: self.config.path_attempt_ms,
            idle_ms: self.config.path_idle_ms,
        }
    }

    fn send_path_over(&mut self, conn: ConnId, code: u16) {
        self.send(conn, PathOver { code });
    }
}
