#!/usr/bin/env python3
"""A driver to begin with: copy it, and put your client where it says YOUR CLIENT.

It needs nothing but Python. `../driver.md` has every command and event. Whatever is not written yet
answers `unsupported`, so that the suite can be run from the first minute on.
"""

from __future__ import annotations

import json
import sys
import threading

NAME, VERSION = "skeleton", "0.1"
ROLES: list[str] = []  # "helper", "sharer": what your client can be
CAPABILITIES: list[str] = []  # "chat", "pause", "clock" ...: what is written below


class Misuse(Exception):
    """The client does not do this now. The session goes on."""


class WrongCommand(Exception):
    """A field is missing or wrong."""


class Output:
    """Lines may come from any thread; each is written whole. Events wait until an answer is out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answering = False
        self._events: list[dict] = []

    def begin(self) -> None:
        with self._lock:
            self._answering = True

    def answer(self, line: dict) -> None:
        with self._lock:
            self._answering = False
            for each in [line, *self._events]:
                self._write(each)
            self._events.clear()

    def event(self, line: dict) -> None:
        with self._lock:
            if self._answering:
                self._events.append(line)
            else:
                self._write(line)

    @staticmethod
    def _write(line: dict) -> None:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()


class Session:
    """One session of your client. Raise `Misuse` when the client does not do what it is told."""

    def __init__(self, command: dict, output: Output) -> None:
        self.name = command["session"]
        self._output = output
        role, relay, certificate = command["role"], command["relay"], command["certificate"]
        if role not in ROLES:
            raise WrongCommand(f"this client is no {role}")
        # YOUR CLIENT: set it up for the relay at `relay` ("127.0.0.1:4433"), whose certificate has the
        # SHA-256 `certificate` in hex. Have it call `self.tell` for what its person would see.
        del relay, certificate

    def tell(self, event: str, **fields: object) -> None:
        """For example `self.tell("code", code="4060-r0gx")`."""
        self._output.event({"event": event, "session": self.name, **fields})

    # YOUR CLIENT: a method for each command that it has, with `-` written as `_`.
    #
    # def do_create_code(self, command: dict) -> None:
    #     self.client.ask_for_code()
    #
    # def do_chat(self, command: dict) -> None:
    #     if not self.client.say(command["text"]):
    #         raise Misuse("there is no chat now")

    def close(self) -> None:
        """YOUR CLIENT: end the session if it still goes on, and forget it."""


class Driver:
    def __init__(self, output: Output) -> None:
        self._output = output
        self._sessions: dict[str, Session] = {}

    def answer(self, line: str) -> dict:
        command = json.loads(line)
        try:
            return {"id": command["id"], **self._carry_out(command)}
        except Misuse as misuse:
            return {"id": command["id"], "err": {"class": "misuse", "detail": str(misuse)}}
        except (WrongCommand, KeyError, TypeError, ValueError) as wrong:
            return {"id": command["id"], "err": {"class": "command", "detail": repr(wrong)}}
        except Exception as problem:  # noqa: BLE001: the suite is told, and starts the driver anew
            return {"id": command["id"], "err": {"class": "internal", "detail": repr(problem)}}

    def _carry_out(self, command: dict) -> dict:
        op = command["op"]
        if op == "hello":
            said = {"name": NAME, "version": VERSION, "roles": ROLES, "capabilities": CAPABILITIES}
            return {"ok": {"driver": 1, **said}}
        if op == "open" and ROLES:
            if command["session"] in self._sessions:
                raise WrongCommand("there is a session of this name")
            self._sessions[command["session"]] = Session(command, self._output)
            return {"ok": {}}
        act = getattr(Session, "do_" + op.replace("-", "_"), None)
        if op != "close" and act is None:
            return {"unsupported": {}}
        session = self._sessions.get(command["session"])
        if session is None:
            raise WrongCommand("no such session")
        if op == "close":
            del self._sessions[session.name]
            session.close()
        else:
            act(session, command)
        return {"ok": {}}


def main() -> None:
    output = Output()
    driver = Driver(output)
    for line in sys.stdin:
        output.begin()
        output.answer(driver.answer(line))


if __name__ == "__main__":
    main()
