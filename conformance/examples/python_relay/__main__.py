"""`python -m python_relay --listen HOST:PORT`: prints a line of JSON when it can be reached."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from . import set_up
from .server import Server

ALWAYS = ["drain", "renew-certificate"]
BY_SET_UP = ["accounts", "issuers", "policy", "devices", "cards", "reload"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python_relay", description=__doc__)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--set-up", metavar="FILE", help="as in `conformance/driver.md`")
    parser.add_argument(
        "--clock", action="store_true", help="time stands still but for `advance-clock` on standard input"
    )
    given = parser.parse_args()
    host, _, port = given.listen.rpartition(":")
    return asyncio.run(_serve(host.strip("[]"), int(port), given.set_up, given.clock))


async def _serve(host: str, port: int, path: str | None, still: bool) -> int:
    operator, date = set_up.read(path)
    server = Server(operator, still, date)
    listening = await server.listen(host, port)
    ready = {
        "ready": True,
        "relay": listening,
        "certificate": server.fingerprint(),
        "capabilities": (["clock"] if still else []) + ALWAYS + (BY_SET_UP if path else []),
    }
    print(json.dumps(ready), flush=True)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        answer = _answer(server, path, command) if still or command["op"] != "advance-clock" else None
        print(json.dumps({"id": command.get("id"), **(answer or {"unsupported": {}})}), flush=True)
    await server.shut_down()
    return 0


def _answer(server: Server, path: str | None, command: dict) -> dict | None:
    match command["op"]:
        case "advance-clock":
            server.advance(command["ms"])
        case "drain":
            server.drain()
        case "reload":
            server.reload(set_up.read(path)[0])
        case "renew-certificate":
            server.renew_certificate()
            return {"ok": {"certificate": server.fingerprint()}}
        case _:
            return None
    return {"ok": {}}


if __name__ == "__main__":
    sys.exit(main())
