"""A person at a terminal: lines in, lines out."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

from .text import scope_names, shown


def say(line: str) -> None:
    print(line, flush=True)


async def lines() -> AsyncIterator[str]:
    """Of standard input."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line.decode("utf-8", "replace").strip()


def _who_asks(fields: dict[str, Any]) -> str:
    """CONSENT-5, CARD-16."""
    texts = [fields["name"]]
    if fields["card"]:
        names = ("first_name", "last_name", "title", "organisation", "domain")
        texts = [fields["card"][name] for name in names if fields["card"][name]]
    return f"{', '.join(map(shown, texts))} ({fields['worth'].shown()}) wants to see your screen"


def told(what: str, fields: dict[str, Any]) -> str | None:
    """The line for an event; None for one that says nothing to a person."""
    match what:
        case "code":
            return f"code {fields['code']}"
        case "code-ended":
            return f"no code any more: {fields['code']}"
        case "joined":
            return "somebody joins"
        case "code-spent" | "call-spent":
            line = f"the code is spent ({fields['code']}); {fields['in_last_hour']} in the last hour"
            if fields["warned"]:
                line += f". Somebody may be guessing. The next one in {fields['wait_ms'] // 1000} s"
            return line
        case "join-is-held-back":
            return f"the relay may be holding the join back, for {fields['most_ms'] // 1000} s at the most"
        case "secured":
            return f"phrase {fields['phrase']}"
        case "asks-consent":
            return _who_asks(fields)
        case "control-rests":
            return f"control cannot be asked for in the next {fields['ms'] // 1000} s"
        case "viewing":
            return f"viewing {' '.join(scope_names(fields['scopes']))}"
        case "frame":
            kind = "complete" if fields["complete"] else "changes"
            return f"frame {fields['id']} {fields['width']}x{fields['height']} {kind}"
        case "shown":
            return f"shown {fields['frame']}"
        case "chat":
            return f"chat {shown(fields['text'])}"
        case "pause":
            own, other = ("paused" if fields[end] else "running" for end in ("own", "other"))
            return f"this end is {own}, the other end {other}"
        case "frozen":
            return "the way to the other end is lost; trying for 30 s"
        case "back":
            return "the way to the other end is there again"
        case "asks-control":
            number = f", and the number {fields['number']}" if fields["number"] else ""
            return f"allow {' '.join(scope_names(fields['scopes']))}? `allow`{number}, or `deny`"
        case "injected":
            return f"injected {fields['event'].kind} {fields['event'].values}"
        case "control":
            scopes = " ".join(scope_names(fields["scopes"]))
            return f"control of {scopes} for {fields['duration_ms'] // 1000} s"
        case "control-ended" | "denied":
            return f"control {what.removeprefix('control-')}: {fields['code']}"
        case "ended":
            broken = f" ({fields['broken']} was broken)" if fields["broken"] else ""
            return f"ended {fields['code']} by {fields['by']}{broken}"
    return None
