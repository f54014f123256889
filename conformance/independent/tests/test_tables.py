"""Holds the machines, which were written from the prose, to the state tables of `spec/tables`."""

from __future__ import annotations

import unittest
from collections import deque
from copy import deepcopy
from itertools import combinations
from typing import Any

from alongside_independent.model.outcome import IGNORED, REFUSED, Outcome
from alongside_independent.model.table import Answer, States, Table, table

from . import connection_driver, helper_driver, sharer_driver

Cells = set[tuple[str, str, str]]

# Of one thing that two requirements forbid, either may be named.
EITHER = [{"RECON-25", "CONSENT-7"}]


def expected(machine: Table, states: States, event: str) -> tuple[Answer, States]:
    """A violation is followed by its event; both together are what a machine of ours says at once."""
    answer, after = machine.step(states, event)
    if answer.word != "violation":
        return answer, after
    rest, after = machine.step(states, "a violation")
    rest.word, rest.by = "violation", answer.by
    return rest, after


def difference(wanted: Answer, got: Outcome) -> str | None:
    names = [message.name for message in got.sent if message.name != "heartbeat"]
    names = [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]
    if wanted.word == "violation":
        same = got.requirement == wanted.by or {got.requirement, wanted.by} in EITHER
        if got.verdict != REFUSED or not same:
            return f"a violation of {wanted.by}, and not {got}"
    elif got.verdict == REFUSED:
        return f"{wanted.word}, and not {got}"
    elif wanted.word in ("ignored", "misuse") and got.verdict != IGNORED and (got.sent or got.leave):
        return f"{wanted.word}, and not {got}"
    passed = [name.removeprefix("pass ") for name in names if name.startswith("pass ")]
    names = [name for name in names if not name.startswith("pass ")]
    if passed != [sent.split(" ")[0] for sent in wanted.passed]:
        return f"passes {wanted.passed}, and not {passed}"
    if _ordered(names) != _ordered([sent.split(" ")[0] for sent in wanted.sent]):
        return f"sends {wanted.sent}, and not {names}"
    closes = wanted.close == got.close or (wanted.close == "as told" and got.close is not None)
    if (wanted.leave is None) != (got.leave is None) or not closes:
        return f"leave {wanted.leave}, close {wanted.close}, and not {got.leave}, {got.close}"
    return None


def _ordered(names: list[str]) -> list[str]:
    """The text says nothing of the place of `clipboard-taken` among other messages."""
    return sorted(names, key=lambda name: name == "clipboard-taken")


def explore(name: str, driver: type) -> tuple[Cells, Cells]:
    """Every event in enough states to see each two states of two regions together.

    The cells that were compared, and those that were met and cannot come.
    """
    machine = table(name)
    seen: Cells = set()
    never: Cells = set()
    pairs: set[tuple[tuple[str, str], ...]] = set()
    waiting: deque[tuple[States, Any, tuple[str, ...]]] = deque([(machine.start(), driver(), ())])
    while waiting:
        states, ours, path = waiting.popleft()
        for event in machine.events():
            wanted, after = expected(machine, states, event)
            cells = {(region, states[region], event) for region in machine.regions}
            if wanted.word == "never":
                never |= cells
            if wanted.word == "never" or not ours.can(event):
                continue
            clone = deepcopy(ours)
            wrong = difference(wanted, clone.do(event)) or _other_states(clone.states(), after)
            if wrong:
                raise AssertionError(f"{event} in {states}: {wrong}\nafter {path}")
            seen |= cells
            fresh = set(combinations(after.items(), 2)) - pairs
            if fresh:
                pairs |= fresh
                waiting.append((after, clone, (*path, event)))
    return seen, never - seen


def _other_states(got: States, wanted: States) -> str | None:
    wrong = [f"{name} is {state}, not {wanted[name]}" for name, state in got.items() if wanted[name] != state]
    return ", ".join(wrong) or None


def missing(name: str, seen: Cells, left_out: set[str]) -> Cells:
    """Cells that say something, of events that can be given, and were not compared."""
    machine = table(name)
    every = {
        (region, state, event)
        for region in machine.regions
        if region != "path"
        for state in machine.raw["region"][region]["states"]
        for event in machine.events()
        if event not in left_out and machine.says(region, state, event)
    }
    return every - seen


class Tables(unittest.TestCase):
    def hold(self, name: str, driver: type, left_out: set[str]) -> None:
        seen, never = explore(name, driver)
        self.assertGreater(len(seen), 500)
        self.assertEqual(missing(name, seen, left_out) - never, set())

    def test_the_helper(self) -> None:
        self.hold("helper", helper_driver.Driver, helper_driver.LEFT_OUT)

    def test_the_sharer(self) -> None:
        self.hold("sharer", sharer_driver.Driver, sharer_driver.LEFT_OUT)

    def test_a_connection_at_the_relay(self) -> None:
        self.hold("connection", connection_driver.Driver, connection_driver.LEFT_OUT)


if __name__ == "__main__":
    unittest.main()
