"""Kinds of several steps: what an end or a relay does, moment after moment; and pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from random import Random
from typing import Any

from .. import identity, messages
from ..messages import Message
from ..model.end import End
from ..model.helper import Helper
from ..model.outcome import IGNORED, REFUSED, Outcome
from ..model.relay import Out, Relay
from ..model.set_up import SetUp
from ..model.sharer import Sharer
from ..policy import Account
from ..refusal import Refused
from ..registry import registry, scope_bits
from ..tokens import Proved
from ..wire import to_json
from .kind import BadVector, Json, Kind, members
from .simple import events_from_json, events_json, message_from_json, message_json

_UNSAID = ("heartbeat", "probe")
_BOTH = scope_bits("view", "chat")
_DISPLAYS = [{"id": 0, "width": 640, "height": 480}]


def _picture(given: Json) -> Json:
    digest, size, octets = members(given, "hash", "size", "file")
    file = bytes.fromhex(octets)
    if len(file) == size and hashlib.sha256(file).hexdigest() != digest:
        raise Refused("bad-picture", "PICTURE-4", "another file")
    try:
        width, height = identity.picture_sides(file)
    except Refused:
        return {"head": None}
    codec = registry().ids("codec")["png" if file.startswith(b"\x89PNG") else "jpeg"]
    return {"head": {"codec": codec, "width": width, "height": height}}


def _sharer(ceiling: int) -> Sharer:
    machine = Sharer(ceiling, _DISPLAYS)
    machine.joins(0)
    machine.answered(0, ceiling)
    machine.receive(0, Message("introduce", {}))
    return machine


def _helper(ceiling: int) -> Helper:
    machine = Helper(ceiling)
    for act in (machine.person_asks_for_code, machine.code_issued, machine.joined, machine.handshake):
        act(0)
    return machine


def _allow(machine: Sharer, now: int, step: Json) -> Outcome:
    scopes, duration, secret = step["scopes"], step["duration_ms"], bytes.fromhex(step["secret"])
    return machine.person_allows(now, duration, secret, scopes, repeated=True)


_ACTS: dict[str, Callable[[Any, int, Json], Outcome]] = {
    "started": lambda m, now, _: m.person_says_who_started(now, True),
    "called": lambda m, now, _: m.person_says_who_started(now, False),
    "consent": lambda m, now, _: m.person_consents(now, _BOTH),
    "consent-after-warning": lambda m, now, _: m.person_consents(now, _BOTH, further_act=True),
    "refuse-consent": lambda m, now, _: m.person_declines(now),
    "frame": lambda m, now, _: m.sends_frame(now, 1),
    "allow": _allow,
    "deny": lambda m, now, _: m.person_denies(now),
    "revoke": lambda m, now, _: m.person_revokes(now),
    "acknowledge": lambda m, now, _: m.person_reads_advisory(now),
    "shown": lambda m, now, _: m.frame_is_shown(now, 1),
    "chat": lambda m, now, step: m.person_writes(now, step["text"]),
    "clipboard": lambda m, now, step: m.person_sends_item(now, step["text"]),
    "take": lambda m, now, _: m.person_answers_item(now, True),
    "refuse": lambda m, now, _: m.person_answers_item(now, False),
    "draw": lambda m, now, step: m.draws(now, step["points"]),
    "request": lambda m, now, step: m.person_asks(now, step["scopes"]),
    "release": lambda m, now, _: m.person_gives_up(now),
    "pause": lambda m, now, _: m.person_pauses(now, True),
    "unpause": lambda m, now, _: m.person_pauses(now, False),
    "end": lambda m, now, _: m.person_ends(now),
}


def _drawing(machine: End) -> tuple[int, bool]:
    """How many points are on the sharer's screen, and whether anything is."""
    if not isinstance(machine, Sharer):
        return 0, False
    return machine.points, machine.drawn or machine.laser


def _of_end(machine: End, step: Json) -> Json:
    """What time brings, and then what happens."""
    now = step["now"]
    grant, prompt = machine.grant, getattr(machine, "prompt", None)
    points, drawing = _drawing(machine)
    outcomes = [machine.time(now)]
    done: Json = {}
    if "receive" in step:
        outcomes.append(machine.receive(now, message_from_json("session", step["receive"])))
    elif "media" in step:
        outcomes.append(machine.media(now, *members(step["media"], "epoch")))
    elif step.get("lost"):
        outcomes.append(machine.peer_lost(now))
    elif step.get("master"):
        outcomes.append(machine.reconnected(now))
    elif "input" in step:
        named, events = members(step["input"], "grant", "events")
        outcomes.append(machine.input(now, named, events_from_json(events)))
        if events and outcomes[-1].verdict not in (IGNORED, REFUSED):
            done["injected"] = events_json(events_from_json(events))
    elif "act" in step:
        if step["act"] not in _ACTS:
            raise BadVector(f"no act {step['act']}")
        outcomes.append(_ACTS[step["act"]](machine, now, step))
        if outcomes[-1].verdict == IGNORED:
            done["not_taken"] = True
    elif set(step) != {"now"}:
        raise BadVector(f"a step of {sorted(step)}")
    asks = getattr(machine, "prompt", None)
    if asks is not None and asks is not prompt:
        done["asked"] = True
    if machine.role == "sharer" and grant and (machine.grant is not grant or "asked" in done):
        done["released"] = True
    if _drawing(machine)[0] > points:
        done["drawn"] = _drawing(machine)[0] - points
    if drawing and not _drawing(machine)[1]:
        done["cleared"] = True
    for outcome in outcomes:
        if outcome.verdict == REFUSED:
            done["error"] = {"name": outcome.error, "requirement": outcome.requirement}
    sent = [message for outcome in outcomes for message in outcome.sent if message.name not in _UNSAID]
    return {"sent": [message_json("session", message) for message in sent]} | done


