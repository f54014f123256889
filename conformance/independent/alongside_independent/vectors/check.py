"""Holds every vector of a folder against what this implementation computes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from ..refusal import Refused
from ..registry import spec_folder
from ..wire import to_json
from .kind import BadVector, Json, Kind, members
from .kinds import KINDS

_UNREADABLE = (BadVector, ValueError, LookupError, TypeError, AttributeError, AssertionError)


@dataclass
class Result:
    """`counts` holds, for each kind, how many valid and invalid vectors there were."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)


def check_folder(folder: Path) -> Result:
    """All files of vectors in the folder and below it, but for the schema."""
    result = Result()
    seen: set[str] = set()
    for path in sorted(folder.rglob("*.json")):
        if path.name == "schema.json":
            continue
        try:
            _check_file(path, result, seen)
        except (BadVector, ValueError) as problem:
            result.differences.append(f"{path.name}: {problem}")
    return result


@cache
def _schema() -> Draft202012Validator:
    schema = json.loads((spec_folder() / "vectors" / "schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _no_floats(text: str) -> float:
    raise BadVector(f"{text} is no integer")


def _check_file(path: Path, result: Result, seen: set[str]) -> None:
    value = json.loads(path.read_text(encoding="utf-8"), parse_float=_no_floats)
    if wrong := best_match(_schema().iter_errors(value)):
        raise BadVector(f"not as the schema has it: {wrong.json_path}: {_short(wrong.message)}")
    form, name, vectors = members(value, "format", "kind", "vectors")
    if form != 1 or path.stem != name:
        raise BadVector("another format, or a file that is not named after its kind")
    if name not in KINDS:
        raise BadVector(f"a kind that is not known: {name}")
    counts = result.counts.setdefault(name, Counter())
    for vector in vectors:
        known = vector.get("id", "a vector without id")
        counts["invalid" if "error" in vector else "valid"] += 1
        if (path, known) in seen:
            result.differences.append(f"{known}: there are two")
        seen.add((path, known))
        try:
            difference = check_vector(KINDS[name], vector)
        except _UNREADABLE as problem:
            difference = f"cannot be read: {type(problem).__name__} {problem}"
        if difference:
            result.differences.append(f"{known}: {difference}")


def check_vector(kind: Kind, vector: Json) -> str | None:
    """What is different; None when nothing is."""
    _, _, _, given, output, error, one_way = members(
        vector, "id", "about", "shows", "input", optional=("output", "error", "one_way")
    )
    if (output is None) == (error is None) or (error and one_way):
        raise BadVector("either output or error")
    try:
        got = to_json(kind.compute(given))
    except Refused as refused:
        return _compare_refusal(refused, error)
    if error is not None:
        return f"was not refused: {_short(got)}"
    if got != output:
        return _first_difference(got, output)
    if kind.invert and not one_way and (back := kind.invert(given, output)) != given:
        return f"encodes to {_short(back)}"
    return None


def computed(line: str) -> Json:
    """What comes of one input: its output, its error, or why it is no input."""
    try:
        name, given = members(json.loads(line, parse_float=_no_floats), "kind", "input")
        return {"output": to_json(KINDS[name].compute(given))}
    except Refused as refused:
        return {"error": {"name": refused.error, "requirement": refused.requirement}}
    except _UNREADABLE as problem:
        return {"unreadable": f"{type(problem).__name__} {problem}"}


def _compare_refusal(refused: Refused, error: Json | None) -> str | None:
    got = f"refused with {refused.error} by {refused.requirement} ({refused.why})"
    if error is None:
        return got
    requirement, name = members(error, "requirement", optional=("name",))
    if (refused.error, refused.requirement) != (name, requirement):
        return f"{got}, and not with {name} by {requirement}"
    return None


def _short(value: Any) -> str:  # noqa: ANN401
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 300 else text[:300] + "…"


def _first_difference(got: Any, wanted: Any, where: str = "output") -> str:  # noqa: ANN401
    if isinstance(got, dict) and isinstance(wanted, dict) and set(got) == set(wanted):
        for name in got:
            if got[name] != wanted[name]:
                return _first_difference(got[name], wanted[name], f"{where}.{name}")
    if isinstance(got, list) and isinstance(wanted, list) and len(got) == len(wanted):
        for index, (one, other) in enumerate(zip(got, wanted, strict=True)):
            if one != other:
                return _first_difference(one, other, f"{where}[{index}]")
    return f"{where} is {_short(got)}, and the vector says {_short(wanted)}"
