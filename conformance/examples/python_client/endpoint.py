"""What a whole helper and a whole sharer have in common, without a clock and without a network.

An endpoint is told what came, what its person did and what time it is (milliseconds of a clock that does
not jump); `poll` then gives what is to be done. The machines decide; here are the bytes around them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from alongside_independent.messages import Message
from alongside_independent.model.end import End
from alongside_independent.model.outcome import REFUSED, Outcome
from alongside_independent.refusal import Refused
from alongside_independent.registry import registry, scope_bits
from alongside_independent.sealing import session_record

from .actions import Action, Connect, Tell
from .at_relay import AtRelay
from .cards import Cards
from .reporting import Reporting
from .sealed import Sealed
from .signing_in import SigningIn

BEAT = 1_500
"""Sooner than the timer `heartbeat`, so that a late clock is not a late sign of life (SESSION-4)."""


class Endpoint(AtRelay, Sealed, Reporting, SigningIn, Cards):
    def __init__(self, machine: End, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        for part in (AtRelay, Sealed, Reporting, SigningIn, Cards):
            part.__init__(self)
        self.machine = machine
        self.random = random
        self.over = False
        self._out: list[Action] = []
        self._was_frozen = False
        self._ended_by = "here"
        self._broken: str | None = None
        self._beat_at = 0
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

    # acts of the person

    def person(self, now: int, act: Callable[..., Outcome], *given: Any, **named: Any) -> Outcome:  # noqa: ANN401
        """An act by a method of the machine. The verdict says whether it was possible."""
        self._ended_by = "person"
        return self._do(act(now, *given, **named))

    def ends(self, now: int, report: int | None = None) -> None:
        """END-1, and REPORT-2 with a category."""
        self.report = report
        self.person(now, self.machine.person_ends)

    def pauses(self, now: int, paused: bool) -> Outcome:
        before = self.machine.own_pause
        outcome = self.person(now, self.machine.person_pauses, paused)
        if self.machine.own_pause != before:
            self.tell("pause", own=self.machine.own_pause, other=self.machine.their_pause)
        return outcome

    def writes(self, now: int, text: str) -> Outcome:
        return self.person(now, self.machine.person_writes, text)

    def answer_item(self, now: int, taken: bool) -> Outcome:
        self._item = None
        return self.person(now, self.machine.person_answers_item, taken)

    def tell_rest(self, timer: str) -> None:
        """FRICTION-5."""
        if self.machine.ceiling & ~scope_bits("view", "chat"):
            self.tell("control-rests", ms=registry().timer(timer))

    # what comes of a step

    def refuse(self, now: int, refused: Refused, by: str = "peer") -> None:
        """The other side broke the protocol, and so has ended the session (END-7)."""
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
        """END-3."""
        self.over = True
        error = self.machine.ended_with or "done"
        self.freeze()
        self.forget_keys()
        self.tell("ended", code=error, by=self._ended_by, broken=self._broken)
        if not self.begins_to_report():
            self._close(error)

    # time

    def time(self, now: int) -> None:
        if self.over:
            self.reports_no_longer(now)
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

    def new_stream(self) -> int:
        self._streams += 1
        return self._streams
