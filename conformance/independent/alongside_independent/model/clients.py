"""What a relay knows of each connection, and of the networks that they come from."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any

from ..messages import Message
from ..operation import delay
from ..policy import Account, CodeRules
from .set_up import SetUp


@dataclass
class SignIn:
    account: Account
    ends_at: int
    token_expires: int | None = None
    """In seconds of Unix time, without the tolerance: no card outlives it."""
    ended: bool = False


@dataclass
class Session:
    began: int
    tokens: list[bytes]
    places: list[int | None]
    lost_at: list[int | None] = field(default_factory=lambda: [None, None])
    ends_with: SignIn | None = None
    """POLICY-12."""
    path: Any = None
    """A `Path`, if an end has asked for one."""


@dataclass
class Connection:
    address: str
    sources: tuple[str, ...]
    state: str = "new"
    spoken: int = 0
    idle_since: int = 0
    was_in_session: bool = False
    locator: str | None = None
    device: bytes | None = None
    offer: bytes = b""
    session: Session | None = None
    place: int = 0
    left_at: int | None = None
    control_ended_at: int | None = None
    sign_in: SignIn | None = None
    challenge: bytes | None = None
    card_wanted: dict[str, Any] = field(default_factory=dict)

    @property
    def account(self) -> Account | None:
        return self.sign_in.account if self.sign_in and not self.sign_in.ended else None

    @property
    def sign_in_is_over(self) -> bool:
        return self.sign_in is not None and self.sign_in.ended


@dataclass
class Code:
    owner: int
    expires: int
    rules: CodeRules


@dataclass
class Waiting:
    """A join, a wait or a call, until its look-up; or a sign-in, until its check."""

    connection: int
    due: int
    message: Message


def sources_of(address: str) -> tuple[str, ...]:
    """RDV-25, RDV-26: the sources that a failed join of this address counts for."""
    ip = ipaddress.ip_address(address)
    if ip.version == 6 and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.version == 4:
        return (str(ip),)
    return tuple(str(ipaddress.ip_network((ip, bits), strict=False)) for bits in (64, 48))


def most_of(source: str, limit: int) -> int:
    """SOURCE-1, SOURCE-2: a network of 48 bits may have 8 times as much."""
    return limit * (8 if source.endswith("/48") else 1)


def too_many(client: Connection, others: list[Connection], limit: int) -> bool:
    return any(
        sum(source in other.sources for other in others) >= most_of(source, limit)
        for source in client.sources
    )


class Failures:
    """RDV-23 to RDV-28, for joins; AUTH-5 and AUTH-6, for sign-ins."""

    def __init__(self, set_up: SetUp) -> None:
        self._set_up = set_up
        self.failed: dict[str, tuple[int, int]] = {}

    def clear(self) -> None:
        self.failed.clear()

    def delay(self, client: Connection) -> int:
        timer, limit = self._set_up.timer, self._set_up.limit
        full = len(self.failed) >= limit("sources")
        waits = [0]
        for source in client.sources:
            if source in self.failed:
                free = most_of(source, limit("free-joins"))
                first, most = timer("join-delay-first"), timer("join-delay-most")
                waits.append(delay(self.failed[source][0], free, first, most))
            elif full:
                waits.append(timer("join-delay-most"))
        return max(waits)

    def count(self, client: Connection, now: int) -> None:
        for source in client.sources:
            self.failed[source] = (self.failed.get(source, (0, 0))[0] + 1, now)

    def succeed(self, client: Connection, now: int) -> None:
        """It is no failed one any more."""
        for source in client.sources:
            count, at = self.failed.get(source, (1, now))
            if count <= 1:
                self.failed.pop(source, None)
            else:
                self.failed[source] = (count - 1, at)

    def times(self) -> list[int]:
        return [at + self._set_up.timer("join-delay-decay") for _, at in self.failed.values()]

    def forget(self, now: int) -> None:
        decay = self._set_up.timer("join-delay-decay")
        self.failed = {s: (count, at) for s, (count, at) in self.failed.items() if now - at < decay}
