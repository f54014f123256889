"""Runs a state table of `spec/tables`: any machine, from its file alone."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ..registry import spec_folder

_ALONE = ("violation", "ignored", "misuse", "never")
States = dict[str, str]


@dataclass
class Answer:
    """`word` is step, ignored, misuse, never or violation; `by` the requirement of a violation."""

    word: str = "step"
    by: str | None = None
    sent: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    leave: str | None = None
    close: str | None = None
    told: list[str] = field(default_factory=list)


class Table:
    """`raw` is the file as it is read."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._found: dict[tuple[str, str, str], Any] = {}

    @property
    def regions(self) -> list[str]:
        return self.raw["regions"]

    def events(self) -> list[str]:
        return [event for events in self.raw["events"].values() for event in events]

    def start(self) -> States:
        return {name: self.raw["region"][name]["states"][0] for name in self.regions}

    def step(self, states: States, event: str) -> tuple[Answer, States]:
        """What is answered, and the states after it."""
        after, outputs = dict(states), []
        for name in self.regions:
            if not self._lives(name, states):
                continue
            cell = self._cell(name, states, event)
            word, by = _word(cell)
            if word in _ALONE:
                return Answer(word, by), dict(states)
            after[name] = cell.get("to", states[name])
            outputs += cell.get("out", [])
        for name in self.regions:
            if not self._lives(name, after):
                after[name] = self.raw["region"][name]["states"][0]
        return self._answer(outputs), after

    def _lives(self, name: str, states: States) -> bool:
        within = self.raw["region"][name].get("within")
        return within is None or _holds(within, states)

    def _cell(self, name: str, states: States, event: str) -> dict[str, Any]:
        row = self._row(name, event)
        if row is None:
            if self.raw["region"][name].get("others") != "stay":
                raise KeyError(f"{name} has no row for {event}")
            return {}
        found = next((cell for key, cell in row.items() if states[name] in key.split(", ")), row.get("rest"))
        for choice in found if isinstance(found, list) else [found]:
            cell = {"answer": choice} if isinstance(choice, str) else choice
            if cell is not None and ("when" not in cell or _holds(cell["when"], states)):
                return cell
        raise KeyError(f"{name} has no cell for {event} in {states[name]}")

    def says(self, name: str, state: str, event: str) -> bool:
        """Whether the region has a cell of its own for this, and it can come."""
        return self._find(name, state, event) not in ({}, "never")

    def _find(self, name: str, state: str, event: str) -> Any:  # noqa: ANN401
        row = self._row(name, event)
        if row is None:
            if self.raw["region"][name].get("others") != "stay":
                raise KeyError(f"{name} has no row for {event}")
            return {}
        return next((cell for key, cell in row.items() if state in key.split(", ")), row.get("rest"))

    def _row(self, name: str, event: str) -> dict[str, Any] | None:
        """The row of the event itself, else of its message, else of its source."""
        source = next(source for source, events in self.raw["events"].items() if event in events)
        rows = self.raw["region"][name].get("on", {})
        for wanted in (event, event.split(":")[0], source):
            for key, row in rows.items():
                if wanted in key.split(", "):
                    return row
        return None

    def _answer(self, outputs: list[str]) -> Answer:
        answer = Answer()
        for output in outputs:
            verb, _, rest = output.partition(" ")
            if verb == "send":
                answer.sent.append(rest)
            elif verb == "pass":
                answer.passed.append(rest)
            elif verb == "leave":
                answer.leave = rest
            elif verb == "close":
                answer.close = rest
            else:
                answer.told.append(rest)
        order = self.raw.get("order", [])
        answer.sent.sort(key=lambda sent: order.index(sent.split(" ")[0]))
        return answer


def _word(cell: dict[str, Any]) -> tuple[str, str | None]:
    word, _, by = cell.get("answer", "stay").partition(" ")
    return word, by or None


def _holds(condition: str, states: States) -> bool:
    """`region = state / state`, several joined by `and`."""
    for part in condition.split(" and "):
        name, _, wanted = part.partition(" = ")
        if states[name] not in wanted.split(" / "):
            return False
    return True


@cache
def table(name: str) -> Table:
    path = spec_folder() / "tables" / f"{name}.toml"
    return Table(tomllib.loads(path.read_text(encoding="utf-8")))
