"""Paths at the relay: chapter 20, as far as it is messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..messages import Message
from ..registry import registry
from .clients import Connection, Session
from .set_up import SetUp

_NO_ID = bytes(8)


@dataclass
class Half:
    """What one end has asked for."""

    id: bytes
    token: bytes
    checked_at: int
    address: str
    proven: bool = False


@dataclass
class Path:
    until: int | None
    """PATH-16."""
    ends: list[int]
    """The connections of both places."""
    halves: dict[int, Half] = field(default_factory=dict)
    """By the place in the session."""
    opened: bool = False
    forwards: bool = False
    used_at: int = 0


class Paths:
    """What a relay does about them; what it is part of has connections, a time and random numbers."""

    set_up: SetUp
    now: int
    connections: dict[int, Connection]
    sessions: list[Session]

    def moved(self, now: int, connection: int, address: str) -> list[Any]:
        """The connection has another address: PATH-9, PATH-15."""
        self.now = now
        client = self.connections[connection]
        half = self._half(client)
        client.address = address
        if half is not None and half.address != address:
            session, path = client.session, client.session.path
            half.proven, half.address = False, address
            self._check(connection, half)
            self._forward(session, False)
            if path.until is None:
                path.until = self.now + registry().timer("path-attempt")
        return self._drain()

    def forwarded(self, now: int, connection: int) -> None:
        """Packets have gone between this client and the other end."""
        self.connections[connection].session.path.used_at = now

    def _on_path_request(self, connection: int, client: Connection, _: Message) -> None:
        """PATH-6, PATH-7, PATH-18."""
        session = client.session
        if self._half(client) is not None:
            self._end_path(session, "done")
        if session.places[1 - client.place] is None:
            self._send_over(connection, registry().errors["lost"])
            return
        if session.path is None:
            if sum(other.path is not None for other in self.sessions) >= self.set_up.limit("paths"):
                self._send_over(connection, registry().errors["busy"])
                return
            session.path = Path(self.now + registry().timer("path-attempt"), list(session.places))
        routing_id = self._random_bytes(8)
        while routing_id == _NO_ID:
            routing_id = self._random_bytes(8)
        half = session.path.halves[client.place] = Half(routing_id, b"", self.now, client.address)
        self._send(connection, "path", id=routing_id)
        self._check(connection, half)

    def _on_path_proof(self, _connection: int, client: Connection, message: Message) -> None:
        """PATH-9, PATH-10."""
        half = self._half(client)
        if half is None or half.proven or message.fields["token"] != half.token:
            return
        half.proven = True
        session = client.session
        path = session.path
        if len(path.halves) < 2 or not all(half.proven for half in path.halves.values()):
            return
        path.until, path.used_at = None, self.now
        self._forward(session, True)
        if not path.opened:
            path.opened = True
            for place in path.halves:
                self._send(session.places[place], "path-open", id=path.halves[1 - place].id)

    def _on_path_over(self, _connection: int, client: Connection, message: Message) -> None:
        """PATH-18, PATH-19."""
        if self._half(client) is None:
            return
        session = client.session
        other = 1 - client.place
        if other in session.path.halves:
            self._send_over(session.places[other], message.fields["code"])
        self._drop_path(session)

    def _path_time(self, session: Session) -> None:
        """PATH-8, PATH-16, PATH-17."""
        path, timer = session.path, self.set_up.timer
        if path is None:
            return
        if path.until is not None and self.now >= path.until:
            self._end_path(session, "lost")
        elif path.forwards and self.now - path.used_at >= timer("path-idle"):
            self._end_path(session, "idle")
        else:
            for place, half in path.halves.items():
                if not half.proven and self.now - half.checked_at >= timer("path-check"):
                    self._check(session.places[place], half)

    def _path_times(self, session: Session) -> list[int]:
        """When `_path_time` has something to do."""
        path, timer = session.path, self.set_up.timer
        if path is None:
            return []
        times = [half.checked_at + timer("path-check") for half in path.halves.values() if not half.proven]
        times += [path.until] if path.until is not None else []
        return times + ([path.used_at + timer("path-idle")] if path.forwards else [])

    def _end_path(self, session: Session, error: str) -> None:
        halves = session.path.halves
        self._drop_path(session)
        for place in halves:
            self._send_over(session.places[place], registry().errors[error])

    def _drop_path(self, session: Session) -> None:
        """PATH-18."""
        if session.path is not None:
            self._forward(session, False)
            session.path = None

    def _forward(self, session: Session, forwards: bool) -> None:
        if session.path.forwards != forwards:
            session.path.forwards = forwards
            for connection in session.path.ends:
                self._send_forwards(connection, forwards)

    def _check(self, connection: int, half: Half) -> None:
        half.token, half.checked_at = self._random_bytes(16), self.now
        self._send_check(connection, half.token)

    def _send_over(self, connection: int, code: int) -> None:
        self._send(connection, "path-over", code=code)

    @staticmethod
    def _half(client: Connection) -> Half | None:
        path = client.session.path if client.session else None
        return path.halves.get(client.place) if path else None
