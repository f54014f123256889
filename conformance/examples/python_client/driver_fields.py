"""What the fields of a command stand for, and what is said of a command that is not carried out."""

from __future__ import annotations

from typing import Any

from alongside_independent.records import Event
from alongside_independent.registry import scope_bits

Command = dict[str, Any]


class Misuse(Exception):
    """The client does not do this now."""


class WrongCommand(Exception):
    """A field is missing or wrong."""


def scopes_of(names: list[str]) -> int:
    try:
        return scope_bits(*names)
    except KeyError as unknown:
        raise WrongCommand(f"no scope {unknown}") from None


def input_event(value: Command) -> Event:
    match value:
        case {"key": usage, "down": bool(down)}:
            return Event("key", {"usage": usage, "down": down})
        case {"pointer": [x, y], "display": display}:
            return Event("pointer", {"display": display, "x": x, "y": y})
        case {"button": button, "down": bool(down)}:
            return Event("button", {"button": button, "down": down})
        case {"wheel": [dx, dy]}:
            return Event("wheel", {"dx": dx, "dy": dy})
        case {"release": True}:
            return Event("release-all", {})
    raise WrongCommand(f"no input: {value}")


def test_picture(width: int, height: int, seed: int) -> bytes:
    return bytes(
        value % 256
        for y in range(height)
        for x in range(width)
        for value in (x + seed, y + 3 * seed, x * y + 7 * seed)
    )