_SOMEBODY = Proved(Account("", "somebody", role="elevation"))


class _AtRelay:
    """A relay whose drawn values have names, and the bytes that wait at it."""

    def __init__(self) -> None:
        random = Random(0)
        self.relay = Relay(lambda: random.randrange(32), random.randbytes, SetUp(methods=("token",)))
        self.waiting: dict[int, bytes] = {}
        self.names: dict[str, str] = {}

    def step(self, step: Json) -> Json:
        now = step["now"]
        outs = self._time(now)
        client = step.get("client")
        if client is not None and "connects_from" in step:
            outs += self.relay.connect(now, client, step["connects_from"])
        elif client is not None and client not in self.relay.connections:
            pass
        elif "receive" in step:
            named = self._by_value(step["receive"])
            outs += self.relay.receive(now, client, message_from_json("rendezvous", named))
        elif "bytes" in step:
            outs += self._bytes(now, client, bytes.fromhex(step["bytes"]))
        elif step.get("lost"):
            outs += self.relay.lose(now, client)
        elif "moves_to" in step:
            outs += self.relay.moved(now, client, step["moves_to"])
        elif "token" in step:
            outs += self.relay.token_checked(now, client, _SOMEBODY if step["token"] == "right" else None)
        elif set(step) != {"now"}:
            raise BadVector(f"a step of {sorted(step)}")
        sent = [self._said(out) for out in outs if out.message]
        closed = [{"client": out.connection, "error": out.close} for out in outs if out.close]
        checks = [self._checks(out) for out in outs if out.check]
        more = {"closed": closed, "checks": checks, "forwards": _ends(outs, True), "stops": _ends(outs, False)}
        return {"sent": sent} | {name: those for name, those in more.items() if those}

    def _time(self, now: int) -> list[Out]:
        """All ticks up to now, of which only those can bring something at which a join is due."""
        due = sorted({waiting.due for waiting in self.relay.joins if waiting.due <= now})
        outs = [out for tick in due for out in self.relay.time(tick)]
        return outs + self.relay.time(now)

    def _bytes(self, now: int, client: int, octets: bytes) -> list[Out]:
        waiting = self.waiting.get(client, b"") + octets
        outs: list[Out] = []
        while client in self.relay.connections:
            try:
                one, rest = messages.decode_first(waiting)
            except Refused as refused:
                return outs + self.relay.breaks(now, client, refused)
            if rest is None:
                break
            outs += self.relay.receive(now, client, one, len(waiting) - len(rest))
            waiting = rest
        self.waiting[client] = waiting
        return outs + self.relay.begun(now, client, len(waiting))

    def _said(self, out: Out) -> Json:
        if out.message is None:
            raise AssertionError("not a message")
        value = message_json("rendezvous", out.message)
        for field in ("locator", "token", "id"):
            if field in value["fields"]:
                value["fields"][field] = self._name(field, value["fields"][field])
        return value | {"client": out.connection}

    def _checks(self, out: Out) -> Json:
        return {"client": out.connection, "token": self._name("token", out.check.hex())}

    def _name(self, field: str, drawn: str) -> str:
        if drawn not in self.names:
            count = sum(name.startswith(f"${field}") for name in self.names.values())
            self.names[drawn] = f"${field}-{count + 1}"
        return self.names[drawn]

    def _by_value(self, message: Json) -> Json:
        drawn = {name: value for value, name in self.names.items()}
        fields = {
            name: drawn.get(value, value) if isinstance(value, str) else value
            for name, value in message["fields"].items()
        }
        return message | {"fields": fields}


def _ends(outs: list[Out], forwards: bool) -> list[int]:
    """Between whom packets are forwarded from now on, or no more."""
    return sorted(out.connection for out in outs if out.forwards is forwards)


def _sequence(given: Json) -> Json:
    at, steps, ceiling = members(given, "at", "steps", optional=("ceiling",))
    if at == "relay":
        relay = _AtRelay()
        return {"steps": [relay.step(step) for step in steps]}
    if at not in ("helper", "sharer"):
        raise BadVector(f"nobody is a {at}")
    machine: End = _helper(ceiling) if at == "helper" else _sharer(ceiling)
    return to_json({"steps": [_of_end(machine, step) for step in steps]})


KINDS = {"picture": Kind(_picture), "sequence": Kind(_sequence)}
