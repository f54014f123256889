"""The examples that the chapters print: names and bytes of each fence, read from the text itself."""

from __future__ import annotations

import re

from alongside_independent.registry import spec_folder


def examples(chapter: str, anchor: str) -> list[dict[str, bytes]]:
    """Of each fence of a section, its rows; lines without a name go on with the one above."""
    text = (spec_folder() / chapter).read_text(encoding="utf-8")
    section = text.split("{#" + anchor + "}", 1)[1].split("\n## ", 1)[0]
    return [_rows(fence) for fence in re.findall(r"```text\n(.*?)```", section, re.DOTALL)]


def _rows(fence: str) -> dict[str, bytes]:
    rows: dict[str, bytes] = {}
    name = ""
    for line in fence.splitlines():
        label, digits = line[:24].strip(), line[24:].replace(" ", "")
        name = label or name
        rows[name] = rows.get(name, b"") + bytes.fromhex(digits)
    return rows


def counted(first: int, count: int = 32) -> bytes:
    """80 81 to 9f and the like."""
    return bytes(range(first, first + count))


def scalar(first: int) -> int:
    """00 and then the bytes that follow `first`, as a big-endian number."""
    return int.from_bytes(b"\0" + counted(first + 1, 31), "big")
