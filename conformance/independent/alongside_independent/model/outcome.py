"""What a machine says to one step."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..messages import Message

ACCEPTED, REFUSED, IGNORED = "accepted", "refused", "ignored"


@dataclass
class Outcome:
    """`refused` ends the session with `error`; `requirement` says why where there is one sentence.

    `leave` and `close` are the codes of a `leave` to the relay and of the end of the connection.
    """

    verdict: str = ACCEPTED
    error: str | None = None
    requirement: str | None = None
    sent: list[Message] = field(default_factory=list)
    leave: str | None = None
    close: str | None = None
