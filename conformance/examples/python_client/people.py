"""A helper and a sharer at a terminal."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys

from alongside_independent.codes import parse_code
from alongside_independent.records import Event
from alongside_independent.refusal import Refused
from alongside_independent.registry import registry, scope_bits

from .client import Client, fail_loudly
from .helper import Helper
from .pictures import TestScreen
from .sharer import Sharer
from .terminal import lines, say, told
from .transport import NotConnected, RelayAddress

FRAMES_EACH_SECOND = 10
BACKLOG = 262_144
FOR_FIFTEEN_MINUTES = 900_000
CONTROL = ("view", "chat", "pointer", "keyboard")


def run(given: argparse.Namespace) -> int:
    """The exit code: 2 wrong usage, 3 no session, 4 no connection."""
    try:
        relay = RelayAddress.parse(given.relay, given.fingerprint, given.ca)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    ceiling = scope_bits(*CONTROL if given.control else CONTROL[:2])
    try:
        return asyncio.run((_helper if given.command == "helper" else _sharer)(given, relay, ceiling))
    except NotConnected as error:
        print(error, file=sys.stderr)
        return 4
    except KeyboardInterrupt:
        return 1


async def _helper(given: argparse.Namespace, relay: RelayAddress, ceiling: int) -> int:
    endpoint = Helper(given.name, ceiling)
    client = Client(endpoint, relay)
    fail_loudly()
    await client.connect()
    reading = asyncio.create_task(_read_helper(client, endpoint))
    code = await _follow(client, {"connected": lambda: client.do(endpoint.ask_for_code)}, [reading])
    if given.save:
        endpoint.viewer.canvas.picture.save(given.save, "PNG")
    return await _leave(client, code, reading)


async def _sharer(given: argparse.Namespace, relay: RelayAddress, ceiling: int) -> int:
    screen = TestScreen()
    endpoint = Sharer([screen.display()], ceiling)
    client = Client(endpoint, relay)
    fail_loudly()
    await client.connect()
    said = lines()

    async def begin() -> None:
        """CODE-15: a code is read, and is no argument."""
        say("code?")
        async for line in said:
            try:
                code = parse_code(line)
            except Refused as refused:
                say(f"no code: {refused.why}")
                continue
            if client.do(endpoint.join, given.relay, code):
                await _read_sharer(client, endpoint, said)
                return
            say("this code was used before; code?")

    showing = asyncio.create_task(_show(client, endpoint, screen))
    reading = asyncio.create_task(begin())
    question = {"asks-consent": lambda: say("did you start this contact yourself?")}
    code = await _follow(client, question, [showing, reading])
    showing.cancel()
    return await _leave(client, code, reading)


async def _follow(client: Client, acts: dict, beside: list[asyncio.Task]) -> str:
    """Tells everything, until the end; its code. What goes on beside it may not fail unseen."""
    while True:
        following = asyncio.create_task(client.events.get())
        running = [task for task in beside if not task.done()]
        await asyncio.wait([following, *running], return_when=asyncio.FIRST_COMPLETED)
        for task in running:
            if task.done():
                task.result()
        event = await following
        line = told(event.what, event.fields)
        if line is not None:
            say(line)
        if event.what in acts:
            acts[event.what]()
        if event.what == "ended":
            return event.fields["code"]


async def _leave(client: Client, code: str, reading: asyncio.Task) -> int:
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading
    while client.endpoint.reporting_until is not None:
        event = await client.events.get()
        say("reported" if event.what == "reported" else "the report was not taken")
    await client.close()
    return {"done": 0, "lost": 4}.get(code, 3)


async def _show(client: Client, endpoint: Sharer, screen: TestScreen) -> None:
    """What is sent is less when the network is slow, and never late."""
    step = 0
    while True:
        await asyncio.sleep(1 / FRAMES_EACH_SECOND)
        if endpoint.may_show and client.backlog() < BACKLOG:
            step += 1
            client.do(endpoint.show, screen.frame(step, endpoint.wants_complete))


async def _read_helper(client: Client, endpoint: Helper) -> None:
    async for line in lines():
        word, _, rest = line.partition(" ")
        match word:
            case "control":
                client.do(endpoint.asks_control, scope_bits("pointer", "keyboard"))
            case "release":
                client.do(endpoint.gives_up)
            case "move":
                x, y = (int(number) for number in rest.split())
                client.do(endpoint.send_input, [Event("pointer", {"display": 0, "x": x, "y": y})])
            case _:
                _common(client, word, rest)


async def _read_sharer(client: Client, endpoint: Sharer, said: object) -> None:
    warned = False
    async for line in said:
        machine = endpoint.machine
        word, _, rest = line.partition(" ")
        if machine.phase == "deciding" and word in ("yes", "no", "share"):
            if machine.started is None:
                client.do(endpoint.says_who_started, word == "yes")
                warned = word != "yes"
                say(WARNING if warned else "may your screen be seen?")
            elif word == "no":
                client.do(endpoint.declines)
            else:
                client.do(endpoint.consents, warned and word == "share")
            continue
        match word:
            case "allow":
                client.do(endpoint.allows, FOR_FIFTEEN_MINUTES, None, rest or None)
            case "deny":
                client.do(endpoint.denies)
            case "revoke":
                client.do(endpoint.revokes)
            case _:
                _common(client, word, rest)


def _common(client: Client, word: str, rest: str) -> None:
    endpoint = client.endpoint
    match word:
        case "chat":
            client.do(endpoint.writes, rest)
        case "pause" | "unpause":
            client.do(endpoint.pauses, word == "pause")
        case "end":
            client.do(endpoint.ends)
        case "report":
            client.do(endpoint.ends, registry().ids("report_category").get(rest or "scam"))
        case "":
            pass
        case _:
            say(f"{word} is not known")


WARNING = (
    "Somebody who calls you, says that something is wrong with your computer, account or money, and wants\n"
    "to see your screen, is a fraud. `report` ends this and tells who runs the relay. `no` ends it.\n"
    "If you want to go on all the same, type `share`."
)
