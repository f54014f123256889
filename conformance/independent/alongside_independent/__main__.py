"""`python -m alongside_independent check DIR` and `generate DIR`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .vectors.check import check_folder


def main() -> int:
    parser = argparse.ArgumentParser(prog="alongside_independent", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="hold the vectors of a folder against this implementation")
    check.add_argument("folder", type=Path)
    given = parser.parse_args()
    return _check(given.folder)


def _check(folder: Path) -> int:
    result = check_folder(folder)
    for name, counts in sorted(result.counts.items()):
        print(f"{name}: {counts['valid']} valid, {counts['invalid']} invalid")
    total = sum(counts.total() for counts in result.counts.values())
    print(f"{total} vectors, {len(result.differences)} differences")
    for difference in result.differences:
        print(f"  {difference}", file=sys.stderr)
    if total == 0:
        print("no vectors were found", file=sys.stderr)
    return 1 if result.differences or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
