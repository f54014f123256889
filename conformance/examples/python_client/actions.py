"""What an endpoint wants done. Frame streams of its own have numbers of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Say:
    """Bytes on the control stream."""

    data: bytes


@dataclass(frozen=True)
class Write:
    """Bytes on a frame stream, which is opened by the first."""

    stream: int
    data: bytes


@dataclass(frozen=True)
class Finish:
    stream: int


@dataclass(frozen=True)
class Reset:
    stream: int
    code: int


@dataclass(frozen=True)
class Stop:
    """Of a frame stream of the other end, by the number that it came with."""

    stream: int
    code: int


@dataclass(frozen=True)
class Close:
    """The connection, after what was said."""

    code: int


@dataclass(frozen=True)
class Connect:
    """Anew, to the same relay."""


@dataclass(frozen=True)
class Tell:
    """Something for the person or the program."""

    what: str
    fields: dict[str, Any] = field(default_factory=dict)


Action = Say | Write | Finish | Reset | Stop | Close | Connect | Tell
