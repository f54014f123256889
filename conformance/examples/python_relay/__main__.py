"""`python -m python_relay --listen HOST:PORT`: prints a line of JSON when it can be reached."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import sys

from cryptography.hazmat.primitives.serialization import Encoding

from .server import Server


def main() -> int:
    parser = argparse.ArgumentParser(prog="python_relay", description=__doc__)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument(
        "--clock", action="store_true", help="time stands still but for `advance-clock` on standard input"
    )
    given = parser.parse_args()
    host, _, port = given.listen.rpartition(":")
    return asyncio.run(_serve(host.strip("[]"), int(port), given.clock))


async def _serve(host: str, port: int, still: bool) -> int:
    server = Server(still)
    listening = await server.listen(host, port)
    ready = {
        "ready": True,
        "relay": listening,
        "certificate": hashlib.sha256(server.certificate.public_bytes(Encoding.DER)).hexdigest(),
        "capabilities": ["clock"] if still else [],
    }
    print(json.dumps(ready), flush=True)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(_answer(server, still, json.loads(line))), flush=True)
    await server.shut_down()
    return 0


def _answer(server: Server, still: bool, command: dict) -> dict:
    if command.get("op") != "advance-clock" or not still:
        return {"id": command.get("id"), "unsupported": {}}
    server.advance(command["ms"])
    return {"id": command["id"], "ok": {}}


if __name__ == "__main__":
    sys.exit(main())
