"""What a sharer's person allows, and what a helper then does there: prompts, grants, input, tools."""

from __future__ import annotations

from typing import Any

from alongside_independent.messages import Message
from alongside_independent.model.outcome import ACCEPTED, IGNORED, Outcome
from alongside_independent.model.sharer import Prompt
from alongside_independent.model.sharer import Sharer as Machine
from alongside_independent.records import INPUT_HEADER, TAG, Event, decode_input_header, decode_slots
from alongside_independent.refusal import Refused
from alongside_independent.registry import error_name, registry
from alongside_independent.sealing import InputOpener

from .actions import Stop
from .evidence import Evidence


class Granting(Evidence):
    machine: Machine

    def __init__(self, *given: Any) -> None:  # noqa: ANN401
        super().__init__(*given)
        self._number: str | None = None
        self._prompt: Prompt | None = None
        self._rests: tuple[int | None, int | None] = (None, None)
        """When requests were last denied and withdrawn, each of which begins a rest."""
        self._answering = False
        self._grant: int | None = None
        self._why_control_ended: str | None = None
        self._opener_of_input: InputOpener | None = None
        self._input_buffers: dict[int, bytes] = {}
        self._touched_at: int | None = None
        self._drawn = False
        self._laser_until = 0

    # the person

    def allows(
        self, now: int, duration: int, scopes: int | None = None, number: str | None = None
    ) -> Outcome:
        """`number` is the one that was shown, as the person repeats it."""
        repeated = None if number is None else number == self._number
        secret = self.random(32)
        return self._answer(now, self.machine.person_allows, duration, secret, scopes, repeated=repeated)

    def denies(self, now: int) -> Outcome:
        return self._answer(now, self.machine.person_denies)

    def _answer(self, now: int, *given: Any, **named: Any) -> Outcome:  # noqa: ANN401
        self._answering = True
        outcome = self.person(now, *given, **named)
        self._answering = False
        return outcome

    def revokes(self, now: int) -> Outcome:
        return self.person(now, self.machine.person_revokes)

    def narrows(self, now: int, scopes: int) -> Outcome:
        return self.person(now, self.machine.person_narrows, scopes, self.random(32))

    def asks_for_time(self, now: int) -> Outcome:
        return self.person(now, self.machine.person_asks_for_time)

    def sends_item(self, now: int, text: str) -> Outcome:
        if self._touched_lately(now):
            return Outcome(IGNORED, None, "TOOL-29")
        return self.person(now, self.machine.person_sends_item, text)

    def answers_item(self, now: int, taken: bool) -> Outcome:
        if taken and self._touched_lately(now):
            return Outcome(IGNORED, None, "TOOL-29")
        return self.answer_item(now, taken)

    def _touched_lately(self, now: int) -> bool:
        """TOOL-29."""
        guard = registry().timer("answer-guard")
        return self._touched_at is not None and now - self._touched_at < guard

    # input

    def frame_data(self, now: int, stream: int, data: bytes) -> None:
        """Records of one size."""
        size = INPUT_HEADER + registry().limit("input-record") + TAG
        buffer = self._input_buffers.get(stream, b"") + data
        while len(buffer) >= INPUT_HEADER and not self.over:
            try:
                grant = decode_input_header(buffer[:INPUT_HEADER])
            except Refused:
                self.put(Stop(stream, registry().errors["malformed"]))
                self._input_buffers.pop(stream, None)
                return
            if len(buffer) < size:
                break
            record, buffer = buffer[:size], buffer[size:]
            self._take_input(now, grant, record)
        self._input_buffers[stream] = buffer

    def frame_over(self, now: int, stream: int, reset: bool) -> None:
        self._input_buffers.pop(stream, None)

    def _take_input(self, now: int, grant: int, record: bytes) -> None:
        live = self.machine.grant
        events: list[Event] | None = None
        if live is not None and live.id == grant and self._opener_of_input is not None:
            try:
                events = decode_slots(self._opener_of_input.decrypt(record))
            except Refused as refused:
                if refused.requirement != "INPUT-5":
                    self.refuse(now, refused)
                    return
        self._ended_by = "peer"
        outcome = self._do(self.machine.input(now, grant, events))
        if outcome.verdict == ACCEPTED:
            self._inject(now, events or [])

    def _inject(self, now: int, events: list[Event]) -> None:
        """There is no screen here; what would be done is told."""
        for event in events:
            if event.kind in ("key", "button"):
                self._touched_at = now
            if event.kind == "release-all":
                self.tell("released")
            elif event.kind != "empty":
                self.tell("injected", event=event)

    # what is told

    def taken(self, now: int, message: Message) -> None:
        fields, machine = message.fields, self.machine
        match message.name:
            case "stroke" if machine.grant and fields["grant"] == machine.grant.id and not machine.prompt:
                self.tell("drawn", stroke=fields["stroke"], points=fields["points"])
            case "laser":
                self._laser_until = now + registry().timer("laser")
                self.tell("pointed", x=fields["x"], y=fields["y"])
            case _:
                super().taken(now, message)

    def sent(self, message: Message) -> None:
        fields = message.fields
        match message.name:
            case "control-grant":
                key = self._reconnect.master.input_key(fields["grant"], fields["secret"])
                self._opener_of_input = InputOpener(
                    self._channel.suite, key, fields["grant"], fields["scopes"]
                )
            case "control-end":
                self._why_control_ended = error_name(fields["code"])
            case "control-renew":
                self.tell("control-renewed", duration_ms=fields["duration_ms"])
        super().sent(message)

    def _look(self) -> None:
        self._look_at_grant()
        self._look_at_prompt()
        drawn = self.machine.drawn or self.machine.laser
        if self._drawn and not drawn and not self.over:
            self.tell("cleared")
        self._drawn = drawn
        super()._look()

    def own_time(self, now: int) -> None:
        """TOOL-20."""
        machine = self.machine
        if machine.laser and now >= self._laser_until:
            machine.laser, self._drawn = False, machine.drawn
            self.tell("laser-gone")

    def times(self) -> list[int]:
        return super().times() + ([self._laser_until] if self.machine.laser else [])

    def _look_at_grant(self) -> None:
        machine = self.machine
        grant = machine.grant.id if machine.grant else None
        if grant == self._grant:
            return
        if self._grant is not None:
            if grant is None:
                self._opener_of_input = None
            told = self._why_control_ended
            why = told or machine.ended_with or ("lost" if machine.frozen else "released")
            if told is None:
                self.grant_ended(self._grant, why)
            self.tell("released")
            self.tell("control-ended", code=machine.ended_with or why)
        self._grant, self._why_control_ended = grant, None
        if machine.grant is not None:
            left = machine.grant.ends_at - machine.now
            self.tell("control", scopes=machine.grant.scopes, duration_ms=left)

    def _look_at_prompt(self) -> None:
        prompt = self.machine.prompt
        if prompt is self._prompt:
            return
        rests = (self.machine.denied_at, self.machine.withdrawn_at)
        if rests != self._rests:
            self._rests = rests
            self.tell_rest("control-after-denial")
        if self._prompt is not None and not self._answering:
            self.tell("prompt-closed")
        self._prompt = prompt
        if prompt is None:
            return
        if self.machine.grant is not None:
            self.tell("released")
        self._number = f"{int.from_bytes(self.random(16), 'big') % 1_000_000:06}"
        needed = self.machine.injected_at is not None
        self.tell(
            "asks-control",
            scopes=prompt.scopes,
            renewal=self.machine.grant is not None and prompt.scopes == self.machine.grant.scopes,
            number=self._number if needed else None,
        )
