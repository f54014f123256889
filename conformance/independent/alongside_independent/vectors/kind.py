"""What a kind of vector is to the checker and to the generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


class BadVector(Exception):
    """The file says something that has no meaning here: an unknown member, kind or name."""


@dataclass(frozen=True)
class Kind:
    """`compute` makes the output of an input, or raises `Refused`; `invert` makes the input again."""

    compute: Callable[[Json], Json]
    invert: Callable[[Json, Json], Json] | None = None


def members(value: Json, *wanted: str, optional: tuple[str, ...] = ()) -> list[Any]:
    """The values of exactly these members."""
    unknown = set(value) - set(wanted) - set(optional)
    missing = set(wanted) - set(value)
    if unknown or missing:
        raise BadVector(f"unknown members {sorted(unknown)}, missing members {sorted(missing)}")
    return [value.get(name) for name in (*wanted, *optional)]
