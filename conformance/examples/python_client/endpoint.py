"""What a whole helper and a whole sharer have in common, without a clock and without a network.

An endpoint is told what came, what its person did and what time it is (milliseconds of a clock that does
not jump); `poll` then gives what is to be done. The machines decide; here are the bytes around them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from alongside_independent import messages, schedule
from alongside_independent.edwards import L
from alongside_independent.exchange import Channel
from alongside_independent.messages import Message
from alongside_independent.model.end import End
from alongside_independent.model.outcome import ACCEPTED, REFUSED, Outcome
from alongside_independent.reconnect import Session
from alongside_independent.refusal import Refused
from alongside_independent.registry import error_name, registry, scope_bits
from alongside_independent.schedule import Master
from alongside_independent.sealing import SessionSealer, session_record
from alongside_independent.wire import frame

from .actions import Action, Close, Connect, Say, Tell
from .cards import Cards
from .signing_in import SigningIn

VERSION = 1
BEAT = 1_500
"""Sooner than the timer `heartbeat`, so that a late clock is not a late sign of life (SESSION-4)."""


REPORT_WAITS = 5_000


class Endpoint(SigningIn, Cards):
    machine: End
    direction = ""
    """That of what this end seals."""
    other_direction = ""

    def __init__(self, machine: End, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        SigningIn.__init__(self)
        Cards.__init__(self)
        self.machine = machine
        self.random = random
        self.timers: dict[int, int] = {}
        self.limits: dict[int, int] = {}
        self.session_id = b""
        self.channel_stood = False
        self.over = False
        self._out: list[Action] = []
        self._buffer = b""
        self._up = False
        self._greeted = False
        self._report: int | None = None
        self.reporting_until: int | None = None
        self._token: bytes | None = None
        self._rejoining = False
        self._peer_there = True
        self._was_frozen = False
        self._ended_by = "here"
        self._broken: str | None = None
        self._beat_at = 0
        self._channel: Channel | None = None
        self._sealer: SessionSealer | None = None
        self._opener: SessionSealer | None = None
        self._reconnect: Any = None
        self._exchange: Any = None
        self._streams = 0
        self._kept: list[int] = []
        self._item: int | None = None

    @property
    def rests(self) -> bool:
        """Whether it has no connection and wants none before its time."""
        return False

    def poll(self) -> list[Action]:
        out, self._out = self._out, []
        return out

    def put(self, action: Action) -> None:
        self._out.append(action)

    def tell(self, what: str, **fields: Any) -> None:  # noqa: ANN401
        self.put(Tell(what, fields))

    # the connection

    def connected(self, now: int) -> None:
        """RDV-1, WIRE-10."""
        self._up, self._greeted, self._buffer = True, False, b""
        self._rejoining = self.machine.frozen and self._token is not None
        grease = registry().grease
        kind = grease[self.random(1)[0] % len(grease)]
        self._say("hello", features=[])
        self.put(Say(frame(kind, self.random(self.random(1)[0] % 32))))

    def control(self, now: int, data: bytes) -> None:
        self._buffer += data
        while self._up and (not self.over or self.reporting_until is not None):
            try:
                message, rest = messages.decode_first(self._buffer)
                if rest is None:
                    return
                self._buffer = rest
                if message is not None:
                    self._from_relay(now, message)
            except Refused as refused:
                self.refuse(now, refused, by="relay")

    def connection_lost(self, now: int) -> None:
        self._up = False
        if self.reporting_until is not None:
            self.reporting_until = None
            self.tell("report-refused", code="lost")
        if not self.over:
            self._without_connection(self.machine.connection_lost, now)

    def connection_closed(self, now: int, number: int | None) -> None:
        """By the relay; TRANSPORT-10 for a code that is not registered."""
        error = error_name(number) if number is not None else None
        if error in (None, "lost"):
            self.connection_lost(now)
            return
        self._up = False
        if self.over:
            return
        self._without_connection(self.machine.connection_closed, now, error)

    def _without_connection(self, step: Callable[..., Outcome], now: int, *given: str) -> None:
        """A session that freezes by it looks for another connection by itself."""
        was_frozen, self._ended_by = self.machine.frozen, "relay"
        self._do(step(now, *given))
        if was_frozen and not self.over:
            self.put(Connect())

    def _say(self, name: str, **fields: Any) -> None:  # noqa: ANN401
        if self._up:
            self.put(Say(messages.encode("rendezvous", Message(name, fields))))

    def deliver(self, envelope: bytes) -> None:
        self._say("deliver", envelope=envelope)

    # what the relay says

    def _from_relay(self, now: int, message: Message) -> None:
        if not self._greeted:
            if message.name != "relay-hello":
                raise Refused("unexpected-message", "RDV-5", "relay-hello does not come first")
            self._greeted = True
            self.timers = {number: value for number, value in message.fields["timers"]}
            self.limits = {number: value for number, value in message.fields["limits"]}
            self._ready()
            return
        if self.over:
            self._report_answered(message)
            return
        take = getattr(self, "_relay_" + message.name.replace("-", "_"), None)
        if take is None:
            raise Refused("unexpected-message", "RDV-5", f"{message.name} answers nothing that was asked")
        take(now, **message.fields)

    def _ready(self) -> None:
        """RECON-10, or the beginning."""
        if self._rejoining:
            self._say("rejoin", token=self._token)
        else:
            self.tell("connected")
            self._begin_to_sign_in()

    def in_session(self) -> bool:
        """Whether the relay has paired this end, as far as it knows."""
        raise NotImplementedError

    def _relay_place(self, now: int, token: bytes) -> None:
        if not self.in_session():
            return
        if self._token is not None:
            raise Refused("unexpected-message", "RDV-5", "a second place")
        self._token = token

    def _relay_rejoined(self, now: int, peer: bool) -> None:
        if not self._rejoining:
            raise Refused("unexpected-message", "RDV-5", "nobody wanted to come back")
        self._rejoining, self._peer_there = False, peer
        if peer:
            self.peer_is_there(now)

    def _relay_peer_lost(self, now: int) -> None:
        if not self.in_session():
            return
        if not self._peer_there:
            raise Refused("unexpected-message", "RDV-5", "the peer was lost before")
        self._peer_there = False
        self._ended_by = "peer"
        self._do(self.machine.peer_lost(now))

    def _relay_peer_back(self, now: int) -> None:
        if not self.in_session():
            return
        if self._peer_there:
            raise Refused("unexpected-message", "RDV-5", "the peer was not lost")
        self._peer_there = True
        self.peer_is_there(now)

    def _relay_gone(self, now: int, code: int) -> None:
        error = error_name(code) or "done"
        self._ended_by = "relay"
        self._do(self.machine.gone(now, error))

    def _relay_refused(self, now: int, code: int) -> None:
        error = error_name(code) or "done"
        self._ended_by = "relay"
        if self._signing_in:
            self._sign_in_is_refused(now, code)
        elif self._card_seed is not None:
            self._card_is_refused()
        elif self._rejoining:
            self._rejoining = False
            self._do(self.machine.gone(now, error))
        else:
            self._do(self.machine.refused(now, error))

    def peer_is_there(self, now: int) -> None:
        """While the session is frozen."""

    def _relay_deliver(self, now: int, envelope: bytes) -> None:
        raise NotImplementedError

    # envelopes of a session

    def take_envelope(self, now: int, envelope: bytes) -> None:
        try:
            message = messages.decode("envelope", envelope)
        except Refused as refused:
            self.refuse(now, refused)
            return
        if message is None:
            return
        if message.name == "sealed":
            self.take_sealed(now, envelope)
        elif not self.take_proof(now, message.name, envelope):
            self.refuse(now, Refused("unexpected-message", "KEX-21", f"{message.name} in a session"))

    def take_proof(self, now: int, name: str, envelope: bytes) -> bool:
        raise NotImplementedError

    def take_sealed(self, now: int, envelope: bytes) -> None:
        """Under the newest master."""
        if self.machine.frozen and not self.machine.awaiting_state:
            return
        try:
            plaintext = self._opener.open(envelope)
        except Refused:
            self._do(self.machine.record_does_not_open(now))
            return
        self.take_plaintext(now, plaintext)

    def take_plaintext(self, now: int, plaintext: bytes) -> None:
        try:
            taken = messages.decode_plaintext(plaintext)
        except Refused as refused:
            self.refuse(now, refused)
            return
        self.channel_stood = True
        if not taken:
            self.machine.heard_at = now
        for message in taken:
            if self.over:
                return
            self._take_message(now, message)

    def _take_message(self, now: int, message: Message) -> None:
        try:
            self.check(now, message)
        except Refused as refused:
            self.refuse(now, refused)
            return
        self._ended_by = "peer" if message.name == "end" else "here"
        before = self.machine.their_pause
        outcome = self._do(self.machine.receive(now, message))
        if outcome.verdict == ACCEPTED:
            if self.machine.their_pause != before:
                self.tell("pause", own=self.machine.own_pause, other=self.machine.their_pause)
            self.taken(now, message)

    def check(self, now: int, message: Message) -> None:
        """What the machine takes for checked already."""

    def taken(self, now: int, message: Message) -> None:
        """A message that the machine has accepted."""
        if message.name == "chat":
            self.tell("chat", id=message.fields["id"], text=message.fields["text"])
        elif message.name == "clipboard" and self.machine.clipboard.waiting == message.fields["item"]:
            self.tell("offered", text=message.fields["text"])
        elif message.name == "clipboard-taken":
            self.tell("item-answered", taken=message.fields["taken"])
        else:
            Cards.taken(self, now, message)

    # keys

    def stand(self, now: int, channel: Channel) -> None:
        """The channel stands."""
        self._channel = channel
        self.session_id = channel.session_id
        self.machine.ceiling = channel.ceiling
        self.machine.heard_at = self._beat_at = now
        self.use(channel.master)

    def use(self, master: Master) -> None:
        self._sealer = SessionSealer(self._channel.suite, master, self.direction)
        self._opener = SessionSealer(self._channel.suite, master, self.other_direction)

    def session(self) -> Session:
        return Session(VERSION, self._channel.suite, self._channel.session_id)

    def tell_secured(self, n_h: bytes, n_s: bytes) -> None:
        phrase = schedule.phrase(schedule.phrase_places(self._channel.h, n_h, n_s))
        self.tell("secured", session_id=self.session_id, phrase=phrase, ceiling=self.machine.ceiling)

    def scalar(self) -> int:
        return int.from_bytes(self.random(64), "big") % L

    # acts of the person

    def person(self, now: int, act: Callable[..., Outcome], *given: Any, **named: Any) -> Outcome:  # noqa: ANN401
        """An act by a method of the machine. The verdict says whether it was possible."""
        self._ended_by = "person"
        return self._do(act(now, *given, **named))

    def ends(self, now: int, report: int | None = None) -> None:
        """END-1, and REPORT-2 with a category."""
        self._report = report
        self.person(now, self.machine.person_ends)

    def pauses(self, now: int, paused: bool) -> Outcome:
        before = self.machine.own_pause
        outcome = self.person(now, self.machine.person_pauses, paused)
        if self.machine.own_pause != before:
            self.tell("pause", own=self.machine.own_pause, other=self.machine.their_pause)
        return outcome

    def writes(self, now: int, text: str) -> Outcome:
        return self.person(now, self.machine.person_writes, text)

    def tell_rest(self, timer: str) -> None:
        """FRICTION-5."""
        if self.machine.ceiling & ~scope_bits("view", "chat"):
            self.tell("control-rests", ms=registry().timer(timer))

    # what comes of a step

    def refuse(self, now: int, refused: Refused, by: str = "here") -> None:
        """The other side broke the protocol."""
        self._ended_by = by

        def broken() -> None:
            raise refused

        self._do(self.machine.step(now, broken))

    def _do(self, outcome: Outcome) -> Outcome:
        if outcome.verdict == REFUSED:
            self._broken = outcome.requirement
        for message in outcome.sent:
            self.deliver(self._sealer.seal(session_record(message)))
            self.sent(message)
        if outcome.leave:
            self._leave(outcome.leave)
        if outcome.close:
            self._close(outcome.close)
        self._look()
        return outcome

    def sent(self, message: Message) -> None:
        """A message that the machine has sent."""

    def _leave(self, error: str) -> None:
        self._say("leave", code=registry().errors[error])
        self._token = None
        self.left(error)

    def asks_relay(self, name: str, **fields: Any) -> None:  # noqa: ANN401
        """For another session."""
        self._peer_there = True
        self._say(name, **fields)

    def left(self, error: str) -> None:
        """The session at the relay, or the join, is over."""

    def _close(self, error: str) -> None:
        if self._up:
            self._up = False
            self.put(Close(registry().errors[error]))

    def answer_item(self, now: int, taken: bool) -> Outcome:
        self._item = None
        return self.person(now, self.machine.person_answers_item, taken)

    def _look(self) -> None:
        if self.over:
            return
        self._look_at_lines()
        if self.machine.phase == "ended":
            self._end()
        elif self.machine.frozen != self._was_frozen:
            self._was_frozen = self.machine.frozen
            self.tell("frozen" if self._was_frozen else "back")
            if self._was_frozen:
                self.freeze()
                if not self._up:
                    self.put(Connect())
            else:
                self._beat_at = self.machine.now

    def _look_at_lines(self) -> None:
        """Lines of chat that have arrived, and an item of the clipboard that nobody answered in time."""
        kept = [number for number, _ in self.machine.chat.kept]
        for number in self._kept:
            if number not in kept:
                self.tell("delivered", line=number)
        self._kept = kept
        waiting = self.machine.clipboard.waiting
        if self._item is not None and waiting != self._item:
            self.tell("lapsed")
        self._item = waiting

    def freeze(self) -> None:
        """What was under way is over."""

    def _end(self) -> None:
        """END-3, KEY-5."""
        self.over = True
        error = self.machine.ended_with or "done"
        self.freeze()
        self._channel = self._sealer = self._opener = self._reconnect = self._exchange = None
        self.tell("ended", code=error, by=self._ended_by, broken=self._broken)
        if self._report is not None and self._up:
            self._say("report", category=self._report)
            self.reporting_until = self.machine.now + REPORT_WAITS
        else:
            self._close(error)

    def _report_answered(self, message: Message) -> None:
        if message.name == "reported":
            self.tell("reported")
        elif message.name == "refused":
            self.tell("report-refused", code=error_name(message.fields["code"]) or "done")
        else:
            return
        self._done_reporting()

    def _done_reporting(self) -> None:
        self.reporting_until = None
        self._close(self.machine.ended_with or "done")

    # time

    def time(self, now: int) -> None:
        if self.reporting_until is not None and now >= self.reporting_until:
            self._done_reporting()
        if self.over:
            return
        self._ended_by = "way" if self.machine.frozen else "time"
        self.own_time(now)
        if self._beats() and now - self._beat_at >= BEAT:
            self._beat_at = now
            self._do(self.machine.step(now, lambda: self.machine.send("heartbeat")))
        self._do(self.machine.time(now))

    def _beats(self) -> bool:
        return self.machine.phase in ("deciding", "viewing") and not self.machine.frozen

    def own_time(self, now: int) -> None:
        """What the machine has no clock for."""

    def next_time(self) -> int | None:
        """When `time` has something to do."""
        return self.reporting_until if self.over else min(self.times(), default=None)

    def times(self) -> list[int]:
        machine, timer = self.machine, registry().timer
        if machine.frozen:
            return [machine.frozen_at + timer("reconnect")]
        if self._beats():
            return [machine.heard_at + timer("silence"), self._beat_at + BEAT]
        return []

    def stated(self, timer: str) -> int:
        """The value that the relay stated, or else that of the registry."""
        number = registry().ids("timer")[timer]
        return self.timers.get(number, registry().timer(timer))

    def new_stream(self) -> int:
        self._streams += 1
        return self._streams
