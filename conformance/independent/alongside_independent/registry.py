"""The numbers of the protocol, read from `spec/registry.toml` and never typed again."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any


def spec_folder() -> Path:
    """`$ALONGSIDE_SPEC`, or the folder `spec` of the repository that this package stands in."""
    named = os.environ.get("ALONGSIDE_SPEC")
    if named:
        return Path(named)
    for above in Path(__file__).resolve().parents:
        if (above / "spec" / "registry.toml").is_file():
            return above / "spec"
    raise FileNotFoundError("no spec/registry.toml above this package; set ALONGSIDE_SPEC")


@dataclass(frozen=True)
class Registry:
    raw: dict[str, Any]
    _made: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)

    def _by_name(self, table: str, key: str) -> dict[str, int]:
        if (table, key) not in self._made:
            self._made[table, key] = {entry["name"]: entry[key] for entry in self.raw[table]}
        return self._made[table, key]

    @property
    def versions(self) -> dict[str, int]:
        return self._by_name("version", "id")

    @property
    def suites(self) -> dict[int, dict[str, Any]]:
        return {entry["id"]: entry for entry in self.raw["suite"]}

    @property
    def scopes(self) -> dict[str, int]:
        return self._by_name("scope", "bit")

    @property
    def errors(self) -> dict[str, int]:
        return self._by_name("error", "code")

    @property
    def grease(self) -> list[int]:
        return self.raw["message_ranges"]["grease"]

    def messages(self, plane: str) -> dict[str, int]:
        """Names and types of the plane `rendezvous`, `envelope`, `session`, `record` or `input`."""
        return self._by_name(plane, "type")

    def sender(self, plane: str, name: str) -> str:
        return next(entry["from"] for entry in self.raw[plane] if entry["name"] == name)

    def ids(self, table: str) -> dict[str, int]:
        return self._by_name(table, "id")

    def bits(self, table: str) -> dict[str, int]:
        return self._by_name(table, "bit")

    def limit(self, name: str) -> int:
        return self._by_name("limit", "value")[name]

    def timer(self, name: str) -> int:
        """In milliseconds."""
        return self._by_name("timer", "ms")[name]

    def stated(self, table: str) -> dict[int, int]:
        """Ids and values of the timers or limits that a relay states."""
        value = {"timer": "ms", "limit": "value"}[table]
        return {entry["id"]: entry[value] for entry in self.raw[table] if entry["stated"]}


@cache
def registry() -> Registry:
    return Registry(tomllib.loads((spec_folder() / "registry.toml").read_text(encoding="utf-8")))


@cache
def all_scopes() -> int:
    return sum(registry().scopes.values())


def scope_bits(*names: str) -> int:
    return sum(registry().scopes[name] for name in names)


def error_name(code: int) -> str | None:
    """The name of a registered error code, else None."""
    return next((name for name, value in registry().errors.items() if value == code), None)
