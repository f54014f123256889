"""What the operator of a relay decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..policy import Policy
from ..registry import registry
from ..tokens import Proved

CheckToken = Callable[[int], Proved]
"""Whose token it is, at this second of Unix time. Raises Refused."""


@dataclass(frozen=True)
class Device:
    token_hash: bytes
    organisation: str


@dataclass
class SetUp:
    """`check` makes of a method and a token what finds out whose it is, and is None where nobody can sign in.

    Whoever gives no `check` says by `Relay.token_checked` what came of a token; whoever gives no
    `card_seed` signs the cards.
    """

    limits: dict[str, int] = field(default_factory=dict)
    timers: dict[str, int] = field(default_factory=dict)
    reports: bool = True
    methods: tuple[str, ...] = ()
    check: Callable[[str, str], CheckToken] | None = None
    policy: Policy = field(default_factory=Policy)
    devices: dict[bytes, Device] = field(default_factory=dict)
    issues_cards: bool = False
    card_seed: bytes | None = None

    def limit(self, name: str) -> int:
        if name == "reports-per-source" and not self.reports:
            return 0
        return self.limits.get(name, registry().limit(name))

    def timer(self, name: str) -> int:
        return self.timers.get(name, registry().timer(name))

    def stated(self, table: str) -> list[list[int]]:
        """Ids and values, in their order."""
        value = {"timer": self.timer, "limit": self.limit}[table]
        stated = (entry for entry in registry().raw[table] if entry["stated"])
        return sorted([entry["id"], value(entry["name"])] for entry in stated)
