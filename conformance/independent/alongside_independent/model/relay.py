"""The relay's machine without a policy: chapters 03, 13 to 15 and 17, as far as they are messages."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..codes import ALPHABET, locator_length
from ..messages import Message, encode
from ..operation import delay, device_token_hash, place_token_hash
from ..refusal import Refused
from ..registry import registry

CLIENT, RELAY = "client", "relay"
IDLE_TIMERS = dict.fromkeys(("new", "idle", "signing in"), "unpaired-idle") | {"waiting": "device-wait"}


@dataclass
class Out:
    """One thing that the relay does: a message to a connection, or its end with a code."""

    connection: int
    message: Message | None = None
    close: str | None = None


@dataclass
class Session:
    began: int
    tokens: list[bytes]
    places: list[int | None]
    lost_at: list[int | None] = field(default_factory=lambda: [None, None])


@dataclass
class Connection:
    sources: tuple[str, ...]
    state: str = "new"
    spoken: int = 0
    idle_since: int = 0
    was_in_session: bool = False
    locator: str | None = None
    device: bytes | None = None
    offer: bytes = b""
    session: Session | None = None
    place: int = 0
    left_at: int | None = None
    signed_in: bool = False
    challenge: bytes | None = None


@dataclass
class Code:
    owner: int
    expires: int


@dataclass
class Waiting:
    """A join, a wait or a call, until its look-up."""

    connection: int
    due: int
    message: Message


def sources_of(address: str) -> tuple[str, ...]:
    """RDV-25, RDV-26: the sources that a failed join of this address counts for."""
    ip = ipaddress.ip_address(address)
    if ip.version == 6 and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.version == 4:
        return (str(ip),)
    return tuple(str(ipaddress.ip_network((ip, bits), strict=False)) for bits in (64, 48))


def _too_many(client: Connection, others: list[Connection], limit: str) -> bool:
    """SOURCE-1, SOURCE-2: a network of 48 bits may have 8 times as much."""
    for source in client.sources:
        most = registry().limit(limit) * (8 if source.endswith("/48") else 1)
        if sum(source in other.sources for other in others) >= most:
            return True
    return False


class Relay:
    """`five_bits` and `random_bytes` are its random numbers; `devices` are id, token hash, organisation."""

    def __init__(self, five_bits: Callable[[], int], random_bytes: Callable[[int], bytes]) -> None:
        self._five_bits, self._random_bytes = five_bits, random_bytes
        self.connections: dict[int, Connection] = {}
        self.codes: dict[str, Code] = {}
        self.dead: dict[str, int] = {}
        self.joins: list[Waiting] = []
        self.failed: dict[str, tuple[int, int]] = {}
        self.sessions: list[Session] = []
        self.tokens: dict[bytes, tuple[Session, int]] = {}
        self.devices: dict[bytes, bytes] = {}
        self.reports: dict[str, tuple[int, int]] = {}
        self.broken: str | None = None
        self.offers_sign_in = False
        self.issues_cards = False
        self.draining = False
        self.now = 0
        self._out: list[Out] = []

    # what comes from outside

    def connect(self, now: int, connection: int, address: str) -> list[Out]:
        self.now = now
        client, there = Connection(sources_of(address), idle_since=now), list(self.connections.values())
        full = len(there) >= registry().limit("connections")
        if full or _too_many(client, there, "connections-per-source"):
            return [Out(connection, close="busy")]
        self.connections[connection] = client
        return []

    def receive(
        self, now: int, connection: int, message: Message | None, size: int | None = None
    ) -> list[Out]:
        """None stands for a message that is skipped; `size` is that of the framed message."""
        self.now = now
        client = self.connections[connection]
        if size is None:
            size = len(encode("rendezvous", message)) if message else 0
        try:
            self._count(client, message, size)
            if message is not None:
                self._take(connection, client, message)
        except Refused as refused:
            self.broken = refused.requirement
            self._send_close(connection, refused.error or "done")
            self._forget(connection, client, violation=True)
        return self._drain()

    def lose(self, now: int, connection: int) -> list[Out]:
        """The connection is lost, or its client closed it with `lost`."""
        self.now = now
        client = self.connections.get(connection)
        if client:
            self._forget(connection, client, violation=False)
        return self._drain()

    def close(self, now: int, connection: int, error: str) -> list[Out]:
        """HOLD-10: its client closed the connection on purpose."""
        self.now = now
        client = self.connections.get(connection)
        if client:
            self._leave(connection, client, self._code(error))
            del self.connections[connection]
        return self._drain()

    def control_stream_ends(self, now: int, connection: int) -> list[Out]:
        """TRANSPORT-3."""
        self.now = now
        client = self.connections.get(connection)
        if client:
            self.broken = "TRANSPORT-3"
            self._send_close(connection, "unexpected-message")
            self._forget(connection, client, violation=True)
        return self._drain()

    def breaks(self, now: int, connection: int, refused: Refused) -> list[Out]:
        """Bytes that are no messages."""
        self.now = now
        self.broken = refused.requirement
        self._send_close(connection, refused.error or "malformed")
        self._forget(connection, self.connections[connection], violation=True)
        return self._drain()

    def begun(self, now: int, connection: int, size: int) -> list[Out]:
        """RDV-9 for the beginning of a message, which may not be that of a late `deliver`."""
        client = self.connections.get(connection)
        if client is None or client.session or client.was_in_session:
            return []
        if client.spoken + size <= registry().limit("unpaired-bytes"):
            return []
        return self.breaks(now, connection, Refused("too-much", "RDV-9", "too many bytes"))

    def token_checked(self, now: int, connection: int, good: bool) -> list[Out]:
        """What became of a `sign-in`."""
        self.now = now
        client = self.connections[connection]
        client.state, client.idle_since = "idle", now
        if good:
            client.signed_in = True
            lasts = registry().timer("sign-in")
            everything = sum(registry().scopes.values())
            fields = {"name": "", "organisation": "", "lasts_ms": lasts}
            self._send(connection, "signed-in", help=everything, share=everything, **fields)
        else:
            self._refuse(connection, "sign-in-failed")
        return self._drain()

    def unregister(self, now: int, device: bytes) -> list[Out]:
        """DEVICE-11."""
        self.now = now
        self.devices.pop(device, None)
        waiting = self._waiting_device(device)
        if waiting is not None:
            self._to_idle(self.connections[waiting])
            self._send(waiting, "gone", code=self._code("not-found"))
        return self._drain()

    def time(self, now: int) -> list[Out]:
        """What is due; `now` is a multiple of the tick, or what is due at none of them is done."""
        self.now = now
        timer = registry().timer
        if now % timer("join-tick") == 0:
            due = [waiting for waiting in self.joins if waiting.due <= now]
            self.joins = [waiting for waiting in self.joins if waiting.due > now]
            for waiting in due:
                self._look_up(waiting)
        for locator, code in list(self.codes.items()):
            if now >= code.expires:
                self._kill(locator)
                self._to_idle(self.connections[code.owner])
                self._send(code.owner, "gone", code=self._code("code-expired"))
        for session in list(self.sessions):
            self._session_time(session)
        for connection, client in list(self.connections.items()):
            self._idle_time(connection, client)
        forget = [s for s, (_, at) in self.failed.items() if now - at >= timer("join-delay-decay")]
        for source in forget:
            del self.failed[source]
        return self._drain()

    def next_time(self) -> int | None:
        """When `time` has something to do, but for the next tick."""
        timer = registry().timer
        times = [code.expires for code in self.codes.values()]
        for session in self.sessions:
            times.append(session.began + timer("session-length"))
            times += [at + timer("reconnect-hold") for at in session.lost_at if at is not None]
        for client in self.connections.values():
            if client.state in IDLE_TIMERS:
                times.append(client.idle_since + timer(IDLE_TIMERS[client.state]))
        times += [at + timer("join-delay-decay") for _, at in self.failed.values()]
        return min(times, default=None)

    def shut_down(self, now: int) -> list[Out]:
        """RDV-15."""
        self.now = now
        for connection, client in self.connections.items():
            if client.state != "new":
                self._send(connection, "gone", code=self._code("relay-shutdown"))
            self._send_close(connection, "relay-shutdown")
        self.connections.clear()
        return self._drain()

    def drain(self, now: int) -> list[Out]:
        """DRAIN-2."""
        self.now, self.draining = now, True
        for connection, client in list(self.connections.items()):
            if client.session is None:
                if client.state != "new":
                    self._send(connection, "gone", code=self._code("relay-shutdown"))
                self._send_close(connection, "relay-shutdown")
                self._forget(connection, client, violation=False)
        return self._drain()

    # messages

    def _count(self, client: Connection, message: Message | None, size: int) -> None:
        """RDV-9."""
        late = message is not None and message.name == "deliver" and client.was_in_session
        if client.session or late:
            return
        client.spoken += size
        if client.spoken > registry().limit("unpaired-bytes"):
            raise Refused("too-much", "RDV-9", "too many bytes outside a session")

    def _take(self, connection: int, client: Connection, message: Message) -> None:
        name = message.name
        if client.state == "new":
            if name != "hello":
                raise Refused("unexpected-message", "RDV-4", "the first message is not hello")
            client.state, client.idle_since = "idle", self.now
            self._hello(connection)
            return
        if name == "hello":
            raise Refused("unexpected-message", "RDV-4", "hello again")
        sender = registry().sender("rendezvous", name)
        if sender == RELAY:
            raise Refused("unexpected-message", "RDV-8", "only a relay sends this")
        if name == "deliver":
            self._deliver(client, message)
        elif name == "leave":
            self._leave(connection, client, message.fields["code"])
        elif client.state != "idle":
            raise Refused("unexpected-message", "RDV-6", f"{name} may not come in {client.state}")
        else:
            getattr(self, "_on_" + name.replace("-", "_"))(connection, client, message)

    def _hello(self, connection: int) -> None:
        timers = [[number, value] for number, value in sorted(registry().stated("timer").items())]
        limits = [[number, value] for number, value in sorted(registry().stated("limit").items())]
        self._send(connection, "relay-hello", timers=timers, limits=limits)

    def _deliver(self, client: Connection, message: Message) -> None:
        if client.session is None:
            if not client.was_in_session:
                raise Refused("unexpected-message", "RDV-6", "deliver outside a session")
            return
        peer = client.session.places[1 - client.place]
        if peer is not None:
            self._out.append(Out(peer, message))

    def _leave(self, connection: int, client: Connection, code: int) -> None:
        if client.session:
            self._end_session(client.session, code, but=connection)
        elif client.state == "with a code" and client.locator:
            self._kill(client.locator)
        self.joins = [waiting for waiting in self.joins if waiting.connection != connection]
        if client.state != "idle":
            self._to_idle(client)

    def _on_code_request(self, connection: int, client: Connection, _: Message) -> None:
        if self.draining:
            self._refuse(connection, "draining")
        elif len(self.codes) >= registry().limit("codes") or self._has_too_many_codes(client):
            self._refuse(connection, "busy")
        else:
            lifetime = registry().timer("code-lifetime")
            client.locator = self._draw_locator()
            client.state = "with a code"
            self.codes[client.locator] = Code(connection, self.now + lifetime)
            self._send(connection, "code-issued", locator=client.locator, lifetime_ms=lifetime)

    def _has_too_many_codes(self, client: Connection) -> bool:
        owners = [self.connections[code.owner] for code in self.codes.values()]
        return _too_many(client, owners, "codes-per-source")

    def _on_sign_in(self, connection: int, client: Connection, _: Message) -> None:
        """AUTH-2 of a relay that offers no method; else `token_checked` says what comes of it."""
        if self.offers_sign_in:
            client.state = "signing in"
        else:
            self._refuse(connection, "unsupported")

    def _on_card_request(self, connection: int, client: Connection, _: Message) -> None:
        """CARD-22, CARD-23."""
        if not self.issues_cards:
            self._refuse(connection, "unsupported")
        elif not client.signed_in:
            self._refuse(connection, "sign-in-required")
        else:
            client.challenge = self._random_bytes(32)
            self._send(connection, "card-challenge", challenge=client.challenge)

    def _on_card_proof(self, _: int, client: Connection, __: Message) -> None:
        if client.challenge is None:
            raise Refused("unexpected-message", "RDV-6", "a proof without a challenge")
        client.challenge = None

    def _on_report(self, connection: int, client: Connection, _: Message) -> None:
        """REPORT-4 to REPORT-6."""
        window, most = registry().timer("report-window"), registry().limit("reports-per-source")
        source = client.sources[0]
        count, at = self.reports.get(source, (0, 0))
        if self.now - at >= registry().timer("report-decay"):
            count = 0
        if client.left_at is None or self.now - client.left_at >= window:
            self._refuse(connection, "nothing-to-report")
        elif count >= most:
            self._refuse(connection, "busy")
        else:
            client.left_at = None
            self.reports[source] = (count + 1, self.now)
            self._send(connection, "reported")

    def _draw_locator(self) -> str:
        length = locator_length(len(self.codes) + 1)
        while True:
            drawn = "".join(ALPHABET[self._five_bits()] for _ in range(length))
            quarantined = self.now - self.dead.get(drawn, -(10**12)) < registry().timer("locator-quarantine")
            if drawn not in self.codes and not quarantined:
                return drawn

    def _wait_for_look_up(self, connection: int, client: Connection, message: Message) -> None:
        if self.draining:
            self._refuse(connection, "draining")
            return
        if len(self.joins) >= registry().limit("pending-joins"):
            self._refuse(connection, "busy")
            return
        tick = registry().timer("join-tick")
        due = self.now + self._delay(client)
        client.state = "joining"
        self.joins.append(Waiting(connection, -(-due // tick) * tick, message))
        for source in client.sources:
            self.failed[source] = (self.failed.get(source, (0, 0))[0] + 1, self.now)

    _on_join = _on_wait = _on_call = _wait_for_look_up

    def _delay(self, client: Connection) -> int:
        """RDV-23, RDV-26, RDV-27."""
        full = len(self.failed) >= registry().limit("sources")
        free = registry().limit("free-joins")
        waits = [0]
        for source in client.sources:
            if source not in self.failed:
                waits += [registry().timer("join-delay-most")] if full else []
                continue
            of_48 = source.endswith("/48")
            waits.append(delay(self.failed[source][0], 8 * free if of_48 else free))
        return max(waits)

    def _succeed(self, client: Connection) -> None:
        """RDV-24: it is no failed join any more."""
        for source in client.sources:
            count, at = self.failed.get(source, (1, self.now))
            if count <= 1:
                self.failed.pop(source, None)
            else:
                self.failed[source] = (count - 1, at)

    def _look_up(self, waiting: Waiting) -> None:
        client = self.connections[waiting.connection]
        fields = waiting.message.fields
        match waiting.message.name:
            case "join":
                code = self.codes.get(fields["locator"])
                if code is None:
                    self._not_found(waiting.connection, client)
                    return
                self._kill(fields["locator"])
                self._pair(code.owner, waiting.connection, fields["offer"])
                self._succeed(client)
            case "wait":
                if self.devices.get(fields["device"]) != device_token_hash(fields["token"]):
                    self._not_found(waiting.connection, client)
                    return
                self._succeed(client)
                self._begin_waiting(waiting.connection, client, fields)
            case "call":
                found = self._waiting_device(fields["device"]) if client.signed_in else None
                if found is None:
                    self._not_found(waiting.connection, client)
                    return
                self._pair(waiting.connection, found, self.connections[found].offer)
                self._succeed(client)

    def _not_found(self, connection: int, client: Connection) -> None:
        self._to_idle(client)
        self._refuse(connection, "not-found")

    def _waiting_device(self, device: bytes) -> int | None:
        waiting = ((n, c) for n, c in self.connections.items() if c.state == "waiting")
        return next((number for number, client in waiting if client.device == device), None)

    def _begin_waiting(self, connection: int, client: Connection, fields: dict[str, Any]) -> None:
        earlier = self._waiting_device(fields["device"])
        waiting = sum(client.state == "waiting" for client in self.connections.values())
        if earlier is None and waiting >= registry().limit("device-waits"):
            self._to_idle(client)
            self._refuse(connection, "busy")
            return
        if earlier is not None:
            self._to_idle(self.connections[earlier])
            self._send(earlier, "gone", code=self._code("replaced"))
        client.state, client.idle_since = "waiting", self.now
        client.device, client.offer = fields["device"], fields["offer"]
        self._send(connection, "waiting")

    # sessions and places

    def _pair(self, helper: int, sharer: int, offer: bytes) -> None:
        tokens = [self._random_bytes(32), self._random_bytes(32)]
        session = Session(self.now, tokens, [helper, sharer])
        self.sessions.append(session)
        for place, connection in enumerate((helper, sharer)):
            client = self.connections[connection]
            client.state, client.session, client.place = "in a session", session, place
            client.locator = None
            self.tokens[place_token_hash(tokens[place])] = (session, place)
        self._send(helper, "joined", offer=offer)
        self._send(helper, "place", token=tokens[0])
        self._send(sharer, "place", token=tokens[1])

    def _on_rejoin(self, connection: int, client: Connection, message: Message) -> None:
        found = self.tokens.get(place_token_hash(message.fields["token"]))
        if found is None:
            self._refuse(connection, "not-found")
            return
        session, place = found
        before, peer = session.places[place], session.places[1 - place]
        lost = session.lost_at[place] is not None
        if before is not None:
            self._send_close(before, "superseded")
            del self.connections[before]
            if peer is not None:
                self._send(peer, "peer-lost")
        session.places[place], session.lost_at[place] = connection, None
        client.state, client.session, client.place = "in a session", session, place
        self._send(connection, "rejoined", peer=peer is not None)
        if (lost or before is not None) and peer is not None:
            self._send(peer, "peer-back")

    def _end_session(self, session: Session, code: int, but: int | None = None) -> None:
        self.sessions.remove(session)
        for token in session.tokens:
            self.tokens.pop(place_token_hash(token), None)
        for connection in session.places:
            if connection is None:
                continue
            self._to_idle(self.connections[connection])
            self.connections[connection].left_at = self.now
            self.connections[connection].was_in_session = True
            self.connections[connection].spoken = 0
            if connection != but:
                self._send(connection, "gone", code=code)

    def _session_time(self, session: Session) -> None:
        timer = registry().timer
        if self.now - session.began >= timer("session-length"):
            self._end_session(session, self._code("session-length"))
        elif any(at is not None and self.now - at >= timer("reconnect-hold") for at in session.lost_at):
            self._end_session(session, self._code("lost"))

    def _idle_time(self, connection: int, client: Connection) -> None:
        timer = IDLE_TIMERS.get(client.state)
        if timer is None or self.now - client.idle_since < registry().timer(timer):
            return
        if client.state != "new":
            self._send(connection, "gone", code=self._code("idle"))
        self._send_close(connection, "idle")
        del self.connections[connection]

    def _forget(self, connection: int, client: Connection, violation: bool) -> None:
        """The connection is not there any more."""
        del self.connections[connection]
        self.joins = [waiting for waiting in self.joins if waiting.connection != connection]
        if client.locator:
            self._kill(client.locator)
        session = client.session
        if session is None:
            return
        session.places[client.place] = None
        held = sum(at is not None for session in self.sessions for at in session.lost_at)
        if violation or held >= registry().limit("held-places"):
            self._end_session(session, self._code("lost"))
            return
        session.lost_at[client.place] = self.now
        peer = session.places[1 - client.place]
        if peer is not None:
            self._send(peer, "peer-lost")

    # small things

    def _kill(self, locator: str) -> None:
        """RDV-18."""
        self.codes.pop(locator, None)
        self.dead[locator] = self.now

    def _to_idle(self, client: Connection) -> None:
        client.state, client.idle_since = "idle", self.now
        client.locator, client.device, client.session = None, None, None

    @staticmethod
    def _code(name: str) -> int:
        return registry().errors[name]

    def _refuse(self, connection: int, error: str) -> None:
        self._send(connection, "refused", code=self._code(error))

    def _send(self, connection: int, name: str, /, **fields: Any) -> None:  # noqa: ANN401
        self._out.append(Out(connection, Message(name, fields)))

    def _send_close(self, connection: int, error: str) -> None:
        self._out.append(Out(connection, close=error))

    def _drain(self) -> list[Out]:
        out, self._out = self._out, []
        return out
