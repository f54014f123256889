"""Turns the events of the table of a connection into calls of the relay's machine, and its state back.

The connection that the table is about has the number 1; whoever else an event needs is made for it.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from alongside_independent.messages import Message
from alongside_independent.model.clients import Connection
from alongside_independent.model.outcome import IGNORED, REFUSED, Outcome
from alongside_independent.model.relay import Out, Relay
from alongside_independent.model.set_up import Device, SetUp
from alongside_independent.operation import device_token_hash
from alongside_independent.policy import Account, Policy, Rules
from alongside_independent.registry import registry
from alongside_independent.tokens import Proved

SUBJECT = 1
SOMEBODY = Proved(Account("", "ada", organisation="Engines", role="control"))
DONE = registry().errors["done"]
LEFT_OUT = {"a violation"}
_STATES = {"new": "greeting"}
_FIELDS = {
    "hello": {"features": []},
    "relay-hello": {"timers": [], "limits": []},
    "code-issued": {"locator": "4060", "lifetime_ms": 1},
    "joined": {"offer": b"o"},
    "deliver": {"envelope": b"x"},
    "sign-in": {"method": 1, "token": "t"},
    "signed-in": {"help": 0, "share": 0, "name": "", "organisation": "", "lasts_ms": 1},
    "report": {"category": 1},
    "place": {"token": bytes(32)},
    "rejoined": {"peer": True},
    "card-request": {"profile": 1, "card_key": bytes(32), "receipt_key": []},
    "card-challenge": {"challenge": bytes(32)},
    "card-proof": {"proof": b""},
    "card-issued": {"card": b""},
    "leave": {"code": DONE},
    "gone": {"code": DONE},
    "refused": {"code": DONE},
    "path": {"id": bytes(7) + b"i"},
    "path-open": {"id": bytes(7) + b"i"},
    "path-over": {"code": DONE},
}


class Driver:
    def __init__(self) -> None:
        random = Random(1)
        set_up = SetUp(methods=("token",), issues_cards=True, policy=Policy(organisation=Rules()))
        self.relay = Relay(lambda: random.randrange(32), random.randbytes, set_up)
        self.now = 10_000_001
        self.others = 100
        self.wanted = "nothing"
        self.checks: dict[int, bytes] = {}
        self.relay.connect(self.now, SUBJECT, "192.0.2.1")

    # others

    def _another(self, signed_in: bool = False) -> int:
        self.others += 1
        self.relay.connect(self.now, self.others, f"198.51.100.{self.others % 250}")
        self._say(self.others, "hello", _FIELDS["hello"])
        if signed_in:
            self.relay.token_checked(self.now, self.others, SOMEBODY)
        return self.others

    def _say(self, connection: int, name: str, fields: dict | None = None) -> list[Out]:
        self.relay.failed.clear()
        return self.relay.receive(self.now, connection, Message(name, fields or {}))

    def _tick(self) -> list[Out]:
        """The next one, and a moment after it."""
        self.now += -self.now % 50
        outs = self.relay.time(self.now)
        self.now += 1
        return outs

    def _live_code(self) -> str:
        return self._say(self._another(), "code-request")[0].message.fields["locator"]

    def _device(self) -> dict:
        devices = self.relay.set_up.devices
        device = (len(devices) + 1).to_bytes(16, "big")
        devices[device] = Device(device_token_hash(bytes(32)), SOMEBODY.account.organisation)
        return {"device": device, "token": bytes(32), "offer": b"o"}

    def _waiting_device(self) -> bytes:
        fields = self._device()
        self._say(self._another(), "wait", fields)
        self._look_up_others()
        return fields["device"]

    def _look_up_others(self) -> list[Out]:
        """A tick at which the join of the subject, if it has one, is not yet due."""
        mine = [waiting for waiting in self.relay.joins if waiting.connection == SUBJECT]
        self.relay.joins = [waiting for waiting in self.relay.joins if waiting.connection != SUBJECT]
        outs = self._tick()
        self.relay.joins += mine
        return outs

    def _session_of_others(self) -> tuple[int, bytes, int]:
        """Helper, its token, sharer."""
        locator = self._live_code()
        helper, sharer = self.others, self._another()
        self._say(sharer, "join", {"locator": locator, "link": False, "offer": b"o"})
        outs = self._look_up_others()
        token = next(
            o.message.fields["token"] for o in outs if o.connection == helper and _name(o) == "place"
        )
        return helper, token, sharer

    def _peer(self) -> int | None:
        client = self.relay.connections.get(SUBJECT)
        if client is None or client.session is None:
            return None
        return client.session.places[1 - client.place]

    # events

    def do(self, event: str) -> Outcome:
        self.now += 0 if (self.now + 1) % 50 == 0 else 1
        if SUBJECT not in self.relay.connections:
            return Outcome(IGNORED)
        before = self._peer()
        outs = self._event(event)
        new = self._peer() if event != "its peer is back" else None  # what that one is told is its own table
        return self._outcome(outs, before if before is not None else new)

    def _outcome(self, outs: list[Out], peer: int | None) -> Outcome:
        found = Outcome()
        for out in outs:
            if out.check:
                self.checks[out.connection] = out.check
            if out.connection == SUBJECT and out.close:
                found.close = out.close
            elif out.connection == SUBJECT and out.message:
                found.sent.append(out.message)
            elif peer is not None and out.connection == peer and out.message:
                found.sent.append(Message("pass " + out.message.name, out.message.fields))
        if self.relay.broken and SUBJECT not in self.relay.connections:
            found.verdict, found.requirement = REFUSED, self.relay.broken
        self.relay.broken = None
        return found

    def _event(self, event: str) -> list[Out]:
        kind, _, which = event.partition(": ")
        if kind == "path-proof":
            token = self.checks.get(SUBJECT, bytes(16)) if which == "of its check" else bytes(16)
            return self._say(SUBJECT, kind, {"token": token})
        if kind in ("join", "wait", "call", "rejoin"):
            return self._say(SUBJECT, kind, self._asked(kind, which))
        if kind in registry().messages("rendezvous"):
            return self._say(SUBJECT, kind, _FIELDS.get(kind, {}))
        return _EVENTS[event](self)

    def _asked(self, kind: str, which: str) -> dict:
        state = self.relay.connections[SUBJECT].state
        if state == "idle":
            self.wanted = {
                "by a live code": "a code that lives",
                "of a device that waits": "a device that waits",
                "as a registered device": "to wait",
            }.get(which, "nothing")
        if kind == "join":
            locator = self._live_code() if which == "by a live code" else "00000000"
            return {"locator": locator, "link": False, "offer": b"o"}
        if kind == "wait":
            return self._device() | ({} if which == "as a registered device" else {"token": b"x" * 32})
        if kind == "call":
            return {"device": self._waiting_device() if which == "of a device that waits" else bytes(16)}
        helper, token, sharer = self._session_of_others()
        if which == "with another token":
            return {"token": bytes(32)}
        self.relay.lose(self.now, helper)
        if which == "to a peer that is away":
            self.relay.lose(self.now, sharer)
        return {"token": token}

    def by_code(self) -> list[Out]:
        locator = self.relay.connections[SUBJECT].locator
        self._say(self._another(), "join", {"locator": locator, "link": False, "offer": b"o"})
        return self._look_up_others()

    def called(self) -> list[Out]:
        device = self.relay.connections[SUBJECT].device
        self._say(self._another(signed_in=True), "call", {"device": device})
        return self._look_up_others()

    def unregistered(self) -> list[Out]:
        """All devices are; nobody else's waits."""
        return self.relay.reload(self.now, replace(self.relay.set_up, devices={}))

    def another_waits(self) -> list[Out]:
        device = self.relay.connections[SUBJECT].device
        self._say(self._another(), "wait", {"device": device, "token": bytes(32), "offer": b"o"})
        return self._look_up_others()

    def token_of(self, place: int) -> bytes:
        return self.relay.connections[SUBJECT].session.tokens[place]

    def peer_back(self) -> list[Out]:
        place = 1 - self.relay.connections[SUBJECT].place
        return self._say(self._another(), "rejoin", {"token": self.token_of(place)})

    def place_taken(self) -> list[Out]:
        place = self.relay.connections[SUBJECT].place
        return self._say(self._another(), "rejoin", {"token": self.token_of(place)})

    def peer_says(self, name: str) -> list[Out]:
        return self._say(self._peer(), name, _FIELDS.get(name))

    def peer_returns_its_check(self) -> list[Out]:
        return self._say(self._peer(), "path-proof", {"token": self.checks[self._peer()]})

    def moves(self, connection: int) -> list[Out]:
        self.others += 1
        return self.relay.moved(self.now, connection, f"203.0.113.{self.others % 250}")

    def late(self, timer: str) -> list[Out]:
        """The subject's timer alone has run out, and no tick has come."""
        relay, client = self.relay, self.relay.connections[SUBJECT]
        at = self.now - registry().timer(timer)
        if timer in ("unpaired-idle", "device-wait"):
            client.idle_since = at
        elif timer == "code-lifetime":
            relay.codes[client.locator].expires = self.now
        elif timer == "session-length":
            client.session.began = at
        elif timer == "reconnect-hold":
            client.session.lost_at[1 - client.place] = at
        elif timer == "report-window":
            client.left_at = None
        elif timer == "path-check":
            client.session.path.halves[client.place].checked_at = at
        elif timer == "path-attempt":
            client.session.path.until = self.now
        elif timer == "path-idle":
            client.session.path.used_at = at
        return relay.time(self.now)

    def stays(self) -> list[Out]:
        """No tick has come meanwhile."""
        self.relay.control_stream_ends(self.now - registry().timer("farewell"), SUBJECT)
        return self.relay.time(self.now)

    def can(self, event: str) -> bool:
        return event not in LEFT_OUT

    def states(self) -> dict[str, str]:
        client = self.relay.connections.get(SUBJECT)
        none = {
            "connection": "closed",
            "wants": "nothing",
            "peer": "there",
            "past": "none",
            "report": "nothing",
            "account": "none",
            "challenge": "none",
            "path": "none",
            "their path": "none",
            "packets": "none",
        }
        if client is None:
            return none
        away = client.session is not None and self._peer() is None
        return none | {
            "connection": _STATES.get(client.state, client.state),
            "wants": self.wanted if client.state == "joining" else "nothing",
            "peer": "away" if away else "there",
            "past": "a session" if client.was_in_session else "none",
            "report": "may" if client.left_at is not None else "nothing",
            "account": "signed in" if client.account else "none",
            "challenge": "given" if client.challenge else "none",
            **self._path(client),
        }

    @staticmethod
    def _path(client: Connection) -> dict[str, str]:
        path = client.session.path if client.session else None
        if path is None:
            return {}
        names = {client.place: "path", 1 - client.place: "their path"}
        halves = {names[place]: "shown" if half.proven else "asked" for place, half in path.halves.items()}
        return halves | {"packets": "go" if path.forwards else "stopped" if path.opened else "none"}


