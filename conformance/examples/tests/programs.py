"""Real programs as processes: what they write is waited for, and nothing is slept for."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

EXAMPLES = Path(__file__).resolve().parents[1]
PATIENCE = 90.0
CODE = re.compile(r"\b[0-9a-z]{4,8}-[0-9a-z]{4}\b")


def binary(name: str) -> str:
    """A program of the reference: in `$ALONGSIDE_BIN`, or where cargo puts it."""
    folder = os.environ.get("ALONGSIDE_BIN") or str(EXAMPLES.parents[1] / "target" / "debug")
    path = Path(folder) / name
    if not path.is_file():
        raise FileNotFoundError(f"{path}: build it with `cargo build`, or name its folder in ALONGSIDE_BIN")
    return str(path)


class Program:
    """A process with lines in and lines out."""

    def __init__(self, *command: str) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.seen: list[str] = []
        self.process = subprocess.Popen(
            command,
            cwd=EXAMPLES,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def say(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def until(self, wanted: str | Callable[[str], Any]) -> Any:  # noqa: ANN401
        """The first line from here on that holds this text, or what the function finds in one."""
        find = (lambda line: line if wanted in line else None) if isinstance(wanted, str) else wanted
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{wanted!r} did not come; it said {self.seen}") from None
            if line is None:
                raise AssertionError(f"it ended before {wanted!r}; it said {self.seen}")
            self.seen.append(line)
            if found := find(line):
                return found

    def code(self) -> int:
        """The exit code, once it has ended."""
        return self.process.wait(PATIENCE)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


SCHEMA = EXAMPLES.parent / "driver.schema.json"


class Driver(Program):
    """A driver: commands get their answers, and events are kept until they are asked for.

    Every line is held against the schema.
    """

    def __init__(self, *command: str) -> None:
        super().__init__(*command)
        self._id = 0
        self._schema = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
        self.events: list[dict[str, Any]] = []

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
        """The answer without its id."""
        self._id += 1
        self.say(json.dumps({"id": self._id, "op": op, **fields}))
        while True:
            line = self._line()
            if "event" not in line:
                assert line.pop("id") == self._id, line
                return line
            self.events.append(line)

    def _line(self) -> dict[str, Any]:
        line = self.until(json.loads)
        self._schema.validate(line)
        return line

    def do(self, op: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
        answer = self.ask(op, **fields)
        if "ok" not in answer:
            raise AssertionError(f"{op}: {answer}")
        return answer["ok"]

    def event(self, name: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
        """The next event of this name with these fields; those before it are passed over."""
        while True:
            while self.events:
                event = self.events.pop(0)
                if event["event"] == name and all(event.get(k) == v for k, v in fields.items()):
                    return event
            line = self._line()
            assert "event" in line, line
            self.events.append(line)


def python(module: str, *given: str) -> list[str]:
    return [sys.executable, "-m", module, *given]


class Relay(Program):
    """Of the reference, or the one in Python."""

    def __init__(self, kind: str) -> None:
        if kind == "python":
            super().__init__(*python("python_relay", "--listen", "127.0.0.1:0"))
        else:
            where = ("--self-signed", "--json", "--listen", "127.0.0.1:0")
            super().__init__(binary("alongside-relay"), *where)
        ready = json.loads(self.until("{"))
        self.address = ready.get("relay") or ready["listening"]
        self.certificate = ready.get("certificate") or ready["fingerprint"]

    def arguments(self) -> list[str]:
        return ["--relay", self.address, "--fingerprint", self.certificate]
