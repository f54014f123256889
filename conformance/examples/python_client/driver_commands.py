"""Every command of `conformance/driver.md` but `hello`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from alongside_independent.refusal import Refused
from alongside_independent.wire import to_json

from .client import StillClock
from .driver_acts import ACTS
from .driver_fields import Misuse, WrongCommand
from .driver_session import Session
from .sharer import Marks

Say = Callable[[dict[str, Any]], None]
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, AssertionError)


class Driver:
    def __init__(self, say: Say) -> None:
        self._say = say
        self._clock = StillClock()
        self._marks = Marks()
        self._sessions: dict[str, Session] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        number = command.get("id")
        try:
            return {"id": number, **await self._carry_out(command)}
        except Misuse as misuse:
            return {"id": number, "err": {"class": "misuse", "detail": str(misuse)}}
        except (WrongCommand, KeyError, TypeError, ValueError) as wrong:
            return {"id": number, "err": {"class": "command", "detail": f"{type(wrong).__name__}: {wrong}"}}

    async def _carry_out(self, command: dict[str, Any]) -> dict[str, Any]:
        match command.get("op"):
            case "vector":
                return _vector(command)
            case "open":
                return self._open(command)
            case "close":
                self._close(self._sessions.pop(command["session"]))
                return {"ok": {}}
            case "advance-clock":
                client = self._session(command).client
                await client.handled(command.get("read", 0))
                self._clock.advance(command["ms"])
                await asyncio.sleep(0)
                return {"ok": {"sent": client.said}}
            case op:
                return self._act(str(op), command)

    def _session(self, command: dict[str, Any]) -> Session:
        if command["session"] not in self._sessions:
            raise WrongCommand("no such session")
        return self._sessions[command["session"]]

    def _open(self, command: dict[str, Any]) -> dict[str, Any]:
        name = command["session"]
        if name in self._sessions:
            raise WrongCommand("there is a session of this name")
        self._sessions[name] = Session(command, self._clock, self._marks, self._say)
        return {"ok": {}}

    def _act(self, op: str, command: dict[str, Any]) -> dict[str, Any]:
        act = ACTS.get(op)
        if act is None:
            return {"unsupported": {}}
        session = self._session(command)
        if act.role not in (None, session.role):
            raise Misuse(f"{op} is for a {act.role}")
        if session.endpoint.over:
            raise Misuse("the session has ended")
        act.do(session, command)
        return {"ok": {}}

    def _close(self, session: Session) -> None:
        task = asyncio.create_task(session.forget())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def end(self) -> None:
        for session in self._sessions.values():
            self._close(session)
        await asyncio.gather(*self._ending)


def _vector(command: dict[str, Any]) -> dict[str, Any]:
    """What computes them is loaded when somebody wants it, for it takes a moment."""
    from alongside_independent.vectors.kind import BadVector
    from alongside_independent.vectors.kinds import KINDS

    kind = KINDS.get(command["kind"])
    if kind is None:
        return {"unsupported": {}}
    try:
        return {"ok": {"output": to_json(kind.compute(command["input"]))}}
    except Refused as refused:
        return {"ok": {"error": refused.error or ""}}
    except (BadVector, *_UNREADABLE) as problem:
        raise WrongCommand(str(problem)) from None
