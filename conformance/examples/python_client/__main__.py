"""`python -m python_client helper|sharer --relay HOST:PORT --fingerprint HEX`, and `driver`."""

from __future__ import annotations

import argparse
import asyncio
import sys

HELPER_SAYS = "chat TEXT, pause, unpause, control, move X Y, release, end, report"
SHARER_SAYS = "chat TEXT, pause, unpause, allow [NUMBER], deny, revoke, end, report"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python_client", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, says in (("helper", HELPER_SAYS), ("sharer", SHARER_SAYS)):
        command = commands.add_parser(name, epilog=f"On standard input, a line each: {says}.")
        command.add_argument("--relay", required=True, metavar="HOST:PORT")
        command.add_argument("--fingerprint", metavar="HEX", help="SHA-256 of the relay's certificate")
        command.add_argument("--ca", metavar="FILE", help="who may vouch for the relay's name")
        command.add_argument("--control", action="store_true", help="let control be asked for")
    commands.choices["helper"].add_argument("--name", default="a helper in Python")
    commands.choices["helper"].add_argument("--save", metavar="FILE", help="the last picture, as PNG")
    commands.add_parser("driver", help="for the conformance suite: commands in, answers and events out")
    given = parser.parse_args()
    if given.command == "driver":
        from .driver import drive

        return asyncio.run(drive())
    from .people import run

    return run(given)


if __name__ == "__main__":
    sys.exit(main())
