"""Input records of a grant, at fixed times: chapter 06."""

from __future__ import annotations

from dataclasses import dataclass, field

from alongside_independent.records import Event, encode_slots
from alongside_independent.registry import registry
from alongside_independent.sealing import InputSealer

SLOTS = 8


def within_the_limit(event: Event) -> list[Event]:
    """A wheel that turns further than `wheel-turn` takes more slots."""
    if event.kind != "wheel":
        return [event]
    most, left, parts = registry().limit("wheel-turn"), [event.values["dx"], event.values["dy"]], []
    while any(left) or not parts:
        step = [max(-most, min(most, turn)) for turn in left]
        left = [turn - done for turn, done in zip(left, step, strict=True)]
        parts.append(Event("wheel", {"dx": step[0], "dy": step[1]}))
    return parts


@dataclass
class InputWriter:
    stream: int
    suite: int
    key: bytes
    grant: int
    begun_at: int
    queue: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sealer = InputSealer(self.suite, self.key, self.grant)
        self.next_at = self.begun_at + registry().timer("input-tick")

    def tick(self, now: int) -> bytes:
        """INPUT-2: the records of the ticks until now; the last ones are empty when nothing waits."""
        out = b""
        while self.next_at <= now:
            self.next_at += registry().timer("input-tick")
            events, self.queue = self.queue[:SLOTS], self.queue[SLOTS:]
            out += self._sealer.seal(encode_slots(events))
        return out
