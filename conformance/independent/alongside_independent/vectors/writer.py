"""Collects vectors and writes them as a file."""

from __future__ import annotations

import json
from pathlib import Path

from ..refusal import Refused
from ..wire import to_json
from .kind import Json
from .kinds import KINDS


class Writer:
    """Collects the vectors of one kind; outputs are computed, refusals must be the ones expected."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.vectors: list[Json] = []
        self._names: dict[str, int] = {}

    def _id(self, name: str) -> str:
        self._names[name] = self._names.get(name, 0) + 1
        return f"{self.kind}/independent/{name}/{self._names[name]}"

    def valid(self, name: str, about: str, shows: list[str], given: Json, one_way: bool = False) -> None:
        vector = {"id": self._id(name), "about": about, "shows": shows, "input": to_json(given)}
        vector["output"] = to_json(KINDS[self.kind].compute(vector["input"]))
        if one_way:
            vector["one_way"] = True
        self.vectors.append(vector)

    def invalid(self, name: str, about: str, given: Json, error: str | None, requirement: str) -> None:
        given = to_json(given)
        try:
            KINDS[self.kind].compute(given)
        except Refused as refused:
            if (refused.error, refused.requirement) != (error, requirement):
                raise AssertionError(f"{name}, {about}: {refused}") from refused
        else:
            raise AssertionError(f"{name}, {about}: not refused")
        said: Json = {"name": error} if error else {}
        said["requirement"] = requirement
        self.vectors.append(
            {"id": self._id(name), "about": about, "shows": [requirement], "input": given, "error": said}
        )

    def write(self, folder: Path) -> None:
        value = {"format": 1, "kind": self.kind, "vectors": self.vectors}
        text = json.dumps(value, indent=1, ensure_ascii=False)
        (folder / f"{self.kind}.json").write_text(text + "\n", encoding="utf-8")
