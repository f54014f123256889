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
]
HELLO = {
    "driver": 1,
    "name": "python_client",
    "version": "0.1.0",
    "roles": ["helper", "sharer"],
    "capabilities": CAPABILITIES,
}


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


async def drive() -> int:
    """Says hello before it loads the client, which takes a moment."""
    reader = asyncio.StreamReader(limit=LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    driver = None
    while line := await reader.readline():
        command = json.loads(line)
        if command.get("op") == "hello":
            _say({"id": command["id"], "ok": HELLO})
            continue
        if driver is None:
            driver = _load()
        _say(await driver.answer(command))
    if driver is not None:
        await driver.end()
    return 0


def _load() -> Any:  # noqa: ANN401
    from .client import fail_loudly
    from .driver_commands import Driver

    fail_loudly()
    return Driver(_say)
