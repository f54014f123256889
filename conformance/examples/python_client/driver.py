"""The driver of this client, by `conformance/driver.md`: commands in, answers and events out."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

LINE = 1_048_576
CAPABILITIES = [
    "clock",
    "reconnect",
    "control",
    "clipboard",
    "drawing",
    "chat",
    "pause",
    "report",
    "secure-desktop",
    "vector",
    "number",
    "notices",
    "links",
    "relays",
    "supported",
    "sign-in",
    "cards",
    "receipts",
    "devices",
]
HELLO = {
    "driver": 1,
    "name": "python_client",
    "version": "0.1.0",
    "roles": ["helper", "sharer"],
    "capabilities": CAPABILITIES,
}


class Output:
    """Events wait until the command is answered: what it caused comes after its answer."""

    def __init__(self) -> None:
        self._answering = False
        self._events: list[dict[str, Any]] = []

    def begin(self) -> None:
        self._answering = True

    def answer(self, line: dict[str, Any]) -> None:
        self._answering = False
        lines, self._events = [line, *self._events], []
        sys.stdout.write("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines))
        sys.stdout.flush()

    def event(self, line: dict[str, Any]) -> None:
        if self._answering:
            self._events.append(line)
        else:
            print(json.dumps(line, ensure_ascii=False), flush=True)


async def drive() -> int:
    """Says hello before it loads the client, which takes a moment."""
    reader = asyncio.StreamReader(limit=LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    driver, output = None, Output()
    while line := await reader.readline():
        command = json.loads(line)
        output.begin()
        if command.get("op") == "hello":
            output.answer({"id": command["id"], "ok": HELLO})
            continue
        if driver is None:
            driver = _load(output)
        output.answer(await driver.answer(command))
    if driver is not None:
        await driver.end()
    return 0


def _load(output: Output) -> Any:  # noqa: ANN401
    from .client import fail_loudly
    from .driver_commands import Driver

    fail_loudly()
    return Driver(output.event)
