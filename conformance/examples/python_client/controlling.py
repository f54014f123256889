"""What a helper asks for, and what it does under a grant: requests, input, tools."""

from __future__ import annotations

from typing import Any

from alongside_independent.messages import Message
from alongside_independent.model.helper import Helper as Machine
from alongside_independent.model.outcome import ACCEPTED, Outcome
from alongside_independent.records import Event, check_scopes
from alongside_independent.refusal import Refused
from alongside_independent.registry import error_name, registry

from .actions import Reset, Write
from .endpoint import Endpoint
from .inputs import InputWriter, within_the_limit


class Controlling(Endpoint):
    machine: Machine

    def __init__(self, *given: Any) -> None:  # noqa: ANN401
        super().__init__(*given)
        self._input: InputWriter | None = None
        self._grant: int | None = None
        self._why_control_ended: str | None = None

    # the person

    def asks_control(self, now: int, scopes: int) -> Outcome:
        return self.person(now, self.machine.person_asks, scopes)

    def gives_up(self, now: int) -> Outcome:
        self._why_control_ended = "released"
        asking = self.machine.open_request is not None
        outcome = self.person(now, self.machine.person_gives_up)
        if asking and outcome.verdict == ACCEPTED:
            self.tell_rest("control-after-denial")
        return outcome

    def pauses(self, now: int, paused: bool) -> Outcome:
        """CONTROL-12."""
        asking = self.machine.open_request is not None
        outcome = super().pauses(now, paused)
        if asking and self.machine.open_request is None:
            self.tell_rest("control-after-denial")
        return outcome

    def send_input(self, now: int, events: list[Event]) -> bool:
        """Queued for the next ticks, if the grant allows it."""
        if self._input is None or self.machine.grant is None:
            return False
        try:
            check_scopes(events, self.machine.grant.scopes)
        except Refused:
            return False
        self._input.queue += [part for event in events for part in within_the_limit(event)]
        return True

    def draws(self, now: int, stroke: int, points: list[list[int]]) -> Outcome:
        fields = {"stroke": stroke, "display": 0, "colour": 0, "width": 4, "points": points}
        return self._under_grant(now, "stroke", fields)

    def points(self, now: int, x: int, y: int) -> Outcome:
        return self._under_grant(now, "laser", {"display": 0, "x": x, "y": y})

    def clears(self, now: int) -> Outcome:
        return self._under_grant(now, "clear", {})

    def _under_grant(self, now: int, name: str, fields: dict[str, Any]) -> Outcome:
        """TOOL-4."""
        machine = self.machine

        def act() -> None:
            machine.send(name, grant=machine.grant_with("annotate"), **fields)

        return self.person(now, machine.step, act)

    def sends_item(self, now: int, text: str) -> Outcome:
        return self.person(now, self.machine.person_sends_item, text)

    def answers_item(self, now: int, taken: bool) -> Outcome:
        return self.answer_item(now, taken)

    def stream_stopped(self, stream: int) -> None:
        """Nobody takes input any more; what the grant is worth, the sharer says."""
        if self._input is not None and stream == self._input.stream:
            self._input = None

    # what the sharer says

    def check(self, now: int, message: Message) -> None:
        if message.name == "control-end":
            self._why_control_ended = error_name(message.fields["code"]) or "done"

    def taken(self, now: int, message: Message) -> None:
        fields = message.fields
        match message.name:
            case "control-grant" if self.machine.grant and self.machine.grant.id == fields["grant"]:
                self._begin_input(now, fields)
            case "control-deny":
                error = error_name(fields["code"]) or "done"
                self.tell("denied", code=error)
                if error == "denied":
                    self.tell_rest("control-after-denial")
            case "control-renew":
                self.tell("control-renewed", duration_ms=fields["duration_ms"])
            case _:
                super().taken(now, message)

    def _begin_input(self, now: int, fields: dict[str, Any]) -> None:
        key = self._reconnect.master.input_key(fields["grant"], fields["secret"])
        self._input = InputWriter(self.new_stream(), self._channel.suite, key, fields["grant"], now)
        self.tell("control", scopes=fields["scopes"], duration_ms=fields["duration_ms"])

    def _look(self) -> None:
        """CONTROL-26, before anything else comes of a step."""
        machine = self.machine
        grant = machine.grant.id if machine.grant else None
        if grant != self._grant and self._grant is not None:
            if self._input is not None:
                self.put(Reset(self._input.stream, registry().errors["done"]))
                self._input = None
            otherwise = "lost" if machine.frozen else "paused" if machine.paused else "expired"
            self.tell("control-ended", code=machine.ended_with or self._why_control_ended or otherwise)
        self._grant, self._why_control_ended = grant, None
        super()._look()

    # time

    def own_time(self, now: int) -> None:
        """INPUT-2."""
        if self._input is not None and now >= self._input.next_at:
            self.put(Write(self._input.stream, self._input.tick(now)))

    def times(self) -> list[int]:
        times = super().times()
        if self._input is not None:
            times.append(self._input.next_at)
        if self.machine.grant is not None:
            times.append(self.machine.grant.ends_at)
        return times
