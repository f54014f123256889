"""The relay's machine: chapters 03, 13 to 15, 17 and 20, as far as they are messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..codes import ALPHABET, locator_length
from ..messages import Message, encode
from ..operation import device_token_hash, place_token_hash
from ..refusal import Refused
from ..registry import registry
from ..tokens import Proved
from .admission import Admission
from .clients import Code, Connection, Failures, Session, Waiting, sources_of, too_many
from .paths import Paths
from .set_up import SetUp

CLIENT, RELAY = "client", "relay"
OF_SESSIONS = ("deliver", "path-request", "path-proof", "path-over")
IDLE_TIMERS = dict.fromkeys(("new", "idle", "signing in"), "unpaired-idle") | {"waiting": "device-wait"}


@dataclass
class Out:
    """One thing that the relay does: a message to a connection, its end with a code, a check with a token.

    `forwards` says that packets go to and from it, from now on or no more.
    """

    connection: int
    message: Message | None = None
    close: str | None = None
    check: bytes | None = None
    forwards: bool | None = None


class Relay(Admission, Paths):
    """`five_bits` and `random_bytes` are its random numbers, `date` the second of Unix time."""

    def __init__(
        self,
        five_bits: Callable[[], int],
        random_bytes: Callable[[int], bytes],
        set_up: SetUp | None = None,
        date: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        self._five_bits, self._random_bytes, self.date = five_bits, random_bytes, date
        self.set_up = set_up or SetUp()
        super().__init__()
        self.connections: dict[int, Connection] = {}
        self.codes: dict[str, Code] = {}
        self.dead: dict[str, int] = {}
        self.joins: list[Waiting] = []
        self.failed = Failures(self.set_up)
        self.sessions: list[Session] = []
        self.tokens: dict[bytes, tuple[Session, int]] = {}
        self.broken: str | None = None
        self.draining = False
        self.now = 0
        self._out: list[Out] = []

    # what comes from outside

    def connect(self, now: int, connection: int, address: str) -> list[Out]:
        self.now = now
        client = Connection(address, sources_of(address), idle_since=now)
        there, limit = list(self.connections.values()), self.set_up.limit
        if len(there) >= limit("connections") or too_many(client, there, limit("connections-per-source")):
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
        """It is finished or reset, or its client does not read it any more."""
        self.now = now
        client = self.connections.get(connection)
        if client and client.control_ended_at is None:
            client.control_ended_at = now
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
        if client.spoken + size <= self.set_up.limit("unpaired-bytes"):
            return []
        return self.breaks(now, connection, Refused("too-much", "RDV-9", "too many bytes"))

    def token_checked(self, now: int, connection: int, proved: Proved | None) -> list[Out]:
        """What became of a `sign-in`; None for a token that proves nothing."""
        self.now = now
        if proved is None:
            self._not_signed_in(connection, "sign-in-failed")
        else:
            self._signed_in(connection, proved)
        return self._drain()

    def reload(self, now: int, set_up: SetUp) -> list[Out]:
        """Accounts, issuers, policy and devices as they are there; DEVICE-11."""
        self.now = now
        mine, self.set_up.devices = self.set_up.devices, set_up.devices
        self.set_up.methods, self.set_up.check = set_up.methods, set_up.check
        self.set_up.policy = set_up.policy
        for connection, client in self.connections.items():
            device = client.device
            if client.state == "waiting" and mine.get(device) != set_up.devices.get(device):
                self._to_idle(client)
                self._send(connection, "gone", code=self._code("not-found"))
        return self._drain()

    def time(self, now: int) -> list[Out]:
        """What is due; `now` is a multiple of the tick, or what is due at none of them is done."""
        self.now = now
        timer = self.set_up.timer
        self._check_tokens()
        self._end_sign_ins()
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
            self._path_time(session)
        for connection, client in list(self.connections.items()):
            if self._stays(client):
                self.broken = "TRANSPORT-14"
                self._send_close(connection, "unexpected-message")
                self._forget(connection, client, violation=True)
            else:
                self._idle_time(connection, client)
        self.failed.forget(now)
        self.failed_sign_ins.forget(now)
        return self._drain()

    def next_time(self) -> int | None:
        """When `time` has something to do, but for the next tick."""
        timer = self.set_up.timer
        times = [code.expires for code in self.codes.values()]
        for session in self.sessions:
            times.append(session.began + timer("session-length"))
            if session.ends_with is not None:
                times.append(session.ends_with.ends_at)
            times += [at + timer("reconnect-hold") for at in session.lost_at if at is not None]
            times += self._path_times(session)
        for client in self.connections.values():
            if client.state in IDLE_TIMERS:
                times.append(client.idle_since + timer(IDLE_TIMERS[client.state]))
            if client.account is not None:
                times.append(client.sign_in.ends_at)
            if client.control_ended_at is not None:
                times.append(client.control_ended_at + timer("farewell"))
        times += [waiting.due for waiting in self.sign_ins]
        times += self.failed.times() + self.failed_sign_ins.times()
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
        if client.spoken > self.set_up.limit("unpaired-bytes"):
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
        if name in OF_SESSIONS:
            self._of_session(connection, client, message)
        elif name == "leave":
            self._leave(connection, client, message.fields["code"])
        elif client.state != "idle":
            raise Refused("unexpected-message", "RDV-6", f"{name} may not come in {client.state}")
        else:
            getattr(self, "_on_" + name.replace("-", "_"))(connection, client, message)

    def _hello(self, connection: int) -> None:
        timers, limits = self.set_up.stated("timer"), self.set_up.stated("limit")
        self._send(connection, "relay-hello", timers=timers, limits=limits)

    def _of_session(self, connection: int, client: Connection, message: Message) -> None:
        """RDV-7, and the same for paths."""
        if client.session is not None:
            getattr(self, "_on_" + message.name.replace("-", "_"))(connection, client, message)
        elif not client.was_in_session:
            raise Refused("unexpected-message", "RDV-6", f"{message.name} outside a session")

    def _on_deliver(self, _connection: int, client: Connection, message: Message) -> None:
        peer = client.session.places[1 - client.place]
        if peer is not None:
            self._out.append(Out(peer, message))

    def _leave(self, connection: int, client: Connection, code: int) -> None:
        if client.session:
            self._end_session(client.session, code, but=connection)
        elif client.state == "with a code" and client.locator:
            self._kill(client.locator)
        self._forget_what_waits(connection)
        if client.state != "idle":
            self._to_idle(client)

    def _on_code_request(self, connection: int, client: Connection, _: Message) -> None:
        """In the order of chapter 13."""
        limit = self.set_up.limit
        error = "sign-in-expired" if client.sign_in_is_over else self.set_up.policy.code(client.account)
        if error is None and self.draining:
            error = "draining"
        if error:
            self._refuse(connection, error)
            return
        owners = [self.connections[code.owner] for code in self.codes.values()]
        if len(owners) >= limit("codes") or too_many(client, owners, limit("codes-per-source")):
            self._refuse(connection, "busy")
            return
        lifetime = self.set_up.timer("code-lifetime")
        client.locator = self._draw_locator()
        client.state = "with a code"
        rules = self.set_up.policy.code_rules(client.account)
        self.codes[client.locator] = Code(connection, self.now + lifetime, rules)
        self._send(connection, "code-issued", locator=client.locator, lifetime_ms=lifetime)

    def _draw_locator(self) -> str:
        length = locator_length(len(self.codes) + 1)
        while True:
            drawn = "".join(ALPHABET[self._five_bits()] for _ in range(length))
            quarantined = self.now - self.dead.get(drawn, -(10**12)) < self.set_up.timer("locator-quarantine")
            if drawn not in self.codes and not quarantined:
                return drawn

    def _on_join(self, connection: int, client: Connection, message: Message) -> None:
        """AUTH-11."""
        if client.sign_in_is_over:
            self._refuse(connection, "sign-in-expired")
        else:
            self._wait_for_look_up(connection, client, message)

    def _wait_for_look_up(self, connection: int, client: Connection, message: Message) -> None:
        """DRAIN-1."""
        if self.draining:
            self._refuse(connection, "draining")
            return
        if len(self.joins) >= self.set_up.limit("pending-joins"):
            self._refuse(connection, "busy")
            return
        tick = self.set_up.timer("join-tick")
        due = self.now + self.failed.delay(client)
        client.state = "joining"
        self.joins.append(Waiting(connection, -(-due // tick) * tick, message))
        self.failed.count(client, self.now)

    _on_wait = _on_call = _wait_for_look_up

    def _look_up(self, waiting: Waiting) -> None:
        client = self.connections[waiting.connection]
        fields = waiting.message.fields
        match waiting.message.name:
            case "join":
                self._look_up_code(waiting.connection, client, fields)
            case "wait":
                device = self.set_up.devices.get(fields["device"])
                if device is None or device.token_hash != device_token_hash(fields["token"]):
                    self._not_found(waiting.connection, client)
                    return
                self.failed.succeed(client, self.now)
                self._begin_waiting(waiting.connection, client, fields)
            case "call":
                found = self._waiting_device(fields["device"])
                if found is None or not self._may_call(client, fields["device"]):
                    self._not_found(waiting.connection, client)
                    return
                self._pair(waiting.connection, found, self.connections[found].offer)
                self.failed.succeed(client, self.now)

    def _look_up_code(self, connection: int, client: Connection, fields: dict[str, Any]) -> None:
        """POLICY-11: whatever follows, the code is spent."""
        code = self.codes.get(fields["locator"])
        if code is None:
            self._not_found(connection, client)
            return
        self._kill(fields["locator"])
        error = code.rules.join(fields["link"], client.account)
        if error is None:
            self._pair(code.owner, connection, fields["offer"], code.rules.end_at_expiry)
            self.failed.succeed(client, self.now)
            return
        self._to_idle(client)
        self._refuse(connection, error)
        self._to_idle(self.connections[code.owner])
        self._send(code.owner, "gone", code=self._code(error))

    def _may_call(self, client: Connection, device: bytes) -> bool:
        """DEVICE-6."""
        account, known = client.account, self.set_up.devices.get(device)
        same = account is not None and known is not None and account.organisation == known.organisation
        return same and self.set_up.policy.code(account) is None

    def _not_found(self, connection: int, client: Connection) -> None:
        self._to_idle(client)
        self._refuse(connection, "not-found")

    def _waiting_device(self, device: bytes) -> int | None:
        waiting = ((n, c) for n, c in self.connections.items() if c.state == "waiting")
        return next((number for number, client in waiting if client.device == device), None)

    def _begin_waiting(self, connection: int, client: Connection, fields: dict[str, Any]) -> None:
        earlier = self._waiting_device(fields["device"])
        waiting = sum(client.state == "waiting" for client in self.connections.values())
        if earlier is None and waiting >= self.set_up.limit("device-waits"):
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

    def _pair(self, helper: int, sharer: int, offer: bytes, end_at_expiry: bool = False) -> None:
        tokens = [self._random_bytes(32), self._random_bytes(32)]
        session = Session(self.now, tokens, [helper, sharer])
        if end_at_expiry:
            session.ends_with = self.connections[helper].sign_in
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
            self._drop_path(session)
            if peer is not None:
                self._send(peer, "peer-lost")
        session.places[place], session.lost_at[place] = connection, None
        client.state, client.session, client.place = "in a session", session, place
        self._send(connection, "rejoined", peer=peer is not None)
        if (lost or before is not None) and peer is not None:
            self._send(peer, "peer-back")

    def _end_session(self, session: Session, code: int, but: int | None = None) -> None:
        self.sessions.remove(session)
        self._drop_path(session)
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
        timer = self.set_up.timer
        if self.now - session.began >= timer("session-length"):
            self._end_session(session, self._code("session-length"))
        elif session.ends_with is not None and self.now >= session.ends_with.ends_at:
            self._end_session(session, self._code("sign-in-expired"))
        elif any(at is not None and self.now - at >= timer("reconnect-hold") for at in session.lost_at):
            self._end_session(session, self._code("lost"))

    def _end_sign_ins(self) -> None:
        """AUTH-10, AUTH-12."""
        for connection, client in self.connections.items():
            if client.account is None or self.now < client.sign_in.ends_at:
                continue
            client.sign_in.ended = True
            if client.state == "with a code":
                self._kill(client.locator)
                self._to_idle(client)
                self._send(connection, "gone", code=self._code("sign-in-expired"))

    def _stays(self, client: Connection) -> bool:
        ended = client.control_ended_at
        return ended is not None and self.now - ended >= self.set_up.timer("farewell")

    def _idle_time(self, connection: int, client: Connection) -> None:
        timer = IDLE_TIMERS.get(client.state)
        if timer is None or self.now - client.idle_since < self.set_up.timer(timer):
            return
        if client.state != "new":
            self._send(connection, "gone", code=self._code("idle"))
        self._send_close(connection, "idle")
        del self.connections[connection]

    def _forget(self, connection: int, client: Connection, violation: bool) -> None:
        """The connection is not there any more."""
        del self.connections[connection]
        self._forget_what_waits(connection)
        if client.locator:
            self._kill(client.locator)
        session = client.session
        if session is None:
            return
        self._drop_path(session)
        session.places[client.place] = None
        held = sum(at is not None for session in self.sessions for at in session.lost_at)
        if violation or held >= self.set_up.limit("held-places"):
            self._end_session(session, self._code("lost"))
            return
        session.lost_at[client.place] = self.now
        peer = session.places[1 - client.place]
        if peer is not None:
            self._send(peer, "peer-lost")

    # small things

    def _forget_what_waits(self, connection: int) -> None:
        self.joins = [waiting for waiting in self.joins if waiting.connection != connection]
        self.sign_ins = [waiting for waiting in self.sign_ins if waiting.connection != connection]

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

    def _send_check(self, connection: int, token: bytes) -> None:
        self._out.append(Out(connection, check=token))

    def _send_forwards(self, connection: int, forwards: bool) -> None:
        self._out.append(Out(connection, forwards=forwards))

    def _send_close(self, connection: int, error: str) -> None:
        self._out.append(Out(connection, close=error))

    def _drain(self) -> list[Out]:
        out, self._out = self._out, []
        return out