def _name(out: Out) -> str | None:
    return out.message.name if out.message else None


_EVENTS = {
    "somebody joins by its code": Driver.by_code,
    "a call finds its device": Driver.called,
    "another waits as its device": Driver.another_waits,
    "its device is registered no more": Driver.unregistered,
    "its peer leaves": lambda d: d.peer_says("leave"),
    "its peer is lost": lambda d: d.relay.lose(d.now, d._peer()),
    "its peer is back": Driver.peer_back,
    "its peer breaks the protocol": lambda d: d.peer_says("code-request"),
    "its place is taken": Driver.place_taken,
    "its peer asks for a path": lambda d: d.peer_says("path-request"),
    "its peer returns its check": Driver.peer_returns_its_check,
    "its peer ends the path": lambda d: d.peer_says("path-over"),
    "its peer's address changes": lambda d: d.moves(d._peer()),
    "its address changes": lambda d: d.moves(SUBJECT),
    "the token is good": lambda d: d.relay.token_checked(d.now, SUBJECT, SOMEBODY),
    "the token is not": lambda d: d.relay.token_checked(d.now, SUBJECT, None),
    "the connection is lost": lambda d: d.relay.lose(d.now, SUBJECT),
    "the connection is closed on purpose": lambda d: d.relay.close(d.now, SUBJECT, "done"),
    "it stays after the end of its control stream": Driver.stays,
    "drain": lambda d: d.relay.drain(d.now),
    "shut down": lambda d: d.relay.shut_down(d.now),
    "join-tick": Driver._tick,
    **{
        timer: lambda d, timer=timer: d.late(timer)
        for timer in (
            "unpaired-idle",
            "code-lifetime",
            "device-wait",
            "session-length",
            "reconnect-hold",
            "report-window",
            "path-check",
            "path-attempt",
            "path-idle",
        )
    },
}
