"""`python -m alongside_independent check DIR`, `generate DIR` and `compute`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .vectors.check import check_folder, computed
from .vectors.generate import SEED, generate


def main() -> int:
    parser = argparse.ArgumentParser(prog="alongside_independent", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="hold the vectors of a folder against this implementation")
    check.add_argument("folder", type=Path)
    generate_ = commands.add_parser("generate", help="write vectors of this implementation's own")
    generate_.add_argument("folder", type=Path)
    generate_.add_argument("--seed", type=int, default=SEED)
    commands.add_parser("compute", help="answer a line of JSON with kind and input by one with output or error")
    given = parser.parse_args()
    if given.command == "check":
        return _check(given.folder)
    if given.command == "compute":
        for line in sys.stdin:
            print(json.dumps(computed(line)), flush=True)
        return 0
    for writer in generate(given.folder, given.seed):
        print(f"{writer.kind}: {len(writer.vectors)} vectors")
    return 0


def _check(folder: Path) -> int:
    result = check_folder(folder)
    for which in ("valid", "invalid"):
        counts = sorted((kind, of[which]) for kind, of in result.counts.items())
        print(f"counted vectors / {which} in Python: {', '.join(f'{n} {kind}' for kind, n in counts if n)}")
    total = sum(counts.total() for counts in result.counts.values())
    print(f"{total} vectors, {len(result.differences)} differences")
    for difference in result.differences:
        print(f"  {difference}", file=sys.stderr)
    if total == 0:
        print("no vectors were found", file=sys.stderr)
    return 1 if result.differences or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
