"""The checker finds what is wrong with a vector: each output, error and member that is changed is seen."""

from __future__ import annotations

import json
import tempfile
import unittest
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

from alongside_independent.registry import spec_folder
from alongside_independent.vectors.check import check_folder
from alongside_independent.vectors.generate import generate


def _change(random: Random, value: Any) -> Any:  # noqa: ANN401
    """The same with one thing in it that is different."""
    if value is None:
        return "1"
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return ("1" if value[:1] != "1" else "2") + value[1:]
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not keys:
        return {"more": 1} if isinstance(value, dict) else [1]
    key = random.choice(keys)
    changed = deepcopy(value)
    changed[key] = _change(random, value[key])
    return changed


class Check(unittest.TestCase):
    def differences(self, kind: str, vectors: list[dict]) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{kind}.json"
            file.write_text(json.dumps({"format": 1, "kind": kind, "vectors": vectors}))
            return check_folder(Path(folder)).differences

    def files(self) -> list[Path]:
        return [file for file in (spec_folder() / "vectors").glob("*.json") if file.name != "schema.json"]

    def test_what_the_schema_does_not_have_is_a_difference(self) -> None:
        file = next(file for file in self.files() if file.stem == "reconnect")
        vectors = json.loads(file.read_text(encoding="utf-8"))["vectors"]
        self.assertEqual(self.differences("reconnect", vectors), [])
        for change in ({"one_way": False}, {"id": "connect/a"}, {"shows": []}, {"error": {}}):
            wrong = self.differences("reconnect", [vectors[0] | change])
            self.assertEqual(len(wrong), 1)
            self.assertIn("the schema", wrong[0])

    def test_each_change_is_found(self) -> None:
        random = Random(7)
        for file in self.files():
            value = json.loads(file.read_text(encoding="utf-8"))
            for vector in random.sample(value["vectors"], min(8, len(value["vectors"]))):
                said = "error" if "error" in vector else "output"
                changed = vector | {said: _change(random, vector[said])}
                self.assertNotEqual(self.differences(value["kind"], [changed]), [], vector["id"])

    def test_what_is_not_known_is_a_difference(self) -> None:
        good = {"id": "code/a", "about": "a", "shows": ["CODE-1"], "input": {"text": "4060r0gx"}}
        good["output"] = {"locator": "4060", "secret": "r0gx", "shown": "4060-r0gx"}
        self.assertEqual(self.differences("code", [good]), [])
        self.assertEqual(len(self.differences("codes", [good])), 1)
        self.assertEqual(len(self.differences("code", [good | {"note": 1}])), 1)
        self.assertEqual(len(self.differences("code", [good | {"input": {"text": "x", "more": 1}}])), 1)
        self.assertEqual(len(self.differences("code", [good, good])), 1)

    def test_what_is_generated_is_right_and_the_same_again(self) -> None:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            generate(Path(one), 3)
            generate(Path(other), 3)
            self.assertEqual(check_folder(Path(one)).differences, [])
            for file in Path(one).iterdir():
                self.assertEqual(file.read_bytes(), (Path(other) / file.name).read_bytes())

    def test_the_committed_vectors_are_those_of_the_seed(self) -> None:
        committed = spec_folder() / "vectors" / "independent"
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder))
            made = {file.name: file.read_bytes() for file in Path(folder).iterdir()}
        self.assertEqual(set(made), {file.name for file in committed.glob("*.json")})
        for name, octets in made.items():
            self.assertEqual(octets, (committed / name).read_bytes(), name)


if __name__ == "__main__":
    unittest.main()
